"""The word trace: what happens in a room, or to a user or one client, as it
happens, for a while, and not for those who do not read."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from server import (CONFABCTL, StatusError, StatusSocket, die_with_parent,
                    wait_for)

OPTIONS = dict(gateways=2)
COLUMNS = ["time", "event", "user", "platform", "client", "room", "to", "type",
           "bytes", "dropped"]


class Trace:
    """An answer that is read row by row."""

    def __init__(self, server, words):
        self.status = StatusSocket(server.run_dir)
        self.status.socket.sendall(b"trace " + words.encode() + b"\n")
        line = self.line()
        if line.startswith("error: "):
            raise StatusError(line)
        self.columns = line.split("\t")
        assert self.columns == COLUMNS

    def line(self):
        return self.status.file.readline().decode().rstrip("\n")

    def row(self):
        """The next one; None at the end."""
        line = self.line()
        return dict(zip(self.columns, line.split("\t"))) if line else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.status.__exit__()


def seen(row):
    return row["event"], row["user"], row["room"] or row["to"], row["type"]


def test_a_room_is_traced_on_all_gateways(server, room):
    one, other = (server.client_on(pid, name) for pid, name in zip(
        server.pids("gateway"), ("ann", "bob")))
    with Trace(server, "room " + room) as trace:
        before = int(time.time() * 1000)
        one.call("join", room=room)
        row = trace.row()
        assert seen(row) == ("enter", "ann", room, "")
        assert row["client"] == one.login["client"]
        assert before - 1000 < int(row["time"]) < before + 60000
        other.call("join", room=room)
        assert seen(trace.row()) == ("enter", "bob", room, "")
        other.say(room, "a secret", type="note")
        row = trace.row()
        assert seen(row) == ("say", "bob", room, "note")
        assert row["bytes"] == "10" and row["dropped"] == "0"
        server.ask("say room %s hello" % room)
        assert seen(trace.row()) == ("say", "system", room, "text")
        one.call("leave", room=room)
        assert seen(trace.row()) == ("exit", "ann", room, "")
        other.close()
        assert seen(trace.row()) == ("exit", "bob", room, "")
    one.close()


def test_a_user_is_traced_with_all_that_he_asks(server, room):
    with Trace(server, "user ann") as trace, server.client("bob") as bob:
        with server.client("ann", room) as ann:
            assert seen(trace.row()) == ("login", "ann", "", "")
            assert seen(trace.row()) == ("request", "ann", "", "join")
            assert seen(trace.row()) == ("enter", "ann", room, "")
            bob.tell("ann", "psst")
            assert seen(trace.row()) == ("say", "bob", "ann", "text")
            id_ = ann.say(room, "x")["id"]
            assert seen(trace.row()) == ("request", "ann", "", "say")
            assert seen(trace.row()) == ("say", "ann", room, "text")
            ann.call("edit", room=room, id=id_, body="y")
            assert seen(trace.row()) == ("request", "ann", "", "edit")
            assert seen(trace.row()) == ("edit", "ann", room, "text")
            ann.refused(1010, "no\x7f\nsuch")
            assert seen(trace.row()) == ("request", "ann", "", "?")
        assert seen(trace.row()) == ("exit", "ann", room, "")
        assert seen(trace.row()) == ("logout", "ann", "", "")


def test_a_client_alone_is_traced(server):
    with server.client("ann") as one, server.client("ann") as other:
        with Trace(server, "client " + one.login["client"]) as trace:
            other.call("ping")
            one.call("heartbeat")
            assert seen(trace.row()) == ("request", "ann", "", "heartbeat")


def test_a_trace_ends_and_the_connection_goes_on(server):
    with StatusSocket(server.run_dir) as status:
        status.socket.sendall(b"trace room r 1\nshow info\n")
        assert status.read() == ["\t".join(COLUMNS)]
        assert status.read()[0].startswith("version: ")


@contextlib.contextmanager
def coming_and_going(server, room):
    """Somebody, all the time."""
    end = threading.Event()

    def come_and_go():
        with server.client("ann") as ann:
            while not end.is_set():
                ann.call("join", room=room)
                ann.call("leave", room=room)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_in_json_it_is_an_array(server, room):
    with StatusSocket(server.run_dir) as status, coming_and_going(server, room):
        status.socket.sendall(b"json trace room %s 1\n" % room.encode())
        rows = json.loads("\n".join(status.read()))
    assert {row["event"] for row in rows} == {"enter", "exit"}
    assert set(rows[0]) == set(COLUMNS)


def test_confabctl_prints_it_as_it_comes(server, room):
    command = [str(CONFABCTL), "-s", str(server.run_dir / "status.sock")]
    with subprocess.Popen(command + ["trace", "room", room, "600"], text=True,
                          stdout=subprocess.PIPE,
                          preexec_fn=die_with_parent) as process:
        assert process.stdout.readline().rstrip("\n").split("\t") == COLUMNS
        with server.client("ann", room):
            assert process.stdout.readline().split("\t")[1] == "enter"
            assert process.poll() is None, "it goes on"
        assert process.stdout.readline().split("\t")[1] == "exit"
        process.terminate()
    done = server.control("trace", "room", room, "1")
    assert done.returncode == 0
    assert done.stdout.rstrip("\n").split("\t") == COLUMNS
    done = server.control("json", "trace", "room", room, "1")
    assert done.returncode == 0 and json.loads(done.stdout) == []
    done = server.control("trace", "nothing")
    assert done.returncode == 1 and done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("words", [
    "", "room", "user", "client", "all", "room r 0", "room r 601", "room r x",
    "room r 5 5", "user " + "u" * 65, "room " + "r" * 129, "user a\x7f",
    "client x", "client " + "f" * 32, "room r 99999999999999999999999"])
def test_what_cannot_be_traced_is_refused(server, words):
    with pytest.raises(StatusError):
        server.ask("trace " + words)


def test_traces_are_few_and_end_with_their_askers(server):
    traces = [Trace(server, "user ann") for _ in range(8)]
    with pytest.raises(StatusError, match="8 traces already"):
        Trace(server, "user ann")
    for trace in traces:
        trace.__exit__()

    def starts():
        try:
            with Trace(server, "user ann"):
                return True
        except StatusError:
            return False

    wait_for("their places are free", starts)


def test_a_crowd_is_not_told_in_full_and_not_held_up(server, room):
    with Trace(server, "room " + room) as trace, \
            server.client("ann", room) as ann:
        assert seen(trace.row())[0] == "enter"
        seqs = [ann.send("say", room=room, body=n) for n in range(1000)]
        assert all(ann.reply(seq)["code"] == 200 for seq in seqs)
        dropped = 0
        while not dropped:
            ann.say(room, "one more")
            dropped = int(trace.row()["dropped"])


def test_who_does_not_read_is_sent_away(make_server):
    server = make_server(gateways=2).start()
    room, user, kind = "r" * 128, "u" * 64, '"' * 64
    clients = [server.client_on(pid, user, room)
               for pid in server.pids("gateway")]
    with StatusSocket(server.run_dir) as status:
        status.socket.sendall(b"json trace user %s 600\n" % user.encode())

        def is_gone():
            for client in clients * 5:
                client.say(room, 1, type=kind)
            try:
                status.socket.send(b"x")
            except BrokenPipeError:
                return True
            return False

        wait_for("he is sent away", is_gone, guard=120, look_every=0.1)
    for client in clients:
        client.close()


def test_a_gateway_that_dies_ends_no_trace(make_server):
    server = make_server(gateways=2).start()
    server.allow("ended by signal")
    victim, stays = server.pids("gateway")
    with server.client_on(stays, "ann") as ann:
        with Trace(server, "user ann") as trace:
            os.kill(victim, signal.SIGKILL)
            server.wait_replaced("gateway", victim)
            ann.call("ping")
            assert seen(trace.row()) == ("request", "ann", "", "ping")
