"""Requests and replies: their form, login, join, leave, say; each refusal."""

import json

import pytest

import wire

OPTIONS = dict(options='room "quiet:*" { events = false }')

NAMES_REFUSED = {
    "empty": "", "newline": "a\nb", "nul": "a\0b", "tab": "\t",
    "delete": "a\x7f", "c1": "a\x85b",
}


@pytest.fixture
def alice(server):
    with server.client("alice") as client:
        yield client


@pytest.fixture
def bob(server):
    with server.client("bob") as client:
        yield client


@pytest.fixture
def stranger(server):
    with server.client() as client:
        yield client


# The form of requests

@pytest.mark.parametrize("seq", [
    '"7"', '""', "7", "0", "-1", "9007199254740993", '"κλειδί 🔑"',
    '"with \\"quotes\\" and \\\\"', '"\\u0000 nul"'])
def test_seq_is_echoed_as_sent(alice, seq):
    alice.socket.send(wire.text('{"seq":%s,"cmd":"ping"}' % seq))
    reply = json.loads(alice.socket.read_text())
    assert reply["seq"] == json.loads(seq)
    assert type(reply["seq"]) is type(json.loads(seq))
    assert reply["code"] == 200


@pytest.mark.parametrize("junk", [
    "", "x", "7", "null", "true", '"text"', "[]", '[{"cmd":"ping"}]', "{",
    '{"cmd":"ping"}}', '{"cmd":"ping"} {"cmd":"ping"}', "{}", '{"seq":"1"}',
    '{"cmd":7}', '{"cmd":null}', "{'cmd':'ping'}", '{"cmd":"ping",}',
    '{"seq":"1","cmd":"ping","cmd":"ping"}',
    '{"cmd":"ping","data":' + "[" * 1000 + "]" * 1000 + "}",
])
def test_what_is_no_request_is_1001_and_the_connection_stays(stranger, junk):
    stranger.socket.send(wire.text(junk))
    reply = json.loads(stranger.socket.read_text())
    assert reply["cmd"] == "" and reply["code"] == 1001 and reply["error"]
    stranger.call("login", user="after-all")


def test_data_of_another_type_than_object_is_1001(alice):
    for data in ("7", "[]", '"x"', "true"):
        alice.socket.send(wire.text(
            '{"seq":"d","cmd":"join","data":%s}' % data))
        assert alice.reply("d")["code"] == 1001


def test_unknown_members_are_ignored(alice, room):
    alice.socket.send(wire.text(json.dumps({
        "seq": "u", "cmd": "join", "extra": [1, {"a": None}],
        "data": {"room": room, "wings": 2}})))
    assert alice.reply("u")["code"] == 200


def test_unknown_commands_are_1010(alice):
    for cmd in ("fly", "", "LOGIN", "say ", "joinn", "a" * 500):
        assert alice.ask(cmd)["code"] in ((1010, 1001) if cmd == "" else
                                          (1010,))


def send_bad(client, count):
    client.socket.send(wire.text("bad") * count)
    for _ in range(count):
        assert json.loads(client.socket.read_text())["code"] == 1001


def test_sixteen_bad_requests_in_a_row_are_forgiven(alice):
    send_bad(alice, 16)
    alice.call("ping")
    send_bad(alice, 16)
    alice.call("ping")


def test_the_seventeenth_bad_request_in_a_row_closes_4001(alice):
    alice.socket.send(wire.text("bad") * 17)
    assert alice.socket.close_code() == 4001


def test_each_request_gets_exactly_one_reply(alice, room):
    seqs = [alice.send(cmd, room=room, body=1, user="x")
            for cmd in ("join", "say", "history", "members", "rooms", "ping",
                        "fly", "login", "heartbeat", "leave", "leave") * 10]
    for seq in seqs:
        alice.reply(seq)
    alice.call("ping")
    assert alice.replies == {}


# Login

