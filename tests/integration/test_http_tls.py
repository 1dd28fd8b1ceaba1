"""HTTP through TLS, where bytes come in other pieces than they were sent in."""

import json
import shutil
import time

import pytest

from certificates import Certificate, lines
from conftest import end, make_directory
from keyed import key_section
from server import Server
from wire import Closed, Socket

KEY = "a-key"
HEAD = b"POST /v1/online HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-key\r\n"
BODY = b'{"users":["u"]}'


@pytest.fixture(scope="module")
def visit():
    path = make_directory()
    certificate = Certificate(path, "localhost")
    one = Server(path, options=key_section(path, "all", KEY),
                 api=lines(certificate))
    tls = certificate.trusting(), "localhost"
    try:
        one.start()
        yield lambda: Socket(one.http_port, tls=tls)
        end(one)
    finally:
        one.kill()
        shutil.rmtree(path, ignore_errors=True)


def post(body):
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("count", [1, 100, 400, 3000])
def test_a_pipeline_is_answered(visit, count):
    with visit() as visitor:
        visitor.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * count)
        for _ in range(count):
            assert visitor.read_response().body == b"ok\n"


@pytest.mark.parametrize("size", [100, 4096, 16384, 20000, 1000000])
def test_bodies_of_all_sizes_come_whole(visit, size):
    with visit() as visitor:
        visitor.send(post(BODY + b" " * (size - len(BODY))) * 2)
        for _ in range(2):
            assert json.loads(visitor.read_response().body) == {"online": {}}


def test_a_body_is_asked_for(visit):
    with visit() as visitor:
        for _ in range(3):
            visitor.send(HEAD + b"Content-Length: %d\r\n"
                         b"Expect: 100-continue\r\n\r\n" % len(BODY))
            assert visitor.read_until(b"\r\n\r\n") == \
                b"HTTP/1.1 100 Continue\r\n\r\n"
            visitor.send(BODY)
            assert visitor.read_response().status == 200


@pytest.mark.parametrize("status,data", [
    (413, post(b" " * 1100000)), (431, b"GET /" + b"x" * 300000),
    (400, b"NONSENSE\r\n\r\n" + b"x" * 100000),
], ids=["body", "head", "nonsense"])
def test_who_is_refused_hears_why(visit, status, data):
    with visit() as visitor:
        try:
            visitor.send(data)
        except Closed:
            pass
        answer = visitor.read_response()
        assert answer.status == status
        assert json.loads(answer.body)["code"] == 1001
        assert visitor.is_closed_by_server()


def test_a_head_that_creeps_is_408(visit):
    with visit() as visitor:
        started = time.monotonic()
        visitor.send(b"GET / HTTP/1.1\r\nHo")
        answer = visitor.read_response()
        assert answer.status == 408
        assert time.monotonic() - started > 5
