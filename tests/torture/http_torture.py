"""http_torture.py [SECONDS [SEED]]: a dozen clients send the api requests that
are broken in every way, in pieces of any size, and leave in the middle, while
honest ones send theirs in pieces, too, and must get each answer, in order.
Then no process may have died and nothing may be left of those who left.

A failed run prints its seed; what is sent depends on that alone.
"""

import json
import os
import pathlib
import random
import socket
import struct
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "integration"))

import verdict  # noqa: E402
import wire  # noqa: E402
from keyed import key_section  # noqa: E402
from server import Server, wait_for  # noqa: E402

KEY = "torture"
VANDALS = 10
HONEST = 2


def request(method, path, body=b"", *lines):
    head = ["%s %s HTTP/1.1" % (method, path), "Host: x",
            "Authorization: Bearer " + KEY, *lines]
    if body:
        head.append("Content-Length: %d" % len(body))
    return "\r\n".join(head + ["", ""]).encode() + body


SEEDS = [
    request("GET", "/v1/online?users=a&users=b"),
    request("GET", "/v1/history?room=r"), request("GET", "/v1/rooms"),
    request("GET", "/v1/members?room=r"), request("GET", "/v1/users/ann"),
    request("GET", "/v1/stats"), request("GET", "/metrics"),
    request("GET", "/v1/bans"), request("GET", "/confab.js"),
    request("OPTIONS", "/v1/say"), request("HEAD", "/v1/rooms"),
    request("POST", "/v1/say", b'{"room":"r","body":"hello"}'),
    request("POST", "/v1/say", b'{"room":"r","body":1}',
            "Expect: 100-continue"),
    request("POST", "/v1/say", b'[{"rooms":["r","q"],"body":1},{"user":"ann",'
            b'"body":2}]', "Idempotency-Key: k"),
    request("POST", "/v1/join", b'{"user":"ann","room":"z"}'),
    request("POST", "/v1/leave", b'{"user":"ann","room":"z"}'),
    request("POST", "/v1/ban", b'{"user":"mallory","seconds":5}'),
    request("DELETE", "/v1/history?room=r&before=3"),
    request("POST", "/v1/say", b"", "Transfer-Encoding: chunked") +
    b'5\r\n{"roo\r\n14\r\nm":"r","body":12345}\r\n0\r\n\r\n',
]


def broken(data, dice):
    data = bytearray(data)
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2, 5))):
        at = dice.randrange(len(data) + 1)
        how = dice.randrange(5)
        if how == 0:
            data[at:at + 1] = bytes([dice.randrange(256)])
        elif how == 1:
            data[at:at] = dice.randbytes(dice.randrange(8))
        elif how == 2:
            del data[at:at + dice.randrange(20)]
        elif how == 3:
            data[at:at] = data[:dice.randrange(60)]
        else:
            data[at:at] = b"\r\n"
    return bytes(data)


def send_in_pieces(visitor, data, dice):
    while data:
        size = dice.choice((1, 7, 100, 5000))
        visitor.sendall(data[:size])
        data = data[size:]


class Torture:
    def __init__(self, server, seconds, seed):
        self.server = server
        self.end_by = time.monotonic() + seconds
        self.faults = []
        self.visits = self.answers = 0
        self.people = [threading.Thread(target=self.run, args=(act, seed + n))
                       for n, act in enumerate([self.vandalize] * VANDALS +
                                               [self.talk] * HONEST)]

    def run(self, act, seed):
        dice = random.Random(seed)
        while time.monotonic() < self.end_by and not self.faults:
            act(dice)

    def vandalize(self, dice):
        data = b"".join(broken(dice.choice(SEEDS), dice)
                        for _ in range(dice.choice((1, 1, 3, 30))))
        try:
            with socket.create_connection(
                    ("127.0.0.1", self.server.http_port)) as visitor:
                visitor.settimeout(0.3)
                send_in_pieces(visitor, data[:dice.randrange(4 * len(data))],
                               dice)
                self.leave(visitor, dice)
        except OSError:
            pass
        self.visits += 1

    def leave(self, visitor, dice):
        how = dice.randrange(4)
        if how == 0:
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
            return
        if how == 1:
            visitor.shutdown(socket.SHUT_WR)
        while how < 3 and visitor.recv(65536):
            pass

    def talk(self, dice):
        names = ["n%d" % dice.randrange(1000) for _ in range(20)]
        data = b"".join(
            request("POST", "/v1/say", json.dumps(
                {"rooms": [name], "body": name}).encode())
            for name in names)
        try:
            with wire.Socket(self.server.http_port) as visitor:
                send_in_pieces(visitor.socket, data, dice)
                for name in names:
                    answer = visitor.read_response()
                    rooms = json.loads(answer.body)["rooms"]
                    if rooms[0]["room"] != name:
                        self.faults.append("%s, not %s" % (rooms, name))
                    self.answers += 1
        except (wire.Closed, OSError, KeyError, ValueError) as error:
            self.faults.append("an honest client: %r" % error)


def open_files(server):
    return sum(len(os.listdir("/proc/%d/fd" % pid))
               for pid in server.pids("api"))


def torture(server, seconds, seed):
    one = Torture(server, seconds, seed)
    before = open_files(server)
    pids = server.pids("api")
    for thread in one.people:
        thread.start()
    for thread in one.people:
        thread.join()
    print("%d visits, %d answers" % (one.visits, one.answers))
    if server.pids("api") != pids:
        one.faults.append("a process has died")
    wait_for("all who left are gone", lambda: open_files(server) <= before)
    return one.faults


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else \
        int.from_bytes(os.urandom(4), "big")
    print("torture of %g s, seed %d" % (seconds, seed))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="confab-torture-"))
    server = Server(directory, apis=2,
                    options=key_section(directory, "key", KEY))
    try:
        server.start()
        ann = server.client("ann", "r")
        faults = torture(server, seconds, seed)
        ann.close()
        if not faults:
            server.stop()
    finally:
        server.kill()
    return verdict.tell(faults, seed, directory)


if __name__ == "__main__":
    sys.exit(main())
