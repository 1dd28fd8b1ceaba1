"""Who is where in a cluster: what one host knows, and does, of the sessions of
another one."""

import os
import signal
import threading

import pytest

import wire
from api import Backend
from client import Client
from cluster import kill_nine
from server import DEATHS, wait_for
from test_profile_im import Im


def backend(host):
    return Backend(host.directory / "api.sock")


def wait_known(asker, user):
    """The host of the asker knows where the user is."""
    wait_for("%s is known there" % user, lambda: asker.call(
        "online", users=[user])["online"])


def test_backends_find_a_user_on_each_host(pair):
    with pair[0].client("found") as here, \
            pair[1].client("found", "den") as there:
        wait_known(here, "found")
        api = backend(pair[0])

        def all_known():
            found = api.get("/v1/users/found")["connections"]
            return len(found) == 2 and any(one["rooms"] for one in found) \
                and found

        found = wait_for("both are known", all_known)
        by_host = {one["host"]: one for one in found}
        assert by_host[1]["client"] == here.login["client"]
        assert by_host[2]["client"] == there.login["client"]
        assert by_host[2]["rooms"] == ["den"]
        assert api.get("/v1/online", users="found")["online"] == {
            "found": [101]}


def test_a_client_is_moved_and_sent_away_by_its_id(pair, room):
    with pair[0].client("mover ann", room) as ann, \
            pair[1].client("moved bob") as bob:
        wait_known(ann, bob.user)
        api = backend(pair[0])
        client = bob.login["client"]
        joined = api.post("/v1/join", {"client": client, "room": room})
        assert joined["joined"] == 1
        assert bob.push("join")["room"] == room
        assert ann.push("enter")["user"] == bob.user
        api.post("/v1/leave", {"client": client, "room": room})
        assert bob.push("leave")["room"] == room
        assert ann.push("exit")["user"] == bob.user
        api.post("/v1/kick", {"user": bob.user, "reason": "enough"})
        assert bob.push("kick")["reason"] == "enough"
        assert bob.socket.close_code() == 4003
        wait_for("nobody is there", lambda: not ann.call(
            "online", users=[bob.user])["online"])
        answer = api.ask("POST", "/v1/join", {"client": client, "room": room})
        assert answer.status == 404


def test_an_operator_sends_away_whoever_is_elsewhere(pair):
    with pair[0].client("operator") as ann, \
            pair[1].client("operated") as bob:
        wait_known(ann, bob.user)
        pair[0].ask("kick user operated words of mine")
        assert bob.push("kick")["reason"] == "words of mine"


def test_all_who_are_logged_in_anywhere_are_spoken_to(pair):
    with pair[0].client("all ann") as ann, pair[1].client("all bob") as bob:
        wait_known(ann, bob.user)
        backend(pair[0]).say(all=True, body=1)
        for client in (ann, bob):
            assert client.push("msg")["body"] == 1


def close_of(client):
    reason = client.push("kick")["reason"]
    return reason, client.socket.close_code()


def test_replace_and_refuse_hold_across_hosts(make_cluster):
    cluster = make_cluster(2, login_policy="replace").wait_met()
    with cluster[1].client("watcher") as watcher, \
            cluster[0].client("watcher", platform=102) as other:
        with cluster[0].client("u") as old:
            wait_known(watcher, "u")
            with cluster[1].client("u") as new:
                reason, code = close_of(old)
                assert code == 4009 and "again" in reason
                new.call("ping")
                wait_known(other, "u")
                with cluster[0].client("u") as last:
                    assert close_of(new)[1] == 4009
                    last.call("ping")
        for host in cluster:
            host.known_options["login_policy"] = "refuse"
            host.rewrite()
            host.reload()
        with cluster[0].client("v") as old:
            wait_known(watcher, "v")
            with Client(cluster[1].port) as late:
                assert "already" in late.refused(1009, "login", user="v")
            old.call("ping")


