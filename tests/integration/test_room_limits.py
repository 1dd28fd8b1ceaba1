"""What a class lets its rooms take: messages a second, and members."""

import os
import signal
import time

import pytest

from server import DEATHS, wait_for

RATE = 5
OPTIONS = dict(gateways=2, grace_seconds="300ms", options="""
room "slow:*" { rate = %d }
room "wall:*" { rate = %d history = false say = anyone }
room "few:*" { max_members = 3 }
""" % (RATE, RATE))


def refused_so_far(server, rule):
    return server.ask_json("show limits")[rule]


def say_all(clients, room, count):
    """Each says so many at once; the replies, and how long it took."""
    begin = time.monotonic()
    sent = [(client, client.send("say", room=room, body=n))
            for n in range(count) for client in clients]
    replies = [client.reply(seq) for client, seq in sent]
    return replies, time.monotonic() - begin


@pytest.mark.parametrize("kind", ["slow:", "wall:"])
def test_a_room_takes_so_many_messages_from_all_together(server, room, kind):
    room = kind + room
    before = refused_so_far(server, "refused_room_rate")
    clients = [server.client_on(pid, "u%d" % n, room)
               for n, pid in enumerate(server.pids("gateway"))]
    reader = server.client("reader", room)
    replies, passed = say_all(clients, room, 50)
    codes = [reply["code"] for reply in replies]
    assert set(codes) == {200, 1012}
    # Of what is not remembered, both gateways may take some at one moment.
    once = 1 if kind == "slow:" else 2
    assert RATE <= codes.count(200) <= once * (RATE + RATE * passed + 1)
    late = [reply for reply in replies if reply["code"] == 1012]
    for reply in late:
        assert 1 <= reply["data"]["retry_ms"] <= 1000 // RATE, reply
    wait_for("all refusals are counted", lambda: refused_so_far(
        server, "refused_room_rate") == before + len(late))
    for _ in range(codes.count(200)):
        reader.push("msg")
    for client in clients + [reader]:
        client.close()


def test_who_waits_as_told_says_all_and_other_rooms_wait_for_nobody(server,
                                                                   room):
    slow, other = "slow:" + room, room
    with server.client("u", slow, other) as u:
        for n in range(3 * RATE):
            reply = u.ask("say", room=slow, body=n)
            while reply["code"] == 1012:
                u.say(other, n)
                time.sleep(reply["data"]["retry_ms"] / 1000)
                reply = u.ask("say", room=slow, body=n)
            assert reply["code"] == 200
        assert [m["body"] for m in u.whole_history(slow)] == list(
            range(3 * RATE))


def test_a_repeat_is_answered_however_full_the_room_is(server, room):
    room = "slow:" + room
    with server.client("u", room) as u:
        first = u.say(room, 1, key="k")
        say_all([u], room, 3 * RATE)
        for _ in range(20):
            assert u.say(room, 1, key="k") == first


def test_a_room_has_so_many_users_with_any_connections(server, room):
    room = "few:" + room
    before = refused_so_far(server, "refused_members")
    three = [server.client(user, room) for user in ("ann", "bob", "cleo")]
    with server.client("dan") as dan, server.client("ann", room) as again:
        dan.refused(1012, "join", room=room)
        assert refused_so_far(server, "refused_members") == before + 1
        dan.refused(1003, "join", room=room, presence=False)
        assert again.call("members", room=room)["users"] == 3
        three[0].call("leave", room=room)
        dan.refused(1012, "join", room=room)
        again.call("leave", room=room)
        # Another process may hear of it a moment later.
        wait_for("the place is free",
                 lambda: dan.ask("join", room=room)["code"] == 200)
        three[0].refused(1012, "join", room=room)
    for client in three:
        client.close()


def test_many_at_once_get_no_more_than_the_places_there_are(server, room):
    room = "few:" + room
    crowd = [server.client("u%d" % n) for n in range(30)]
    sent = [(client, client.send("join", room=room)) for client in crowd]
    codes = [client.reply(seq)["code"] for client, seq in sent]
    assert codes.count(200) == 3 and codes.count(1012) == 27
    members = crowd[codes.index(200)].call("members", room=room)
    assert members["users"] == 3
    for client in crowd:
        client.close()


def test_a_place_is_kept_for_who_may_come_back(server, room):
    room = "few:" + room
    others = [server.client(user, room) for user in ("ann", "bob")]
    lost = server.client("cleo", room)
    with server.client("dan") as dan:
        lost.close()
        wait_for("cleo's time is over",
                 lambda: dan.ask("join", room=room)["code"] == 200)
    for client in others:
        client.close()


def test_places_are_as_before_when_the_ledger_was_killed(make_server, room):
    server = make_server(**OPTIONS).start()
    server.allow(DEATHS)
    room = "few:" + room
    three = [server.client(user, room) for user in ("ann", "bob", "cleo")]
    with server.client("dan") as dan:
        os.kill(server.pids("ledger")[0], signal.SIGKILL)
        # 1004 as long as the members are not known.
        wait_for("the members are known again", lambda: dan.ask(
            "join", room=room)["code"] == 1012)
        assert three[0].call("members", room=room)["users"] == 3
        three[1].call("leave", room=room)
        dan.call("join", room=room)
    for client in three:
        client.close()
