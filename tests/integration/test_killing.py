"""Any child may be killed or frozen under load: DESIGN's table of what that may
cost. Nothing acknowledged is lost or doubled, offsets stay dense, clients of
other gateways notice nothing but a pause, and the slot is served again."""

import os
import signal
import threading
import time

import pytest

from crowd import Crowd
from server import (DEATHS, holder_of, kill_at_work, process_exists,
                    wait_for)
from wire import Socket

ROLES = ["gateway", "api", "ledger", "historian"]
LOAD = 300  # acknowledged messages before and after the blow


@pytest.fixture
def cluster(make_server):
    server = make_server(gateways=2, grace_seconds="500ms", outbox_bytes="8M")
    server.allow(DEATHS)
    return server.start()


@pytest.fixture
def crowd(cluster):
    one = Crowd(cluster.port)
    for n in range(16):
        one.add("member-%d" % n, ["room-a", "room-b"])
    one.wait_inside()
    yield one
    one.leave()


def sits_on(member, pid, server):
    return holder_of(member.socket, server.pids("gateway")) == pid


def check(server, crowd, others):
    """Everything that must be true afterwards."""
    crowd.settle()
    with server.client("reader", "room-a", "room-b") as reader:
        for room in ("room-a", "room-b"):
            wanted = {"reader"} | {m.user for m in crowd.members}
            wait_for("the members of %s are those who are there" % room,
                     lambda: reader.members(room) == wanted)
        assert crowd.book.faults(
            lambda **how: reader.call("history", **how)) == []
    assert [m.user for m in others if m.breaks] == [], crowd.closes
    assert server.surprises() == []


def strike(server, crowd, role, blow, guard, record_property):
    victim = server.pids(role)[0]
    others = [m for m in crowd.members
              if role != "gateway" or not sits_on(m, victim, server)]
    assert others, "the kernel put everybody on one gateway"
    crowd.wait_acknowledged(LOAD)
    start = time.monotonic()
    os.kill(victim, blow)
    crowd.run(lambda: server.is_replaced(role, victim), guard)
    back = time.monotonic() - start
    crowd.wait_acknowledged(1)
    served = time.monotonic() - start
    print("%s %s: replaced after %.2f s, acknowledging after %.2f s" % (
        role, blow.name, back, served))
    record_property("replaced_seconds", back)
    assert not process_exists(victim)
    crowd.wait_acknowledged(LOAD)
    return others


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_child_costs_nothing_acknowledged(cluster, crowd, role,
                                                   record_property):
    others = strike(cluster, crowd, role, signal.SIGKILL, 30, record_property)
    check(cluster, crowd, others)
    cluster.stop()


@pytest.mark.parametrize("role", ROLES)
def test_a_frozen_child_is_replaced_within_15_seconds(cluster, crowd, role,
                                                      record_property):
    others = strike(cluster, crowd, role, signal.SIGSTOP, 15, record_property)
    check(cluster, crowd, others)
    cluster.stop()


def test_a_frozen_child_that_wakes_goes_on(cluster, crowd):
    for role in ROLES:
        victim = cluster.pids(role)[0]
        os.kill(victim, signal.SIGSTOP)
        crowd.run_for(0.3)
        os.kill(victim, signal.SIGCONT)
        crowd.wait_acknowledged(LOAD)
        assert victim in cluster.pids(role), role
    check(cluster, crowd, crowd.members)


def test_the_ledger_may_be_killed_again_and_again(cluster, crowd):
    for _ in range(5):
        victim = cluster.pids("ledger")[0]
        crowd.wait_acknowledged(50)
        os.kill(victim, signal.SIGKILL)
        crowd.run(lambda: cluster.is_replaced("ledger", victim))
    check(cluster, crowd, crowd.members)


@pytest.mark.parametrize("role", ["ledger", "gateway", "historian"])
def test_a_child_killed_in_the_middle_of_its_work(cluster, role):
    """Between commit and answer, between answer and release: killed only where
    it does not wait for news."""
    crowd = Crowd(cluster.port, per_second=4000)
    for n in range(6):
        crowd.add("busy-%d" % n, ["room-a", "room-b"], window=12)
    crowd.wait_inside()
    for _ in range(8):
        crowd.wait_acknowledged(LOAD)
        crowd.wait_inside()
        victim = cluster.pids(role)[0]
        if role == "gateway":
            victim = holder_of(crowd.members[0].socket, cluster.pids(role))
        hunter = threading.Thread(target=kill_at_work, args=(victim,))
        hunter.start()
        crowd.run(lambda: not hunter.is_alive())
        crowd.run(lambda: cluster.is_replaced(role, victim))
    check(cluster, crowd, [] if role == "gateway" else crowd.members)
    crowd.leave()


def test_ledger_and_historian_may_be_killed_together(cluster, crowd):
    victims = cluster.pids("ledger") + cluster.pids("historian")
    crowd.wait_acknowledged(LOAD)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    crowd.run(lambda: cluster.is_replaced("ledger", victims[0]) and
              cluster.is_replaced("historian", victims[1]))
    crowd.wait_acknowledged(LOAD)
    check(cluster, crowd, crowd.members)


