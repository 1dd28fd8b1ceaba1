"""Hosts with a network of their own between them, whose links are cut and go
slow, and hosts of which anything dies or stands still: nothing that was
acknowledged is lost or doubled anywhere, and who stays connected gets each
message once."""

import contextlib
import os
import signal

import pytest

import cluster as on_loopback
import links
from cluster import kill_nine
from server import DEATHS, wait_for
from talkers import Listener, Talker


@pytest.fixture
def make_cluster(make_cluster):
    """With links that can be harmed where the machine permits them, else on
    127.0.0.1; who cannot do without says links.demand() first. What a host
    catches up with comes to its members at once: nobody here is too slow."""
    kind = on_loopback if links.why_not() else links
    return lambda count, **options: make_cluster(
        count, kind.Cluster, outbox_bytes="16M", **options).wait_met()


@contextlib.contextmanager
def everywhere(kind, cluster, room, **more):
    """One of these people on each host."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(kind(
            host, "%s of %d" % (kind.__name__, host.number), room, **more))
            for host in cluster]


def check_all(cluster, room, talkers, listeners):
    """All that was said is everywhere, once, and was heard by each of them."""
    for talker in talkers:
        talker.finish()
    history = cluster.wait_met().wait_same(
        room, sum(talker.said for talker in talkers))
    for talker in talkers:
        numbers = [body[1] for _, user, body in history if user == talker.user]
        assert numbers == list(range(talker.said))
    for listener in listeners:
        listener.wait_heard([one[0] for one in history])


def holes(cluster):
    return sum(int(peer["holes"]) for host in cluster
               for peer in host.peers().values())


def go_on(talkers, count=50):
    for talker in talkers:
        talker.wait_said(count)


def wait_apart(cluster, host):
    for other in cluster.others(host):
        other.wait_peer(host, "down")
        host.wait_peer(other, "down")


def test_a_host_that_was_cut_off_gets_all_and_all_get_its_own(
        make_cluster, room):
    links.demand()
    cluster = make_cluster(3)
    with everywhere(Listener, cluster, room) as listeners, \
            everywhere(Talker, cluster, room, pause=0.005) as talkers:
        for lonely in (cluster[1], cluster[2]):
            cluster.network.cut(lonely)
            wait_apart(cluster, lonely)
            go_on(talkers)
            cluster.network.mend(lonely)
            cluster.wait_met()
        check_all(cluster, room, talkers, listeners)
    assert holes(cluster) == 0


def test_a_link_that_comes_and_goes_loses_nothing(make_cluster, room):
    """Too short to be noticed by anybody but TCP."""
    links.demand()
    cluster = make_cluster(3)
    with everywhere(Listener, cluster, room) as listeners, \
            everywhere(Talker, cluster, room) as talkers:
        for number in range(12):
            host = cluster[number % 3]
            cluster.network.cut(host)
            go_on(talkers, 10)
            cluster.network.mend(host)
            go_on(talkers, 10)
        check_all(cluster, room, talkers, listeners)
    assert holes(cluster) == 0


def test_a_slow_link_keeps_up_or_catches_up(make_cluster, room):
    """More is said than fits through: 10 KB a message, 4 Mbit/s."""
    links.demand()
    cluster = make_cluster(3, ring_bytes="1M")
    with everywhere(Listener, cluster, room) as listeners:
        cluster.network.slow(cluster[2], "4mbit")
        with everywhere(Talker, cluster, room, count=60,
                        body_bytes=10000) as talkers:
            for talker in talkers:
                talker.check()
            cluster.network.quick(cluster[2])
            check_all(cluster, room, talkers, listeners)
    assert holes(cluster) == 0


@pytest.mark.parametrize("what", ["relay", "ledger", "all"])
def test_whatever_is_killed_nothing_is_lost(make_cluster, room, what):
    cluster = make_cluster(3)
    with contextlib.ExitStack() as stack:
        listeners = stack.enter_context(everywhere(
            Listener, [cluster[0]] if what == "all" else cluster, room))
        talkers = stack.enter_context(everywhere(Talker, cluster, room))
        for host in cluster.hosts[1:]:
            host.allow(DEATHS)
            go_on(talkers, 20)
            if what == "all":
                host.kill()
                cluster[0].wait_peer(host, "down")
                go_on(talkers[:1])
                host.start()
            else:
                was = kill_nine(host, what)
                host.wait_replaced(what, was)
            cluster.wait_met()
        check_all(cluster, room, talkers, listeners)
    assert holes(cluster) == 0


def stop_and_go(host, pids, until):
    """They stand still until that is so. A master that finds a child of its
    standing still too long kills it: that is well, too."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        until()
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    wait_for("all of it serves", host.is_serving)


@pytest.mark.parametrize("what", ["relay", "ledger", "all"])
def test_whatever_stands_still_nothing_is_lost(make_cluster, room, what):
    cluster = make_cluster(3)
    first, _, third = cluster
    third.allow(DEATHS)
    with everywhere(Listener, [first] if what == "all" else cluster,
                    room) as listeners, \
            everywhere(Talker, cluster, room) as talkers:
        go_on(talkers, 20)
        pids = third.processes() if what == "all" else third.pids(what)

        def until():
            if what == "relay":
                wait_for("it is missed", lambda: not first.sees(third))
            elif what == "all":
                first.wait_peer(third, "down")
            go_on(talkers[:2])

        stop_and_go(third, pids, until)
        check_all(cluster, room, talkers, listeners)
    assert holes(cluster) == 0


