"""RFC 6455 after the handshake, byte by byte: section 5 (framing), 7 (closing)
and 8.1 (UTF-8)."""

import json
import struct

import pytest

from wire import (BINARY, CLOSE, PING, PONG, TEXT, WebSocket, close, frame,
                  text)

OPTIONS = dict(max_message_bytes="16K")
LIMIT = 16384


@pytest.fixture
def visitor(server):
    with WebSocket(server.port) as one:
        yield one


def request(seq, bytes_wanted=0):
    """A request that is answered without login, padded to a size."""
    body = {"seq": seq, "cmd": "login", "data": {"user": "u"}}
    plain = json.dumps(body)
    if bytes_wanted:
        body["padding"] = "x" * (bytes_wanted - len(plain) - 15)
        plain = json.dumps(body)
        assert len(plain) == bytes_wanted
    return plain.encode()


def answered(visitor, seq):
    reply = json.loads(visitor.read_text())
    assert reply["seq"] == seq and reply["code"] == 200, reply


def test_a_message_in_fragments_is_one_message(visitor):
    data = request("f")
    visitor.send(frame(TEXT, data[:5], fin=False))
    for byte in data[5:20]:
        visitor.send(frame(0, bytes([byte]), fin=False))
    visitor.send(frame(0, data[20:]))
    answered(visitor, "f")


def test_empty_fragments_add_nothing(visitor):
    data = request("e")
    visitor.send(frame(TEXT, b"", fin=False) + frame(0, data, fin=False) +
                 frame(0, b"", fin=False) + frame(0, b""))
    answered(visitor, "e")


def test_control_frames_may_stand_between_fragments(visitor):
    data = request("c")
    visitor.send(frame(TEXT, data[:9], fin=False) + frame(PING, b"between") +
                 frame(0, data[9:12], fin=False) + frame(PONG, b"unasked") +
                 frame(0, data[12:]))
    assert visitor.read_frame() == (PONG, b"between")
    answered(visitor, "c")


def test_ten_pings_in_one_write_get_ten_pongs(visitor):
    visitor.send(b"".join(frame(PING, b"%d" % i) for i in range(10)))
    assert [visitor.read_frame() for _ in range(10)] == [
        (PONG, b"%d" % i) for i in range(10)]


def test_a_thousand_pings_get_a_thousand_pongs(visitor):
    visitor.send(b"".join(frame(PING, b"%d" % i) for i in range(1000)))
    assert [visitor.read_frame() for _ in range(1000)] == [
        (PONG, b"%d" % i) for i in range(1000)]


def test_pings_may_be_empty_or_full(visitor):
    for data in (b"", b"\xff" * 125):
        visitor.send(frame(PING, data))
        assert visitor.read_frame() == (PONG, data)


def test_a_pong_nobody_asked_for_is_ignored(visitor):
    visitor.send(frame(PONG, b"hello") + frame(PING, b"x"))
    assert visitor.read_frame() == (PONG, b"x")


def test_everything_may_arrive_byte_by_byte(visitor):
    data = request("slow")
    visitor.send_slowly(frame(PING, b"p") + frame(TEXT, data[:30], fin=False) +
                        frame(PING, b"q") + frame(0, data[30:]))
    assert visitor.read_frame() == (PONG, b"p")
    assert visitor.read_frame() == (PONG, b"q")
    answered(visitor, "slow")


@pytest.mark.parametrize("mask", [b"\0" * 4, b"\xff" * 4, b"\1\2\3\4"])
def test_any_mask_is_undone(visitor, mask):
    for size in (0, 127, 128, 129, 130, 131):
        visitor.send(text(request("m", size), mask=mask))
        reply = json.loads(visitor.read_text())
        assert reply["seq"] == "m" and reply["code"] in (200, 1009)


