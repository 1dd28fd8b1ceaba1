"""Direct messages: to one user, to several, to a platform, to connections, to
everybody; who is pushed what, and what stands in which inbox."""

import pytest

import wire
from server import wait_for

OPTIONS = dict(gateways=1)
PLACE = ("id", "time", "epoch", "offset")


@pytest.fixture
def name(room):
    """Makes users of this test's own."""
    return lambda user: "%s %s" % (user, hash(room) % 10 ** 9)


def bodies(messages):
    return [message["body"] for message in messages]


def pair(client, other):
    return client.whole_history(user=other)


def inbox(client):
    return client.whole_history(inbox=True)


def test_a_direct_message_carries_all_that_belongs_to_it(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann, platform=102) as one, server.client(bob) as two:
        said = one.tell(bob, {"x": [1, None]}, type="note", key="k")
        assert set(PLACE) <= set(said) and "reached" not in said
        got = two.push("msg")
        assert got == {"id": said["id"], "time": said["time"], "from": ann,
                       "platform": 102, "to": bob, "offset": 1, "type": "note",
                       "body": {"x": [1, None]}}
        assert pair(two, ann) == [got]
        assert pair(one, bob) == [{**got, "offset": said["offset"],
                                   "key": "k"}]
        assert inbox(one) == pair(one, bob)
        assert inbox(two) == pair(two, ann)


