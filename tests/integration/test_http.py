"""HTTP on api listeners: what is a request, how big and how slow it may be, and
what pages of other sites are told."""

import json
import os
import shutil
import struct
import socket
import time

import pytest

import wire
from conftest import end, make_directory
from keyed import Api, key_section
from server import Server, wait_for
from wire import Socket

KEY = "a-key"
HEAD = "POST /v1/online HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY + \
    "\r\n"
BODY = b'{"users":["u"]}'
ANSWER = {"online": {}}


@pytest.fixture(scope="module")
def server():
    path = make_directory()
    one = Server(path, apis=2, options=key_section(path, "all", KEY),
                 api='cors_origins = {"https://*.example.org"}')
    try:
        yield one.start()
        end(one)
    finally:
        one.kill()
        shutil.rmtree(path, ignore_errors=True)


def head(*lines):
    return (HEAD + "".join(line + "\r\n" for line in lines) + "\r\n").encode()


def talk(server, data, count=1):
    with Socket(server.http_port) as visitor:
        visitor.send(data)
        return [visitor.read_response() for _ in range(count)]


def refused(server, status, data):
    """It must be JSON, and the end of the connection."""
    with Socket(server.http_port) as visitor:
        try:
            visitor.send(data)
        except wire.Closed:
            pass
        answer = visitor.read_response()
        assert answer.status == status, (answer.status, answer.body)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["connection"] == "close"
        assert json.loads(answer.body)["code"] == 1001
        assert visitor.is_closed_by_server()
    return json.loads(answer.body)["error"]


def test_a_body_may_be_chunked(server):
    chunks = b"".join(b"%x;n=v\r\n%c\r\n" % (1, byte) for byte in BODY)
    answers = talk(server, head("Transfer-Encoding: chunked") + chunks +
                   b"0\r\nTrailer: x\r\n\r\n" +
                   head("Content-Length: %d" % len(BODY)) + BODY, 2)
    assert [json.loads(answer.body) for answer in answers] == [ANSWER] * 2


def test_a_body_is_asked_for_before_it_is_sent(server):
    with Socket(server.http_port) as visitor:
        for _ in range(3):
            visitor.send(head("Content-Length: %d" % len(BODY),
                              "Expect: 100-continue"))
            assert visitor.read_until(b"\r\n\r\n") == \
                b"HTTP/1.1 100 Continue\r\n\r\n"
            visitor.send(BODY)
            assert json.loads(visitor.read_response().body) == ANSWER


def test_whoever_is_too_big_is_not_asked_for_it(server):
    refused(server, 413, head("Content-Length: 2000000",
                              "Expect: 100-continue"))


def test_a_body_that_is_too_big_is_413(server):
    refused(server, 413, head("Content-Length: 1048577") + b"x" * 300000)
    refused(server, 413, head("Transfer-Encoding: chunked") +
            (b"10000\r\n" + b" " * 65536 + b"\r\n") * 17)
    answer, = talk(server, head("Content-Length: 1048576") +
                   BODY + b" " * (1048576 - len(BODY)))
    assert json.loads(answer.body) == ANSWER


def test_a_head_that_is_too_big_is_431(server):
    refused(server, 431, head("X-Filler: " + "x" * 70000))
    refused(server, 431, head(*["X-%d: y" % i for i in range(120)]))
    refused(server, 431, b"GET /" + b"x" * 3000000)


@pytest.mark.parametrize("lines", [
    ("Content-Length: 3", "Transfer-Encoding: chunked"),
    ("Content-Length: 3", "Content-Length: 4"), ("Content-Length: x",),
    ("Content-Length : 3",), (" folded: 1",), ("Host: y",), ("no field",),
    ("X: \x00",),
])
def test_what_two_could_read_differently_is_400(server, lines):
    refused(server, 400, head(*lines) + b"0\r\n\r\n")


