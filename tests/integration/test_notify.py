"""What a service manager is told: the test plays systemd's socket."""

import os
import re
import shutil
import signal
import socket
import time

import pytest

import server as server_module
from server import CONFABD, GUARD, wait_for


class Manager:
    """The socket that NOTIFY_SOCKET names, and what came there."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0"))
        self.socket.settimeout(GUARD)
        self.heard = []

    def environment(self, **more):
        return {**os.environ, "NOTIFY_SOCKET": self.name, **more}

    def hear(self):
        words = dict(line.split("=", 1) for line in
                     self.socket.recv(4096).decode().split("\n"))
        self.heard.append(words)
        return words

    def wait(self, name, value=None):
        """The next that tells this."""
        while True:
            words = self.hear()
            if name in words and value in (None, words[name]):
                return words

    def close(self):
        self.socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request, directory):
    manager = Manager(str(directory / "notify") if request.param == "path"
                      else "@confab-test-%d" % os.getpid())
    yield manager
    manager.close()


@pytest.fixture
def path_manager(directory):
    manager = Manager(str(directory / "notify"))
    yield manager
    manager.close()


def test_it_is_ready_when_all_serve_and_says_when_it_stops(
        make_server, manager):
    server = make_server(gateways=2)
    server.launch(env=manager.environment())
    manager.wait("READY", "1")
    assert server.is_serving()
    server.process.send_signal(signal.SIGTERM)
    manager.wait("STOPPING", "1")
    assert server.wait_exit() == 0


def test_a_long_drain_asks_for_time_and_feeds_the_watchdog(
        make_server, path_manager):
    server = make_server(drain_seconds=300, stop_seconds=20)
    server.launch(env=path_manager.environment(WATCHDOG_USEC="600000"))
    path_manager.wait("READY", "1")
    with server.client("ann"):
        server.process.send_signal(signal.SIGQUIT)
        words = path_manager.wait("STOPPING", "1")
        assert int(words["EXTEND_TIMEOUT_USEC"]) >= 320 * 1000000
        for _ in range(3):
            path_manager.wait("WATCHDOG", "1")


def test_it_is_not_ready_before_a_child_serves(make_server, path_manager):
    server = make_server()
    server.data_dir.mkdir()
    (server.data_dir / "store-id").write_text("nonsense")
    server.allow("store-id|cannot start|ended by itself")
    server.launch(env=path_manager.environment())
    assert server.wait_exit() == 1
    path_manager.wait("STOPPING")
    assert not any("READY" in words for words in path_manager.heard)


def test_a_reload_says_when_it_began_and_when_it_is_done(
        make_server, path_manager):
    server = make_server(gateways=2)
    server.launch(env=path_manager.environment())
    path_manager.wait("READY", "1")
    before_us = time.monotonic_ns() // 1000
    server.process.send_signal(signal.SIGHUP)
    reloading = path_manager.wait("RELOADING", "1")
    assert before_us <= int(reloading["MONOTONIC_USEC"]) <= \
        time.monotonic_ns() // 1000
    path_manager.wait("READY", "1")


def test_a_reload_is_done_when_the_last_child_has_heard_of_it(
        make_server, path_manager):
    server = make_server()
    server.launch(env=path_manager.environment(WATCHDOG_USEC="600000"))
    path_manager.wait("READY", "1")
    gateway = server.pids("gateway")[0]
    os.kill(gateway, signal.SIGSTOP)
    server.process.send_signal(signal.SIGHUP)
    path_manager.wait("RELOADING", "1")
    del path_manager.heard[:]
    for _ in range(3):
        path_manager.wait("WATCHDOG", "1")
    assert not any("READY" in words for words in path_manager.heard)
    os.kill(gateway, signal.SIGCONT)
    path_manager.wait("READY", "1")


def test_a_reload_that_fails_is_over_too(make_server, path_manager):
    server = make_server()
    server.allow("nonsense|stays as it was")
    server.launch(env=path_manager.environment())
    path_manager.wait("READY", "1")
    with open(server.config_path, "a", encoding="ascii") as config:
        config.write("nonsense = 1\n")
    server.process.send_signal(signal.SIGHUP)
    path_manager.wait("RELOADING", "1")
    path_manager.wait("READY", "1")


def test_the_watchdog_is_fed_also_while_a_child_is_replaced(
        make_server, path_manager):
    server = make_server(gateways=2)
    server.allow("ended by signal 9")
    server.launch(env=path_manager.environment(WATCHDOG_USEC="1000000"))
    path_manager.wait("READY", "1")
    for _ in range(3):
        path_manager.wait("WATCHDOG", "1")
    os.kill(server.pids("gateway")[0], signal.SIGKILL)
    for _ in range(3):
        path_manager.wait("WATCHDOG", "1")


def test_the_watchdog_of_another_process_is_not_fed(make_server, path_manager):
    server = make_server()
    server.launch(env=path_manager.environment(WATCHDOG_USEC="100000",
                                               WATCHDOG_PID="1"))
    path_manager.wait("READY", "1")
    path_manager.wait("STATUS")
    server.stop()
    path_manager.wait("STOPPING", "1")
    assert not any("WATCHDOG" in words for words in path_manager.heard)


def test_the_status_counts(make_server, path_manager):
    server = make_server()
    server.launch(env=path_manager.environment())
    path_manager.wait("READY", "1")
    with server.client("ann", "lobby") as ann:
        ann.call("say", room="lobby", body="hello")
        while not re.fullmatch(
                "1 connections, 1 logged in, 1 messages",
                path_manager.wait("STATUS")["STATUS"]):
            pass


def test_in_the_background_the_pid_is_told(make_server, path_manager):
    server = make_server()
    server.launch(command=[str(server_module.CONFABD), "-c",
                           str(server.config_path)],
                  env=path_manager.environment(WATCHDOG_USEC="1000000"))
    pid = int(path_manager.wait("MAINPID")["MAINPID"])
    path_manager.wait("READY", "1")
    assert server.process.wait(GUARD) == 0
    assert int((server.run_dir / "confabd.pid").read_text()) == pid
    path_manager.wait("WATCHDOG", "1")
    os.kill(pid, signal.SIGTERM)
    path_manager.wait("STOPPING", "1")
    wait_for("it has ended", lambda: not os.path.exists("/proc/%d" % pid))


def test_an_upgrade_goes_on_telling(make_server, directory, monkeypatch,
                                    path_manager):
    program = directory / "confabd"
    shutil.copy(CONFABD, program)
    monkeypatch.setattr(server_module, "CONFABD", program)
    server = make_server(gateways=1, options="drain_seconds = 0")
    server.launch(env=path_manager.environment(WATCHDOG_USEC="1000000"))
    path_manager.wait("READY", "1")
    server.process.send_signal(signal.SIGUSR2)
    path_manager.wait("RELOADING", "1")
    path_manager.wait("READY", "1")
    for _ in range(3):
        path_manager.wait("WATCHDOG", "1")
    assert "upgrade: this is version" in server.log()


def test_a_full_socket_holds_nobody_up_and_nothing_is_lost(
        make_server, path_manager):
    """The manager sleeps: its queue is full before the server starts."""
    filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    filler.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            filler.sendto(b"FILLER=1", path_manager.name)
    server = make_server()
    server.launch(env=path_manager.environment())
    server.wait_serving()
    path_manager.wait("READY", "1")
    filler.close()


@pytest.mark.parametrize("name", ["relative", "@", "/" + "x" * 200])
def test_a_socket_that_cannot_be_is_a_warning(make_server, name):
    server = make_server()
    server.launch(env={**os.environ, "NOTIFY_SOCKET": name})
    server.wait_serving()
    assert "NOTIFY_SOCKET is no address of a socket" in server.log()
