"""A host of a cluster that says and answers what a test wants: relays speak
nng's protocols over TCP, and frames as worker/relay/wire.h has them.

It only listens; a server that has its `url` among its peers comes by itself.
"""

import hashlib
import hmac
import itertools
import secrets
import socket
import struct
import threading
import time

from server import GUARD, free_ports, wait_for

BUS, REQ, REP = 0x70, 0x30, 0x31
BEAT, JOURNAL, LIVE, BYE, HELLO, HELLOED, PULL, PULLED, SNAPSHOT_WANTED, \
    SNAPSHOT = range(1, 11)
END, LATER = 1, 3
FIRST, SECOND = b"\x80\0\0\1", b"\x80\0\0\2"  # how nng counts questions
HEAD = struct.Struct(">IBBHHH8sQQQ")
MAGIC = struct.unpack(">I", b"cfbR")[0]


def number(value):
    """A varint, as shared/pack.h has it."""
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def text(value):
    return number(len(value)) + value


def pack(*fields):
    return b"".join(text(one) if isinstance(one, bytes) else number(one)
                    for one in fields)


def unpack_number(data):
    value = shift = used = 0
    while True:
        byte = data[used]
        used += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, data[used:]


def read_exactly(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise ConnectionError("the other side has closed")
        data += more
    return data


def shake_hands(connection, protocol):
    connection.sendall(b"\0SP\0" + struct.pack(">HH", protocol, 0))
    return read_exactly(connection, 8)


def send(connection, payload):
    connection.sendall(struct.pack(">Q", len(payload)) + payload)


def receive(connection):
    length = struct.unpack(">Q", read_exactly(connection, 8))[0]
    return read_exactly(connection, length)


class FakeRelay:
    def __init__(self, host, secret, cluster="confab", ledgers=1):
        self.host = host
        self.secret = secret.strip().encode()
        self.cluster = hmac.digest(b"cluster", cluster.encode(),
                                   hashlib.sha256)[:8]
        self.epoch = secrets.randbits(63) + 1
        self.store = secrets.randbits(62) + 1
        self.ledgers = ledgers
        self.counts = itertools.count(1)
        self.port = free_ports(2)
        self.relay_url = "tcp://127.0.0.1:%d" % self.port
        self.pipes = []
        self.asked = []
        self.questions = {}  # kind: who answers it, in place of us
        self.listeners = [self.listen(self.port, self.serve_bus),
                          self.listen(self.port + 1, self.serve_questions)]

    def listen(self, port, serve):
        listener = socket.create_server(("127.0.0.1", port))

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=self.run, args=(serve, connection),
                                 daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener

    @staticmethod
    def run(serve, connection):
        try:
            with connection:
                serve(connection)
        except OSError:
            pass  # it went

    def serve_bus(self, connection):
        shake_hands(connection, BUS)
        self.pipes.append(connection)
        while True:
            receive(connection)

    def serve_questions(self, connection):
        shake_hands(connection, REP)
        while True:
            payload = receive(connection)
            answer = self.answer(payload[4:])
            if answer is not None:
                send(connection, payload[:4] + answer)

    def answer(self, frame):
        head = HEAD.unpack(frame[:HEAD.size])
        kind, count = head[2], head[8]
        body = frame[HEAD.size:-32]
        self.asked.append(kind)
        answer = self.questions.get(kind, self.usual)
        return answer(kind, count, body)

    def usual(self, kind, count, body):
        if kind == HELLO:
            nonce, _ = unpack_number(body)
            return self.frame(HELLOED, pack(
                nonce, self.store, self.ledgers, int(time.time() * 1000)),
                answers=count)
        if kind == SNAPSHOT_WANTED:
            return self.frame(SNAPSHOT, pack(0, 0, b""), answers=count)
        what, rest = unpack_number(body)
        ledger, rest = unpack_number(rest)
        position, rest = unpack_number(rest)
        index, rest = unpack_number(rest)
        return self.frame(PULLED, pack(
            what, ledger, END, position, index, position, index, 0, 0, b""),
            answers=count)

    def frame(self, kind, body, answers=0, host=None, epoch=None, count=None,
              to=0, secret=None):
        head = HEAD.pack(MAGIC, 1, kind, 0, host or self.host, to,
                         self.cluster, epoch or self.epoch,
                         count or next(self.counts), answers)
        return head + body + hmac.digest(secret or self.secret, head + body,
                                         hashlib.sha256)

    def say(self, payload):
        """To everybody who has come."""
        for pipe in list(self.pipes):
            try:
                send(pipe, payload)
            except OSError:
                self.pipes.remove(pipe)

    def beat(self, live_head=0, sources=None, **more):
        if sources is None:
            sources = b"".join(text(pack(ledger, 0, 0))
                               for ledger in range(self.ledgers))
        self.say(self.frame(BEAT, pack(int(time.time() * 1000), live_head,
                                       sources), **more))

    def wait_up(self, server):
        """Beats until the server has met us."""
        def is_up():
            self.beat()
            return server.sees(self)

        wait_for("the server meets the fake host", is_up, look_every=0.1)

    def ask(self, server, payload):
        """What the server answers to a question."""
        with self.questioner(server) as connection:
            send(connection, FIRST + payload)
            return receive(connection)[4:]

    def ask_in_vain(self, server, payload):
        """Asks something better behind it, which is answered: was that the
        first answer?"""
        with self.questioner(server) as connection:
            send(connection, FIRST + payload)
            send(connection, SECOND + self.frame(HELLO, pack(1)))
            return receive(connection)[:4] == SECOND

    @staticmethod
    def questioner(server):
        connection = socket.create_connection(
            ("127.0.0.1", server.relay_port + 1), GUARD)
        shake_hands(connection, REQ)
        return connection

    def close(self):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for pipe in self.pipes:
            pipe.close()