def test_other_versions_methods_and_codings_are_told(server):
    refused(server, 505, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n")
    refused(server, 501, b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n")
    refused(server, 501, head("Transfer-Encoding: gzip"))
    refused(server, 417, head("Expect: the-worst", "Content-Length: 3"))
    refused(server, 400, b"GET / HTTP/1.1\r\n\r\n")
    refused(server, 400, b"GET / HTTP/1.1\nHost: x\n\n")


def test_a_body_where_none_belongs_is_no_request(server):
    """The bytes of a body are never taken for a request."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    for method in (b"GET", b"DELETE", b"OPTIONS"):
        data = b"%s /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d" \
            b"\r\n\r\n%s" % (method, len(smuggled), smuggled)
        answers = talk(server, data + b"GET /readyz HTTP/1.1\r\nHost: x"
                       b"\r\n\r\n", 2)
        assert answers[1].body == b"ok\n"


def test_a_long_pipeline_is_answered_in_order(server):
    with Socket(server.http_port) as visitor:
        names = ["u%d" % i for i in range(200)]
        bodies = [json.dumps({"users": ["u"], "x": name}).encode()
                  for name in names]
        visitor.send(b"".join(
            head("Content-Length: %d" % len(body)) + body +
            b"GET /v1/none?%s HTTP/1.1\r\nHost: x\r\n\r\n" % body[:3]
            .hex().encode() for body in bodies))
        for _ in names:
            assert visitor.read_response().status == 200
            assert visitor.read_response().status == 404


def test_http_1_0_closes_unless_it_is_asked_not_to(server):
    with Socket(server.http_port) as visitor:
        for _ in range(2):
            visitor.send(b"GET /healthz HTTP/1.0\r\n"
                         b"Connection: keep-alive\r\n\r\n")
            assert visitor.read_response().body == b"ok\n"
        visitor.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert visitor.read_response().body == b"ok\n"
        assert visitor.is_closed_by_server()


def test_who_shuts_his_side_still_gets_his_answer(server):
    with Socket(server.http_port) as visitor:
        visitor.send(head("Content-Length: %d" % len(BODY)) + BODY)
        visitor.socket.shutdown(socket.SHUT_WR)
        assert json.loads(visitor.read_response().body) == ANSWER
        assert visitor.is_closed_by_server()


def test_slow_requests_are_408_and_cost_nobody_else(server):
    """Heads that creep, all at once; and connections that say nothing at all
    are not asked to hurry."""
    silent = Socket(server.http_port)
    slow = [Socket(server.http_port) for _ in range(50)]
    started = time.monotonic()
    for visitor in slow:
        visitor.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
    waiting = True
    while waiting:
        for visitor in slow:
            try:
                visitor.send(b"y")
            except wire.Closed:
                pass
        assert server.get("/healthz").status == 200
        assert time.monotonic() - started < wire.GUARD
        slow[0].socket.settimeout(0.5)
        try:
            waiting = not slow[0].socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            pass
    for visitor in slow:
        visitor.socket.settimeout(wire.GUARD)
        answer = visitor.read_response()
        assert answer.status == 408
        assert json.loads(answer.body)["code"] == 1001
        visitor.close()
    silent.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert silent.read_response().status == 200
    silent.close()


def test_who_does_not_read_fills_no_memory(server):
    """Requests without end, whose answers nobody takes."""
    with Socket(server.http_port, receive_bytes=4096) as visitor:
        visitor.socket.setblocking(False)
        sent = 0
        data = b"GET /confab.js HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
        end_by = time.monotonic() + 1
        while time.monotonic() < end_by and sent < 100 << 20:
            try:
                sent += visitor.socket.send(data)
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < 32 << 20
    assert server.get("/healthz").status == 200


def test_clients_that_vanish_leave_nothing(server):
    before = len(open_files(server))
    for _ in range(200):
        with Socket(server.http_port) as visitor:
            visitor.send(head("Content-Length: %d" % len(BODY)) + BODY[:4])
            visitor.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
    assert server.get("/healthz").status == 200
    wait_for("all are gone", lambda: len(open_files(server)) <= before)


def open_files(server):
    return [name for pid in server.pids("api")
            for name in os.listdir("/proc/%d/fd" % pid)]


# Pages of other sites


def test_a_known_site_may_ask(server):
    with Api(server.http_port, KEY) as api:
        origin = "https://app.example.org"
        answer = api.get("/v1/stats", Origin=origin)
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in answer.headers["Vary"]
        wrong = api.get("/v1/none", Origin=origin)
        assert wrong.headers["Access-Control-Allow-Origin"] == origin


def test_a_browser_that_asks_first_is_told(server):
    with Api(server.http_port) as api:
        answer = api.ask("OPTIONS", "/v1/say", Origin="https://a.example.org",
                         Access_Control_Request_Method="POST",
                         Access_Control_Request_Headers="authorization")
        assert answer.status == 204 and answer.body == b""
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("origin", [
    "https://example.org", "http://app.example.org", "null",
    "https://evil.org", "https://app.example.org.evil.org",
])
def test_other_sites_are_told_nothing(server, origin):
    with Api(server.http_port, KEY) as api:
        for method in ("GET", "OPTIONS"):
            answer = api.ask(method, "/v1/stats", Origin=origin,
                             Access_Control_Request_Method="GET")
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Access-Control-Allow-Methods" not in answer.headers
