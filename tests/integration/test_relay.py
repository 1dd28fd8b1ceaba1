"""Hosts of a cluster are one server: what is said on one is everywhere, once,
whatever dies meanwhile."""

import os

import pytest

from cluster import Host, kill_nine
from server import DEATHS, wait_for
from talkers import Listener, Talker, check_rows


def take(client, count):
    """So many messages, in the order they came."""
    return [client.push("msg") for _ in range(count)]


def test_a_message_arrives_elsewhere_once_with_its_id(pair, room):
    with pair[0].client("ann", room) as ann, \
            pair[1].client("bob", room) as bob:
        said = ann.say(room, {"number": 1})
        heard = bob.push("msg")
        assert (heard["id"], heard["from"], heard["body"]) == (
            said["id"], "ann", {"number": 1})
        answer = bob.say(room, "two")
        assert ann.push("msg")["id"] == answer["id"]
        bob.fence()
        assert not bob.seen("msg")
    history = pair.wait_same(room, 2)
    assert [one[0] for one in history] == [said["id"], answer["id"]]


def test_each_host_gives_its_own_offsets_and_none_is_left_out(pair, room):
    with pair[0].client("ann", room) as ann, \
            pair[1].client("bob", room) as bob:
        for number in range(50):
            ann.send("say", room=room, body=["ann", number])
            bob.send("say", room=room, body=["bob", number])
        for client, other in ((ann, "bob"), (bob, "ann")):
            heard = take(client, 50)
            assert [one["body"] for one in heard] == [
                [other, number] for number in range(50)]
            offsets = [one["offset"] for one in heard]
            assert offsets == sorted(set(offsets))
    pair.wait_same(room, 100)


def test_a_direct_message_reaches_its_user_on_another_host(pair):
    with pair[0].client("direct ann") as ann, \
            pair[1].client("direct bob") as bob:
        said = ann.tell(bob.user, "hello")
        heard = bob.push("msg")
        assert (heard["id"], heard["to"], heard["from"]) == (
            said["id"], bob.user, ann.user)
        answer = bob.tell(ann.user, "hello back")
        assert ann.push("msg")["id"] == answer["id"]

        def both(client, other):
            return [one["id"] for one in client.whole_history(user=other)]

        for client, other in ((ann, bob.user), (bob, ann.user)):
            wait_for("both stand in the inbox", lambda: both(
                client, other) == [said["id"], answer["id"]])


def test_what_nobody_remembers_reaches_users_and_clients_elsewhere(pair):
    with pair[0].client("not kept ann") as ann, \
            pair[1].client("not kept bob") as bob:
        wait_for("he is known here", lambda: ann.call(
            "online", users=[bob.user])["online"])
        ann.tell(bob.user, "not kept", keep=False)
        assert bob.push("msg")["body"] == "not kept"
        ann.call("say", client=bob.login["client"], body="to one connection")
        assert bob.push("msg")["body"] == "to one connection"


def test_members_of_all_hosts_are_listed_and_told(pair, room):
    with pair[0].client("ann", room) as ann:
        with pair[1].client("bob", room) as bob:
            entered = ann.push("enter")
            assert (entered["user"], entered["users"]) == ("bob", 2)
            wait_for("both see both", lambda: ann.members(room) ==
                     bob.members(room) == {"ann", "bob"})
            bob.call("leave", room=room)
            assert ann.push("exit")["user"] == "bob"
        assert ann.members(room) == {"ann"}


def test_peers_are_shown_counted_and_measured(pair, room):
    with pair[0].client("ann", room) as ann:
        ann.say(room, "x" * 1000)
        wait_for("it has gone over", lambda: int(
            pair[1].peer(pair[0])["bytes_in"]) > 1000)
    one = pair[0].peer(pair[1])
    assert (one["host"], one["state"], one["reason"]) == (2, "up", "")
    assert abs(one["clock_offset_ms"]) < 1000 + one["round_trip_us"] / 1000
    assert one["holes"] == one["refused"] == 0
    lines = pair[0].ask("show peers")
    assert lines[0].startswith("host\taddress\tstate\tsince\t")
    assert lines[1].startswith("2\t%s\tup\t" % pair[1].relay_url)


