"""Read marks: they only grow, they survive, and the right ones are told."""

import pytest

from server import DEATHS

OPTIONS = dict(options='room "small:*" { events_max = 2 }\n')


def marks(client):
    return {line["room"]: line["read"] for line in client.call("rooms")[
        "rooms"]}


def test_a_mark_only_grows(server, room):
    with server.client("ann", room) as ann:
        for n in range(10):
            ann.say(room, n)
        for offset, wanted in ((3, 3), (7, 7), (5, 7), (0, 7), (7, 7),
                               (10, 10)):
            assert ann.call("read", room=room, offset=offset) == {
                "offset": wanted}
        ann.refused(1001, "read", room=room, offset=11)
        assert ann.call("read", room=room, offset=1) == {"offset": 10}


@pytest.mark.parametrize("bad", [
    dict(), dict(offset=1), dict(room="r"), dict(room="r", offset=-1),
    dict(room="r", offset="1"), dict(room="r", offset=1.5),
    dict(room="r", user="u", offset=0), dict(room="r", offset=2 ** 62)])
def test_a_mark_that_makes_no_sense_is_1001(server, bad):
    with server.client("ann", "r") as ann:
        ann.refused(1001, "read", **bad)


def test_a_room_one_is_not_in_cannot_be_marked(server, room):
    with server.client("ann", room) as ann, server.client("bob") as bob:
        ann.say(room, 1)
        bob.refused(1003, "read", room=room, offset=1)


def test_members_and_own_connections_are_told(server, room):
    with server.client("ann", room) as ann, server.client("bob", room) as bob, \
            server.client("ann", room, platform=102) as twin:
        bob.say(room, 1)
        bob.say(room, 2)
        ann.call("read", room=room, offset=2)
        told = {"room": room, "user": "ann", "offset": 2}
        assert bob.push("read") == told and twin.push("read") == told
        ann.call("read", room=room, offset=1)
        ann.fence()
        assert ann.seen("read") == []
        bob.fence()
        assert bob.seen("read") == [], "it has not moved"


def test_in_a_large_room_only_own_connections_are_told(server, room):
    room = "small:" + room
    with server.client("ann", room) as ann, server.client("bob", room) as bob, \
            server.client("eve", room), \
            server.client("ann", room, platform=102) as twin:
        bob.say(room, 1)
        ann.call("read", room=room, offset=1)
        assert twin.push("read")["offset"] == 1
        bob.fence()
        assert bob.seen("read") == []


def test_join_and_rooms_tell_the_own_mark(server, room):
    with server.client("ann", room) as ann, server.client("bob", room) as bob:
        assert ann.call("join", room=room)["read"] == 0
        for n in range(5):
            ann.say(room, n)
        ann.call("read", room=room, offset=4)
        bob.call("read", room=room, offset=2)
        assert marks(ann)[room] == 4 and marks(bob)[room] == 2
    with server.client("ann") as ann:
        assert ann.call("join", room=room)["read"] == 4
        assert marks(ann) == {room: 4}


def test_own_rooms_follow_the_mark_of_another_device(server, room):
    with server.client("ann", room) as ann, \
            server.client("ann", room, platform=102) as twin:
        ann.say(room, 1)
        ann.call("read", room=room, offset=1)
        twin.push("read")
        assert marks(twin)[room] == 1


def test_both_sides_of_a_conversation_are_told_in_their_own_offsets(server):
    with server.client("ann c") as ann, server.client("bob c") as bob, \
            server.client("ann c", platform=102) as twin, \
            server.client("eve c") as eve:
        for n in range(5):
            eve.tell("ann c", "makes offsets differ")
        bob.tell("ann c", 1)
        bob.tell("ann c", 2)
        assert ann.call("read", user="bob c", offset=7)["offset"] == 7
        assert twin.push("read") == {"user": "ann c", "with": "bob c",
                                     "offset": 7}
        assert bob.push("read") == {"user": "ann c", "with": "ann c",
                                    "offset": 2}
        eve.fence()
        assert eve.seen("read") == []
        assert ann.call("read", user="bob c", offset=6)["offset"] == 7
        assert ann.call("read", user="bob c", offset=0) == {
            "offset": 7, "with_offset": 0}
        assert bob.call("read", user="ann c", offset=0) == {
            "offset": 0, "with_offset": 2}
        assert eve.call("read", user="bob c", offset=0) == {
            "offset": 0, "with_offset": 0}
        ann.refused(1001, "read", user="bob c", offset=8)


@pytest.fixture
def cluster(make_server):
    server = make_server(gateways=2, ledgers=2)
    server.allow(DEATHS)
    return server.start()


def test_marks_are_told_on_the_other_gateway(cluster):
    first, second = cluster.pids("gateway")
    with cluster.client_on(first, "ann", "r") as ann, \
            cluster.client_on(second, "bob", "r") as bob:
        bob.say("r", 1)
        ann.call("read", room="r", offset=1)
        assert bob.push("read") == {"room": "r", "user": "ann", "offset": 1}
        bob.tell("ann", 1)
        ann.call("read", user="bob", offset=1)
        assert bob.push("read") == {"user": "ann", "with": "ann", "offset": 1}


@pytest.mark.parametrize("how", ["ledger", "stop", "kill"])
def test_marks_survive(cluster, how):
    with cluster.client("ann", "r", "s") as ann, cluster.client("bob") as bob:
        for n in range(10):
            ann.say("r", n)
            bob.tell("ann", n)
        ann.call("read", room="r", offset=3)
        ann.call("read", room="r", offset=6)
        ann.call("read", user="bob", offset=8)
        if how == "ledger":
            cluster.kill_one("ledger")
            cluster.kill_one("ledger")
    if how != "ledger":
        for _ in range(2):
            getattr(cluster, how)()
            cluster.start()
    with cluster.client("ann") as ann:
        assert ann.call("join", room="r")["read"] == 6
        assert ann.call("join", room="s")["read"] == 0
        assert ann.call("read", room="r", offset=2) == {"offset": 6}
        assert ann.call("read", user="bob", offset=2)["offset"] == 8
        assert [m["body"] for m in ann.whole_history("r")] == list(range(10))
        assert ann.say("r", "next")["offset"] == 11


def test_a_mark_is_no_message(server, room):
    """It takes no offset and is in no page."""
    with server.client("ann", room) as ann, server.client("bob", room) as bob:
        for n in range(300):
            ann.say(room, n)
            bob.push("msg")
            bob.send("read", room=room, offset=n + 1)
        assert [m["offset"] for m in ann.whole_history(room)] == list(
            range(1, 301))
        with server.client("eve") as eve:
            answer = eve.call("join", room=room, since={
                "epoch": ann.call("history", room=room)["epoch"],
                "offset": 100})
            assert [m["offset"] for m in answer["messages"]] == list(
                range(101, 301))