def test_what_nobody_remembers_is_lost_behind_the_window_and_only_that(
        make_cluster, room):
    """1 MB of it is kept for who was away."""
    links.demand()
    cluster = make_cluster(2, relay="repair_bytes = 1M", ring_bytes="1M")
    first, second = cluster
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        ann.push("enter")
        ann.say(room, "before", keep=False)
        assert bob.push("msg")["body"] == "before"
        cluster.network.cut(second)
        wait_apart(cluster, second)
        for number in range(150):
            ann.say(room, [number, "x" * 10000], keep=False)
        ann.say(room, "remembered")
        cluster.network.mend(second)
        cluster.wait_met()
        assert wait_body(bob, "remembered")["offset"] == 1
        second.wait_log("frames of what nobody remembers are lost")
        ann.say(room, "behind", keep=False)
        wait_body(bob, "behind")
        wait_for("one hole is shown", lambda: int(
            second.peer(first)["holes"]) == 1)
        assert ann.members(room) == bob.members(room) == {"ann", "bob"}
    cluster.wait_same(room, 1)


def wait_body(client, body):
    while True:
        message = client.push("msg")
        if message["body"] == body:
            return message


def say_much(client, room, megabytes):
    """Returns how many messages."""
    body = "x" * 60000
    count = megabytes * 16
    for _ in range(count // 8):
        for number in [client.send("say", room=room, body=body)
                       for _ in range(8)]:
            assert client.reply(number)["code"] == 200
    return count


def test_a_journal_that_is_gone_is_one_hole_and_no_end(make_cluster, room):
    """The host that has it loses its oldest file while nobody hears. What the
    hole has taken comes later, from the archive."""
    links.demand()
    cluster = make_cluster(2, relay="repair_bytes = 1M", ring_bytes="1M",
                           max_message_bytes="64K")
    first, second = cluster
    with second.client("bob", room) as bob:
        with first.client("ann", room) as ann:
            ann.say(room, "before")
            assert bob.push("msg")["body"] == "before"
            cluster.network.cut(second)
            wait_apart(cluster, second)
            said = say_much(ann, room, 72)
            oldest = wait_for("it has two files", lambda: len(
                first.journals()) == 2 and first.journals()[0])
        first.stop()
        oldest.unlink()
        first.start()
        cluster.network.mend(second)
        cluster.wait_met()
        with first.client("ann", room) as ann:
            ann.say(room, "behind")
            wait_body(bob, "behind")
        while bob.push("moved").get("room") != room:
            pass  # his inbox has, too
        second.wait_log("bytes of its journal are lost to this host")
        wait_for("one hole is shown", lambda: int(
            second.peer(first)["holes"]) == 1)
    cluster.wait_same(room, said + 2)
    second.wait_log("what its archive has of what was lost is here")


def test_users_of_a_host_that_is_cut_off_are_missed_after_a_while(
        make_cluster, room):
    """They are believed to be there for 30 seconds, and come back with it."""
    links.demand()
    cluster = make_cluster(2, grace_seconds=0)
    first, second = cluster
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        assert ann.push("enter")["user"] == "bob"
        wait_for("he knows of her", lambda: len(bob.members(room)) == 2)
        bob.seen("enter")
        cluster.network.cut(second)
        wait_apart(cluster, second)
        ann.fence()
        assert not ann.seen("exit") and ann.members(room) == {"ann", "bob"}
        assert ann.push("exit", 60)["user"] == "bob"
        assert bob.push("exit", 60)["user"] == "ann"
        assert ann.members(room) == {"ann"} and bob.members(room) == {"bob"}
        cluster.network.mend(second)
        assert ann.push("enter")["user"] == "bob"
        assert bob.push("enter")["user"] == "ann"
        assert ann.members(room) == bob.members(room) == {"ann", "bob"}


def test_users_of_a_host_that_is_back_in_time_have_not_left(
        make_cluster, room):
    links.demand()
    cluster = make_cluster(2, grace_seconds=0)
    first, second = cluster
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        ann.push("enter")
        cluster.network.cut(second)
        wait_apart(cluster, second)
        with second.client("eve", room):
            cluster.network.mend(second)
            cluster.wait_met()
            assert ann.push("enter")["user"] == "eve"
            ann.say(room, "hello")
            assert bob.push("msg")["body"] == "hello"
            ann.fence()
            assert not ann.seen("exit")


def test_of_those_who_log_in_apart_one_stays_when_the_hosts_meet(
        make_cluster):
    links.demand()
    cluster = make_cluster(2, login_policy="replace")
    first, second = cluster
    cluster.network.cut(second)
    wait_apart(cluster, second)
    with first.client("ann") as one, second.client("ann") as other:
        cluster.network.mend(second)
        cluster.wait_met()

        def are_there():
            return sum(client["user"] == "ann" for host in cluster
                       for client in host.ask_json("show clients"))

        wait_for("one of them is there", lambda: are_there() == 1)
        staying = one if any(
            client["user"] == "ann" for client in
            first.ask_json("show clients")) else other
        staying.call("ping")


@pytest.mark.parametrize("how", ["name", "ipv6"])
def test_peers_are_found_by_name_and_by_ipv6(make_cluster, room, how):
    links.demand()
    cluster = make_cluster(2)
    for host in cluster:
        host.stop()
        host.peer_name = links.name_of(host) if how == "name" else \
            "[%s]" % (links.BACK6 % host.number)
    for host in cluster:
        host.know_names(cluster)
        host.set_peers(cluster.others(host))
    cluster.start().wait_met()
    with cluster[0].client("ann", room) as ann, \
            cluster[1].client("bob", room) as bob:
        ann.say(room, "hello")
        assert bob.push("msg")["body"] == "hello"
        assert list(cluster[0].peers()) == [cluster[1].relay_url]
