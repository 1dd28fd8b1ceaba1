"""The same user more than once: what the operator's login_policy says, whatever
the timing; how many connections a user may have; and leaving by logout."""

import collections
import os
import signal
import threading

import pytest

import wire
from client import Client, Refused
from server import DEATHS, wait_for


def platforms(client, user):
    return client.call("online", users=[user])["online"].get(user)


def attempt(port, user, **more):
    """A client that may have been refused; and its answer."""
    client = Client(port)
    return client, client.ask("login", user=user, **more)


# multi

def test_multi_lets_all_stay(make_server):
    server = make_server(login_policy="multi").start()
    with server.client("ann") as one, server.client("ann") as two:
        one.tell("ann", "hi")
        assert two.push("msg")["body"] == "hi"


# replace

@pytest.fixture
def replacing(make_server):
    server = make_server(gateways=2, login_policy="replace")
    server.allow(DEATHS)
    return server.start()


def is_replaced(client):
    """It is told why, and closed with 4009."""
    assert client.push("kick")["reason"]
    code = client.socket.close_code()
    return code == 4009


@pytest.mark.parametrize("same", [True, False])
def test_replace_ends_the_older_one(replacing, same):
    first, second = replacing.pids("gateway")
    with replacing.client_on(first, "ann", "r") as old, \
            replacing.client("bob", "r") as bob:
        with replacing.client_on(first if same else second, "ann", "r") as new:
            assert is_replaced(old)
            bob.say("r", "who is there")
            assert new.push("msg")["body"] == "who is there"
            assert platforms(bob, "ann") == [101]


def test_replace_leaves_other_platforms_and_users_alone(replacing):
    with replacing.client("ann", platform=102) as phone, \
            replacing.client("bob") as bob, replacing.client("ann"):
        for client in (phone, bob):
            client.call("ping")
            assert client.seen("kick") == []
        assert platforms(bob, "ann") == [101, 102]


def test_a_replaced_user_has_not_left_its_rooms(replacing):
    with replacing.client("bob", "r") as bob:
        old = replacing.client("ann", "r")
        assert bob.push("enter")["user"] == "ann"
        with replacing.client("ann", "r") as new:
            assert is_replaced(old)
            new.say("r", "still me")
            bob.push("msg")
            assert bob.seen("exit") == [] and bob.seen("enter") == []