def test_all_children_may_be_killed_at_once(cluster, crowd):
    victims = [int(w["pid"]) for w in cluster.workers()]
    crowd.wait_acknowledged(LOAD)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    wait_for("no victim is left", lambda: not any(map(process_exists, victims)))
    crowd.run(cluster.is_serving)
    crowd.wait_acknowledged(LOAD)
    check(cluster, crowd, [])


def test_lookups_wait_for_the_next_historian(cluster):
    with cluster.client("u", "r") as client:
        for n in range(20):
            client.say("r", n)
        os.kill(cluster.pids("historian")[0], signal.SIGKILL)
        seqs = [client.send("history", room="r", after=0, limit=5)
                for _ in range(20)]
        for seq in seqs:
            page = client.reply(seq)["data"]
            assert [m["body"] for m in page["messages"]] == [0, 1, 2, 3, 4]


def test_no_request_is_lost_while_a_connection_is_held_back(cluster):
    """So many lookups wait that the gateway stops reading; the rest comes in
    many small pieces meanwhile."""
    with cluster.client("u", "r") as client:
        for n in range(20):
            client.say("r", n)
        historian = cluster.pids("historian")[0]
        os.kill(historian, signal.SIGSTOP)
        seqs = [client.send("history", room="r", after=0, limit=5)
                for _ in range(400)]
        others = [client.send("rooms") for _ in range(100)]
        os.kill(historian, signal.SIGCONT)
        for seq in seqs:
            page = client.reply(seq)["data"]
            assert [m["body"] for m in page["messages"]] == [0, 1, 2, 3, 4]
        for seq in others:
            assert client.reply(seq)["code"] == 200


def test_says_wait_for_the_next_ledger(cluster):
    with cluster.client("u", "r") as client:
        os.kill(cluster.pids("ledger")[0], signal.SIGKILL)
        seqs = [client.send("say", room="r", body=n) for n in range(50)]
        codes = [client.reply(seq)["code"] for seq in seqs]
        assert set(codes) <= {200, 1004}
        kept = [m["body"] for m in client.whole_history("r")]
        assert kept == [n for n, code in enumerate(codes) if code == 200]


def test_http_waits_for_the_next_api(cluster):
    os.kill(cluster.pids("api")[0], signal.SIGKILL)
    with Socket(cluster.http_port) as visitor:
        visitor.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert visitor.read_response().status == 200


def test_a_user_of_a_killed_gateway_exits_after_grace(cluster):
    first, second = cluster.pids("gateway")
    with cluster.client_on(first, "stays", "r") as stays:
        with cluster.client_on(second, "goes", "r"):
            assert stays.push("enter")["user"] == "goes"
            os.kill(second, signal.SIGKILL)
            assert stays.push("exit")["user"] == "goes"
        page = stays.call("members", room="r")
        assert [m["user"] for m in page["members"]] == ["stays"]


def test_deaths_are_counted_and_logged(cluster):
    victim = cluster.pids("gateway")[0]
    os.kill(victim, signal.SIGKILL)
    cluster.wait_replaced("gateway", victim)
    assert str(victim) in cluster.log()


# The master and the whole

def test_children_go_when_the_master_is_killed(cluster, crowd):
    crowd.wait_acknowledged(LOAD)
    children = [int(w["pid"]) for w in cluster.workers()]
    cluster.process.kill()
    cluster.process.wait()
    wait_for("the children are gone",
             lambda: not any(map(process_exists, children)), 20)


def test_a_new_master_starts_at_once_beside_orphans(cluster, crowd):
    crowd.wait_acknowledged(LOAD)
    orphans = [int(w["pid"]) for w in cluster.workers()]
    cluster.process.kill()
    cluster.process.wait()
    cluster.start()
    crowd.wait_acknowledged(LOAD, 60)
    wait_for("the orphans are gone",
             lambda: not any(map(process_exists, orphans)), 20)
    check(cluster, crowd, [])


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_keeps_history_offsets_and_epochs(cluster, how):
    with cluster.client("u", "r", "empty") as client:
        for n in range(100):
            client.say("r", n)
        before = client.whole_history("r")
        epoch = client.call("history", room="r")["epoch"]
        epoch_of_empty = client.call("history", room="empty")["epoch"]
    getattr(cluster, how)()
    cluster.start()
    with cluster.client("u") as client:
        joined = client.call("join", room="r")
        assert (joined["epoch"], joined["offset"]) == (epoch, 100)
        assert client.call("join", room="empty")["epoch"] == epoch_of_empty
        assert client.whole_history("r") == before
        said = client.say("r", "next")
        assert said["offset"] == 101 and said["id"] > before[-1]["id"]


def test_all_of_it_killed_under_load_keeps_what_was_acknowledged(cluster,
                                                                 crowd):
    for _ in range(3):
        crowd.wait_acknowledged(LOAD, 60)
        cluster.kill()
        crowd.run(lambda: not any(m.state == "inside" for m in crowd.members))
        cluster.start()
    crowd.wait_acknowledged(LOAD, 60)
    check(cluster, crowd, [])
