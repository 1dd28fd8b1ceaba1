"""The same user once more: on other gateways, at the same moment, too often."""

import threading

import wire
from client import Client
from server import wait_for


def close_of(client):
    """The push before it and the close code of one who is kicked."""
    reason = client.push("kick")["reason"]
    return reason, client.socket.close_code()


def everywhere(server, user, **login):
    """A connection of the user on every gateway."""
    return [server.client_on(pid, user, **login)
            for pid in server.pids("gateway")]


def test_multi_lets_all_in(make_server):
    server = make_server(gateways=2).start()
    clients = everywhere(server, "u") + everywhere(server, "u")
    for client in clients:
        client.call("ping")
        client.close()


def test_replace_kicks_the_older_on_whatever_gateway_it_is(make_server):
    server = make_server(gateways=3, login_policy="replace").start()
    with server.client("u", platform=102) as phone, \
            server.client("other") as other:
        last = None
        for pid in server.pids("gateway") * 2:
            client = server.client_on(pid, "u")
            if last:
                reason, code = close_of(last)
                assert code == 4009 and "again" in reason
                last.close()
            last = client
        for client in (phone, other, last):
            client.call("ping")
        assert last.call("online", users=["u"])["online"]["u"] == [101, 102]
        last.close()


def test_refuse_keeps_the_older_until_it_goes(make_server):
    server = make_server(gateways=3, login_policy="refuse").start()
    with server.client("u") as old, server.client("u", platform=102):
        for pid in server.pids("gateway"):
            late = Client(server.port)
            assert "already" in late.refused(1009, "login", user="u")
            # It is no worse for that.
            late.call("login", user="v%d" % pid)
            late.close()
        assert server.ask_json("show limits")["refused_login"] == 3
        old.call("ping")
        old.goodbye()

        def comes_in():
            late = Client(server.port)
            reply = late.ask("login", user="u")
            return late if reply["code"] == 200 else late.close()

        wait_for("the place is free", comes_in).close()


def test_a_user_has_so_many_connections(make_server):
    server = make_server(gateways=2, user_connections=4).start()
    clients = everywhere(server, "u") + everywhere(server, "u", platform=102)
    late = Client(server.port)
    assert "connections" in late.refused(1012, "login", user="u")
    late.call("login", user="v")
    assert server.ask_json("show limits")["refused_user_connections"] == 1
    clients.pop().close()
    wait_for("there is room", lambda: Client(server.port).ask(
        "login", user="u")["code"] == 200)
    for client in clients + [late]:
        client.close()


def race(server, user, count):
    """So many logins of a user at the same moment; who is in when all is over
    and all have heard what there was to hear."""
    clients = [Client(server.port) for _ in range(count)]
    start = threading.Barrier(count)
    codes = [None] * count

    def login(number):
        start.wait()
        try:
            codes[number] = clients[number].ask("login", user=user)["code"]
        except wire.Closed:
            pass

    threads = [threading.Thread(target=login, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def is_in(number):
        if codes[number] != 200:
            return False
        try:
            clients[number].call("online", users=[user])
            return True
        except wire.Closed:
            return False

    return clients, [n for n in range(count) if is_in(n)]


def test_of_many_at_the_same_moment_one_stays(make_server):
    for policy in ("replace", "refuse"):
        server = make_server(
            policy, gateways=4, login_policy=policy).start()
        for n in range(30):
            clients, inside = race(server, "u%d" % n, 8)
            assert inside
            # Kicks may still be on their way.
            wait_for("one stays",
                     lambda: int(server.info()["sessions"]) == 1)
            for client in clients:
                client.close()
            wait_for("all are gone",
                     lambda: int(server.info()["sessions"]) == 0)
        server.stop()