def storm(server, user, count):
    """So many logins of one user at the same moment: the clients, and the code
    that each was answered or closed with."""
    clients = [Client(server.port) for _ in range(count)]
    start = threading.Barrier(count)
    codes = [None] * count

    def login(n):
        start.wait()
        try:
            codes[n] = clients[n].ask("login", user=user)["code"]
        except wire.Closed:
            codes[n] = 4009  # before it was answered

    threads = [threading.Thread(target=login, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clients, codes


def is_open(client):
    try:
        client.call("ping")
        return True
    except wire.Closed:
        return False


def test_of_a_storm_of_logins_exactly_one_stays_by_replace(replacing):
    for turn in range(5):
        user = "storm %d" % turn
        clients, codes = storm(replacing, user, 24)
        assert set(codes) <= {200, 4009}
        with replacing.client("judge") as judge:
            wait_for("one is left", lambda: sum(map(is_open, clients)) == 1)
            left = [client for client in clients if is_open(client)]
            assert len(left) == 1
            said = judge.call("say", user=user, body="you", keep=False)
            assert said["reached"] == 1
            assert left[0].push("msg")["body"] == "you"
        for client in clients:
            client.close()


# refuse

@pytest.fixture
def refusing(make_server):
    server = make_server(gateways=2, login_policy="refuse")
    server.allow(DEATHS)
    return server.start()


def test_refuse_keeps_the_older_one(refusing):
    first, second = refusing.pids("gateway")
    with refusing.client_on(first, "ann", "r") as old:
        for _ in range(6):
            new, answer = attempt(refusing.port, "ann")
            assert answer["code"] == 1009 and answer["error"]
            new.refused(1000, "rooms")
            new.call("login", user="ann", platform=102)
            new.close()
        old.say("r", "still here")
    with refusing.client("bob") as bob:
        wait_for("ann is gone", lambda: platforms(bob, "ann") is None)
    refusing.client("ann").close()


def test_of_a_storm_of_logins_exactly_one_stays_by_refuse(refusing):
    for turn in range(5):
        user = "storm %d" % turn
        clients, codes = storm(refusing, user, 24)
        counted = collections.Counter(codes)
        assert counted == {200: 1, 1009: 23}
        with refusing.client("judge") as judge:
            assert judge.call("say", user=user, body=1,
                              keep=False)["reached"] == 1
        for client in clients:
            client.close()


def test_a_refused_user_may_come_when_the_gateway_of_the_other_died(refusing):
    first, second = refusing.pids("gateway")
    with refusing.client_on(first, "ann"):
        os.kill(first, signal.SIGKILL)

        def try_again():
            client, answer = attempt(refusing.port, "ann")
            client.close()
            return answer["code"] == 200

        wait_for("ann may come", lambda: closed_is_false(try_again))


def closed_is_false(act):
    """The other gateway may die under it."""
    try:
        return act()
    except (wire.Closed, OSError):
        return False


def test_refusals_of_logins_are_counted(refusing):
    with refusing.client("ann"):
        for _ in range(3):
            attempt(refusing.port, "ann")[0].close()
    assert refusing.ask_json("show limits")["refused_login"] == 3


# user_connections

def test_a_user_has_so_many_connections_and_no_more(make_server):
    server = make_server(gateways=2, user_connections=5).start()
    clients = [server.client("ann", platform=n) for n in range(5)]
    extra, answer = attempt(server.port, "ann", platform=9)
    assert answer["code"] == 1012 and answer["error"]
    extra.call("login", user="bob")
    clients[0].goodbye()

    def one_more():
        client, reply = attempt(server.port, "ann", platform=9)
        clients.append(client)
        return reply["code"] == 200

    wait_for("there is room again", one_more)
    for client in clients + [extra]:
        client.close()


def test_a_storm_does_not_exceed_user_connections(make_server):
    server = make_server(gateways=2, user_connections=5).start()
    clients, codes = storm(server, "ann", 24)
    assert set(codes) == {200, 1012}
    assert 1 <= collections.Counter(codes)[200] <= 5
    with server.client("judge") as judge:
        assert judge.call("say", user="ann", body=1, keep=False)[
            "reached"] == collections.Counter(codes)[200]
    for client in clients:
        client.close()


# logout

@pytest.fixture
def plain(make_server):
    return make_server(grace_seconds=60).start()


def test_logout_leaves_everything_at_once(plain):
    with plain.client("ann", "r", "s") as ann, \
            plain.client("bob", "r", "s") as bob:
        assert ann.call("logout") == {}
        assert {bob.push("exit")["room"] for _ in range(2)} == {"r", "s"}
        bob.say("r", "unheard")
        bob.tell("ann", "later")
        for cmd, more in (("say", {"room": "r", "body": 1}), ("rooms", {}),
                          ("logout", {}), ("join", {"room": "r"})):
            ann.refused(1000, cmd, **more)
        ann.call("ping")
        assert ann.seen("msg") == []
        assert platforms(bob, "ann") is None
        assert bob.call("say", all=True, body=1)["reached"] == 0


def test_after_a_logout_one_may_be_somebody_else(plain):
    with plain.client("ann", "r") as client, plain.client("bob") as bob:
        first = client.login
        client.call("logout")
        second = client.call("login", user="eve", platform=103)
        assert (second["user"], second["platform"]) == ("eve", 103)
        assert client.call("rooms")["rooms"] == []
        bob.tell("ann", "not for eve")
        bob.tell("eve", "for eve")
        assert client.push("msg")["body"] == "for eve"
        assert second["client"] != first["client"]
        bob.refused(1005, "say", client=first["client"], body=1)
        client.call("join", room="r")
        client.say("r", "as eve")
        assert client.whole_history("r")[0]["from"] == "eve"


def test_in_and_out_in_one_write_is_answered_in_order(plain):
    with plain.client() as client:
        steps = []
        for n in range(30):
            steps += [("login", {"user": "u%d" % n}), ("join", {"room": "r"}),
                      ("say", {"room": "r", "body": n}), ("logout", {})]
        seqs = [client.send(cmd, **data) for cmd, data in steps]
        assert [client.reply(seq)["code"] for seq in seqs] == [200] * 120
        client.call("login", user="judge")
        client.call("join", room="r")
        assert [(m["from"], m["body"]) for m in client.whole_history("r")] == [
            ("u%d" % n, n) for n in range(30)]
        assert [m["user"] for m in client.call("members", room="r")[
            "members"]] == ["judge"]


def test_a_second_login_is_1009_and_changes_nothing(plain):
    with plain.client("ann") as ann, plain.client("bob") as bob:
        ann.refused(1009, "login", user="ann")
        ann.refused(1009, "login", user="eve")
        bob.tell("ann", 1)
        assert ann.push("msg")["body"] == 1
        assert platforms(bob, "eve") is None


def test_logins_go_on_when_the_ledger_is_killed(make_server):
    server = make_server(gateways=2)
    server.allow(DEATHS)
    server.start()
    with server.client("bob") as bob:
        for n in range(10):
            if n % 3 == 0:
                os.kill(server.pids("ledger")[0], signal.SIGKILL)

            def login():
                try:
                    return server.client("ann %d" % n)
                except Refused as refused:
                    assert refused.code == 1004
                    return None

            with wait_for("a login", login) as ann:
                wait_for("it is there", lambda: bob.ask(
                    "say", user="ann %d" % n, body=n)["code"] == 200)
                assert ann.push("msg")["body"] == n
