"""The profile `push`: devices and pages listen at /ws?d={…}, backends post to
/send on the same port. What is sent and what comes, line by line."""

import json
import re
import urllib.parse

import pytest

import wire
from server import DEATHS, wait_for

OPTIONS = dict(profiles=("confab", "push"))

SUCCESS = b'{"msg":"success."}'
BODY_ERROR = b'{"msg":"Body error."}'


@pytest.fixture(scope="module")
def port(server):
    return server.port


def status(port):
    return json.loads(post(port, "", "/status", "GET").body)


def listen_as(port, wish):
    """The first ping says that it hears what is pushed."""
    one = wire.WebSocket(port, path="/ws?d=" + wish)
    assert one.read_frame() == (wire.PING, b"\0")
    return one


def listen(port, uid, types=None):
    wish = {"uid": uid}
    if types is not None:
        wish["types"] = types
    text = json.dumps(wish, separators=(",", ":"))
    # Browsers encode the quotes alone.
    return listen_as(port, text.replace('"', "%22"))


def post(port, body, path="/send", method="POST", version="HTTP/1.1", more=""):
    """A request as it stands on the wire; returns the response."""
    if not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    body = body.encode() if isinstance(body, str) else body
    with wire.Socket(port) as one:
        one.send(("%s %s %s\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n" % (
            method, path, version, len(body), more)).encode() + body)
        return one.read_response(head_only=method == "HEAD")


def said(listener):
    return json.loads(listener.read_text())


def hears_nothing(port, *listeners):
    """What comes next is what is said now, to all."""
    post(port, {"topic": "all", "msg": "fence", "types": "fence"})
    for listener in listeners:
        assert said(listener)["msg"] == "fence"


def test_there_is_no_greeting_but_a_ping_of_one_zero_byte(port):
    with wire.WebSocket(port, path="/ws?d={%22uid%22:%221%22}") as one:
        assert one.read_frame() == (wire.PING, b"\0")
        assert one.read_frame() == (wire.PING, b"\0")


@pytest.mark.parametrize("query", [
    "", "?d=", "?d=nonsense", "?x=1", "?d={}", "?d={%22uid%22:1}",
    "?d={%22uid%22:%22%22}", "?d={%22uid%22:%22a%22,%22types%22:%22b%22}",
    "?d={%22uid%22:%22a%22,%22types%22:[1]}", "?d=[]", "?d=%22a%22",
    "?d=%ff", "?d={%22uid%22:%22" + "a" * 65 + "%22}"])
def test_who_does_not_say_who_he_is_is_closed_with_1000(port, query):
    assert wire.WebSocket(port, path="/ws" + query).read_close() == (1000, "")


@pytest.mark.parametrize("query", [
    '{"uid":"7","types":["n"]}', '{"UID":"7","Types":["n"]}',
    '{"uid":"x","uid":"7","types":["n"],"more":null}'])
def test_the_address_is_read_as_go_reads_it(port, query):
    with listen_as(port, urllib.parse.quote(query)) as one:
        post(port, {"topic": "uids", "topic_ids": ["7"], "types": "n",
                    "msg": "m", "time": "t"})
        assert one.read_text() == '{"types":"n","msg":"m","time":"t"}'


@pytest.mark.parametrize("sent, pushed", [
    ({"msg": "m", "time": "t"}, '{"types":"notice","msg":"m","time":"t"}'),
    ({"MSG": "<a&b>", "time": "t"},
     '{"types":"notice","msg":"\\u003ca\\u0026b\\u003e","time":"t"}'),
    ({"msg": "中文 \u2028", "time": "t"},
     '{"types":"notice","msg":"中文 \\u2028","time":"t"}'),
    ({"time": "t"}, '{"types":"notice","msg":"","time":"t"}'),
    ({"msg": "old", "time": "t", "timeout": 1212323},
     '{"types":"notice","msg":"old","time":"t"}'),
    ({"msg": "later", "time": "t", "timeout": 2121325421},
     '{"types":"notice","msg":"later","time":"t"}')])