def test_many_messages_in_one_write_are_answered_in_order(server):
    with server.client("orderly") as client:
        client.socket.send(b"".join(
            text('{"seq":%d,"cmd":"ping"}' % i) for i in range(500)))
        for i in range(500):
            assert json.loads(client.socket.read_text())["seq"] == i


def test_a_frame_at_each_length_encoding_is_read(visitor):
    for size in (125, 126, 127, 65535 // 5, LIMIT):
        visitor.send(text(request("l", size)))
        reply = json.loads(visitor.read_text())
        assert reply["seq"] == "l"


# What must be refused

BAD = {
    "unmasked": text("{}", mask=None),
    "unmasked ping": frame(PING, b"", mask=None),
    "rsv1": text("{}", rsv=4),
    "rsv2": text("{}", rsv=2),
    "rsv3": text("{}", rsv=1),
    "rsv on a ping": frame(PING, b"", rsv=4),
    "opcode 3": frame(3, b"x"),
    "opcode 7": frame(7, b""),
    "opcode 11": frame(11, b""),
    "opcode 15": frame(15, b"x"),
    "fragmented ping": frame(PING, b"x", fin=False),
    "fragmented close": frame(CLOSE, b"", fin=False),
    "ping of 126 bytes": frame(PING, b"x" * 126),
    "close of 126 bytes": frame(CLOSE, b"\x03\xe8" + b"x" * 124),
    "continuation of nothing": frame(0, b"x"),
    "text inside a message": frame(TEXT, b"{", fin=False) + text("}"),
    "length with its top bit": b"\x81\xff" + b"\x80" + b"\0" * 7 + b"mask",
    "close of one byte": frame(CLOSE, b"\x03"),
    "close 0": close(0),
    "close 999": close(999),
    "close 1004": close(1004),
    "close 1005": close(1005),
    "close 1006": close(1006),
    "close 1015": close(1015),
    "close 2999": close(2999),
    "close 5000": close(5000),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_bad_framing_closes_1002(visitor, data):
    visitor.send(data)
    assert visitor.close_code() == 1002


def test_binary_closes_1003(visitor):
    visitor.send(frame(BINARY, b"\0\1\2"))
    assert visitor.close_code() == 1003


def test_binary_in_fragments_closes_1003(visitor):
    visitor.send(frame(BINARY, b"{", fin=False) + frame(0, b"}"))
    assert visitor.close_code() == 1003


# UTF-8

INVALID = {
    "lone continuation": b"\x80",
    "overlong slash": b"\xc0\xaf",
    "overlong 3": b"\xe0\x9f\xbf",
    "overlong 4": b"\xf0\x8f\xbf\xbf",
    "surrogate": b"\xed\xa0\x80",
    "beyond unicode": b"\xf4\x90\x80\x80",
    "0xff": b"\xff",
    "cut short": b"\xe2\x82\x28",
}


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID.keys())
def test_invalid_utf8_closes_1007(visitor, data):
    visitor.send(text(b'{"x":"' + data + b'"}'))
    assert visitor.close_code() == 1007


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID.keys())
def test_invalid_utf8_closes_1007_while_the_message_arrives(visitor, data):
    visitor.send(text(b'{"x":"' + data, length=4000))
    assert visitor.close_code() == 1007


def test_invalid_utf8_closes_1007_before_the_last_fragment(visitor):
    visitor.send(frame(TEXT, b'{"x":"\xed\xa0', fin=False))
    assert visitor.close_code() == 1007


def test_a_character_cut_by_the_end_of_the_message_closes_1007(visitor):
    visitor.send(frame(TEXT, b'"\xe2\x82', fin=False) + frame(0, b""))
    assert visitor.close_code() == 1007


def test_a_character_may_be_cut_by_fragments(visitor):
    data = ('{"seq":"κόσμε 😀","cmd":"login","data":{"user":"u"}}').encode()
    for at in range(len(data) - 1):
        visitor.send(frame(0 if at else TEXT, data[at:at + 1], fin=False))
    visitor.send(frame(0, data[-1:]))
    answered(visitor, "κόσμε 😀")