def test_the_login_tells_the_place_of_the_inbox(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one:
        assert one.login["inbox"]["offset"] == 0
        assert isinstance(one.login["inbox"]["epoch"], str)
        assert "messages" not in one.login
        places = [one.tell(bob, n) for n in range(3)]
    with server.client(ann) as one, server.client(bob) as two:
        here = one.login["inbox"]
        assert here["epoch"] == places[-1]["epoch"]
        assert here["offset"] == places[-1]["offset"] == 3
        assert here["id"] >= places[-1]["id"]
        assert two.login["inbox"]["offset"] == 3


def test_it_shows_on_all_devices_of_both_sides(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann, platform=101) as web, \
            server.client(ann, platform=102) as phone, \
            server.client(bob, platform=101) as desk, \
            server.client(bob, platform=103) as pocket:
        said = web.tell(bob, "hi", key="mine")
        for client in (desk, pocket):
            got = client.push("msg")
            assert (got["id"], got["to"], got["offset"]) == (said["id"], bob, 1)
            assert "key" not in got
        copy = phone.push("msg")
        assert (copy["id"], copy["to"]) == (said["id"], bob)
        assert (copy["offset"], copy["key"]) == (said["offset"], "mine")
        web.fence()
        assert web.seen("msg") == []
        web.tell(bob, "me too", echo=True)
        assert web.push("msg")["body"] == "me too"


def test_nobody_else_is_told(server, name):
    ann, bob, eve = name("ann"), name("bob"), name("eve")
    with server.client(ann) as one, server.client(bob) as two, \
            server.client(eve) as three:
        one.tell(bob, "secret")
        two.push("msg")
        three.fence()
        assert three.seen("msg") == []
        assert inbox(three) == [] and pair(three, ann) == []
        assert three.call("history", user=bob)["messages"] == []


def test_a_user_who_was_never_there_can_be_told_something(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one:
        one.tell(bob, "welcome")
    with server.client(bob) as two:
        assert bodies(inbox(two)) == ["welcome"]
        assert two.seen("msg") == []


def test_one_may_write_to_oneself(server, name):
    ann = name("ann")
    with server.client(ann) as here, server.client(ann, platform=102) as there:
        said = here.tell(ann, "remember the milk")
        got = there.push("msg")
        assert (got["to"], got["from"], got["offset"]) == (ann, ann, 1)
        here.fence()
        assert here.seen("msg") == [] and there.seen("msg") == []
        assert [m["id"] for m in inbox(here)] == [said["id"]]
        assert [m["id"] for m in pair(here, ann)] == [said["id"]]
        here.tell(ann, "loud", echo=True)
        assert here.push("msg")["body"] == "loud"
        assert there.push("msg")["body"] == "loud"


def test_offsets_of_an_inbox_are_dense_whoever_speaks(server, name):
    users = [name("u%d" % n) for n in range(4)]
    clients = [server.client(user) for user in users]
    for n in range(40):
        clients[n % 4].tell(users[(n * 7 + 1) % 4], n)
    for client in clients:
        messages = inbox(client)
        assert [m["offset"] for m in messages] == list(
            range(1, len(messages) + 1))
        assert all(client.user in (m["from"], m["to"]) for m in messages)
        ids = [m["id"] for m in messages]
        assert ids == sorted(set(ids))
        client.close()


def test_a_conversation_is_what_two_said_to_each_other(server, name):
    ann, bob, eve = name("ann"), name("bob"), name("eve")
    with server.client(ann) as one, server.client(bob) as two, \
            server.client(eve) as three:
        for n in range(90):
            one.tell(bob, "a%d" % n)
            three.tell(ann, "noise")
            two.tell(ann, "b%d" % n)
            one.tell(eve, "noise")
        wanted = [who + str(n) for n in range(90) for who in "ab"]
        assert bodies(pair(one, bob)) == wanted
        assert bodies(pair(two, ann)) == wanted
        assert len(inbox(one)) == 360
        assert bodies(pair(one, eve)) == ["noise"] * 180


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_a_conversation_can_be_paged_back_and_forth(server, name, limit):
    ann, bob, eve = name("ann"), name("bob"), name("eve")
    with server.client(ann) as one:
        for n in range(60):
            one.tell(bob, n)
            for _ in range(3):
                one.tell(eve, "between")
        newest = one.call("history", user=bob, limit=limit)
        assert bodies(newest["messages"]) == list(range(60 - limit, 60)) or \
            newest["more"]
        seen, before = [], None
        while True:
            how = {} if before is None else {"before": before}
            page = one.call("history", user=bob, limit=limit, **how)
            seen = bodies(page["messages"]) + seen
            if not page["more"]:
                break
            assert before is None or page["first"] < before
            before = page["first"]
        assert seen == list(range(60))
        forth = one.whole_history(user=bob, limit=limit)
        assert bodies(forth) == list(range(60))


def test_history_may_begin_at_an_id_or_a_time(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one:
        room = name("a room")
        one.call("join", room=room)
        for target in ({"user": bob}, {"room": room}):
            said = [one.call("say", body=n, **target) for n in range(30)]
            middle = said[15]
            page = one.call("history", before_id=middle["id"], limit=5,
                            **target)
            assert bodies(page["messages"]) == [10, 11, 12, 13, 14]
            assert page["more"] is True
            page = one.call("history", after_id=middle["id"], limit=5,
                            **target)
            assert bodies(page["messages"]) == [16, 17, 18, 19, 20]
            page = one.call("history", from_time=middle["time"], limit=500,
                            **target)
            found = bodies(page["messages"])
            assert found == list(range(found[0], 30)) and found[0] <= 15
            assert all(m["time"] >= middle["time"] for m in page["messages"])
            assert all(one["time"] < middle["time"] for one in said[:found[0]])
            later = one.call("history", from_time=said[-1]["time"] + 10 ** 7,
                             **target)
            assert later["messages"] == [] and later["more"] is False


@pytest.mark.parametrize("how", [
    dict(before=1, after=1), dict(before_id="x" * 3), dict(after_id=7),
    dict(after_id=""), dict(from_time=-1), dict(from_time="now"),
    dict(before=5, from_time=5), dict(before_id=None)])
def test_anchors_that_make_no_sense_are_1001(server, name, how):
    with server.client(name("ann")) as one:
        one.refused(1001, "history", user="bob", **how)


@pytest.mark.parametrize("target", [
    {}, {"room": "r", "user": "u"}, {"user": "u", "inbox": True},
    {"inbox": 1}, {"inbox": "yes"}, {"user": ""}, {"user": "u" * 65},
    {"user": 7}])
def test_history_of_nothing_or_of_two_things_is_1001(server, name, target):
    with server.client(name("ann")) as one:
        one.refused(1001, "history", **target)


# Several users

def test_one_message_to_many_has_one_id(server, name):
    ann, people = name("ann"), [name("p%d" % n) for n in range(5)]
    clients = [server.client(one) for one in people]
    with server.client(ann) as one, server.client(ann, platform=102) as twin:
        clients[0].tell(people[1], "before")
        said = one.call("say", users=people, body="to you all")
        assert said["offset"] == 1
        for n, client in enumerate(clients):
            got = client.push("msg")
            if n == 1:
                assert got["body"] == "before"
                got = client.push("msg")
            assert (got["id"], got["to"]) == (said["id"], people[n])
            assert got["offset"] == (2 if n < 2 else 1)
            assert "users" not in got
            assert pair(client, ann) == [got]
        copy = twin.push("msg")
        assert copy["id"] == said["id"] and "to" not in copy
        assert sorted(copy["users"]) == sorted(people)
        assert [m["id"] for m in inbox(one)] == [said["id"]]
        for user in people:
            assert [m["id"] for m in pair(one, user)] == [said["id"]]
    for client in clients:
        client.close()


def test_a_user_named_twice_gets_it_once(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(bob) as two:
        said = one.call("say", users=[bob, bob, ann, bob], body=1, echo=True)
        assert [m["id"] for m in inbox(two)] == [said["id"]]
        assert [m["id"] for m in inbox(one)] == [said["id"]]
        two.push("msg")
        one.push("msg")
        one.fence()
        assert one.seen("msg") == [] and two.seen("msg") == []


def test_a_thousand_users_may_be_named_and_not_one_more(server, name):
    ann = name("ann")
    users = [name("m%d" % n) for n in range(1000)]
    with server.client(ann) as one, server.client(users[0]) as first, \
            server.client(users[999]) as last:
        said = one.call("say", users=users, body="all of you")
        assert first.push("msg")["id"] == said["id"]
        assert last.push("msg")["id"] == said["id"]
        page = one.call("history", inbox=True)
        assert [m["id"] for m in page["messages"]] == [said["id"]]
        one.refused(1001, "say", users=users + ["one more"], body=1)
    with server.client(users[500]) as late:
        assert [m["id"] for m in inbox(late)] == [said["id"]]


# One platform

def test_a_message_to_one_platform_is_pushed_only_there(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(ann, platform=102) as twin, \
            server.client(bob, platform=101) as web, \
            server.client(bob, platform=103) as phone:
        said = one.tell(bob, "on your phone", platform=103)
        got = phone.push("msg")
        assert (got["id"], got["only"]) == (said["id"], 103)
        assert twin.push("msg")["id"] == said["id"]
        web.fence()
        assert web.seen("msg") == []
        assert [m["id"] for m in inbox(web)] == [said["id"]]
        one.tell(bob, "everywhere")
        assert web.push("msg")["offset"] == 2
        assert phone.push("msg")["offset"] == 2


def test_a_message_to_platform_0_is_for_platform_0(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(bob, platform=0) as zero, \
            server.client(bob, platform=1) as other:
        one.tell(bob, "zero", platform=0)
        assert zero.push("msg")["only"] == 0
        other.fence()
        assert other.seen("msg") == []


# Connections

def test_a_message_to_a_connection_is_for_it_alone(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(ann, platform=102) as twin, \
            server.client(bob) as two, server.client(bob) as other:
        said = one.call("say", client=two.login["client"], body="you there")
        assert set(said) == {"id", "time", "reached"} and said["reached"] >= 1
        got = two.push("msg")
        assert got == {"id": said["id"], "time": said["time"], "from": ann,
                       "platform": 101, "client": True, "type": "text",
                       "body": "you there"}
        other.fence()
        assert other.seen("msg") == []
        twin.fence()
        assert inbox(two) == [] and inbox(one) == []


def test_unknown_connections_are_not_reached(server, name):
    with server.client(name("ann")) as one:
        with server.client(name("bob")) as two:
            known = two.login["client"]
            said = one.call("say", clients=[known, "0" * len(known)], body=1)
            assert said["reached"] == 1 and two.push("msg")["body"] == 1
            changed = known[:-1] + ("0" if known[-1] != "0" else "1")
            one.refused(1005, "say", client=changed, body=1)
        wait_for("the connection is gone", lambda: one.ask(
            "say", client=known, body=1)["code"] == 1005)
        assert one.call("say", clients=[known], body=1)["reached"] == 0
        for bad in ("", "x", "é" * 40, "f" * 500):
            assert one.ask("say", client=bad, body=1)["code"] in (1001, 1005)


def test_clients_are_reached_once_each(server, name):
    with server.client(name("ann")) as one:
        others = [server.client(name("o%d" % n)) for n in range(5)]
        ids = [other.login["client"] for other in others]
        said = one.call("say", clients=ids + ids, body="few")
        assert said["reached"] == 5
        for other in others:
            assert other.push("msg")["id"] == said["id"]
            other.fence()
            assert other.seen("msg") == []
            other.close()


def test_a_connection_may_tell_itself_something(server, name):
    with server.client(name("ann")) as one:
        own = one.login["client"]
        assert one.call("say", client=own, body=1, echo=True)["reached"] == 1
        assert one.push("msg")["body"] == 1


# Everybody

def test_a_message_to_all_reaches_everybody_who_is_logged_in(make_server):
    server = make_server(gateways=2).start()
    with server.client("ann") as one, server.client("ann") as twin, \
            server.client() as stranger:
        others = [server.client("u%d" % n) for n in range(12)]
        said = one.call("say", all=True, body="fire", type="alarm")
        assert set(said) == {"id", "time", "reached"}
        assert said["reached"] == 13
        for client in others + [twin]:
            got = client.push("msg")
            assert got == {"id": said["id"], "time": said["time"],
                           "from": "ann", "platform": 101, "all": True,
                           "type": "alarm", "body": "fire"}
        assert one.call("say", all=True, body="me", echo=True)["reached"] == 14
        assert one.push("msg")["body"] == "me"
        stranger.call("ping")
        assert stranger.seen("msg") == []
        assert inbox(one) == []
        for client in others:
            client.close()


# Not remembered

def test_what_is_not_kept_is_delivered_and_forgotten(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(ann, platform=102) as twin, \
            server.client(bob) as two:
        said = one.tell(bob, "typing", keep=False)
        assert set(said) == {"id", "time", "reached"}
        got = two.push("msg")
        assert got["id"] == said["id"] and "offset" not in got
        assert got["to"] == bob
        assert twin.push("msg")["id"] == said["id"]
        assert inbox(one) == [] and inbox(two) == []
        assert one.tell(bob, "kept")["offset"] == 1
    with server.client(bob) as two:
        assert bodies(inbox(two)) == ["kept"]


def test_reached_counts_connections(server, name):
    ann, bob, eve = name("ann"), name("bob"), name("eve")
    with server.client(ann) as one, server.client(bob), \
            server.client(bob, platform=102), server.client(eve):
        assert one.tell(bob, 1, keep=False)["reached"] == 2
        assert one.tell(bob, 1, keep=False, platform=102)["reached"] == 1
        assert one.call("say", users=[bob, eve], body=1,
                        keep=False)["reached"] == 3
        assert one.tell(name("nobody"), 1, keep=False)["reached"] == 0
        assert one.tell(bob, 1, keep=False, echo=True)["reached"] == 3
        assert one.push("msg")["body"] == 1


def test_a_room_is_told_what_is_not_kept(server, name, room):
    with server.client(name("ann"), room) as one, \
            server.client(name("bob"), room) as two:
        one.say(room, "kept")
        said = one.say(room, "typing", keep=False, type="typing")
        assert said["reached"] == 1 and "offset" not in said
        one.say(room, "kept too")
        pushed = [two.push("msg") for _ in range(3)]
        assert {m["body"]: m.get("offset") for m in pushed} == {
            "kept": 1, "typing": None, "kept too": 2}
        assert bodies(one.whole_history(room)) == ["kept", "kept too"]


def test_keep_true_where_nothing_is_kept_is_refused(make_server):
    server = make_server(options='room "live:*" { history = false }').start()
    with server.client("ann", "live:1") as one:
        one.refused(1003, "say", room="live:1", body=1, keep=True)
        own = one.login["client"]
        for target in ({"client": own}, {"clients": [own]}, {"all": True}):
            assert "keep" in one.refused(1001, "say", body=1, keep=True,
                                         **target)
            one.call("say", body=1, keep=False, **target)


# Targets

@pytest.mark.parametrize("target", [
    {}, {"user": "u", "room": "r"}, {"user": "u", "users": ["v"]},
    {"all": True, "user": "u"}, {"client": "x", "clients": ["x"]},
    {"all": False}, {"all": 1}, {"user": ""}, {"user": "a\nb"},
    {"user": "u" * 65}, {"user": 5}, {"user": None}, {"users": []},
    {"users": "u"}, {"users": {}}, {"users": ["u", ""]}, {"users": ["u", 1]},
    {"users": ["u" * 65]}, {"users": None}, {"client": 5}, {"clients": []},
    {"clients": [7]}, {"clients": ["x"] * 1001},
    {"user": "u", "platform": -1}, {"user": "u", "platform": "web"},
    {"user": "u", "platform": 2 ** 32}])
def test_a_say_without_one_good_target_is_1001(server, name, target):
    with server.client(name("ann")) as one:
        one.refused(1001, "say", body=1, **target)
        assert inbox(one) == []


@pytest.mark.parametrize("member, value", [
    ("keep", 1), ("keep", "no"), ("ttl", 0), ("ttl", -5), ("ttl", 1.5),
    ("ttl", "60"), ("ttl", 315360001), ("ttl", None), ("type", ""),
    ("echo", 2)])
def test_bad_members_of_a_say_are_named(server, name, member, value):
    with server.client(name("ann")) as one:
        assert member in one.refused(1001, "say", user="bob", body=1,
                                     **{member: value})


# Subscriptions

def test_only_types_subscribed_to_are_pushed(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(bob) as two:
        answer = two.call("subscribe", types=["call", "text"])
        assert sorted(answer["types"]) == ["call", "text"]
        assert not answer.get("all")
        for kind in ("call", "noise", "text"):
            one.tell(bob, kind, type=kind)
            one.call("say", client=two.login["client"], body=kind, type=kind)
        two.fence()
        assert bodies(two.seen("msg")) == ["call", "call", "text", "text"]
        assert bodies(inbox(two)) == ["call", "noise", "text"]
        assert two.call("unsubscribe", types=["call"])["types"] == ["text"]
        one.tell(bob, 1, type="call")
        one.tell(bob, 2)
        assert two.push("msg")["offset"] == 5
        assert two.call("unsubscribe", types=["text"])["types"] == []
        one.tell(bob, 3)
        assert two.call("subscribe") == {"types": [], "all": True}
        one.tell(bob, 4, type="anything")
        assert two.push("msg")["body"] == 4


def test_a_subscription_is_the_connections_own(server, name, room):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(bob) as two, \
            server.client(bob) as other, \
            server.client(ann, platform=102) as twin:
        two.call("subscribe", types=["nothing"])
        twin.call("subscribe", types=["nothing"])
        one.tell(bob, "x")
        assert other.push("msg")["body"] == "x"
        assert twin.push("msg")["body"] == "x", "a copy of one's own"
        for client in (one, two):
            client.call("join", room=room)
        one.say(room, "rooms are not concerned")
        assert two.push("msg")["room"] == room


def test_changes_are_pushed_like_what_they_change(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(bob) as two:
        two.call("subscribe", types=["wanted"])
        said = [one.tell(bob, 1, type=kind)["id"]
                for kind in ("wanted", "unwanted")]
        for cmd, more in (("edit", {"body": 2}), ("delete", {})):
            for one_id in said:
                one.call(cmd, user=bob, id=one_id, **more)
        two.fence()
        assert [push["of"] for push in two.seen("edit")] == said[:1]
        assert [push["of"] for push in two.seen("delete")] == said[:1]


def test_a_subscription_ends_with_a_logout(server, name):
    ann, bob = name("ann"), name("bob")
    with server.client(ann) as one, server.client(bob) as two:
        two.call("subscribe", types=["wanted"])
        two.call("logout")
        two.call("login", user=bob)
        one.tell(bob, 1, type="unwanted")
        assert two.push("msg")["type"] == "unwanted"


@pytest.mark.parametrize("types", [
    [], "text", [""], [5], ["t" * 65], ["a\nb"], ["t%d" % n for n in range(65)],
    None, {}])
@pytest.mark.parametrize("cmd", ["subscribe", "unsubscribe"])
def test_types_that_are_none_are_1001(server, name, cmd, types):
    with server.client(name("ann")) as one:
        assert "types" in one.refused(1001, cmd, types=types)


def test_subscriptions_do_not_grow_without_bound(server, name):
    with server.client(name("ann")) as one:
        codes = [one.ask("subscribe", types=["t%d.%d" % (n, m)
                                             for m in range(64)])["code"]
                 for n in range(50)]
        assert codes[0] == 200 and set(codes[1:]) <= {1001, 1012}


# Two gateways

@pytest.fixture
def two_gateways(make_server):
    server = make_server(gateways=2, ledgers=2).start()
    first, second = server.pids("gateway")
    with server.client_on(first, "ann") as one, \
            server.client_on(second, "bob") as two, \
            server.client_on(second, "ann", platform=102) as twin:
        yield one, two, twin


def test_all_ways_to_say_reach_the_other_gateway(two_gateways):
    one, two, twin = two_gateways
    for target in ({"user": "bob"}, {"users": ["bob", "eve"]},
                   {"user": "bob", "keep": False}):
        said = one.call("say", body=1, **target)
        assert two.push("msg")["id"] == said["id"]
        assert twin.push("msg")["id"] == said["id"]
    for target in ({"client": two.login["client"]},
                   {"clients": [two.login["client"]]}, {"all": True}):
        said = one.call("say", body=2, **target)
        assert said["reached"] >= 1
        assert two.push("msg")["id"] == said["id"]
    assert twin.push("msg")["all"] is True
    said = two.tell("ann", "back")
    assert one.push("msg")["id"] == twin.push("msg")["id"] == said["id"]


def test_requests_behind_a_login_wait_for_it(server, name):
    """All in one write: the login is answered before everything else."""
    ann, bob = name("ann"), name("bob")
    with server.client(bob) as two, server.client() as one:
        one.socket.send(b"".join(wire.text(text) for text in (
            '{"seq":0,"cmd":"login","data":{"user":"%s"}}' % ann,
            '{"seq":1,"cmd":"say","data":{"user":"%s","body":1}}' % bob,
            '{"seq":2,"cmd":"history","data":{"inbox":true}}',
            '{"seq":3,"cmd":"login","data":{"user":"eve"}}')))
        codes = []
        for _ in range(4):
            reply = one.take_one()
            codes.append((reply["seq"], reply["code"]))
        assert codes[0] == (0, 200)
        assert sorted(codes) == [(0, 200), (1, 200), (2, 200), (3, 1009)]
        assert bodies(one.replies[2]["data"]["messages"]) == [1]
        assert two.push("msg")["from"] == ann