@pytest.mark.parametrize("topic", ["all", "uids"])
def test_what_is_posted_is_pushed(port, sent, pushed, topic):
    with listen(port, "u1") as one, listen(port, "u1") as again:
        answer = post(port, {"topic": topic, "topic_ids": ["u1", "u1"],
                             **sent})
        assert (answer.status, answer.body) == (200, SUCCESS)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert one.read_text() == again.read_text() == pushed


def test_without_a_time_it_is_that_of_the_message(port):
    with listen(port, "u2") as one:
        post(port, {"topic": "uids", "topic_ids": ["u2"], "msg": "m"})
        assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d",
                            said(one)["time"])


def test_each_connection_hears_the_types_that_it_wants(port):
    with listen(port, "u3", ["a", "fence"]) as one, \
            listen(port, "u3", ["b", "fence"]) as other, \
            listen(port, "u4", ["notice", "fence"]) as third:
        for types in ("a", "b", "", "c"):
            post(port, {"topic": "all", "types": types, "msg": types})
        hears = [[], [], []]
        post(port, {"topic": "all", "types": "fence", "msg": "fence"})
        for heard, listener in zip(hears, (one, other, third)):
            while not heard or heard[-1] != "fence":
                heard.append(said(listener)["msg"])
        assert hears == [["a", "fence"], ["b", "fence"], ["", "fence"]]


@pytest.mark.parametrize("sent", [
    {"topic": "nobody", "msg": "m"}, {"msg": "m"}, {},
    {"topic": "uids", "msg": "m"},
    {"topic": "uids", "topic_ids": [], "msg": "m"},
    {"topic": "uids", "topic_ids": [5, None, ""], "msg": "m"},
    {"topic": "all", "msg": "m", "timeout": 1500000000},
    {"topic": "all", "msg": "m", "types": "others"}])
def test_success_is_said_whoever_gets_it(port, sent):
    with listen(port, "u5", ["notice", "fence"]) as one:
        assert post(port, sent).body == SUCCESS
        hears_nothing(port, one)


@pytest.mark.parametrize("body", [
    "", "nonsense", "[]", '"x"', "{", '{"topic":1}', '{"msg":{}}',
    '{"types":"' + "t" * 65 + '"}', "a=b&c=d", b"\xff\xfe", "[" * 500],
    ids=lambda body: repr(body)[:20])
def test_what_is_no_json_object_harms_nobody(port, body):
    with listen(port, "u6", ["fence"]) as one:
        assert post(port, body).body == BODY_ERROR
        hears_nothing(port, one)


def test_every_method_and_every_path_answers(port):
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        answer = post(port, '{"topic":"x"}', method=method)
        assert (answer.status, answer.body) == (200, SUCCESS)
        answer = post(port, "abc%s", "/any/thing", method=method)
        assert (answer.status, answer.body) == (200, b"success.abc%s")


def test_the_page_for_trying_it_is_there(port):
    for path, content in (("/demo/socket.html", "text/html"),
                          ("/demo/socket.js", "text/javascript"),
                          ("/demo/words.js", "text/javascript"),
                          ("/demo/socket.css", "text/css"),
                          ("/style/base.css", "text/css"),
                          ("/favicon.svg", "image/svg+xml")):
        answer = post(port, "", path, "GET")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(content)
        assert post(port, "x", path, "POST").body == b"success.x"
    page = post(port, "", "/demo/socket.html", "GET")
    assert b"<script" in page.body
    assert post(port, "", "/demo/README.md", "GET").body == b"success."


