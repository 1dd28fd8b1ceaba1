"""Thousands of reconnects with `since` while others talk and while processes
are killed: what each client has seen, put together, has no gap and no repeat,
and is what the history says."""

import os
import random
import signal
import threading

from client import Refused
from server import DEATHS, wait_for
from wire import Closed

ROOM = "busy"
READERS = 6
RETURNS = 2000
BATCH = 10
RECOVERED_MAX = 500  # of these short messages, for sure
KILLS = ["ledger", "historian", "gateway", "ledger", "historian"]


class Shared:
    """What the threads of one test share."""

    def __init__(self, server):
        self.server = server
        self.lock = threading.Lock()
        self.returns = 0
        self.looked_up = 0
        self.missed_too_much = 0
        self.has_killed = False
        self.is_over = threading.Event()    # for readers
        self.is_silent = threading.Event()  # for talkers, who end last
        self.batches = threading.Semaphore(0)  # that may be said
        self.faults = []

    def run(self, act):
        try:
            act()
        except BaseException as fault:  # whatever it is, the test must fail
            self.faults.append(fault)
            self.is_over.set()
            raise


class Talker:
    """Says numbers in batches, as many as readers ask for, over as many
    connections as it takes. Each number has a key, so that one that was not
    answered is said again."""

    def __init__(self, shared, name):
        self.shared = shared
        self.name = name
        self.next = 0
        self.may_talk = False

    def __call__(self):
        while not self.shared.is_silent.is_set():
            try:
                with self.shared.server.client(self.name, ROOM) as client:
                    self.talk(client)
            except (OSError, Closed, Refused):
                pass

    def talk(self, client):
        while not self.shared.is_silent.is_set():
            if not self.may_talk:
                self.may_talk = self.shared.batches.acquire(timeout=0.1)
                continue
            batch = range(self.next, self.next + BATCH)
            seqs = [client.send("say", room=ROOM, body=n,
                                key="%s %d" % (self.name, n)) for n in batch]
            replies = [client.reply(seq) for seq in seqs]
            if any(reply["code"] != 200 for reply in replies):
                return
            self.next = batch.stop
            self.may_talk = False


class Reader:
    """Comes and goes; knows what it has seen as {offset: id}."""

    def __init__(self, shared, number):
        self.shared = shared
        self.random = random.Random(number)
        self.user = "reader-%d" % number
        self.epoch = None
        self.last = 0
        self.seen = {}

    def __call__(self):
        while not self.shared.is_over.is_set():
            try:
                with self.shared.server.client(self.user) as client:
                    self.visit(client)
            except (OSError, Closed):
                pass  # its gateway was killed
            except Refused as refused:
                assert refused.code == 1004, refused

    def visit(self, client):
        """Joins from where it was, or from a place further back."""
        back = self.random.choice([0, 0, 0, 1, 40, 127, 128, 200, 400])
        since = max(0, self.last - back)
        more = {"since": {"epoch": self.epoch, "offset": since}} \
            if self.epoch else {}
        answer = client.call("join", room=ROOM, **more)
        assert client.seen("msg") == [], "a push came before the answer"
        if self.epoch:
            assert answer["epoch"] == self.epoch
            self.recover(since, answer)
        self.epoch = answer["epoch"]
        self.last = answer["offset"]
        self.shared.batches.release(2)
        for _ in range(self.random.randrange(12)):
            message = client.push("msg")
            assert message["offset"] == self.last + 1
            self.take(message)

    def recover(self, since, answer):
        wanted = list(range(since + 1, answer["offset"] + 1))
        if not answer["recovered"] and len(wanted) > RECOVERED_MAX:
            with self.shared.lock:
                self.shared.missed_too_much += 1
            return
        assert answer["recovered"] is True, (since, answer["offset"])
        assert [m["offset"] for m in answer["messages"]] == wanted
        for message in answer["messages"]:
            self.take(message)
        with self.shared.lock:
            self.shared.returns += 1
            self.shared.looked_up += len(wanted) > 128
            if self.shared.returns >= RETURNS and self.shared.has_killed:
                self.shared.is_over.set()

    def take(self, message):
        offset = message["offset"]
        assert self.seen.setdefault(offset, message["id"]) == message["id"]
        self.last = max(self.last, offset)

    def gaps(self):
        """How many messages are missing in what was seen."""
        return max(self.seen) - min(self.seen) + 1 - len(self.seen)


def kill_now_and_then(shared):
    server = shared.server
    for number, role in enumerate(KILLS, 1):
        wait_for("some have come back", lambda: shared.is_over.is_set() or
                 shared.returns >= RETURNS * number // (len(KILLS) + 1), 120)
        victim = server.pids(role)[0]
        os.kill(victim, signal.SIGKILL)
        wait_for("another %s serves" % role,
                 lambda: victim not in server.pids(role) and
                 server.is_serving(), 30)
    shared.has_killed = True


def test_who_comes_back_thousands_of_times_misses_nothing(make_server):
    server = make_server(gateways=2, grace_seconds="100ms")
    server.allow(DEATHS)
    shared = Shared(server.start())
    readers = [Reader(shared, n) for n in range(READERS)]
    talkers = [Talker(shared, "talker-%d" % n) for n in range(2)]
    acts = talkers + readers + [lambda: kill_now_and_then(shared)]
    threads = [threading.Thread(target=shared.run, args=(act,))
               for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads[len(talkers):]:
        thread.join()
    shared.is_silent.set()
    for thread in threads:
        thread.join()
    assert shared.faults == []
    assert shared.returns >= RETURNS
    assert shared.looked_up > 100, "the archive was hardly asked"
    assert shared.missed_too_much < RETURNS / 20
    with server.client("judge", ROOM) as judge:
        history = {m["offset"]: m["id"] for m in judge.whole_history(ROOM)}
    assert list(history) == list(range(1, len(history) + 1))
    for reader in readers:
        assert set(reader.seen.items()) <= set(history.items())
        assert shared.missed_too_much or reader.gaps() == 0
    print("%d returns, %d by the archive, %d messages" % (
        shared.returns, shared.looked_up, len(history)))