def test_login_tells_who_and_where(server):
    with server.client() as client:
        data = client.call("login", user="zoé", platform=103)
        assert data["user"] == "zoé"
        assert data["platform"] == 103
        assert data["tenant"] == "default"
        assert isinstance(data["client"], str) and len(data["client"]) >= 16
        assert isinstance(data["time"], int) and data["time"] > 1600000000000
        assert data["ping"] == 25
        assert "host" in data


def test_client_ids_differ(server):
    ids = set()
    for _ in range(20):
        with server.client("same") as client:
            ids.add(client.login["client"])
    assert len(ids) == 20


def test_the_default_platform_is_web(alice):
    assert alice.login["platform"] == 101


@pytest.mark.parametrize("cmd", ["join", "leave", "say", "history", "members",
                                 "rooms"])
def test_before_login_is_1000(stranger, cmd):
    stranger.refused(1000, cmd, room="lobby", body="x")


def test_a_second_login_is_1009_and_changes_nothing(alice, bob, room):
    alice.refused(1009, "login", user="mallory")
    for client in (alice, bob):
        client.call("join", room=room)
    alice.say(room, "who am I")
    assert bob.push("msg")["from"] == "alice"


@pytest.mark.parametrize("user", list(NAMES_REFUSED.values()) + ["u" * 65,
                                                                 "é" * 33],
                         ids=list(NAMES_REFUSED) + ["65 bytes", "66 bytes"])
def test_bad_user_names_are_1002(stranger, user):
    stranger.refused(1002, "login", user=user)
    stranger.call("login", user="good")


@pytest.mark.parametrize("user", ["u" * 64, "é" * 32, "李明", "a b", "😀",
                                  '"><script>', "\u200b"])
def test_good_user_names_come_back_unchanged(server, user):
    with server.client(user) as client:
        assert client.login["user"] == user


def test_login_without_a_user_is_refused(stranger):
    assert stranger.ask("login")["code"] in (1001, 1002)
    assert stranger.ask("login", user=7)["code"] in (1001, 1002)
    stranger.refused(1000, "rooms")


@pytest.mark.parametrize("platform", [-1, 1.5, "101", {}, True, [1], 1 << 62])
def test_a_platform_that_is_no_number_is_1001_and_named(stranger, platform):
    assert "platform" in stranger.refused(1001, "login", user="u",
                                          platform=platform)


def test_any_platform_is_allowed(server):
    for platform in (0, 1, 101, 4711):
        with server.client("p", platform=platform) as client:
            assert client.login["platform"] == platform


def test_info_is_bounded_and_named(stranger):
    assert "info" in stranger.refused(1001, "login", user="u",
                                      info="x" * 1100)
    stranger.call("login", user="u", info={"nick": "x" * 900})


def test_an_unknown_tenant_is_1003(stranger):
    stranger.refused(1003, "login", user="u", tenant="elsewhere")


def test_ping_and_heartbeat_tell_the_time(alice):
    first = alice.call("ping")["time"]
    second = alice.call("heartbeat")["time"]
    assert 1600000000000 < first <= second


# Join and leave

def test_join_tells_what_is_there(alice, bob, room):
    data = alice.call("join", room=room)
    assert data["room"] == room
    assert (data["users"], data["connections"]) == (1, 1)
    assert data["offset"] == 0
    assert isinstance(data["epoch"], str) and data["epoch"]
    alice.say(room, "one")
    later = bob.call("join", room=room)
    assert (later["users"], later["connections"]) == (2, 2)
    assert (later["offset"], later["epoch"]) == (1, data["epoch"])


@pytest.mark.parametrize("bad", list(NAMES_REFUSED.values()) + ["r" * 129],
                         ids=list(NAMES_REFUSED) + ["129 bytes"])
@pytest.mark.parametrize("cmd", ["join", "leave", "say", "history", "members"])
def test_bad_room_names_are_1001_and_named(alice, cmd, bad):
    assert "room" in alice.refused(1001, cmd, room=bad, body="x")


@pytest.mark.parametrize("bad", [7, None, True, ["a"], {"a": 1}])
def test_a_room_that_is_no_string_is_1001_and_named(alice, bad):
    assert "room" in alice.refused(1001, "join", room=bad)