def test_the_status_tells_who_listens(port):
    assert list(status(port)) == ["msg", "version", "uptime", "connections",
                                  "uids", "pushed"]
    with listen(port, "s1"), listen(port, "s1"), listen(port, "s2") as one:
        wait_for("three of two listen", lambda: (
            status(port)["connections"], status(port)["uids"]) == (3, 2))
        before = status(port)["pushed"]
        post(port, {"topic": "uids", "topic_ids": ["s2"], "msg": "m"})
        assert said(one)["msg"] == "m"
        wait_for("it is counted",
                 lambda: status(port)["pushed"] == before + 1)
    assert status(port)["msg"] == "serving"


def test_http_of_every_kind_goes_through(port):
    """1.0 without a host, kept alive, in a pipeline, in chunks, after a 100."""
    body = b'{"topic":"x"}'
    head = b"POST /send HTTP/1.1\r\nHost: x\r\n"
    plain = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with wire.Socket(port) as one:
        one.send(b"POST /send HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (
            len(body), body))
        assert one.read_response().body == SUCCESS
        assert one.is_closed_by_server()
    with wire.Socket(port) as one:
        one.send(plain * 3)
        for _ in range(3):
            assert one.read_response().body == SUCCESS
        one.send(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n"
                 b"\r\n" % (len(body), body))
        assert one.read_response().body == SUCCESS
        one.send(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
                 % len(body))
        assert one.read_response(head_only=True).status == 100
        one.send(body)
        assert one.read_response().body == SUCCESS


def test_a_body_larger_than_a_buffer_goes_through(port):
    with listen(port, "u7") as one:
        message = "x" * 60000
        assert post(port, {"topic": "uids", "topic_ids": ["u7"],
                           "msg": message}).body == SUCCESS
        assert said(one)["msg"] == message
    answer = post(port, {"topic": "all", "msg": "x" * 3000000})
    assert answer.status == 413


def test_nothing_else_is_served_there(server, port):
    for path in ("/v1/stats", "/metrics", "/chat/app.js", "/healthz"):
        answer = post(port, "", path, "GET")
        assert (answer.status, answer.body) == (200, b"success.")
    assert server.get("/healthz").status == 200


def test_a_body_that_never_comes_is_not_waited_for_by_others(port):
    with wire.Socket(port) as slow:
        slow.send(b"POST /send HTTP/1.1\r\nHost: x\r\n"
                  b"Content-Length: 9\r\n\r\n")
        assert post(port, "{}").body == SUCCESS


def test_users_of_the_native_protocol_hear_it_in_their_words(server, port):
    with server.client("u8") as native, listen(port, "u8") as one:
        post(port, {"topic": "uids", "topic_ids": ["u8"], "msg": "m",
                    "time": "t"})
        push = native.push("msg")
        assert (push["from"], push["type"], push["body"]) == (
            "system", "notice", {"msg": "m", "time": "t"})
        assert said(one)["msg"] == "m"
        with server.client("u9") as other:
            other.tell("u8", "hello", type="notice")
        assert said(one)["msg"] == "hello"


def test_what_passes_is_counted_and_comes_from_its_own_address(make_server):
    server = make_server(profiles=("push",), log_requests=1).start()
    with wire.Socket(server.port, source="127.0.0.9") as one:
        one.send(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        one.read_response()
    server.wait_log(r"request: address 127\.0\.0\.9:\d+, status 200")
    assert [int(line["value"]) for line in server.ask_json("show counters")
            if line["counter"] == "passed"] == [1]


def test_an_api_that_dies_costs_its_requests_alone(make_server):
    server = make_server(profiles=("push",)).start()
    with wire.Socket(server.port) as one, listen(server.port, "1") as listener:
        one.send(b"POST /send HTTP/1.1\r\nHost: x\r\n"
                 b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        assert one.read_response(head_only=True).status == 100
        server.allow(DEATHS)
        server.kill_one("api")
        assert one.read_to_end() == b""
        assert post(server.port, {"topic": "all", "msg": "m"}).body == SUCCESS
        assert said(listener)["msg"] == "m"
