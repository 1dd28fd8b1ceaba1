"""Behind proxies: the PROXY protocol and X-Forwarded-For, and the address of
the client wherever one is told or counted."""

import re
import signal
import socket
import struct

import pytest

import wire
from api import Backend
from certificates import Certificate, lines
from client import Client
from server import wait_for

TRUSTED = 'trusted_proxies = {"127.0.0.0/8", "10.0.0.0/8"}'
OPTIONS = {
    "websocket": "proxy_protocol = true\n    " + TRUSTED,
    "api": TRUSTED,
    "gateways": 2,
    "log_requests": "all",
    "log_connections": "all",
    "limits": {"connections_per_ip": 3, "messages_per_second": 0},
}
ASK = b"GET /healthz HTTP/1.1\r\nHost: h\r\n"


def text_line(host, port=50123):
    family = "TCP6" if ":" in host else "TCP4"
    return ("PROXY %s %s %s %d 443\r\n" % (
        family, host, "::1" if ":" in host else "10.0.0.1", port)).encode()


def binary_line(host, port=50123, more=b""):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    addresses = socket.inet_pton(family, host) + socket.inet_pton(
        family, "::1" if ":" in host else "10.0.0.1") + struct.pack(
            "!HH", port, 443) + more
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(
        "!BBH", 0x21, 0x21 if ":" in host else 0x11,
        len(addresses)) + addresses


def address_of(server, user):
    return [row["address"] for row in server.ask_json("show user " + user)]


@pytest.mark.parametrize("host, shown", [
    ("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::7"),
    ("::ffff:192.0.2.8", "192.0.2.8")])
@pytest.mark.parametrize("line", [text_line, binary_line])
def test_status_shows_the_client_and_not_the_proxy(server, room, line, host,
                                                   shown):
    with Client(server.port, room, first=line(host)):
        assert shown in address_of(server, room)[0]


def test_the_log_names_the_client(server):
    with Client(server.port, "logged", first=text_line("192.0.2.77", 4711)):
        server.wait_log(r"login: address 192\.0\.2\.77:4711")


def test_more_behind_the_addresses_is_passed_over(server, room):
    line = binary_line("192.0.2.9", more=b"\x04\x00\x03abc")
    with Client(server.port, room, first=line):
        assert "192.0.2.9" in address_of(server, room)[0]


def test_a_check_of_health_speaks_for_the_proxy_itself(server, room):
    local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"
    with Client(server.port, room, first=local):
        assert "127.0.0.1" in address_of(server, room)[0]


def test_limits_count_the_client_and_not_the_proxy(server):
    some = [Client(server.port, first=text_line("192.0.2.20"))
            for _ in range(3)]
    with wire.Socket(server.port, first=text_line("192.0.2.20")) as visitor:
        visitor.send(wire.upgrade_head(server.port))
        assert visitor.read_response().status == 503
    with Client(server.port, first=text_line("192.0.2.21")):
        pass
    for client in some:
        client.socket.close()


def test_a_proxy_before_the_proxy_is_told_by_the_head(server, room):
    with Client(server.port, room, first=text_line("10.1.1.1"),
                X_Forwarded_For="203.0.113.1, 192.0.2.30, 10.2.2.2"):
        assert "192.0.2.30" in address_of(server, room)[0]
    with Client(server.port, room, first=text_line("192.0.2.31"),
                X_Forwarded_For="203.0.113.1"):
        assert "192.0.2.31" in address_of(server, room)[0]


@pytest.mark.parametrize("first", [
    b"", b"PROXY TCP4 1.2.3.4\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
    b"\x16\x03\x01\x02\x00", b"PROXY " + b"x" * 200])
def test_who_brings_no_good_line_is_dropped_and_counted(server, first):
    def failed():
        return next(int(row["value"])
                    for row in server.ask_json("show counters")
                    if row["counter"] == "proxy_failed")
    before = failed()
    with wire.Socket(server.port, first=first) as visitor:
        visitor.send(wire.upgrade_head(server.port))
        assert visitor.read_to_end() == b""
    wait_for("it is counted", lambda: failed() == before + 1)


