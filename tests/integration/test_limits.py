"""Limits hold, say when to come again, and count what they refuse."""

import os
import signal
import time

from keyed import key_section
from server import DEATHS, wait_for
from wire import Socket, WebSocket, upgrade_head


def refusals(server):
    """show limits: how often each rule held."""
    return server.ask_json("show limits")


def test_an_api_has_few_of_an_address_without_a_key(make_server):
    server = make_server()
    server.write_config(key_section(server.directory, "all", "a-key"),
                        limits={"connections_per_ip": 2})
    server.start()
    backend, source = "127.0.0.31", "127.0.0.32"
    ask = b"GET /%s HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n\r\n"

    def call(source, *request):
        one = Socket(server.http_port, source=source)
        one.send(ask % request)
        return one, one.read_response().status

    for key, found in ((b"a-key", 200), (b"wrong", 401)):
        open_now = [call(backend, b"v1/stats", key) for _ in range(2)]
        assert [status for _, status in open_now] == [found] * 2
    more, status = call(backend, b"v1/stats", b"a-key")
    assert status == 503
    assert refusals(server)["refused_ip_connections"] == 1
    strangers = [call(source, b"healthz", b"") for _ in range(2)]
    assert [status for _, status in strangers] == [200] * 2
    assert call(source, b"healthz", b"")[1] == 503
    strangers.pop()[0].close()
    wait_for("there is room again",
             lambda: call(source, b"healthz", b"")[1] == 200)
    for _ in range(100):
        one, status = call("127.0.0.33", b"healthz", b"")
        assert status == 200
        one.close()


def test_a_flood_is_answered_and_contained(make_server, room):
    server = make_server(
        limits={"messages_per_second": 5, "burst": 20}).start()
    with server.client("floods", room) as floods, \
            server.client("reads", room) as reads:
        begin = time.monotonic()
        sent = [floods.send("say", room=room, body=n) for n in range(500)]
        replies = [floods.reply(seq) for seq in sent]
        passed = time.monotonic() - begin
        codes = [reply["code"] for reply in replies]
        assert set(codes) == {200, 1012}
        assert 20 <= codes.count(200) <= 20 + 5 * passed + 1
        late = [reply for reply in replies if reply["code"] == 1012]
        for reply in late:
            assert 1 <= reply["data"]["retry_ms"] <= 200, reply
        assert refusals(server)["refused_rate"] == len(late)
        for _ in range(codes.count(200)):
            said = reads.push("msg")["body"]
            assert codes[said] == 200
        # Another connection pays nothing for it, and reading is not counted.
        reads.say(room, "all well")
        for _ in range(30):
            reads.call("ping")


def test_who_waits_as_told_may_go_on(make_server, room):
    server = make_server(
        limits={"messages_per_second": 10, "burst": 1}).start()
    with server.client("u", room) as u:
        for n in range(10):
            reply = u.ask("say", room=room, body=n)
            while reply["code"] == 1012:
                time.sleep(reply["data"]["retry_ms"] / 1000)
                reply = u.ask("say", room=room, body=n)
            assert reply["code"] == 200
        assert [m["body"] for m in u.whole_history(room)] == list(range(10))


def test_a_connection_is_in_as_many_rooms_as_it_may_be(make_server, room):
    server = make_server(limits={"rooms_per_connection": 2}).start()
    with server.client("u", room + "1", room + "2") as u, \
            server.client("u", room + "3"):
        assert "rooms" in u.refused(1012, "join", room=room + "3")
        u.call("leave", room=room + "1")
        u.call("join", room=room + "3")
        assert {line["room"] for line in u.call("rooms")["rooms"]} == {
            room + "2", room + "3"}
        wait_for("the refusal is counted",
                 lambda: refusals(server)["refused_rooms"] == 1)


def handshake(server, source):
    """The status of a handshake from this address; the connection, if it came
    about."""
    visitor = Socket(server.port, source=source)
    visitor.send(upgrade_head(server.port))
    status = visitor.read_response().status
    if status == 101:
        return status, visitor
    visitor.close()
    return status, None


def test_an_address_has_so_many_connections_on_all_gateways(make_server):
    server = make_server(gateways=3, limits={"connections_per_ip": 6}).start()
    inside = [WebSocket(server.port, source="127.0.0.2") for _ in range(6)]
    for _ in range(20):
        assert handshake(server, "127.0.0.2")[0] == 503
    assert refusals(server)["refused_ip_connections"] == 20
    # Another address, and this one when somebody has gone.
    inside += [WebSocket(server.port, source="127.0.0.3") for _ in range(6)]
    assert handshake(server, "127.0.0.3")[0] == 503
    inside.pop(0).close()
    status, again = wait_for("a place is free again", lambda: [
        found for found in [handshake(server, "127.0.0.2")]
        if found[1]])[0]
    assert status == 101
    assert handshake(server, "127.0.0.2")[0] == 503
    for visitor in inside + [again]:
        visitor.close()


def test_a_killed_gateway_takes_its_counts_along(make_server):
    server = make_server(gateways=2, limits={"connections_per_ip": 8}).start()
    server.allow(DEATHS)
    clients = [server.client("u%d" % n) for n in range(8)]
    assert handshake(server, "127.0.0.1")[0] == 503
    victim = server.pids("gateway")[0]
    lost = [c for c in clients if server.gateway_of(c) == victim]
    os.kill(victim, signal.SIGKILL)
    server.wait_replaced("gateway", victim)
    again = [WebSocket(server.port) for _ in lost]
    assert handshake(server, "127.0.0.1")[0] == 503
    for one in clients + again:
        one.close()


def test_an_address_connects_so_often_in_a_second(make_server):
    server = make_server(
        gateways=2, limits={"connects_per_second_per_ip": 10}).start()
    begin = time.monotonic()
    found = [handshake(server, "127.0.0.4") for _ in range(200)]
    passed = time.monotonic() - begin
    came = [visitor for status, visitor in found if status == 101]
    assert {status for status, _ in found} == {101, 503}
    assert 10 <= len(came) <= 10 * (passed + 1) + 1
    assert refusals(server)["refused_ip_rate"] == 200 - len(came)
    assert handshake(server, "127.0.0.5")[0] == 101
    wait_for("it may come again",
             lambda: handshake(server, "127.0.0.4")[0] == 101)
    for visitor in came:
        visitor.close()


def test_limits_change_for_those_who_are_here(make_server, room):
    server = make_server(limits={"messages_per_second": 0}).start()
    with server.client("u", room) as u:
        for n in range(150):
            u.say(room, n)
        server.write_config(limits={"messages_per_second": 1, "burst": 3})
        server.control("reload", check=True)
        wait_for("the limits are there", lambda: {
            int(w["config"]) for w in server.workers()} == {2})
        sent = [u.send("say", room=room, body=n) for n in range(50)]
        codes = [u.reply(seq)["code"] for seq in sent]
        assert codes[:3] == [200] * 3 and set(codes) == {200, 1012}
