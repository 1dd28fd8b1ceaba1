"""Who is there: counts instead of names in large rooms, people who come back in
time, gateways that die, and who is online."""

import os
import signal
import time

import pytest

from server import DEATHS, wait_for

MAX = 5
OPTIONS = dict(grace_seconds="300ms",
               options='room "*" { events_max = %d }\n'
                       'room "names:*" { events_max = 0 }\n'
                       'room "quiet:*" { events = false events_max = 2 }\n'
                       % MAX)


def fill(server, room, count, start=0):
    return [server.client("user %03d" % n, room)
            for n in range(start, start + count)]


def leave(clients):
    for client in clients:
        client.close()


def last_count(client, users):
    """Waits for the count that is meant."""
    while True:
        told = client.push("count")
        if told["users"] == users:
            return told


def test_up_to_events_max_each_one_is_told(server, room):
    with server.client("watcher", room) as watcher:
        others = fill(server, room, MAX - 1)
        assert [watcher.push("enter")["users"] for _ in others] == list(
            range(2, MAX + 1))
        others[0].call("leave", room=room)
        assert watcher.push("exit")["users"] == MAX - 1
        watcher.fence()
        assert watcher.seen("count") == []
        leave(others)


def test_above_events_max_only_counts_are_told(server, room):
    with server.client("watcher", room) as watcher:
        others = fill(server, room, 30)
        told = last_count(watcher, 31)
        assert told == {"room": room, "users": 31, "connections": 31}
        entered = watcher.seen("enter")
        assert len(entered) == MAX - 1
        others.append(server.client("user 000", room))
        assert watcher.push("count") == {"room": room, "users": 31,
                                         "connections": 32}
        assert watcher.seen("enter") == []
        leave(others)


def test_a_room_that_shrinks_tells_names_again(server, room):
    with server.client("watcher", room) as watcher:
        others = fill(server, room, 20)
        last_count(watcher, 21)
        for client in others[2:]:
            client.call("leave", room=room)
        wait_for("few are left", lambda: watcher.call(
            "members", room=room)["users"] == 3)
        watcher.seen("enter")
        watcher.seen("exit")
        with server.client("late", room):
            while watcher.push("enter")["user"] != "late":
                pass
        while watcher.push("exit")["user"] != "late":
            pass
        leave(others)


def test_counts_come_once_a_second_at_most(server, room):
    with server.client("watcher", room) as watcher:
        start = time.monotonic()
        others = fill(server, room, 200)
        for client in others[100:]:
            client.call("leave", room=room)
        last_count(watcher, 101)
        watcher.fence()
        counts = len(watcher.seen("count")) + 1
        spent = time.monotonic() - start
        assert counts <= spent + 2
        assert len(watcher.seen("enter")) <= MAX
        leave(others)


def test_counts_are_not_told_when_nothing_changes(server, room):
    with server.client("watcher", room) as watcher:
        others = fill(server, room, 10)
        last_count(watcher, 11)
        with server.client("other watcher", room + " 2") as other:
            more = fill(server, room + " 2", 10, 50)
            last_count(other, 11)
            leave(more)
            wait_for("they are gone", lambda: other.call(
                "members", room=room + " 2")["users"] == 1)
        watcher.fence()
        assert watcher.seen("count") == []
        leave(others)


def test_a_class_may_tell_each_one_whatever_the_size(server, room):
    room = "names:" + room
    with server.client("watcher", room) as watcher:
        others = fill(server, room, 30)
        assert [watcher.push("enter")["users"] for _ in others] == list(
            range(2, 32))
        watcher.fence()
        assert watcher.seen("count") == []
        leave(others)


def test_who_wants_no_events_gets_no_counts(server, room):
    quiet = "quiet:" + room
    with server.client("deaf") as deaf, server.client("q", quiet) as q:
        deaf.call("join", room=room, events=False)
        with server.client("watcher", room) as watcher:
            others = fill(server, room, 20)
            others += fill(server, quiet, 20)
            last_count(watcher, 22)
        wait_for("all are there", lambda: q.call(
            "members", room=quiet)["users"] == 21)
        for client in (deaf, q):
            client.fence()
            assert client.seen("count") == [] and client.seen("enter") == []
        leave(others)


def test_answers_count_right_whatever_the_size(server, room):
    with server.client("watcher", room) as watcher:
        others = fill(server, room, 120)
        others.append(server.client("user 007", room, platform=103))
        with server.client("ghost") as ghost:
            ghost.call("join", room=room, presence=False)
            with server.client("late") as late:
                answer = late.call("join", room=room)
                assert (answer["users"], answer["connections"]) == (122, 123)
        seen, after = [], {}
        while True:
            page = watcher.call("members", room=room, limit=50, **after)
            seen += [m["user"] for m in page["members"]]
            if "next" not in page:
                break
            after = {"after": page["next"]}
        wanted = ["user %03d" % n for n in range(120)] + ["watcher"]
        assert [user for user in seen if user != "late"] == wanted
        leave(others)


