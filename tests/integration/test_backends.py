"""What backends do through the API with rooms, users and their clients."""

import itertools

import pytest

from api import house
from server import wait_for

CLASSES = """
room "live:*" { history = false }
room "slow:*" { rate = 1 }
room "staff:*" { say = api  read = api  join = api  listed = false }
"""
PLACE = {"id", "time", "epoch", "offset"}

names = itertools.count(1)


@pytest.fixture(scope="module")
def both():
    with house(gateways=2, apis=2, options=CLASSES) as made:
        yield made


@pytest.fixture
def server(both):
    return both[0]


@pytest.fixture
def backend(both):
    return both[1]


@pytest.fixture
def room():
    return "room %d" % next(names)


@pytest.fixture
def user():
    return "user %d" % next(names)


def bodies(messages):
    return [message["body"] for message in messages]


def history(backend, **query):
    return backend.get("/v1/history", **query)["messages"]


# Saying

def test_a_message_reaches_members_and_history(server, backend, room):
    with server.client("ann", room) as ann:
        said = backend.say(room=room, **{"from": "shop"}, body={"n": 1},
                           type="order", key="k")
        assert set(said) == PLACE
        got = ann.push("msg")
        assert got == {"id": said["id"], "time": said["time"], "from": "shop",
                       "platform": 0, "room": room, "offset": 1,
                       "type": "order", "body": {"n": 1}}
        assert history(backend, room=room) == [got]


def test_nobody_named_speaks_as_system(backend, room):
    backend.say(room=room, body="x")
    assert history(backend, room=room)[0]["from"] == "system"


def test_a_body_keeps_its_numbers_as_they_were_sent(backend, room):
    raw = b'{"room": "%s", "body": {"big": 123456789012345678901234567890, ' \
        b'"point": 1.10}}' % room.encode()
    backend.post("/v1/say", raw=raw)
    page = backend.ask("GET", "/v1/history?room=" + room.replace(" ", "%20"))
    assert b'"body":{"big":123456789012345678901234567890,"point":1.10}' \
        in page.body


def test_one_body_goes_to_many_rooms_in_one_batch(server, backend):
    rooms = ["r %d" % next(names) for _ in range(997)]
    before = batches(backend)
    with server.client("ann", rooms[996]) as ann:
        said = backend.say(rooms=rooms + rooms[:3], body="all")["rooms"]
        assert sorted(one["room"] for one in said) == sorted(rooms)
        assert all(set(one) == PLACE | {"room"} for one in said)
        assert len({one["id"] for one in said}) == 997
        assert ann.push("msg")["body"] == "all"
    assert batches(backend) == before + 1


def batches(backend):
    """Of the journal, so far."""
    lines = backend.ask("GET", "/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines
               if line.startswith("confab_journal_batches_total"))


def test_a_batch_is_answered_element_by_element(server, backend, room):
    before = batches(backend)
    said = backend.post("/v1/say", [
        {"room": room, "body": 1},
        {"room": "", "body": 2},
        {"room": room, "body": 3},
        {"rooms": [room, room + " b"], "body": 4},
        {"room": "live:x", "body": 5},
        {"user": "nobody here", "body": 6},
        {"client": "abc", "body": 7},
        {"tenant": "other", "room": room, "body": 8},
    ])
    assert [one.get("offset") for one in said[:3]] == [1, None, 2]
    assert said[1]["code"] == 1001 and "room" in said[1]["error"]
    assert [one["offset"] for one in said[3]["rooms"]] == [3, 1]
    assert said[4]["reached"] == 0
    assert set(said[5]) == PLACE
    assert said[6]["code"] == 1005
    assert said[7]["code"] == 1003
    assert batches(backend) == before + 1
    assert bodies(history(backend, room=room)) == [1, 3, 4]


def test_an_empty_batch_says_nothing(backend):
    assert backend.post("/v1/say", []) == []


def test_a_key_makes_a_message_one(backend, room):
    first = backend.say(room=room, body=1, key="k1")
    assert backend.say(room=room, body=1, key="k1") == first
    header = {"Idempotency-Key": "k2"}
    second = backend.post("/v1/say", {"room": room, "body": 2}, header)
    assert backend.post("/v1/say", {"room": room, "body": 2}, header) == second
    batch = [{"room": room, "body": 3}, {"room": room, "body": 4}]
    third = backend.post("/v1/say", batch, header)
    assert backend.post("/v1/say", batch, header) == third
    many = backend.say(rooms=[room, room + " b"], body=5, key="k5")
    assert backend.say(rooms=[room, room + " b"], body=5, key="k5") == many
    assert bodies(history(backend, room=room)) == [1, 2, 3, 4, 5]
    assert backend.refused(409, 1009, "POST", "/v1/say",
                           {"room": "other", "body": 1, "key": "k1"})