def test_nobody_else_is_believed(make_server):
    server = make_server(
        websocket='proxy_protocol = true\n trusted_proxies = "10.0.0.1"',
        api='trusted_proxies = "10.0.0.1"', log_requests="all").start()
    with wire.Socket(server.port, first=text_line("192.0.2.7")) as visitor:
        visitor.send(wire.upgrade_head(server.port))
        assert visitor.read_to_end() == b""
    with wire.Socket(server.http_port) as visitor:
        visitor.send(ASK + b"X-Forwarded-For: 192.0.2.7\r\n\r\n")
        assert visitor.read_response().status == 200
    server.wait_log(r"request: address 127\.0\.0\.1:\d+, status 200")


@pytest.mark.parametrize("fields, shown", [
    (b"X-Forwarded-For: 192.0.2.40\r\n", r"192\.0\.2\.40:0"),
    (b"X-Forwarded-For: 203.0.113.1, 192.0.2.41\r\n"
     b"x-forwarded-for: 10.0.0.9\r\n", r"192\.0\.2\.41:0"),
    (b"X-Forwarded-For: nonsense\r\n", r"127\.0\.0\.1:\d+")])
def test_backends_are_known_by_the_head(server, fields, shown):
    path = b"/healthz?" + fields[17:27].strip().replace(b" ", b"")
    with wire.Socket(server.http_port) as visitor:
        visitor.send(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n" + fields +
                     b"\r\n")
        assert visitor.read_response().status == 200
    server.wait_log(r"request: address " + shown + r", status 200")


def test_backends_may_come_behind_a_line(make_server):
    server = make_server(api="proxy_protocol = true\n    " + TRUSTED,
                         log_requests="all").start()
    for line in (text_line("192.0.2.50", 1), binary_line("192.0.2.50", 1)):
        with wire.Socket(server.http_port) as visitor:
            visitor.send_slowly(line)
            visitor.send((ASK + b"\r\n") * 2)
            assert visitor.read_response().status == 200
            assert visitor.read_response().status == 200
    server.wait_log(r"(?s)(request: address 192\.0\.2\.50:1,.*){4}")
    with wire.Socket(server.http_port) as visitor:
        visitor.send(ASK + b"\r\n")
        assert visitor.read_to_end() == b""


def test_backends_may_come_by_tls_behind_a_line(make_server):
    server = make_server()
    certificate = Certificate(server.directory, "localhost")
    server.write_config(api="proxy_protocol = true\n    %s\n%s" % (
        TRUSTED, lines(certificate)), log_requests="all")
    server.start()
    for line in (text_line("192.0.2.51", 1), binary_line("192.0.2.51", 1)):
        with wire.Socket(server.http_port, first=line,
                         tls=(certificate.trusting(), "localhost")) as visitor:
            visitor.send((ASK + b"\r\n") * 2)
            assert visitor.read_response().status == 200
            assert visitor.read_response().status == 200
    server.wait_log(r"(?s)(request: address 192\.0\.2\.51:1,.*){4}")


@pytest.mark.parametrize("more, fault", [
    ("address = \"0.0.0.0:7\"\n proxy_protocol = true", "trusted_proxies must"),
    ("address = \"0.0.0.0:7\"\n trusted_proxies = {\"x\"}", "is no address")])
def test_what_would_let_anybody_be_anybody_is_refused(make_server, more, fault):
    server = make_server(options="insecure = true\nlistener odd {\n %s\n}" %
                         more)
    code, said = server.run("-t")
    assert code == 1
    assert re.search(fault, said)
    server.write_config()


def test_a_proxy_on_a_unix_socket_has_no_rights_of_its_own(make_server):
    server = make_server()
    path = server.directory / "api"
    listener = 'listener inside { address = "unix:%s"  role = api  %s }'
    server.write_config(options=listener % (path, ""))
    server.start()
    assert Backend(path).ask("GET", "/v1/stats").status == 200
    server.write_config(options=listener % (path, TRUSTED))
    server.process.send_signal(signal.SIGHUP)
    wait_for("it needs a key", lambda: Backend(path).ask(
        "GET", "/v1/stats").status == 401)
