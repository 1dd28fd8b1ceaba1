"""Many clients at once: what they ask for and what they leave behind costs time
and is refused with 1004 at most, but no process is taken for stuck."""

import json
import selectors
import socket
import struct

import wire
from server import wait_for

OPTIONS = dict(gateways=1, grace_seconds=0)


def request(seq, cmd, **data):
    return wire.text(json.dumps({"seq": seq, "cmd": cmd, "data": data}))


class Herd:
    """Connections that write all they have to say at once and whose answers
    are only looked through for what is to be counted."""

    def __init__(self, port, count, script):
        self.sockets = []
        self.selector = selectors.DefaultSelector()
        for number in range(count):
            one = socket.create_connection(("127.0.0.1", port))
            one.sendall(wire.upgrade_head(port) + script(number))
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)
            self.sockets.append(one)

    def read_until(self, mark, count):
        """Reads until the mark has come so often; marks may be cut in two by a
        read, so each connection's tail is kept."""
        tails = dict.fromkeys(self.sockets, b"")
        seen = 0
        while seen < count:
            ready = self.selector.select(wire.GUARD)
            assert ready, "%d of %d came" % (seen, count)
            for key, _ in ready:
                data = key.fileobj.recv(1 << 18)
                assert data, "a connection ended"
                data = tails[key.fileobj] + data
                seen += data.count(mark)
                tails[key.fileobj] = data[-len(mark) + 1:]

    def reset(self):
        for one in self.sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
            one.close()

    def close(self):
        for one in self.sockets:
            one.close()


def pids(server):
    return sorted(worker["pid"] for worker in server.workers())


def test_a_hundred_thousand_rooms_are_joined_and_lost_at_once(server):
    before = pids(server)

    def script(number):
        user = ("u%04d" % number).ljust(64, "x")
        return request(0, "login", user=user) + b"".join(
            request(room, "join", events=False,
                    room=("r%04d-%d" % (number, room)).ljust(128, "y"))
            for room in range(1, 129))

    herd = Herd(server.port, 800, script)
    herd.read_until(b'"code":', 800 * 129)
    herd.reset()
    wait_for("all have left", lambda: server.info()["rooms"] == "0")
    assert pids(server) == before
    assert server.info()["connections"] == "0"


def test_long_pages_for_everybody_at_once(server, room):
    before = pids(server)
    with server.client("talks", room) as talks:
        for _ in range(50):
            talks.say(room, "z" * 2000)

    def script(number):
        return (request(0, "login", user="u%d" % number) +
                request(0, "join", room=room, events=False) +
                b"".join(request(n, "history", room=room, limit=50)
                         for n in range(4)))

    herd = Herd(server.port, 400, script)
    herd.read_until(b'"cmd":"history","code":', 400 * 4)
    assert pids(server) == before
    herd.close()


def test_a_flood_of_long_messages_to_many_members(make_server, room):
    """Every say is answered, whether the members can follow or not."""
    server = make_server(gateways=2).start()
    before = pids(server)
    members = Herd(server.port, 600, lambda number:
                   request(0, "login", user="u%d" % number) +
                   request(0, "join", room=room, events=False))
    members.read_until(b'"cmd":"join","code":200', 600)
    with server.client("talks", room) as talks:
        for _ in range(5):
            asked = [talks.send("say", room=room, body="x" * 60000)
                     for _ in range(40)]
            codes = {talks.reply(seq)["code"] for seq in asked}
            assert codes <= {200, 1004}, codes
            assert 200 in codes
    members.close()
    assert pids(server) == before
    with server.client("after", room) as after:
        after.say(room, "it is over")