def test_what_is_not_remembered_tells_how_many_it_reached(server, backend):
    with server.client("ann", "live:a") as ann, \
            server.client("bob", "live:a") as bob:
        said = backend.say(room="live:a", body="now")
        assert set(said) == {"id", "time", "reached"}
        assert said["reached"] == 2
        assert ann.push("msg")["body"] == bob.push("msg")["body"] == "now"
    assert backend.refused(403, 1003, "POST", "/v1/say",
                           {"room": "live:a", "body": 1, "keep": True})


def test_direct_messages_stand_in_both_inboxes(server, backend, user):
    with server.client(user) as ann:
        said = backend.say(user=user, **{"from": "shop " + user}, body="hi")
        got = ann.push("msg")
        assert got["from"] == "shop " + user and got["to"] == user
        assert got["offset"] == 1
        own = history(backend, user="shop " + user)
        assert [one["id"] for one in own] == [said["id"]]
        assert history(backend, user=user) == [got]
        assert history(backend, user=user, **{"with": "shop " + user}) == [got]
        assert history(backend, user=user, **{"with": "other"}) == []


def test_users_platforms_clients_and_all(server, backend, user):
    with server.client(user, platform=101) as web, \
            server.client(user, platform=102) as phone:
        backend.say(users=[user, user + " b"], body="both")
        assert web.push("msg")["body"] == phone.push("msg")["body"] == "both"
        backend.say(user=user, platform=102, body="phone", keep=False)
        assert phone.push("msg")["body"] == "phone"
        backend.say(client=web.login["client"], body="web")
        assert web.push("msg")["body"] == "web"
        backend.say(clients=[web.login["client"], "x" * 20], body="some")
        assert web.push("msg")["body"] == "some"
        assert backend.say(all=True, body="everybody")["reached"] >= 2
        for one in (web, phone):
            assert one.push("msg")["body"] == "everybody"
            one.fence()
            assert not one.seen("msg")


def test_a_backend_may_say_where_only_backends_may(server, backend):
    with server.client("ann", "lobby") as ann:
        ann.refused(1003, "join", room="staff:a")
        ann.refused(1003, "say", room="staff:a", body=1)
        backend.say(room="staff:a", body="by a backend")
        assert bodies(history(backend, room="staff:a")) == ["by a backend"]
        ann.refused(1003, "history", room="staff:a")


def test_a_room_that_is_too_fast_says_when(backend):
    backend.say(room="slow:a", body=1)
    answer = backend.ask("POST", "/v1/say", {"room": "slow:a", "body": 2})
    assert answer.status == 429
    assert answer.json["code"] == 1012 and answer.json["retry_ms"] > 0
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_message_that_expires_is_gone(backend, room):
    backend.say(room=room, body="short", ttl=1)
    wait_for("it is gone", lambda: history(backend, room=room) == [])


@pytest.mark.parametrize("data, member", [
    ({"body": 1}, "room"),
    ({"room": "a", "rooms": ["b"], "body": 1}, "rooms"),
    ({"room": "a"}, "body"),
    ({"room": "a\n", "body": 1}, "room"),
    ({"room": "a" * 129, "body": 1}, "room"),
    ({"rooms": [], "body": 1}, "rooms"),
    ({"rooms": ["a"] * 1001, "body": 1}, "rooms"),
    ({"users": [1], "body": 1}, "users"),
    ({"user": "", "body": 1}, "user"),
    ({"room": "a", "body": 1, "platform": 1}, "platform"),
    ({"user": "a", "body": 1, "platform": -1}, "platform"),
    ({"all": False, "body": 1}, "all"),
    ({"all": True, "body": 1, "keep": True}, "keep"),
    ({"room": "a", "body": 1, "ttl": 0}, "ttl"),
    ({"room": "a", "body": 1, "from": ""}, "from"),
    ({"room": "a", "body": 1, "key": 7}, "key"),
    ({"room": "a", "body": 1, "type": ""}, "type"),
    ({"room": "a", "body": 1, "tenant": "\u0001"}, "tenant"),
])
def test_what_is_wrong_names_the_member(backend, data, member):
    assert member in backend.refused(400, 1001, "POST", "/v1/say", data)


def test_what_no_ring_takes_is_too_big(backend, room):
    answer = backend.ask("POST", "/v1/say",
                         {"room": room, "body": "x" * 200000})
    assert answer.status == 413


# Changing