def test_utf8_is_not_checked_in_pings(visitor):
    visitor.send(frame(PING, b"\xff\xfe"))
    assert visitor.read_frame() == (PONG, b"\xff\xfe")


# Sizes

def test_the_largest_message_is_taken(visitor):
    visitor.send(text(request("big", LIMIT)))
    answered(visitor, "big")


def test_a_larger_message_closes_1009(visitor):
    visitor.send(text(request("big", LIMIT + 1)))
    assert visitor.close_code() == 1009


def test_fragments_add_up_to_the_limit(visitor):
    data = request("sum", LIMIT)
    visitor.send(frame(TEXT, data[:9000], fin=False) + frame(0, data[9000:]))
    answered(visitor, "sum")


def test_fragments_beyond_the_limit_close_1009(visitor):
    data = b"x" * 6000
    visitor.send(frame(TEXT, data, fin=False) + frame(0, data, fin=False) +
                 frame(0, data, fin=False))
    assert visitor.close_code() == 1009


@pytest.mark.parametrize("length", [LIMIT + 1, 1 << 20, 1 << 40, (1 << 63) - 1])
def test_a_head_that_announces_too_much_is_enough_for_1009(visitor, length):
    visitor.send(text(b"{", length=length))
    assert visitor.close_code() == 1009


# Closing

@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 4999])
def test_a_close_is_answered_with_its_code_and_then_ends(visitor, code):
    visitor.send(close(code, "bye".encode()))
    assert visitor.close_code() == code


def test_a_close_without_code_is_answered(visitor):
    visitor.send(close())
    opcode, data = visitor.read_frame()
    assert opcode == CLOSE and data in (b"", struct.pack("!H", 1000))
    assert visitor.is_closed_by_server()


def test_a_close_reason_must_be_utf8(visitor):
    visitor.send(close(1000, b"\xff\xff"))
    assert visitor.close_code() in (1002, 1007)


def test_nothing_counts_behind_a_close(server, room):
    with server.client("watcher", room) as watcher:
        with server.client("leaver", room) as leaver:
            leaver.socket.send(close(1000) + text(json.dumps({
                "seq": 1, "cmd": "say",
                "data": {"room": room, "body": "ghost"}})))
            assert leaver.socket.close_code() == 1000
        watcher.say(room, "last")
        bodies = [m["body"] for m in watcher.whole_history(room)]
        assert bodies == ["last"]


def test_requests_before_a_close_in_the_same_write_count(server, room):
    with server.client("watcher", room) as watcher:
        with server.client("leaver", room) as leaver:
            leaver.socket.send(text(json.dumps({
                "seq": 1, "cmd": "say",
                "data": {"room": room, "body": "last words"}})) + close(1000))
            assert watcher.push("msg")["body"] == "last words"


def test_a_reset_harms_nobody(server, room):
    with server.client("stays", room) as stays:
        for i in range(20):
            gone = server.client("gone-%d" % i, room)
            gone.send("say", room=room, body=i)
            gone.socket.reset()
        stays.say(room, "here")


def test_a_silent_client_is_pinged_and_closed_4008(make_server):
    server = make_server(ping_seconds="300ms").start()
    with WebSocket(server.port) as silent:
        assert silent.read_frame()[0] == PING
        opcode, data = silent.read_frame()
        while opcode == PING:
            opcode, data = silent.read_frame()
        assert (opcode, data[:2]) == (CLOSE, struct.pack("!H", 4008))
        assert silent.is_closed_by_server()


def test_who_answers_pings_may_be_silent_otherwise(make_server):
    server = make_server(ping_seconds="300ms").start()
    with WebSocket(server.port) as alive:
        for _ in range(6):
            opcode, data = alive.read_frame()
            assert opcode == PING
            alive.send(frame(PONG, data))