def log_in_at_once(cluster, user):
    """At the same moment on each host; when it returns all were answered."""
    barrier = threading.Barrier(len(cluster.hosts))
    clients = []

    def come(host):
        client = Client(host.port)
        clients.append(client)
        barrier.wait()
        try:
            client.ask("login", user=user)
        except wire.Closed:
            pass

    threads = [threading.Thread(target=come, args=(host,)) for host in cluster]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clients


def fence(cluster, number):
    """What each host had said of its sessions before has come to the others."""
    for host in cluster:
        user = "fence %d of %d" % (number, host.number)
        with host.client(user):
            for other in cluster.others(host):
                with other.client("asker of " + user) as asker:
                    wait_known(asker, user)


def are_there(cluster, user):
    return sum(one["user"] == user for host in cluster
               for one in host.ask_json("show clients"))


@pytest.mark.parametrize("policy", ("replace", "refuse"))
def test_of_logins_at_the_same_moment_one_stays(make_cluster, policy):
    cluster = make_cluster(2, login_policy=policy).wait_met()
    for number in range(15):
        user = "racer %d" % number
        clients = log_in_at_once(cluster, user)
        fence(cluster, number)
        wait_for("one is there", lambda: are_there(cluster, user) == 1)
        fence(cluster, number + 100)
        assert are_there(cluster, user) == 1
        for client in clients:
            client.close()


def test_im_gives_way_elsewhere_without_a_word(make_cluster):
    cluster = make_cluster(2, profiles=("confab", "im"),
                           api='profiles = {"im"}')
    with Im(cluster[0].port, "k") as old, \
            cluster[1].client("watcher") as watcher:
        wait_known(watcher, "k")
        with Im(cluster[1].port, "k") as new:
            wait_for("it has given way", lambda: not [
                one for one in cluster[0].ask_json("show clients")
                if one["user"] == "k"])
            old.hears_nothing()
            watcher.tell("k", "hello")
            assert new.push()["response"]["data"]["msg"] == "hello"
            old.hears_nothing()


def test_nobody_goes_or_comes_when_a_relay_dies(make_cluster, room):
    cluster = make_cluster(2, gateways=2, grace_seconds=0).wait_met()
    with cluster[0].client("ann", room) as ann, \
            cluster[1].client("bob", room) as bob:
        assert ann.push("enter")["user"] == "bob"
        for host in cluster:
            host.allow(DEATHS)
            was = kill_nine(host, "relay")
            host.wait_replaced("relay", was)
            cluster.wait_met()
        ann.fence()
        with cluster[1].client("eve", room):
            assert ann.push("enter")["user"] == "eve"
            assert not ann.seen("exit")
            assert ann.members(room) == bob.members(room) == {
                "ann", "bob", "eve"}


def test_a_gateway_that_dies_takes_its_users_from_all_hosts(
        make_cluster, room):
    cluster = make_cluster(2, gateways=1, grace_seconds=0).wait_met()
    with cluster[0].client("ann", room) as ann, \
            cluster[1].client("bob", room):
        assert ann.push("enter")["user"] == "bob"
        cluster[1].allow(DEATHS)
        kill_nine(cluster[1], "gateway")
        assert ann.push("exit")["user"] == "bob"
        assert ann.members(room) == {"ann"}
        assert not ann.call("online", users=["bob"])["online"]


def test_a_new_ledger_hears_of_those_elsewhere(make_cluster, room):
    cluster = make_cluster(2, ledgers=2).wait_met()
    with cluster[0].client("ann", room) as ann, \
            cluster[1].client("bob", room):
        assert ann.push("enter")["user"] == "bob"
        cluster[0].allow(DEATHS)
        for pid in cluster[0].pids("ledger"):
            os.kill(pid, signal.SIGKILL)
            cluster[0].wait_replaced("ledger", pid)
        wait_for("both are members", lambda: ann.members(room) == {
            "ann", "bob"})
        assert not ann.seen("exit")