def test_a_message_of_anybody_is_edited_and_deleted(server, backend, room):
    with server.client("ann", room) as ann, server.client("bob", room) as bob:
        said = ann.say(room, "rude")
        path = {"room": room, "id": said["id"]}
        edited = backend.post("/v1/edit", {**path, "body": {"n": 1.10}})
        assert set(edited) == PLACE and edited["offset"] == 2
        for one in (ann, bob):
            change = one.push("edit")
            assert change["of"] == said["id"] and change["from"] == "system"
            assert change["body"] == {"n": 1.10}
        assert bodies(history(backend, room=room)) == [{"n": 1.10}]
        backend.post("/v1/delete", {**path, "from": "moderator"})
        assert bob.push("delete")["from"] == "moderator"
        assert bodies(history(backend, room=room)) == [None]
        backend.refused(404, 1005, "POST", "/v1/edit", {**path, "body": 2})
        backend.refused(404, 1005, "POST", "/v1/delete", path)


def test_a_direct_message_changes_for_all_who_have_it(server, backend, user):
    ann, bob = user + " a", user + " b"
    with server.client(ann) as one, server.client(bob) as two:
        said = one.tell(bob, "rude")
        for number, inbox in enumerate((ann, bob)):
            backend.post("/v1/edit", {
                "user": inbox, "id": said["id"], "body": number})
            assert one.push("edit")["body"] == number
            assert two.push("edit")["body"] == number
        for inbox in (ann, bob):
            assert bodies(history(backend, user=inbox)) == [1]
        backend.post("/v1/delete", {"user": bob, "id": said["id"]})
        assert bodies(history(backend, user=ann)) == [None]


def test_what_is_no_message_cannot_be_changed(backend, room):
    said = backend.say(room=room, body=1)
    for more in ({}, {"room": room}, {"room": room, "id": "x"},
                 {"id": said["id"]}, {"room": room, "user": "a",
                                      "id": said["id"]}):
        backend.refused(400, 1001, "POST", "/v1/delete", more)
    backend.refused(400, 1001, "POST", "/v1/edit",
                    {"room": room, "id": said["id"]})
    backend.refused(404, 1005, "POST", "/v1/delete",
                    {"room": room + "x", "id": said["id"]})


# Lists

def test_pages_of_history_go_on_both_ways(backend, room):
    ids = [backend.say(room=room, body=i)["id"] for i in range(5)]
    page = backend.get("/v1/history", room=room, limit=2)
    assert bodies(page["messages"]) == [3, 4]
    assert (page["first"], page["last"], page["more"]) == (4, 5, True)
    assert bodies(history(backend, room=room, before=4, limit=2)) == [1, 2]
    assert bodies(history(backend, room=room, after=3)) == [3, 4]
    assert bodies(history(backend, room=room, after_id=ids[1])) == [2, 3, 4]
    assert bodies(history(backend, room=room, before_id=ids[1])) == [0]
    assert len(history(backend, room=room, from_time=0)) == 5
    for query in ({}, {"room": room, "user": "a"},
                  {"room": room, "with": "a"}, {"room": room, "limit": 501},
                  {"room": room, "before": 1, "after": 1},
                  {"room": room, "before": "x"},
                  {"room": room, "after_id": "zz"}):
        answer = backend.ask("GET", "/v1/history?" + "&".join(
            "%s=%s" % (key, str(value).replace(" ", "%20"))
            for key, value in query.items()))
        assert answer.status == 400 and answer.json["code"] == 1001


def test_members_and_rooms_tell_who_is_there(server, backend, room):
    with server.client("ann", room) as ann, server.client("bob", room), \
            server.client("bob", room):
        ann.say(room, "x")
        page = backend.get("/v1/members", room=room, limit=1)
        assert (page["users"], page["connections"]) == (2, 3)
        assert [one["user"] for one in page["members"]] == ["ann"]
        page = backend.get("/v1/members", room=room, after=page["next"])
        assert [one["user"] for one in page["members"]] == ["bob"]
        line, = backend.get("/v1/rooms", prefix=room)["rooms"]
        assert line["room"] == room
        assert (line["users"], line["connections"], line["offset"]) == (2, 3, 1)
        assert line["time"] > 0 and line["epoch"]


def test_rooms_come_in_pages_and_unlisted_ones_too(backend):
    for name in ("pages a", "pages b", "pages c"):
        backend.say(room=name, body=1)
    page = backend.get("/v1/rooms", prefix="pages", limit=2)
    assert [one["room"] for one in page["rooms"]] == ["pages a", "pages b"]
    page = backend.get("/v1/rooms", prefix="pages", after=page["next"])
    assert [one["room"] for one in page["rooms"]] == ["pages c"]
    assert "next" not in page