def test_who_comes_back_in_time_is_not_noticed(make_server, room):
    server = make_server(grace_seconds=60).start()
    with server.client("watcher", room) as watcher:
        for _ in range(20):
            lost = server.client("clumsy", room)
            lost.socket.reset()
        with server.client("clumsy", room) as back:
            back.say(room, "here again")
            watcher.push("msg")
            assert len(watcher.seen("enter")) == 1
            assert watcher.seen("exit") == []


# Gateways that die

@pytest.fixture
def cluster(make_server):
    server = make_server(gateways=2, **OPTIONS)
    server.allow(DEATHS)
    return server.start()


def test_counts_are_right_after_a_gateway_died(cluster, room):
    first, second = cluster.pids("gateway")
    with cluster.client_on(first, "stays", room) as stays:
        here = [cluster.client_on(first, "here %d" % n, room)
                for n in range(8)]
        there = [cluster.client_on(second, "there %d" % n, room)
                 for n in range(8)]
        last_count(stays, 17)
        os.kill(second, signal.SIGKILL)
        assert last_count(stays, 9)["connections"] == 9
        names = [m["user"] for m in stays.call("members", room=room)["members"]]
        assert sorted(names) == ["here %d" % n for n in range(8)] + ["stays"]
        leave(here + there)


def test_counts_are_right_after_the_ledger_died(cluster, room):
    with cluster.client("watcher", room) as watcher:
        others = fill(cluster, room, 20)
        last_count(watcher, 21)
        victim = cluster.pids("ledger")[0]
        os.kill(victim, signal.SIGKILL)
        cluster.wait_replaced("ledger", victim)
        wait_for("it knows them all", lambda: watcher.ask(
            "members", room=room).get("data", {}).get("users") == 21)
        others.append(cluster.client("new one", room))
        assert last_count(watcher, 22)
        leave(others)



# Online

def test_online_tells_who_is_here_and_on_what(server):
    with server.client("ann o", platform=103), \
            server.client("ann o", platform=101), \
            server.client("ann o", platform=101), \
            server.client("bob o") as bob:
        assert bob.call("online", users=["ann o", "nobody", "bob o", "ann o"]
                        ) == {"online": {"ann o": [101, 103], "bob o": [101]}}
        assert bob.call("online", users=["nobody"]) == {"online": {}}


def test_online_ends_with_the_last_connection(server):
    with server.client("bob o2") as bob:
        one = server.client("ann o2")
        two = server.client("ann o2", platform=102)

        def platforms():
            return bob.call("online", users=["ann o2"])["online"].get("ann o2")

        assert platforms() == [101, 102]
        one.goodbye()
        wait_for("the first is gone", lambda: platforms() == [102])
        two.call("logout")
        assert platforms() is None
        two.close()


def test_online_is_right_over_gateways_and_their_death(cluster):
    first, second = cluster.pids("gateway")
    users = ["u%d" % n for n in range(12)]
    with cluster.client_on(first, "asker") as asker:
        clients = [cluster.client_on(second if n % 2 else first, user)
                   for n, user in enumerate(users)]
        assert set(asker.call("online", users=users)["online"]) == set(users)
        os.kill(second, signal.SIGKILL)
        wait_for("its users are gone", lambda: set(asker.call(
            "online", users=users)["online"]) == set(users[::2]))
        leave(clients)


@pytest.mark.parametrize("users", [
    None, "ann", [], [""], [5], ["u" * 65], ["a\nb"], {},
    ["u%d" % n for n in range(1001)]])
def test_online_of_no_good_list_is_1001(server, users):
    with server.client("ann") as ann:
        assert "users" in ann.refused(1001, "online", users=users)
        many = ["u%d" % n for n in range(999)] + ["ann"]
        assert ann.call("online", users=many)["online"] == {"ann": [101]}


# Crowds

def delivered(server):
    """Pushes so far."""
    lines = [line.split("\t") for line in server.ask("show counters")]
    at = lines[0].index("counter"), lines[0].index("value")
    return {line[at[0]]: int(line[at[1]]) for line in lines[1:]}["delivered"]


def test_a_crowd_that_comes_back_is_told_by_counts(make_server, room):
    """A thousand who are lost and come back, as names, would be a million
    pushes, twice."""
    size = 1000
    server = make_server(grace_seconds="100ms", gateways=2, options=(
        'room "*" { events_max = 50 }\n')).start()
    with server.client("watcher", room) as watcher:
        crowd = fill(server, room, size)
        last_count(watcher, size + 1)
        start, before = time.monotonic(), delivered(server)
        for client in crowd:
            client.socket.reset()
        wait_for("all are lost", lambda: watcher.call(
            "members", room=room)["users"] == 1)
        crowd = fill(server, room, size)
        last_count(watcher, size + 1)
        pushes = delivered(server) - before
        seconds = time.monotonic() - start
        assert pushes < (seconds + 3) * (size + 1) + 4 * 50 * 50
        answer = watcher.call("members", room=room, limit=1)
        assert (answer["users"], answer["connections"]) == (size + 1, size + 1)
        leave(crowd)