def test_no_room_at_all_is_1001_and_named(alice):
    for cmd in ("join", "leave", "members"):
        assert "room" in alice.refused(1001, cmd)


@pytest.mark.parametrize("name", ["r" * 128, "😀" * 32, "한글:방", " ",
                                  "../../etc/passwd", "a:b:c", "%00", "'; --"])
def test_any_good_name_is_a_room(alice, bob, name):
    for client in (alice, bob):
        assert client.call("join", room=name)["room"] == name
    alice.say(name, "hi")
    assert bob.push("msg")["room"] == name
    assert alice.whole_history(name)[-1]["body"] == "hi"


@pytest.mark.parametrize("flag", ["events", "presence"])
def test_join_flags_must_be_claims(alice, room, flag):
    for bad in (1, "true", []):
        assert flag in alice.refused(1001, "join", room=room, **{flag: bad})


def test_joining_again_with_the_same_options_is_ok(alice, room):
    alice.call("join", room=room)
    assert alice.call("join", room=room)["connections"] == 1


def test_joining_again_with_other_options_is_1009(alice, room):
    alice.call("join", room=room)
    alice.refused(1009, "join", room=room, events=False)
    alice.refused(1009, "join", room=room, presence=False)
    alice.say(room, "still a member")


def test_after_leave_nothing_comes_any_more(alice, bob, room):
    for client in (alice, bob):
        client.call("join", room=room)
    assert bob.call("leave", room=room)["room"] == room
    alice.say(room, "unheard")
    bob.refused(1003, "say", room=room, body="no")
    bob.call("join", room=room)
    alice.say(room, "heard")
    assert bob.push("msg")["body"] == "heard"


# Say

BODIES = [
    "text", "", "😀\u2028\0\x1f", 0, -1, 1.5, 1e300, True, False, None, [], {},
    [1, [2, [3]]], {"a": {"b": [None, "c"]}}, "x" * 60000, 9007199254740993,
    '</script><img src=x onerror=alert(1)>', {"cmd": "kick", "seq": 1},
]


@pytest.mark.parametrize("body", BODIES, ids=[repr(b)[:20] for b in BODIES])
def test_a_body_of_any_json_comes_through_unchanged(alice, bob, room, body):
    for client in (alice, bob):
        client.call("join", room=room)
    alice.say(room, body)
    pushed = bob.push("msg")["body"]
    kept = bob.call("history", room=room)["messages"][0]["body"]
    for got in (pushed, kept):
        assert got == body and type(got) is type(body)


def test_a_message_carries_all_that_belongs_to_it(alice, bob, room):
    joined = alice.call("join", room=room)
    bob.call("join", room=room)
    said = alice.say(room, {"x": 1}, type="custom")
    assert said["offset"] == 1 and said["epoch"] == joined["epoch"]
    pushed = bob.push("msg")
    assert pushed["id"] == said["id"] and pushed["time"] == said["time"]
    assert pushed["from"] == "alice" and pushed["platform"] == 101
    assert pushed["room"] == room and pushed["offset"] == 1
    assert pushed["type"] == "custom" and pushed["body"] == {"x": 1}
    kept = bob.call("history", room=room)["messages"]
    assert len(kept) == 1
    for member in ("id", "time", "from", "platform", "type", "body", "offset"):
        assert kept[0][member] == pushed[member], member


def test_the_default_type_is_text(alice, room):
    alice.call("join", room=room)
    alice.say(room, "x")
    assert alice.call("history", room=room)["messages"][0]["type"] == "text"


def test_the_sender_gets_its_own_message_only_when_it_wants(alice, room):
    alice.call("join", room=room)
    alice.say(room, "silent")
    alice.say(room, "no", echo=False)
    alice.say(room, "loud", echo=True)
    assert alice.push("msg")["body"] == "loud"
    alice.call("ping")
    assert alice.seen("msg") == []


