"""Those who talk and listen on the hosts of a cluster while something happens
to it, each in a thread of its own, and what must then be true of it all.

    with Listener(host, "eve", room) as eve, Talker(host, "ann", room) as ann:
        ann.wait_said(100)
        ann.finish()
        history = cluster.wait_same(room, ann.said)
        eve.wait_heard([one[0] for one in history])
"""

import socket
import threading
import time

import wire
from server import GUARD, wait_for

LATER = (1004, 1008)  # nothing was done: say it again


class Talker(threading.Thread):
    """Says 0, 1, 2 … in a room, each until it is stored: the key makes it one
    message however often it is said. Until `count` are said, or finish()."""

    def __init__(self, host, user, room, count=None, pause=0.001, body_bytes=0):
        super().__init__(daemon=True)
        self.host, self.user, self.room, self.count = host, user, room, count
        self.pause, self.padding = pause, "x" * body_bytes
        self.said = 0
        self.is_ending = False
        self.failure = None
        self.start()

    def run(self):
        end = time.monotonic() + 10 * GUARD
        while not self.is_done():
            try:
                with self.host.client(self.user, self.room) as client:
                    self.talk(client)
            except (OSError, wire.Closed, AssertionError) as error:
                if time.monotonic() > end or isinstance(error, Wrong):
                    self.failure = error
                    return
                time.sleep(0.05)  # it will serve again

    def is_done(self):
        return self.said == self.count or self.is_ending

    def talk(self, client):
        while not self.is_done():
            self.say(client, self.said)
            self.said += 1
            time.sleep(self.pause)

    def say(self, client, number):
        end = time.monotonic() + GUARD
        while True:
            answer = client.ask("say", room=self.room, key=str(number),
                                body=[self.user, number] +
                                ([self.padding] if self.padding else []))
            client.seen("msg")
            if answer["code"] == 200:
                return
            if answer["code"] not in LATER or time.monotonic() > end:
                raise Wrong(answer)
            time.sleep(0.02)

    def wait_said(self, more, guard=GUARD):
        goal = self.said + more
        wait_for("%s has said %d more" % (self.user, more),
                 lambda: self.said >= goal or self.failure, guard)

    def finish(self):
        self.is_ending = True
        self.check()

    def check(self):
        self.join(4 * GUARD)
        assert not self.is_alive() and self.failure is None, self.failure

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_ending = True


class Wrong(Exception):
    """Refused for a reason that must not be."""


class Listener(threading.Thread):
    """Reads all that comes in a room; `heard` has ids, `pushes` all else."""

    def __init__(self, host, user, room):
        super().__init__(daemon=True)
        self.user = user
        self.heard = []
        self.pushes = []
        self.end = None  # why it hears no more
        self.client = host.client(user, room)

    def __enter__(self):
        self.start()
        return self

    def run(self):
        try:
            while True:
                push = self.client.take_one(10 * GUARD)
                self.client.pushes.clear()
                if push["cmd"] == "msg":
                    self.heard.append(push["data"]["id"])
                else:
                    self.pushes.append(push)
        except (OSError, ValueError, wire.Closed) as error:
            self.end = error

    def wait_heard(self, ids):
        """Each of them once, and nothing else. Messages of one host come in
        the order of `ids`."""
        try:
            wait_for("%s has heard all" % self.user,
                     lambda: len(self.heard) >= len(ids) or self.end)
        except AssertionError as error:
            missing = [(ids.index(one), origin(one)) for one in ids
                       if one not in set(self.heard)]
            raise AssertionError("%s: %d of %d are missing: %s" % (
                error, len(missing), len(ids), missing[:20])) from None
        assert self.end is None, self.end
        assert len(set(self.heard)) == len(self.heard)
        assert set(self.heard) == set(ids)
        assert by_origin(self.heard) == by_origin(ids)

    def __exit__(self, *_):
        self.client.socket.socket.shutdown(socket.SHUT_RDWR)
        self.join(GUARD)
        self.client.close()


def origin(message_id):
    """Who has given it: behind the digits of the time."""
    return message_id[13:]


def by_origin(ids):
    """Those of each host, in the order they stand in."""
    rows = {}
    for one in ids:
        rows.setdefault(origin(one), []).append(one)
    return rows


def check_rows(messages, users, count):
    """What each has said stands there in his order."""
    for user in users:
        assert [body[1] for _, _, body in messages if body[0] == user] == \
            list(range(count))
