"""The opening handshake (RFC 6455 section 4) and what a WebSocket port answers
to everything that is no good handshake: one answer, then the end."""

import pytest

import wire
from server import wait_for
from wire import Socket, WebSocket, upgrade_head

LOGIN = wire.text('{"seq":1,"cmd":"login","data":{"user":"early"}}')


def refusal(port, data):
    """The status of the one response, after which the server closes."""
    with Socket(port) as visitor:
        visitor.send(data)
        response = visitor.read_response()
        assert visitor.is_closed_by_server()
        return response.status


def test_a_plain_handshake_is_accepted(server):
    with WebSocket(server.port) as visitor:
        assert "sec-websocket-protocol" not in visitor.response.headers


def test_the_subprotocol_is_echoed(server):
    with WebSocket(server.port, Sec_WebSocket_Protocol="confab.v1") as visitor:
        assert visitor.response.headers["sec-websocket-protocol"] == "confab.v1"
    with WebSocket(server.port,
                   Sec_WebSocket_Protocol="other, confab.v1") as visitor:
        assert visitor.response.headers["sec-websocket-protocol"] == "confab.v1"


def test_nothing_is_sent_before_the_client_speaks(server):
    with WebSocket(server.port) as visitor:
        visitor.send(wire.frame(wire.PING, b"first"))
        assert visitor.read_frame() == (wire.PONG, b"first")


def test_an_extension_is_not_taken(server):
    with WebSocket(server.port,
                   Sec_WebSocket_Extensions="permessage-deflate"):
        pass  # WebSocket() itself claims that no extension is answered


def test_header_names_and_values_in_any_case(server):
    with WebSocket(server.port, Upgrade="WebSocket",
                   Connection="keep-alive, UPGRADE"):
        pass


def test_a_query_behind_the_path_does_not_matter(server):
    with WebSocket(server.port, path="/chat?from=somewhere&x=%20"):
        pass


def test_a_handshake_may_arrive_byte_by_byte(server):
    with WebSocket(server.port, early=LOGIN, slowly=True) as visitor:
        assert '"code":200' in visitor.read_text()


def test_the_first_frame_may_come_together_with_the_handshake(server):
    with WebSocket(server.port, early=LOGIN) as visitor:
        assert '"code":200' in visitor.read_text()


def test_many_frames_may_come_together_with_the_handshake(server):
    pings = b"".join(wire.frame(wire.PING, b"%d" % i) for i in range(50))
    with WebSocket(server.port, early=LOGIN + pings) as visitor:
        frames = [visitor.read_frame() for _ in range(51)]
    assert [data for opcode, data in frames if opcode == wire.PONG] == [
        b"%d" % i for i in range(50)]
    assert [b'"code":200' in data for opcode, data in frames
            if opcode == wire.TEXT] == [True]


@pytest.mark.parametrize("cut", [1, 2, 5, 7, 20])
def test_a_frame_may_be_cut_between_handshake_and_later(server, cut):
    with WebSocket(server.port, early=LOGIN[:cut]) as visitor:
        visitor.send(LOGIN[cut:])
        assert '"code":200' in visitor.read_text()


def test_a_wrong_path_is_404(server):
    assert refusal(server.port, upgrade_head(server.port, "/other")) == 404
    assert refusal(server.port, upgrade_head(server.port, "/chatter")) == 404


def test_another_websocket_version_is_426_and_names_ours(server):
    with Socket(server.port) as visitor:
        visitor.send(upgrade_head(server.port, Sec_WebSocket_Version="8"))
        response = visitor.read_response()
        assert response.status == 426
        assert response.headers["sec-websocket-version"] == "13"
        assert visitor.is_closed_by_server()


@pytest.mark.parametrize("head", [
    dict(leave_out=("sec-websocket-key",)),
    dict(Sec_WebSocket_Key=""),
    dict(method="POST"),
    dict(Upgrade="h2c"),
    dict(leave_out=("upgrade", "connection")),
    dict(Connection="close", leave_out=("upgrade",)),
], ids=["no key", "empty key", "POST", "h2c", "no upgrade", "close"])
def test_what_is_no_upgrade_is_refused_and_closed(server, head):
    status = refusal(server.port, upgrade_head(server.port, **head))
    assert 400 <= status < 500, status