def test_the_senders_other_connections_always_get_it(server, room):
    with server.client("twin", room) as one, server.client("twin", room) as two:
        one.say(room, "to myself")
        assert two.push("msg")["from"] == "twin"
        assert one.seen("msg") == []


def test_saying_in_a_room_one_is_not_in_is_1003(alice, bob, room):
    bob.call("join", room=room)
    alice.refused(1003, "say", room=room, body="x")
    assert bob.call("history", room=room)["messages"] == []


def test_say_without_target_or_body_is_1001(alice, room):
    alice.call("join", room=room)
    alice.refused(1001, "say", body="x")
    assert "body" in alice.refused(1001, "say", room=room)


def test_say_with_a_bad_type_or_echo_is_1001_and_named(alice, room):
    alice.call("join", room=room)
    for bad in (7, "a\nb", "t" * 65):
        assert "type" in alice.refused(1001, "say", room=room, body=1, type=bad)
    for bad in (1, "yes", {}):
        assert "echo" in alice.refused(1001, "say", room=room, body=1, echo=bad)
    assert alice.call("history", room=room)["messages"] == []


def test_ids_grow_with_offsets(alice, room):
    alice.call("join", room=room)
    said = [alice.say(room, i) for i in range(20)]
    assert [one["offset"] for one in said] == list(range(1, 21))
    ids = [one["id"] for one in said]
    assert ids == sorted(ids) and len(set(ids)) == 20


def test_what_is_not_remembered_is_delivered_and_not_kept(make_server, room):
    server = make_server(options='room "live:*" { history = false }').start()
    live = "live:" + room
    with server.client("a", live) as a, server.client("b", live) as b:
        said = a.say(live, "gone with the wind")
        assert "offset" not in said and said["reached"] >= 1
        pushed = b.push("msg")
        assert pushed["body"] == "gone with the wind" and "offset" not in pushed


# Order

def test_everything_in_one_write_takes_effect_in_order(alice, room):
    steps = [
        ("join", {"room": room}),
        ("say", {"room": room, "body": "first"}),
        ("history", {"room": room}),
        ("leave", {"room": room}),
        ("say", {"room": room, "body": "too late"}),
        ("join", {"room": room}),
        ("say", {"room": room, "body": "second"}),
        ("history", {"room": room}),
    ]
    alice.socket.send(b"".join(
        wire.text(json.dumps({"seq": i, "cmd": cmd, "data": data}))
        for i, (cmd, data) in enumerate(steps)))
    replies = [alice.reply(i) for i in range(len(steps))]
    assert [reply["code"] for reply in replies] == [
        200, 200, 200, 200, 1003, 200, 200, 200]
    assert [m["body"] for m in replies[2]["data"]["messages"]] == ["first"]
    assert [m["body"] for m in replies[7]["data"]["messages"]] == [
        "first", "second"]


def test_answers_to_says_come_in_order(alice, room):
    alice.call("join", room=room)
    alice.socket.send(b"".join(
        wire.text(json.dumps({"seq": i, "cmd": "say",
                              "data": {"room": room, "body": i}}))
        for i in range(300)))
    for i in range(300):
        reply = json.loads(alice.socket.read_text())
        assert (reply["seq"], reply["code"]) == (i, 200)
        assert reply["data"]["offset"] == i + 1


def test_a_join_is_answered_before_any_push_of_the_room(server, room):
    with server.client("talker", room) as talker:
        for i in range(30):
            with server.client("late-%d" % i) as late:
                seqs = [talker.send("say", room=room, body=n)
                        for n in range(10)]
                late.socket.send(wire.text(json.dumps(
                    {"seq": "j", "cmd": "join", "data": {"room": room}})))
                seqs += [talker.send("say", room=room, body=n)
                         for n in range(10)]
                first = json.loads(late.next_text(wire.GUARD))
                assert first.get("seq") == "j", first
                top = first["data"]["offset"]
                for seq in seqs:
                    last = talker.reply(seq)["data"]["offset"]
                while top < last:
                    top += 1
                    assert late.push("msg")["offset"] == top
