"""TLS on both kinds of listener: versions, certificates by name, tickets of all
gateways, reloads, and those who do not speak it."""

import shutil
import signal
import ssl

import pytest

import wire
from certificates import Certificate, lines
from client import Client
from conftest import make_directory
from server import Server, wait_for
from test_reload import wait_taken_up

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class House:
    """A server with TLS on all its listeners, and its certificates."""

    def __init__(self, directory, **options):
        self.first = Certificate(directory, "localhost", name="first")
        self.second = Certificate(directory, "chat.test", name="second")
        more = lines(self.first, self.second)
        self.server = Server(directory / "confab", websocket=more, api=more,
                             **options)

    def tls(self, version=None):
        return self.first.trusting(version), "localhost"

    def client(self, user=None, *rooms, version=None, **more):
        return Client(self.server.port, user, rooms, tls=self.tls(version),
                      **more)

    def counter(self, name):
        return next(int(row["value"])
                    for row in self.server.ask_json("show counters")
                    if row["counter"] == name)


def open_house(**options):
    directory = make_directory()
    house = House(directory, **options)
    try:
        house.server.start()
        yield house
        house.server.stop()
    finally:
        house.server.kill()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def house():
    yield from open_house(gateways=3)


@pytest.fixture
def own_house():
    yield from open_house(gateways=1)


@pytest.mark.parametrize("version", [V12, V13])
def test_people_talk_through_both_versions(house, room, version):
    ann = house.client("ann", room, version=version)
    bob = house.client("bob", room)
    assert ann.socket.socket.version() == (
        "TLSv1.2" if version == V12 else "TLSv1.3")
    for number in range(20):
        ann.call("say", room=room, body="%d " % number + "x" * 3000 * number)
        assert bob.push("msg")["body"].startswith("%d " % number)
        bob.call("say", room=room, body=number)
    for number in range(20):
        assert ann.push("msg")["body"] == number


def test_a_page_of_history_comes_whole(house, room):
    ann = house.client("ann", room)
    for number in range(60):
        ann.call("say", room=room, body=str(number) + "y" * 20000)
    page = ann.call("history", room=room, limit=50, before=1000)
    bodies = [message["body"] for message in page["messages"]]
    assert bodies == [str(number) + "y" * 20000 for number in
                      range(60 - len(bodies), 60)]
    assert len(bodies) > 1


def test_frames_in_the_same_record_as_the_head(house):
    login = wire.text('{"seq":1,"cmd":"login","data":{"user":"early"}}')
    with wire.WebSocket(house.server.port, early=login,
                        tls=house.tls()) as visitor:
        assert '"code":200' in visitor.read_text()


def test_a_close_ends_with_the_farewell_of_tls(house):
    with wire.WebSocket(house.server.port, tls=house.tls()) as visitor:
        visitor.send(wire.close(1000))
        assert visitor.read_frame()[0] == wire.CLOSE
        # Without it this would be an error of TLS.
        assert visitor.socket.recv(100) == b""