def test_who_is_online_is_told_with_platforms(server, backend, user):
    with server.client(user, platform=102), server.client(user, platform=101):
        online = backend.get("/v1/online", users=[user, "nobody"])["online"]
        assert online == {user: [101, 102]}
        online = backend.post("/v1/online", {"users": [user, user]})["online"]
        assert online == {user: [101, 102]}
    assert backend.refused(400, 1001, "GET", "/v1/online")


def test_a_user_is_told_with_his_connections(server, backend, user):
    path = "/v1/users/" + user.replace(" ", "%20")
    assert backend.get(path) == {"user": user, "connections": []}
    with server.client(user, "a", "b", platform=103) as one, \
            server.client(user) as two:
        told = backend.get(path)["connections"]
        assert {c["client"] for c in told} == \
            {one.login["client"], two.login["client"]}
        first = next(c for c in told if c["client"] == one.login["client"])
        assert first["platform"] == 103 and first["host"] == 1
        assert first["address"] == "127.0.0.1" and first["port"] > 0
        assert abs(first["since"] - one.login["time"]) < 60000
        assert sorted(first["rooms"]) == ["a", "b"]
    assert backend.refused(400, 1001, "GET", "/v1/users/" + "x" * 65)


# Moving clients

def test_a_client_is_made_a_member(server, backend, room):
    with server.client("ann") as ann:
        joined = backend.post("/v1/join", {
            "client": ann.login["client"], "room": room})
        assert joined["joined"] == joined["users"] == 1
        told = ann.push("join")
        assert told["room"] == room and told["offset"] == 0
        assert told["epoch"] == joined["epoch"]
        backend.say(room=room, body="welcome")
        assert ann.push("msg")["body"] == "welcome"
        ann.say(room, "thanks")
        left = backend.post("/v1/leave", {
            "client": ann.login["client"], "room": room})
        assert left == {"reached": 1}
        assert ann.push("leave") == {"room": room}
        ann.refused(1003, "say", room=room, body=1)


def test_all_connections_of_a_user_are_moved(server, backend, room, user):
    with server.client(user, platform=101) as web, \
            server.client(user, platform=102) as phone:
        joined = backend.post("/v1/join", {
            "user": user, "room": "staff:" + room, "events": False})
        assert (joined["joined"], joined["users"]) == (2, 1)
        assert web.push("join")["room"] == phone.push("join")["room"]
        again = backend.post("/v1/join", {
            "user": user, "room": "staff:" + room})
        assert again["joined"] == 2
        backend.post("/v1/leave", {
            "user": user, "platform": 102, "room": "staff:" + room})
        phone.push("leave")
        web.fence()
        assert web.seen("join") == web.seen("leave") == []


def test_who_is_not_there_is_not_found(backend, room):
    for path in ("/v1/join", "/v1/leave", "/v1/kick"):
        backend.refused(404, 1005, "POST", path, {"user": "no", "room": room})
        backend.refused(404, 1005, "POST", path,
                        {"client": "0" * 20, "room": room})
        backend.refused(400, 1001, "POST", path, {"room": room})
        backend.refused(400, 1001, "POST", path,
                        {"user": "a", "client": "b", "room": room})
    backend.refused(400, 1001, "POST", "/v1/join", {"user": "a"})


def test_a_client_of_another_tenant_is_not_there(server, backend, room):
    with server.client("ann") as ann:
        backend.refused(403, 1003, "POST", "/v1/join", {
            "client": ann.login["client"], "room": room, "tenant": "other"})


def test_clients_are_sent_away_or_out_of_a_room(server, backend, room, user):
    with server.client(user, room) as ann, server.client(user, room) as other:
        assert backend.post("/v1/kick", {
            "user": user, "room": room, "reason": "be nice"})["reached"] == 2
        assert ann.push("kick") == {"room": room, "reason": "be nice"}
        assert other.push("kick")["room"] == room
        ann.fence()
        backend.post("/v1/kick", {"client": ann.login["client"]})
        ann.push("kick")
        assert ann.socket.close_code() == 4003
        other.fence()


# Bad days

def test_a_killed_ledger_answers_after_its_return(server, backend, room):
    backend.say(room=room, body=1)
    server.allow("ended by signal 9")
    server.kill_one("ledger")
    said = backend.say(room=room, body=2)
    assert said["offset"] == 2
    assert bodies(history(backend, room=room)) == [1, 2]
    assert backend.get("/v1/members", room=room)["users"] == 0
    assert backend.get("/v1/rooms", prefix=room)["rooms"]
