"""A client that does not read costs itself its connection and nobody else
anything."""

import os
import struct

import wire
from server import wait_for

OPTIONS = dict(outbox_bytes="64K", gateways=1)


def ends_too_slow(client):
    """Reads what is left: a close 4013, or the bare end where not even the
    close frame had found room."""
    last = None
    try:
        while True:
            last = client.socket.read_frame()
    except wire.Closed:
        pass
    assert last is not None
    return last[0] != wire.CLOSE or last[1][:2] == struct.pack("!H", 4013)


def closed_slow(server):
    return sum(int(w.get("closed_slow", 0)) for w in server.workers())


def test_who_never_reads_is_closed_and_others_get_everything(server, room):
    with server.client("deaf", room, receive_bytes=4096) as deaf, \
            server.client("reads", room) as reads, \
            server.client("talks", room) as talks:
        for n in range(300):
            talks.say(room, [n, "x" * 8000])
            assert reads.push("msg")["body"][0] == n
        wait_for("the deaf one is gone", lambda: [
            m["user"] for m in talks.call("members", room=room)["members"]
            if m["user"] == "deaf"] == [])
        assert ends_too_slow(deaf)


def test_many_who_never_read_do_not_slow_the_rest_down(server, room):
    deaf = [server.client("deaf-%d" % n, room, receive_bytes=4096)
            for n in range(50)]
    with server.client("reads", room) as reads, \
            server.client("talks", room) as talks:
        for n in range(150):
            talks.say(room, [n, "x" * 8000])
            assert reads.push("msg")["body"][0] == n
    for client in deaf:
        client.close()


def test_who_asks_and_never_reads_the_answers_is_stopped(server, room):
    """It must not fill the server's memory with answers."""
    with server.client("talks", room) as talks:
        for n in range(60):
            talks.say(room, "y" * 8000)
        with server.client("greedy", room, receive_bytes=4096) as greedy:
            greedy.socket.socket.settimeout(1)
            try:
                for _ in range(20000):
                    greedy.send("history", room=room, limit=50)
            except (wire.Closed, TimeoutError, OSError):
                pass
            pid = server.pids("gateway")[0]
            with open("/proc/%d/statm" % pid, encoding="ascii") as statm:
                resident = int(statm.read().split()[1])
            assert resident * os.sysconf("SC_PAGE_SIZE") < 256 << 20
        talks.say(room, "alive")


def test_a_slow_but_steady_reader_is_served(server, room):
    with server.client("slow", room, receive_bytes=4096) as slow, \
            server.client("talks", room) as talks:
        for n in range(100):
            talks.say(room, [n, "z" * 3000])
            assert slow.push("msg")["body"][0] == n