@pytest.mark.parametrize("role", ["relay", "ledger"])
def test_nothing_is_lost_or_doubled_when_one_is_killed(
        make_cluster, room, role):
    cluster = make_cluster(2).wait_met()
    count = 1500
    for host in cluster:
        host.allow(DEATHS)
    with Listener(cluster[0], "eve", room) as eve:
        talkers = [Talker(host, "talker %d" % host.number, room, count)
                   for host in cluster]
        for _ in range(3):
            for host, talker in zip(cluster, talkers):
                talker.wait_said(50)
                victim = kill_nine(host, role)
                host.wait_replaced(role, victim)
        for talker in talkers:
            talker.check()
        history = cluster.wait_same(room, 2 * count)
        check_rows(history, [one.user for one in talkers], count)
        eve.wait_heard([one[0] for one in history])
    assert all(int(host.peer(other)["holes"]) == 0 for host in cluster
               for other in cluster.others(host))


def test_a_host_that_was_away_gets_all_it_missed(make_cluster, room):
    cluster = make_cluster(2).wait_met()
    with cluster[0].client("ann", room) as ann:
        ann.say(room, 0)
        cluster.wait_same(room, 1)
        cluster[1].stop()
        cluster[0].wait_peer(cluster[1], "down", "has said goodbye")
        for number in range(1, 200):
            ann.say(room, number)
        cluster[1].start()
        history = cluster.wait_met().wait_same(room, 200)
    assert [one[2] for one in history] == list(range(200))


def test_peers_come_and_go_by_a_reload(make_cluster, room):
    cluster = make_cluster(3)
    first, second, third = cluster
    cluster.wait_met()
    first.set_peers([second])
    first.reload()
    assert list(first.peers()) == [second.relay_url]
    with first.client("ann", room) as ann:
        ann.say(room, "only two hear this")
        cluster.wait_same(room, 1, [first, second])
    first.set_peers([second, third])
    first.reload()
    cluster.wait_met().wait_same(room, 1)


def test_a_peer_that_is_this_host_is_passed_over(make_cluster, room):
    cluster = make_cluster(2).wait_met()
    for host in cluster:
        host.set_peers(cluster.hosts)
        host.reload()
        host.wait_peer(host, "self")
    cluster.wait_met()
    with cluster[0].client("ann", room) as ann, \
            cluster[1].client("bob", room) as bob:
        ann.say(room, "once")
        assert bob.push("msg")["body"] == "once"
    cluster.wait_same(room, 1)


def start_against(cluster, directory, **other):
    """One more host that cluster[0] and it have as peers."""
    host = Host(directory / "other", other.pop("number", 9))
    for name, value in other.items():
        setattr(host, name, value)
    host.set_peers([cluster[0]])
    cluster.hosts.append(host)
    cluster[0].set_peers(cluster.hosts[1:])
    cluster[0].reload()
    return host.start()


@pytest.mark.parametrize("other, reason", [
    ({"secret": "another secret, long enough\n"}, "does not know the secret"),
    ({"cluster_name": "red"}, "is of another cluster"),
    ({"number": 1}, "has the host_id of another host"),
])
def test_who_does_not_belong_here_is_refused_and_shown(
        make_cluster, directory, room, other, reason):
    cluster = make_cluster(2).wait_met()
    for host in cluster:
        host.allow("is refused: ")
    stranger = start_against(cluster, directory, **other)
    stranger.allow("is refused: ")
    shown = cluster[0].wait_peer(stranger, "refused", reason)
    assert shown["refused"] > 0
    stranger.wait_peer(cluster[0], "refused")
    assert cluster[0].log().count(reason) == 1
    with cluster[0].client("ann", room) as ann, \
            stranger.client("eve", room) as eve, \
            cluster[1].client("bob", room) as bob:
        ann.say(room, "for us")
        assert bob.push("msg")["body"] == "for us"
        eve.fence()
        assert not eve.seen("msg") and eve.members(room) == {"eve"}


def test_a_relay_is_replaced_by_an_upgrade_and_nobody_leaves(
        make_cluster, room):
    cluster = make_cluster(2).wait_met()
    with cluster[0].client("ann", room) as ann, \
            cluster[1].client("bob", room) as bob:
        ann.push("enter")
        old = cluster[1].pids("relay")[0]
        os.kill(old, 15)
        cluster[1].wait_replaced("relay", old)
        cluster.wait_met()
        bob.say(room, "still here")
        assert ann.push("msg")["body"] == "still here"
        ann.fence()
        assert not ann.seen("exit")
    for host in cluster:
        host.allow(DEATHS)
