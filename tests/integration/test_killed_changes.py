"""What was answered holds whoever is killed: edits, deletions and read marks of
a busy room and of conversations, while ledger, historian and gateways die."""

import random
import threading

import pytest

from client import Refused
from server import DEATHS, wait_for
from wire import Closed

ROOM = "busy"
KILLS = ["ledger", "historian", "ledger", "gateway", "ledger"]
STEPS = 150  # of each writer between two kills


class Writer:
    """Says, edits, deletes and reads at random. Knows for each of its messages
    the bodies that it may have now: one, or several when a change was not
    answered. None: deleted."""

    def __init__(self, server, number):
        self.server = server
        self.random = random.Random("writer %d" % number)
        self.user = "writer-%d" % number
        friend = "writer-%d" % (number ^ 1)
        self.targets = [{"room": ROOM}, {"user": friend}]
        self.may_be = {}
        self.open = []  # bodies that were said and not answered
        self.mark = 0
        self.steps = 0
        self.count = 0
        self.is_over = threading.Event()
        self.faults = []

    def __call__(self):
        try:
            while not self.is_over.is_set():
                self.visit()
        except BaseException as fault:  # the test must fail, whatever it is
            self.faults.append(fault)
            raise

    def visit(self):
        try:
            with self.server.client(self.user, ROOM) as client:
                while not self.is_over.is_set():
                    self.step(client)
                    self.steps += 1
        except TimeoutError:
            raise  # nobody may wait in vain
        except (OSError, Closed):
            pass  # its gateway was killed
        except Refused as refused:
            assert refused.code == 1004, refused

    def step(self, client):
        what = self.random.random()
        alive = [at for at, bodies in self.may_be.items()
                 if None not in bodies]
        if what < 0.4 or not alive:
            self.say(client)
        elif what < 0.8:
            self.change(client, self.random.choice(alive), "edit")
        elif what < 0.9:
            self.change(client, self.random.choice(alive), "delete")
        else:
            self.read(client)

    def next_body(self):
        self.count += 1
        return "%s %d" % (self.user, self.count)

    def say(self, client):
        which = self.random.randrange(2)
        body = self.next_body()
        self.open.append(body)
        said = client.call("say", body=body, **self.targets[which])
        self.open.remove(body)
        self.may_be[which, said["id"]] = {body}

    def change(self, client, at, cmd):
        which, name = at
        body = self.next_body() if cmd == "edit" else None
        more = {"body": body} if cmd == "edit" else {}
        self.may_be[at].add(body)
        try:
            client.call(cmd, id=name, **self.targets[which], **more)
        except Refused as refused:
            assert refused.code == 1004, refused
            self.may_be[at].discard(body)
            return
        self.may_be[at] = {body}

    def read(self, client):
        top = client.call("history", room=ROOM, limit=1)["last"]
        now = client.call("read", room=ROOM, offset=self.random.randint(0, top))
        assert now["offset"] >= self.mark
        self.mark = now["offset"]

    def check(self):
        with self.server.client(self.user) as client:
            assert client.call("join", room=ROOM)["read"] >= self.mark
            for which, target in enumerate(self.targets):
                kept = {m["id"]: m["body"] for m in
                        client.whole_history(**target)
                        if m["from"] == self.user}
                for (where, name), bodies in self.may_be.items():
                    if where == which:
                        assert kept.pop(name) in bodies, (name, bodies)
                assert set(kept.values()) <= set(self.open)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_changes_and_marks_that_were_answered_hold(make_server, how):
    server = make_server(gateways=2, ledgers=2, grace_seconds="100ms")
    server.allow(DEATHS)
    server.start()
    writers = [Writer(server, number) for number in range(4)]
    threads = [threading.Thread(target=writer) for writer in writers]
    for thread in threads:
        thread.start()
    for role in KILLS:
        goal = sum(writer.steps for writer in writers) + STEPS * len(writers)
        wait_for("they go on", lambda: any(w.faults for w in writers) or sum(
            w.steps for w in writers) >= goal, 120)
        server.kill_one(role)
    for writer in writers:
        writer.is_over.set()
    for thread in threads:
        thread.join()
    assert [writer.faults for writer in writers] == [[]] * len(writers)
    for writer in writers:
        writer.check()
    getattr(server, how)()
    server.start()
    for writer in writers:
        writer.check()