def test_plain_http_is_answered_and_closed(server):
    for path in ("/", "/chat", "/index.html"):
        status = refusal(server.port, b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" %
                         path.encode())
        assert 400 <= status < 500, (path, status)


def test_http_1_0_is_answered_and_closed(server):
    assert 400 <= refusal(server.port, b"GET / HTTP/1.0\r\n\r\n") < 600


def test_a_post_with_a_body_is_answered_and_closed(server):
    status = refusal(server.port, b"POST /chat HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 5\r\n\r\nhello")
    assert 400 <= status < 500


def test_a_post_behind_a_get_does_not_hang_the_server(server):
    with Socket(server.port) as visitor:
        visitor.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                     b"POST / HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 3\r\n\r\nabc")
        assert 400 <= visitor.read_response().status < 500
        assert visitor.is_closed_by_server()
    with server.client("still-there") as client:
        client.call("ping")


def test_a_chunked_body_is_answered_and_closed(server):
    with Socket(server.port) as visitor:
        visitor.send(b"POST / HTTP/1.1\r\nHost: x\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n"
                     b"3\r\nabc\r\n0\r\n\r\n")
        assert 400 <= visitor.read_response().status < 500
        assert visitor.is_closed_by_server()
    with server.client("still-there") as client:
        client.call("ping")


@pytest.mark.parametrize("junk", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x42" * 500,
    b"\x00" * 300 + b"\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    b"GET\r\n\r\n",
    b"\r\n\r\n\r\n\r\n",
    wire.text("{}") * 20,
], ids=["tls", "zeros", "ssh", "short", "newlines", "frames"])
def test_junk_ends_in_a_close_and_harms_nobody(server, junk):
    with Socket(server.port) as visitor:
        visitor.send(junk)
        visitor.socket.shutdown(1)
        assert visitor.is_closed_by_server()
    with server.client("still-there") as client:
        client.call("ping")


def test_a_head_without_end_is_refused(server):
    with Socket(server.port) as visitor:
        try:
            visitor.send(b"GET /chat HTTP/1.1\r\n")
            for i in range(4000):
                visitor.send(b"X-Filler-%d: %s\r\n" % (i, b"x" * 50))
        except wire.Closed:
            pass
        assert visitor.is_closed_by_server()


def test_many_half_open_connections_do_not_disturb_the_rest(server, room):
    half_open = [Socket(server.port) for _ in range(400)]
    for i, visitor in enumerate(half_open):
        visitor.send(upgrade_head(server.port)[:i % 150])
    try:
        with server.client("a", room) as a, server.client("b", room) as b:
            a.say(room, "through")
            assert b.push("msg")["body"] == "through"
    finally:
        for visitor in half_open:
            visitor.close()


def test_half_a_head_and_then_nothing_ends_at_some_time(server):
    with Socket(server.port) as visitor:
        visitor.send(upgrade_head(server.port)[:60])
        visitor.socket.shutdown(1)
        assert visitor.is_closed_by_server()


def test_origins_of_a_listener_are_checked(make_server):
    picky = make_server(
        websocket='origins = {"https://good.example", "https://*.fine.org"}')
    picky.start()
    with WebSocket(picky.port, Origin="https://good.example"):
        pass
    bad = upgrade_head(picky.port, Origin="https://evil.example")
    assert refusal(picky.port, bad) == 403
    near = upgrade_head(picky.port, Origin="https://good.example.evil.org")
    assert refusal(picky.port, near) == 403


def test_beyond_max_connections_is_503_and_room_comes_back(make_server):
    small = make_server(max_connections=5).start()
    inside = [WebSocket(small.port) for _ in range(5)]
    assert refusal(small.port, upgrade_head(small.port)) == 503
    inside.pop().close()

    def there_is_room():
        with Socket(small.port) as visitor:
            visitor.send(upgrade_head(small.port))
            return visitor.read_response().status == 101

    wait_for("a place is free again", there_is_room)
    for visitor in inside:
        visitor.close()
