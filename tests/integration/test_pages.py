"""The HTTP listener: the chat page and its files, and nothing else."""

import json

import pytest

import wire
from server import ROOT
from wire import Socket

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_the_root_is_the_chat_page(server):
    answer = server.get("/")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert b"<!doctype html" in answer.body[:200].lower()


def test_files_have_their_types(server):
    answer = server.get("/confab.js")
    assert answer.status == 200
    assert "javascript" in answer.headers["content-type"]
    assert answer.body == (ROOT / "web/confab.js").read_bytes()


def test_every_file_of_web_is_served(server):
    kinds = {".html": "text/html", ".js": "text/javascript",
             ".css": "text/css", ".svg": "image/svg+xml"}
    files = [path for path in (ROOT / "web").rglob("*")
             if path.is_file() and path.suffix in kinds]
    assert len(files) >= 3
    for path in files:
        answer = server.get("/%s" % path.relative_to(ROOT / "web"))
        assert answer.status == 200, path
        assert answer.headers["content-type"].startswith(kinds[path.suffix])
        assert answer.body == path.read_bytes()


def test_pages_forbid_what_they_do_not_need(server):
    headers = server.get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in headers


def test_head_has_the_head_and_no_body(server):
    whole = server.get("/confab.js")
    with Socket(server.http_port) as visitor:
        visitor.send(b"HEAD /confab.js HTTP/1.1\r\nHost: x\r\n\r\n" +
                     GET % b"/healthz")
        head = visitor.read_response(head_only=True)
        assert head.status == 200
        assert int(head.headers["content-length"]) == len(whole.body)
        assert visitor.read_response().status == 200


def test_unknown_paths_are_404(server):
    for path in ("/none", "/web/", "/index.html/x", "/confab.js/", "//"):
        assert server.get(path).status == 404, path


def test_an_address_of_a_directory_gets_its_slash(server):
    answer = server.get("/dashboard")
    assert answer.status == 308
    assert answer.headers["location"] == "/dashboard/"
    answer = server.get("/dashboard/")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    for path in ("//dashboard", "/%2fdashboard",
                 "/dashboard//", "/style", "/chat"):
        assert server.get(path).status == 404, path


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(server, method):
    answer = server.get("/", method, Content_Length="0")
    assert answer.status == 405
    assert "GET" in answer.headers.get("allow", "GET")


def test_options_tells_the_methods(server):
    for path in ("/", "/healthz"):
        answer = server.get(path, "OPTIONS")
        assert answer.status == 204 and answer.body == b""
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert server.get("/v1/none", "OPTIONS").status == 404


@pytest.mark.parametrize("path", [
    "/../sql/0001", "/../../etc/passwd", "/..", "/%2e%2e/Makefile",
    "/%2e%2e%2fMakefile", "/..%2f..%2fetc/passwd", "/./../Makefile",
    "/web/../../Makefile", "/....//Makefile", "/..\\..\\etc\\passwd",
    "/%00", "/confab.js%00.html", "/%c0%ae%c0%ae/Makefile", "/.git/config",
    "/%2fetc%2fpasswd", "//etc/passwd", "/%", "/%zz", "/.", "/.%2e/Makefile",
])
def test_no_path_leads_outside(server, path):
    answer = server.http(GET % path.encode())
    assert answer.status in (400, 403, 404), (answer.status, answer.body[:80])
    assert b"root:" not in answer.body and b"PKGS" not in answer.body


def test_config_json_tells_the_page_where_to_connect(server):
    answer = server.get("/config.json")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert str(server.port) in json.dumps(json.loads(answer.body))


def test_behind_a_proxy_the_sockets_are_where_the_page_is(make_server):
    server = make_server(api='trusted_proxies = {"127.0.0.1"}',
                         profiles=("confab", "push")).start()

    def ports(field):
        config = json.loads(server.http(
            b"GET /config.json HTTP/1.1\r\nHost: h\r\n%s\r\n" % field).body)
        return [config[name][0]["port"] for name in ("websocket", "push")]

    assert ports(b"X-Forwarded-For: 10.1.2.3\r\n") == [0, 0]
    assert ports(b"") == [server.port, server.port]


def test_the_page_of_push_is_served_and_knows_its_port(make_server):
    """It alone may reach other ports by HTTP."""
    server = make_server(profiles=("confab", "push")).start()
    config = json.loads(server.get("/config.json").body)
    assert config["push"] == [
        {"port": server.port, "path": "/ws", "tls": False}]
    page = server.get("/demo/socket.html")
    assert page.status == 200
    assert " http:" in page.headers["content-security-policy"]
    assert " http:" not in server.get("/").headers["content-security-policy"]


def test_health_and_readiness(server):
    assert server.get("/healthz").status == 200
    assert server.get("/readyz").status == 200


def test_a_connection_is_kept_for_the_next_request(server):
    with Socket(server.http_port) as visitor:
        for _ in range(5):
            visitor.send(GET % b"/healthz")
            assert visitor.read_response().status == 200


def test_a_pipeline_is_answered_in_order(server):
    with Socket(server.http_port) as visitor:
        visitor.send(GET % b"/confab.js" + GET % b"/none" + GET % b"/healthz" +
                     GET % b"/")
        answers = [visitor.read_response() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 404, 200, 200]
    assert "javascript" in answers[0].headers["content-type"]
    assert "html" in answers[3].headers["content-type"]


def test_connection_close_and_http_1_0_are_honoured(server):
    for head in (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                 b"GET / HTTP/1.0\r\n\r\n"):
        with Socket(server.http_port) as visitor:
            visitor.send(head)
            assert visitor.read_response().status == 200
            assert visitor.is_closed_by_server()


def test_an_unchanged_file_is_304(server):
    etag = server.get("/confab.js").headers["etag"]
    answer = server.get("/confab.js", If_None_Match=etag)
    assert answer.status == 304 and answer.body == b""
    assert server.get("/confab.js", If_None_Match='"other"').status == 200


def test_a_request_may_arrive_byte_by_byte(server):
    with Socket(server.http_port) as visitor:
        visitor.send_slowly(GET % b"/healthz")
        assert visitor.read_response().status == 200


@pytest.mark.parametrize("junk", [
    b"\x16\x03\x01" + b"\0" * 100 + b"\r\n\r\n", b"NONSENSE\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n", wire.text("{}"),
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n"
    b"\r\n",
], ids=["tls", "word", "version", "frame", "negative", "huge"])
def test_junk_harms_nobody(server, junk):
    with Socket(server.http_port) as visitor:
        visitor.send(junk)
        visitor.socket.shutdown(1)
        try:
            visitor.read_to_end()
        except wire.Closed:
            pass
    assert server.get("/healthz").status == 200


def test_an_endless_head_is_refused(server):
    with Socket(server.http_port) as visitor:
        try:
            visitor.send(b"GET / HTTP/1.1\r\n" +
                         b"X-Filler: " + b"x" * 3000000)
        except wire.Closed:
            pass
        assert visitor.is_closed_by_server()
    assert server.get("/healthz").status == 200


def test_a_large_body_is_refused(server):
    with Socket(server.http_port) as visitor:
        visitor.send(b"POST / HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 2000000000\r\n\r\n")
        try:
            visitor.send(b"x" * 100000)
            assert visitor.read_response().status in (405, 413)
        except wire.Closed:
            pass
    assert server.get("/healthz").status == 200


def test_idle_connections_do_not_keep_others_out(server):
    idle = [Socket(server.http_port) for _ in range(200)]
    try:
        assert server.get("/").status == 200
    finally:
        for visitor in idle:
            visitor.close()
