"""How hosts of a cluster see each other come, fall silent and go."""

import contextlib
import os
import signal
import time

from server import DEATHS, wait_for


def freeze(host, role):
    pid = host.pids(role)[0]
    os.kill(pid, signal.SIGSTOP)
    return pid


def wake(pid):
    """Unless its master had no patience."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_who_falls_silent_is_suspect_and_not_down_for_three_seconds(
        make_cluster, room):
    cluster = make_cluster(2).wait_met()
    first, second = cluster
    second.allow(DEATHS)
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        ann.push("enter")
        begin = time.monotonic()
        pid = freeze(second, "relay")
        shown = wait_for("it is not up any more",
                         lambda: first.peer(second)["state"] != "up" and
                         first.peer(second))
        wake(pid)
        was_quick = time.monotonic() - begin < 2
        if was_quick:
            assert (shown["state"], shown["reason"]) == (
                "suspect", "has fallen silent")
        cluster.wait_met()
        ann.say(room, "once")
        assert bob.push("msg")["body"] == "once"
        ann.fence()
        assert not ann.seen("exit")
    assert not was_quick or not first.log().count("is down")


def test_top_has_a_line_for_each_other_host(make_cluster):
    first, second = make_cluster(2).wait_met()
    shown = first.control("top", "-n", "1").stdout
    line, = [line for line in shown.splitlines()
             if line.endswith(second.relay_url)]
    assert line.split()[:2] == ["2", "up"]


def test_a_host_that_stands_still_is_dialed_anew(make_cluster, room):
    cluster = make_cluster(2).wait_met()
    first, second = cluster
    second.allow(DEATHS)
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        ann.push("enter")
        stopped = second.processes()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            wait_for("it is not met any more", lambda: first.peer(second)[
                "state"] not in ("up", "suspect"))
            ann.say(room, "while he was away")
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        cluster.wait_met()
        assert bob.push("msg")["body"] == "while he was away"
        ann.fence()
        assert not ann.seen("exit")
    cluster.wait_same(room, 1)


def test_a_host_that_dies_is_missed_and_comes_back(make_cluster, room):
    cluster = make_cluster(3).wait_met()
    first, second, third = cluster
    with first.client("ann", room) as ann:
        ann.say(room, 1)
        cluster.wait_same(room, 1)
        third.kill()
        first.wait_peer(third, "down")
        assert first.get("/readyz").status == 200
        ann.say(room, 2)
        cluster.wait_same(room, 2, [first, second])
        third.start()
        cluster.wait_met().wait_same(room, 2)


def test_a_host_that_is_no_peer_is_refused_and_shown(make_cluster, room):
    cluster = make_cluster(2).wait_met()
    first, second = cluster
    first.set_peers([])
    first.reload()
    shown = wait_for("the stranger is shown", lambda: [
        peer for peer in first.peers().values() if peer["host"] == 2])
    assert (shown[0]["state"], shown[0]["reason"]) == (
        "refused", "is not among the peers")
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        bob.say(room, "not for her")
        assert ann.members(room) == {"ann"}
        ann.fence()
        assert not ann.seen("msg")


def test_what_makes_a_link_begins_all_links_anew(make_cluster, room):
    """All get another secret, one after the other."""
    cluster = make_cluster(2).wait_met()
    for host in cluster:
        host.allow(DEATHS)
        host.allow("is refused: ")
        host.secret = "another secret of all hosts\n"
        host.rewrite()
        host.reload()
        host.wait_log("the links to other hosts begin anew")
    cluster.wait_met()
    with cluster[0].client("ann", room) as ann, \
            cluster[1].client("bob", room) as bob:
        ann.say(room, "hello")
        assert bob.push("msg")["body"] == "hello"


def test_an_upgrade_leaves_the_cluster_whole(make_cluster, room):
    cluster = make_cluster(2).wait_met()
    first, second = cluster
    with first.client("ann", room) as ann:
        old = second.pids("relay")
        second.ask("upgrade")
        second.wait_replaced("relay", *old)
        second.wait_log("new processes serve")
        cluster.wait_met()
        ann.say(room, "to the new ones")
        cluster.wait_same(room, 1)
    assert second.process.poll() is None