def test_a_refusal_comes_through_tls(house):
    with wire.Socket(house.server.port, tls=house.tls()) as visitor:
        visitor.send(b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
        assert visitor.read_response().status == 404
        assert visitor.is_closed_by_server()


def test_the_name_decides_the_certificate(house):
    client = Client(house.server.port, "ann",
                    tls=(house.second.trusting(), "chat.test"))
    client.call("ping")
    with pytest.raises(wire.Closed):
        Client(house.server.port, "ann",
               tls=(house.second.trusting(), "localhost"))


@pytest.mark.parametrize("version", [V12, V13])
def test_a_ticket_of_one_gateway_opens_the_others(house, version):
    tls = house.tls(version)
    client = Client(house.server.port, "tic", tls=tls)
    gateways = set()
    for _ in range(20):
        session = client.socket.socket.session
        client.socket.close()
        client = Client(house.server.port, "tic", tls=tls, session=session)
        assert client.socket.socket.session_reused
        gateways.add(house.server.gateway_of(client))
        if len(gateways) > 1:
            break
    assert len(gateways) > 1


def test_who_speaks_no_tls_is_dropped_and_counted(house):
    failed = house.counter("tls_failed")
    for noise in (wire.upgrade_head(house.server.port), b"\x16\x03\x01\xff\xff",
                  b"\x00" * 100):
        with wire.Socket(house.server.port) as visitor:
            visitor.send(noise)
            assert visitor.read_to_end()[:4] != b"HTTP"
    wait_for("they are counted",
             lambda: house.counter("tls_failed") == failed + 3)


def test_an_old_version_is_refused(house):
    context, name = house.tls()
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = \
            ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(wire.Closed):
        wire.Socket(house.server.port, tls=(context, name))


def test_one_who_does_not_read_is_closed(house, room):
    slow = house.client("slow", room, receive_bytes=4096)
    ann = house.client("ann", room)
    closed = house.counter("closed_slow")
    for _ in range(60):
        ann.call("say", room=room, body="z" * 60000)
    wait_for("it is closed as too slow",
             lambda: house.counter("closed_slow") > closed)
    ann.call("ping")
    slow.socket.close()


def test_many_handshakes_at_once(house, room):
    before = house.counter("tls_handshakes")
    clients = [wire.Socket(house.server.port) for _ in range(100)]
    for client in clients:
        client.begin_tls(*house.tls(), None)
        client.send(wire.upgrade_head(house.server.port))
    for client in clients:
        assert client.read_response().status == 101
        client.close()
    assert house.counter("tls_handshakes") == before + 100


def test_pages_come_through_tls(house):
    with wire.Socket(house.server.http_port, tls=house.tls()) as visitor:
        for _ in range(3):
            visitor.send(b"GET /config.json HTTP/1.1\r\nHost: h\r\n\r\n")
            response = visitor.read_response()
            assert response.status == 200
            assert b'"tls":true' in response.body
        visitor.send(b"GET /chat/app.js HTTP/1.1\r\nHost: h\r\n\r\n"
                     b"GET /healthz HTTP/1.1\r\nHost: h\r\n"
                     b"Connection: close\r\n\r\n")
        assert b"location" in visitor.read_response().body
        assert visitor.read_response().body == b"ok\n"
        assert visitor.is_closed_by_server()


def test_a_ticket_is_good_for_pages_too(house):
    tls = house.tls(V13)
    ask = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    with wire.Socket(house.server.http_port, tls=tls) as visitor:
        visitor.send(ask)
        assert visitor.read_response().body == b"ok\n"
        session = visitor.socket.session
    with wire.Socket(house.server.http_port, tls=tls,
                     session=session) as visitor:
        assert visitor.socket.session_reused


def test_noise_at_the_pages_is_dropped(house):
    with wire.Socket(house.server.http_port) as visitor:
        visitor.send(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert visitor.read_to_end()[:4] != b"HTTP"


def test_a_reload_brings_new_certificates_and_disconnects_nobody(own_house,
                                                                 room):
    server = own_house.server
    old = own_house.tls()
    ann = own_house.client("ann", room)
    own_house.first.make("localhost", "new.test")
    server.process.send_signal(signal.SIGHUP)
    wait_taken_up(server, 2)
    with pytest.raises(wire.Closed):
        Client(server.port, "bob", tls=old)
    with wire.Socket(server.http_port, tls=own_house.tls()) as visitor:
        visitor.send(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert visitor.read_response().status == 200
    ann.call("say", room=room, body="still here")
    assert server.info()["connections"] != "0"

    # One that cannot be used changes nothing.
    server.allow("certificate|configuration stays")
    own_house.first.path.write_text("no certificate\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("no certificate in PEM")
    ann.call("say", room=room, body="still here")


def test_tickets_outlive_an_upgrade(own_house):
    server = own_house.server
    tls = own_house.tls()
    client = Client(server.port, "tic", tls=tls)
    before = server.pids("gateway")
    session = client.socket.socket.session
    client.socket.close()
    server.process.send_signal(signal.SIGUSR2)
    server.wait_replaced("gateway", *before)
    with Client(server.port, "tic", tls=tls, session=session) as again:
        assert again.socket.socket.session_reused
