"""HUP and `reload`: the configuration is read again, nobody is disconnected."""

import os
import signal
import socket
import subprocess

import pytest

from client import Client
from server import CONFABD, GUARD, free_port, wait_for


@pytest.fixture
def own_server(make_server):
    return make_server(gateways=2).start()


def generations(server):
    return [int(w["config"]) for w in server.workers()]


def wait_taken_up(server, number):
    """All processes have the configuration of this number."""
    wait_for("all have configuration %d" % number,
             lambda: set(generations(server)) == {number})


def change(server, old, new):
    text = server.config_path.read_text()
    assert old in text
    server.config_path.write_text(text.replace(old, new))


def add(server, text):
    with server.config_path.open("a") as file:
        file.write(text)


def test_hup_changes_live_options_for_open_connections(own_server):
    with own_server.client("u", "live") as client:
        client.say("live", "remembered")
        assert generations(own_server) == [1] * 5
        add(own_server, 'room "live" { history = false }\n')
        change(own_server, "messages_per_second = 0",
               "messages_per_second = 0\n    rooms_per_connection = 1")
        own_server.process.send_signal(signal.SIGHUP)
        wait_taken_up(own_server, 2)
        assert "reached" in client.say("live", "not remembered")
        client.refused(1012, "join", room="second")


def test_a_wrong_configuration_changes_nothing(own_server):
    own_server.allow("nonsense|stays as it was")
    with own_server.client("u", "r") as client:
        add(own_server, "nonsense = 1\n")
        lines = own_server.config_path.read_text().count("\n")
        done = own_server.control("reload")
        assert done.returncode == 1
        own_server.wait_log(r"confab.conf:%d: unknown option 'nonsense'"
                            % lines)
        client.say("r", "still here")
        assert generations(own_server) == [1] * 5


def test_what_needs_a_restart_is_said_and_stays(own_server):
    own_server.allow("needs a restart")
    add(own_server, "host_id = 9\n")
    assert own_server.control("reload").returncode == 0
    own_server.wait_log("host_id: 9 instead of 1 needs a restart")
    wait_taken_up(own_server, 2)
    with own_server.client("u") as client:
        assert client.login["host"] == 1


def test_listeners_come_and_go(own_server):
    port = free_port()
    with own_server.client("old", "r") as old:
        add(own_server, 'listener more {\n    address = "127.0.0.1:%d"\n'
                        '    role = websocket\n}\n' % port)
        assert own_server.control("reload").returncode == 0
        wait_taken_up(own_server, 2)
        clients = [Client(port, "new%d" % i, ["r"]) for i in range(8)]
        text = own_server.config_path.read_text()
        own_server.config_path.write_text(text[:text.index("listener more")])
        assert own_server.control("reload").returncode == 0
        wait_taken_up(own_server, 3)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        for client in clients:
            client.say("r", "still here")
            client.close()
        old.say("r", "and so am I")


def test_an_address_that_is_taken_keeps_the_old_configuration(own_server):
    own_server.allow("listener more|stays as it was")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        add(own_server, 'listener more { address = "127.0.0.1:%d" }\n'
            % taken.getsockname()[1])
        assert own_server.control("reload").returncode == 1
        assert generations(own_server) == [1] * 5
        with own_server.client("u", "r") as client:
            client.say("r", "served")


def test_connections_that_wait_are_not_lost(own_server):
    """Reloads while clients connect all the time: none is refused."""
    for number in range(2, 12):
        own_server.process.send_signal(signal.SIGHUP)
        for i in range(10):
            with own_server.client("u%d" % i, "r") as client:
                client.say("r", "in")
        wait_taken_up(own_server, number)
    assert own_server.get("/healthz").status == 200


def test_an_api_listener_comes_and_goes(own_server):
    port = free_port()
    add(own_server, 'listener more {\n    address = "127.0.0.1:%d"\n'
                    '    role = api\n}\n' % port)
    assert own_server.control("reload").returncode == 0
    wait_taken_up(own_server, 2)
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as http:
        http.sendall(head)
        assert http.recv(4096).startswith(b"HTTP/1.1 200")
        text = own_server.config_path.read_text()
        own_server.config_path.write_text(text[:text.index("listener more")])
        assert own_server.control("reload").returncode == 0
        wait_taken_up(own_server, 3)
        assert http.recv(4096) == b""
    assert own_server.get("/healthz").status == 200


def test_searching_can_be_switched_on(own_server):
    with own_server.client("u", "r") as client:
        client.say("r", "a needle")
        client.refused(1003, "search", room="r", text="needle")
        add(own_server, 'room "r" { search = true }\n')
        assert own_server.control("reload").returncode == 0
        wait_taken_up(own_server, 2)
        found = client.call("search", room="r", text="needle")
        assert [m["body"] for m in found["messages"]] == ["a needle"]


def test_a_process_that_starts_later_has_the_new_configuration(own_server):
    own_server.allow("ended by signal")
    add(own_server, 'room "live" { history = false }\n')
    assert own_server.control("reload").returncode == 0
    wait_taken_up(own_server, 2)
    before = own_server.pids("gateway")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    own_server.wait_replaced("gateway", *before)
    wait_taken_up(own_server, 2)
    with own_server.client("u", "live") as client:
        assert "reached" in client.say("live", "not remembered")


def test_the_log_level_changes_everywhere(own_server):
    add(own_server, "log_level = debug\n")
    assert own_server.control("reload").returncode == 0
    wait_taken_up(own_server, 2)
    before = own_server.pids("api")
    own_server.allow("ended by signal")
    os.kill(before[0], signal.SIGKILL)
    own_server.wait_log("debug master.*api 0: serving")


# What -t says of a server that runs

def trial_of(server):
    """The exit code and the lines below "the configuration is good"."""
    done = subprocess.run([str(CONFABD), "-t", "-c", str(server.config_path)],
                          capture_output=True, text=True, timeout=GUARD)
    lines = done.stdout.splitlines()
    assert done.returncode or lines[0] == "the configuration is good"
    return done.returncode, lines[1:]


def test_t_says_what_a_reload_would_change(own_server):
    assert trial_of(own_server) == (0, [])
    text = own_server.config_path.read_text()
    own_server.config_path.write_text(
        "outbox_bytes = 8192\nhost_id = 9\nroom 'x*' { rate = 5 }\n" +
        text.replace("messages_per_second = 0", "messages_per_second = 7"))
    code, lines = trial_of(own_server)
    assert code == 0 and sorted(lines) == [
        "live: limits: messages_per_second: 0 -> 7",
        "live: outbox_bytes: 256K -> 8K",
        "live: room x*: added",
        "restart: host_id: 1 -> 9",
    ]
    assert own_server.control("reload").returncode == 0
    assert trial_of(own_server) == (0, ["restart: host_id: 1 -> 9"])
    own_server.config_path.write_text(text)
    assert "live: room x*: removed" in trial_of(own_server)[1]


def test_t_of_a_wrong_file_says_only_what_is_wrong(own_server):
    own_server.config_path.write_text("nonsense = 1\n")
    assert trial_of(own_server) == (1, [])


def test_t_without_a_server_that_runs_says_no_more(own_server):
    own_server.config_path.write_text(
        "outbox_bytes = 8192\n" + own_server.config_path.read_text())
    own_server.kill()
    assert (own_server.run_dir / "status.sock").exists()
    assert trial_of(own_server) == (0, [])
