"""The status socket when it is full."""

import os
import socket

import pytest

from server import StatusError, StatusSocket, wait_for

PLACES = 64
NOBODY = 65534


def look(server):
    """A connection of someone who may look and nothing else."""
    one = socket.socket(socket.AF_UNIX)
    os.seteuid(NOBODY)
    try:
        one.connect(str(server.run_dir / "status.sock"))
    finally:
        os.seteuid(0)
    return one


def state_of(server):
    try:
        return server.info()["state"]
    except StatusError:
        return None


def test_a_full_status_socket_says_so(server):
    askers = [StatusSocket(server.run_dir) for _ in range(PLACES)]
    for asker in askers:
        asker.ask("help")
    with pytest.raises(StatusError, match="too many"):
        server.info()
    askers.pop().__exit__()
    wait_for("its place is free again", lambda: state_of(server) == "serving")
    for asker in askers:
        asker.__exit__()


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
def test_who_may_only_look_cannot_keep_the_operator_out(make_server):
    server = make_server().start()
    lookers = [look(server) for _ in range(PLACES)]
    for one in lookers:
        one.sendall(b"help\n")
        assert one.recv(4096)
    assert server.info()["state"] == "serving"
    for one in lookers:
        one.close()
