"""QUIT: the clients are sent away evenly, then the server ends."""

import os
import signal

import pytest

import wire
from server import wait_for

@pytest.fixture
def own_server(make_server):
    """Its drain takes far longer than a test lets it: the first is told of it
    after a second, and goes ten seconds later."""
    return make_server(gateways=2, options="drain_seconds = 20").start()


@pytest.fixture
def crowd(own_server):
    """Twenty clients of a server that this test may end."""
    clients = [own_server.client("u%d" % i, "r") for i in range(20)]
    yield clients
    for client in clients:
        client.close()


def test_everybody_is_told_before_the_close(make_server):
    server = make_server(gateways=2, options="drain_seconds = 2").start()
    clients = [server.client("u%d" % i, "r") for i in range(20)]
    server.process.send_signal(signal.SIGQUIT)
    for client in clients:
        assert client.push("drain")["in_ms"] == 1000
        code, reason = client.socket.read_close()
        assert code == 1012
        assert 100 <= int(reason) < 1000
        client.close()
    assert server.wait_exit() == 0


def test_what_is_said_in_a_drain_is_kept(own_server, crowd):
    said = []
    own_server.process.send_signal(signal.SIGQUIT)
    crowd[0].push("drain")
    for client in crowd:
        said.append(client.say("r", "to %s" % client.user)["offset"])
    own_server.process.send_signal(signal.SIGTERM)
    for client in crowd:
        client.socket.read_close()
        client.close()
    assert own_server.wait_exit() == 0
    own_server.start()
    with own_server.client("after", "r") as client:
        history = client.whole_history("r")
    assert sorted(m["offset"] for m in history) == sorted(said)


def test_a_draining_server_is_not_ready_but_answers(own_server, crowd):
    own_server.process.send_signal(signal.SIGQUIT)
    crowd[0].push("drain")
    assert own_server.get("/readyz").status == 503
    assert own_server.get("/healthz").status == 200
    assert own_server.info()["state"] == "draining"
    own_server.process.send_signal(signal.SIGTERM)
    assert own_server.wait_exit() == 0


def test_a_stop_cuts_a_drain_short(own_server, crowd):
    own_server.process.send_signal(signal.SIGQUIT)
    crowd[0].push("drain")
    own_server.process.send_signal(signal.SIGTERM)
    codes = {client.socket.close_code() for client in crowd}
    assert codes <= {1001, 1012} and 1001 in codes
    assert own_server.wait_exit() == 0


def test_who_stands_at_the_door_is_still_let_in(own_server, crowd):
    head = wire.upgrade_head(own_server.port)
    with wire.Socket(own_server.port) as visitor:
        visitor.send(head[:20])
        own_server.process.send_signal(signal.SIGQUIT)
        crowd[0].push("drain")
        visitor.send(head[20:])
        assert visitor.read_response().status == 101
    own_server.process.send_signal(signal.SIGTERM)
    assert own_server.wait_exit() == 0


def test_a_drain_may_be_given_its_seconds(make_server):
    server = make_server(gateways=2, options="drain_seconds = 1d").start()
    clients = [server.client("u%d" % i, "r") for i in range(20)]
    assert server.control("drain", "1").returncode == 0
    for client in clients:
        assert client.push("drain")["in_ms"] == 500
        assert client.socket.close_code() == 1012
        client.close()
    assert server.wait_exit() == 0


def test_a_drain_takes_only_seconds(own_server, crowd):
    for wrong in ("x", "-1", "86401", "1s"):
        done = own_server.control("drain", wrong)
        assert done.returncode == 1 and "from 0 to 86400" in done.stderr
    assert own_server.control("drain", "86400").returncode == 0
    assert own_server.control("drain", "1").returncode == 1
    assert own_server.control("stop").returncode == 0
    assert own_server.wait_exit() == 0


def test_a_drain_with_nobody_there_waits_for_nobody(make_server):
    server = make_server(options="drain_seconds = 1d").start()
    server.process.send_signal(signal.SIGQUIT)
    assert server.wait_exit() == 0


def test_who_asks_an_api_that_drains_is_sent_elsewhere(own_server):
    os.kill(own_server.pids("api")[0], signal.SIGQUIT)
    ask = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"

    def is_sent_away():
        with wire.Socket(own_server.http_port) as visitor:
            visitor.send(ask)
            answer = visitor.read_response()
            assert answer.status in (200, 503)
            return answer.headers.get("connection") == "close" and \
                visitor.is_closed_by_server()

    wait_for("the connection is closed behind an answer", is_sent_away)
