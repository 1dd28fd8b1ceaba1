"""More and fewer gateways while the server runs."""

import signal

import pytest

import wire
from client import Client
from others import needs_another
from server import wait_for


@pytest.fixture
def own_server(make_server):
    return make_server(gateways=2, options="drain_seconds = 1").start()


def serving(server):
    return [w for w in server.workers()
            if w["role"] == "gateway" and w["state"] == "serving"]


def wait_gateways(server, count):
    """So many serve, and nobody else is there any more."""
    wait_for("%d gateways" % count, lambda: len(serving(server)) == count and
             sum(w["role"] == "gateway" for w in server.workers()) == count)


def test_one_more_takes_clients(own_server):
    own_server.process.send_signal(signal.SIGTTIN)
    wait_gateways(own_server, 3)
    clients = [own_server.client("u%d" % i, "r") for i in range(40)]
    assert all(int(w["connections"]) > 0 for w in serving(own_server))
    clients[0].say("r", "to all gateways")
    for client in clients[1:]:
        assert client.push("msg")["body"] == "to all gateways"
        client.close()


def test_one_fewer_drains_and_nobody_else_notices(own_server):
    clients = [own_server.client("u%d" % i, "r") for i in range(20)]
    homes = {client: own_server.gateway_of(client) for client in clients}
    own_server.process.send_signal(signal.SIGTTOU)
    wait_for("one is left to serve", lambda: len(serving(own_server)) == 1)
    stays = int(serving(own_server)[0]["pid"])
    assert stays in homes.values()
    leaving = [client for client in clients if homes[client] != stays]
    for client in leaving:
        client.push("drain")
        assert client.socket.close_code() == 1012
        client.close()
    wait_gateways(own_server, 1)
    for client in clients:
        if client not in leaving:
            client.say("r", "undisturbed")
            client.close()


def test_the_last_one_stays(make_server):
    server = make_server(gateways=1).start()
    server.allow("the last gateway stays")
    server.process.send_signal(signal.SIGTTOU)
    server.wait_log("the last gateway stays")
    assert len(serving(server)) == 1


def test_nobody_is_refused_while_gateways_come_and_go(own_server):
    own_server.allow("no place for one more gateway")
    for count in (1, 3, 1, 2):
        done = own_server.control("gateways", str(count))
        for i in range(20):
            with own_server.client("u%d" % i, "r") as client:
                client.say("r", "in")
        if done.returncode == 0:
            wait_gateways(own_server, count)


def test_gateways_wants_a_number(own_server):
    for wrong in ("0", "x", "257", "-1"):
        done = own_server.control("gateways", wrong)
        assert done.returncode == 1, wrong
        assert "from 1 to 256" in done.stderr


def test_a_reload_changes_how_many_there_are(own_server):
    text = own_server.config_path.read_text()
    own_server.config_path.write_text(
        text.replace("gateways = 2", "gateways = 3"))
    assert own_server.control("reload").returncode == 0
    wait_gateways(own_server, 3)
    assert own_server.control("gateways", "1").returncode == 0
    assert own_server.control("reload").returncode == 0
    wait_gateways(own_server, 1)


def test_what_is_said_in_between_reaches_everybody_once(own_server):
    """A crowd that follows its gateways, and one who speaks."""
    with own_server.client("speaker", "r") as speaker:
        for count in (3, 2, 3):
            own_server.control("gateways", str(count))
            wait_gateways(own_server, count)
            offset = speaker.say("r", count)["offset"]
            with Client(own_server.port, "late", ["r"]) as late:
                got = late.whole_history("r")
            assert [m["offset"] for m in got] == list(range(1, offset + 1))


# None at all

def rest(server, clients):
    """All gateways drain, and these clients of them are gone."""
    server.process.send_signal(signal.SIGWINCH)
    for client in clients:
        client.push("drain")
        assert client.socket.close_code() == 1012
        client.close()
    wait_gateways(server, 0)


