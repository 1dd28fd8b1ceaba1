"""Plain HTTP that comes by a WebSocket listener: it is bounded and kept out as
clients are, and whoever sends it takes nothing from them."""

import re
import signal

import pytest

import wire
from server import wait_for

PROXY = "127.0.0.7"
IP_MAX = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from server import Server
    one = Server(tmp_path_factory.mktemp("passages") / "confab",
                 profiles=("confab", "push"), log_requests=1,
                 websocket='trusted_proxies = {"%s"}' % PROXY,
                 limits={"connections_per_ip": IP_MAX}).start()
    yield one
    one.stop()


def counter(server, name):
    return next(int(line["value"]) for line in server.ask_json("show counters")
                if line["counter"] == name)


def ask(one, more="", path="/x"):
    one.send(("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (path, more)).encode())
    return one.read_response()


def test_who_sends_on_after_the_answer_does_not_hold_it_open(server):
    with wire.Socket(server.port) as one:
        one.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert one.read_response().status == 200

        def is_over():
            try:
                one.socket.send(b"more")
                return False
            except OSError:
                return True
        wait_for("he is not heard any more", is_over, look_every=0.2)


def test_what_the_api_did_not_read_costs_nothing_of_its_answer(server):
    """It ends with bytes unread, while the client has yet to read much."""
    body = b"x" * 1000000
    with wire.Socket(server.port, receive_bytes=4096) as one:
        one.send(b"POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body +
                 b"x" * 200000)
        got = b"".join(iter(lambda: one.socket.recv(4096), b""))
        is_whole = got.endswith(b"\r\n\r\nsuccess." + body)
        assert is_whole, len(got)


def test_they_are_connections_of_their_address(server):
    source = "127.0.0.21"
    open_now = [wire.Socket(server.port, source=source) for _ in range(IP_MAX)]
    for one in open_now:
        assert ask(one).status == 200
    with wire.Socket(server.port, source=source) as one:
        one.send(wire.upgrade_head(server.port))
        assert one.read_response().status == 503
    with wire.Socket(server.port, source=source) as one:
        assert ask(one).status == 503
    for one in open_now:
        one.close()

    def is_let_in():
        with wire.Socket(server.port, source=source) as one:
            return ask(one).status == 200
    wait_for("their places are free", is_let_in)


def test_a_proxy_that_names_its_clients_is_not_counted(server):
    open_now = []
    for _ in range(2 * IP_MAX):
        open_now.append(wire.Socket(server.port, source=PROXY))
        assert ask(open_now[-1],
                   "X-Forwarded-For: 192.0.2.1\r\n").status == 200
    for one in open_now:
        one.close()


def test_each_request_of_a_proxy_has_its_own_client(server):
    with wire.Socket(server.port, source=PROXY) as one:
        for client in ("192.0.2.11", "192.0.2.12", "2001:db8::13"):
            assert ask(one, "X-Forwarded-For: 6.6.6.6, %s\r\n" %
                       client).status == 200
            server.wait_log("request: address .?%s" % re.escape(client))
    with wire.Socket(server.port, source="127.0.0.22") as one:
        assert ask(one, "X-Forwarded-For: 192.0.2.14\r\n").status == 200
        server.wait_log(r"request: address 127\.0\.0\.22:")
    assert "address 192.0.2.14" not in server.log()
    assert "address 6.6.6.6" not in server.log()


def test_who_is_banned_is_not_heard(server):
    """At the door, on a connection that he has, and behind a proxy."""
    source, other = "127.0.0.23", "192.0.2.23"
    with wire.Socket(server.port, source=source) as before, \
            wire.Socket(server.port, source=PROXY) as proxy:
        assert ask(before).status == 200
        assert ask(proxy, "X-Forwarded-For: %s\r\n" % other).status == 200
        for address in (source, other):
            server.ask("ban ip " + address)
        wait_for("both bans hold", lambda: {source, other} <= {
            ban["who"] for ban in server.ask_json("bans")})
        with wire.Socket(server.port, source=source) as one:
            assert ask(one).status == 403
        assert ask(before).status == 403
        assert ask(proxy, "X-Forwarded-For: %s\r\n" % other).status == 403
        assert ask(proxy, "X-Forwarded-For: 192.0.2.24\r\n").status == 200
        for address in (source, other):
            server.ask("unban ip " + address)
        wait_for("no ban holds", lambda: server.ask_json("bans") == [])
        assert ask(proxy, "X-Forwarded-For: %s\r\n" % other).status == 200


def test_a_drain_waits_for_no_next_request(make_server):
    """It would last a minute; whose request is on its way gets an answer."""
    server = make_server(profiles=("confab", "push"),
                         options="drain_seconds = 60").start()
    with wire.Socket(server.port) as idle, wire.Socket(server.port) as busy:
        assert ask(idle).status == 200
        busy.send(b"POST /send HTTP/1.1\r\nHost: x\r\n"
                  b"Content-Length: 30\r\n\r\n" + b'{"topic":')
        wait_for("both have come through",
                 lambda: counter(server, "passed") == 2)
        server.process.send_signal(signal.SIGQUIT)
        assert idle.socket.recv(1) == b""
        idle.close()
        assert server.process.poll() is None
        busy.send(b'"all","msg":"hello!"}')
        assert busy.read_response().status == 200
        assert server.wait_exit() == 0


def test_they_leave_descriptors_to_clients_and_backends(make_server):
    server = make_server(profiles=("confab", "push"),
                         prefix=("prlimit", "--nofile=1024:1024")).start()
    open_now = [wire.Socket(server.port) for _ in range(300)]
    for one in open_now:
        one.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    statuses = [one.read_response().status for one in open_now]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 100
    with server.client("ann", "hall") as ann:
        ann.ask("ping")
    assert server.get("/healthz").status == 200
    for one in open_now:
        one.close()

    def is_let_in():
        with wire.Socket(server.port) as one:
            return ask(one).status == 200
    wait_for("one is let in again", is_let_in)
