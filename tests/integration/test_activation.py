"""Sockets that a service manager has opened, which the test plays: clients find
them before the server runs, and after it."""

import os
import shutil
import signal
import socket
import sys

import pytest

import server as server_module
from client import Client
from server import CONFABD, GUARD, wait_for
from test_fleet import wait_gateways

# Puts the sockets where they belong, and becomes the program.
BECOME = """
import fcntl, os, sys
fds = [int(fd) for fd in sys.argv[1].split(",")]
high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]
for fd in fds:
    os.close(fd)
for number, fd in enumerate(high):
    os.dup2(fd, 3 + number)
    os.close(fd)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def listening(address, is_shared=False):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    one = socket.socket(family)
    if is_shared:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(address)
    one.listen(100)
    return one


def activate(server, *sockets, options=("-f",), **more):
    fds = [one.fileno() for one in sockets]
    return server.launch(
        command=[sys.executable, "-c", BECOME, ",".join(map(str, fds)),
                 str(server_module.CONFABD), "-c", str(server.config_path),
                 *options], pass_fds=fds, **more)


def inode(one):
    return os.fstat(one.fileno()).st_ino


def holders(server, inode, role="gateway"):
    """The processes of a role that have this socket."""
    def has(pid):
        return any(os.readlink(fd.path) == "socket:[%d]" % inode
                   for fd in os.scandir("/proc/%d/fd" % pid))
    return [pid for pid in server.pids(role) if has(pid)]


def chat(server):
    with Client(server.port, "ann", ["lobby"]) as ann:
        assert ann.call("say", room="lobby", body="hello")["offset"] > 0


def test_who_connects_before_it_runs_is_served(make_server):
    server = make_server(gateways=2)
    with listening(("127.0.0.1", server.port)) as one:
        with socket.create_connection(("127.0.0.1", server.port)) as early:
            activate(server, one)
            server.wait_serving()
            early.settimeout(GUARD)
            early.sendall(b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
            assert early.recv(12).startswith(b"HTTP/1.1 ")


def test_a_plain_socket_is_shared_by_all_gateways(make_server):
    server = make_server(gateways=2)
    with listening(("127.0.0.1", server.port)) as one:
        activate(server, one)
        server.wait_serving()
        assert len(holders(server, inode(one))) == 2
        chat(server)
        for pid in server.pids("gateway"):
            assert server.client_on(pid, "u%d" % pid)
        server.stop()


def test_beside_a_socket_that_may_be_shared_each_has_its_own(make_server):
    server = make_server(gateways=2)
    with listening(("127.0.0.1", server.port), True) as one:
        activate(server, one)
        server.wait_serving()
        assert len(holders(server, inode(one))) == 1
        for pid in server.pids("gateway"):
            assert server.client_on(pid, "u%d" % pid)
        server.stop()


def test_unix_sockets_are_taken_and_left_where_they_are(make_server):
    server = make_server()
    path = str(server.directory / "chat.sock")
    server.write_config("""listener local {
        address = "unix:%s"
        role = websocket
    }""" % path)
    with listening(path) as one:
        activate(server, one)
        server.wait_serving()
        assert len(holders(server, inode(one))) == 1
        server.stop()
        assert os.path.exists(path)
        with socket.socket(socket.AF_UNIX) as late:
            late.connect(path)


@pytest.mark.parametrize("is_shared", [False, True])
def test_it_starts_again_on_the_same_socket(make_server, is_shared):
    server = make_server(gateways=2)
    with listening(("127.0.0.1", server.port), is_shared) as one:
        for _ in range(2):
            activate(server, one)
            server.wait_serving()
            chat(server)
            server.stop()


def test_a_killed_master_leaves_the_socket_open(make_server):
    server = make_server(gateways=2)
    with listening(("127.0.0.1", server.port)) as one:
        activate(server, one)
        server.wait_serving()
        server.process.kill()
        server.process.wait(GUARD)
        wait_for("its children have gone", lambda: not server.processes())
        activate(server, one)
        server.wait_serving()
        chat(server)


def test_a_master_killed_after_a_reload_leaves_it_open_too(make_server):
    server = make_server(gateways=1)
    with listening(("127.0.0.1", server.port)) as one:
        activate(server, one)
        server.wait_serving()
        server.write_config("ping_seconds = 7")
        server.control("reload")
        chat(server)
        server.process.kill()
        server.process.wait(GUARD)
        wait_for("its children have gone", lambda: not server.processes())
        with socket.create_connection(("127.0.0.1", server.port)):
            pass


@pytest.mark.parametrize("is_shared", [False, True])
def test_it_survives_an_upgrade_and_gateways_that_come_and_go(
        make_server, directory, monkeypatch, is_shared):
    program = directory / "confabd"
    shutil.copy(CONFABD, program)
    monkeypatch.setattr(server_module, "CONFABD", program)
    server = make_server(gateways=2, options="drain_seconds = 0")
    with listening(("127.0.0.1", server.port), is_shared) as one:
        activate(server, one)
        server.wait_serving()
        before = server.pids("gateway")
        server.process.send_signal(signal.SIGUSR2)
        server.wait_replaced("gateway", *before)
        for pid in server.pids("gateway"):
            assert server.client_on(pid, "u%d" % pid)
        assert holders(server, inode(one))
        for count in 3, 1:
            server.control("gateways", str(count))
            wait_gateways(server, count)
            chat(server)
        server.stop()


def test_a_listener_that_comes_back_finds_its_socket(make_server):
    server = make_server()
    extra = server_module.free_port()
    options = """listener extra {
        address = "127.0.0.1:%d"
        role = websocket
    }""" % extra
    server.write_config(options)
    with listening(("127.0.0.1", extra)) as one:
        activate(server, one)
        server.wait_serving()
        server.write_config()
        server.control("reload")
        wait_for("nobody has it", lambda: not holders(server, inode(one)))
        server.write_config(options)
        server.control("reload")
        wait_for("it is back", lambda: holders(server, inode(one)))
        with Client(extra, "ann"):
            pass


def test_a_socket_that_is_no_listeners_is_an_error(make_server):
    server = make_server()
    server.allow("LISTEN_FDS")
    port = server_module.free_port()
    with listening(("127.0.0.1", port)) as one:
        activate(server, one)
        assert server.wait_exit() == 1
    assert "gave a socket at 127.0.0.1:%d, and no listener has that address" \
        % port in server.log()


def test_what_does_not_listen_is_an_error(make_server):
    server = make_server()
    server.allow("LISTEN_FDS")
    with socket.socket() as one:
        activate(server, one)
        assert server.wait_exit() == 1
    assert "descriptor 3 is no stream socket that listens" in server.log()


def test_sockets_of_another_process_are_none_of_ours(make_server):
    server = make_server()
    server.launch(env={**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": "1"})
    server.wait_serving()
    chat(server)