def readiness(server):
    return server.get("/readyz").status


def test_winch_sends_all_away_and_keeps_the_rest(own_server):
    others = {w["pid"] for w in own_server.workers() if w["role"] != "gateway"}
    rest(own_server, [own_server.client("u%d" % i, "r") for i in range(20)])
    assert {w["pid"] for w in own_server.workers()} == others
    assert own_server.info()["state"] == "resting"
    assert readiness(own_server) == 503
    assert own_server.get("/healthz").status == 200


@pytest.mark.parametrize("back", ["TTIN", "gateways", "HUP", "USR2"])
def test_who_connects_while_none_serves_waits_for_one(own_server, back):
    with own_server.client("u", "r") as client:
        client.say("r", "before")
        rest(own_server, [client])
    with wire.Socket(own_server.port) as waiting:
        waiting.send(b"GET /chat HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if back == "gateways":
            assert own_server.control("gateways", "2").returncode == 0
        else:
            own_server.process.send_signal(getattr(signal, "SIG" + back))
        assert waiting.read_response().status == 426
    wait_gateways(own_server, 1 if back == "TTIN" else 2)
    wait_for("it is ready", lambda: readiness(own_server) == 200)
    with own_server.client("u", "r") as client:
        assert client.say("r", "after")["offset"] == 2


def test_new_ones_serve_while_the_old_ones_still_drain(make_server):
    server = make_server(gateways=2, options="drain_seconds = 1h").start()
    old = server.pids("gateway")
    with server.client("early", "r") as early:
        server.process.send_signal(signal.SIGWINCH)
        wait_for("it rests", lambda: server.info()["state"] == "resting")
        server.process.send_signal(signal.SIGHUP)
        wait_for("two serve", lambda: len(serving(server)) == 2)
        assert not set(old) & {int(w["pid"]) for w in serving(server)}
        with server.client("late", "r") as late:
            late.say("r", "hello")
            assert early.push("msg")["body"] == "hello"
        server.process.send_signal(signal.SIGTERM)
        assert early.socket.close_code() == 1001
    assert server.wait_exit() == 0


def test_one_fewer_of_none_stays_none(own_server):
    rest(own_server, [])
    own_server.process.send_signal(signal.SIGTTOU)
    own_server.wait_log("the last gateway stays")
    own_server.process.send_signal(signal.SIGWINCH)
    assert serving(own_server) == []


def test_a_stop_while_none_serves(own_server):
    rest(own_server, [])
    own_server.stop()


OWN_TERMINAL = """
import fcntl, os, pty, sys, termios
_, end = pty.openpty()
os.set_inheritable(_, True)
fcntl.ioctl(end, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_window_that_changes_its_size_means_nothing(make_server):
    server = make_server(prefix=["/usr/bin/python3", "-c", OWN_TERMINAL])
    server.start()
    with server.client("u", "r") as client:
        server.process.send_signal(signal.SIGWINCH)
        server.process.send_signal(signal.SIGTTIN)
        wait_gateways(server, 2)
        client.say("r", "still here")


@needs_another
def test_a_gateway_comes_also_when_root_has_opened_the_sockets(make_server):
    server = make_server(gateways=1, user="nobody", group="nogroup").start()
    assert server.control("gateways", "2").returncode == 0
    wait_gateways(server, 2)
    for pid in server.pids("gateway"):
        assert server.client_on(pid, "u%d" % pid)


@needs_another
def test_a_gateway_comes_also_where_only_root_may_listen(make_server):
    server = make_server(user="nobody", group="nogroup")
    server.port = 81
    server.write_config(gateways=2, user="nobody", group="nogroup",
                        drain_seconds=1)
    server.start()
    for count in 3, 1, 2:
        assert server.control("gateways", str(count)).returncode == 0
        wait_gateways(server, count)
        for pid in server.pids("gateway"):
            assert server.client_on(pid, "u%d" % pid)
    assert "Permission denied), its processes share" in server.log()
