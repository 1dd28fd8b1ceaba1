"""Thousands of reconnects, into a room with `since` or into the own inbox,
while others talk and while processes are killed: what each client has seen, put
together, has no gap and no repeat, and is what the history says."""

import os
import random
import signal
import threading

import pytest

from client import Refused
from server import DEATHS, wait_for
from wire import Closed

ROOM = "busy"
READERS = ["reader-%d" % n for n in range(6)]
RETURNS = 2000
BATCH = 10
RECOVERED_MAX = 500  # of these short messages, for sure
KILLS = ["ledger", "historian", "gateway", "ledger", "historian"]


class Room:
    """All readers come back into one room."""

    target = {"room": ROOM}
    rooms = [ROOM]

    @staticmethod
    def enter(server, user, since):
        """A client that may be refused, and what its way in is answered."""
        client = server.client(user)
        more = {"since": since} if since else {}
        answer = client.call("join", room=ROOM, **more)
        return client, answer

    @staticmethod
    def history(server, user):
        with server.client(user, ROOM) as client:
            return client.whole_history(ROOM)


class Inbox:
    """Each message is for all readers; each comes back into its own inbox."""

    target = {"users": READERS}
    rooms = []

    @staticmethod
    def enter(server, user, since):
        client = server.client(user, inbox=since)
        return client, {**client.login, **client.login["inbox"]}

    @staticmethod
    def history(server, user):
        with server.client(user) as client:
            return client.whole_history(inbox=True)


class Shared:
    """What the threads of one test share."""

    def __init__(self, server, place):
        self.server = server
        self.place = place
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
                with self.shared.server.client(
                        self.name, *self.shared.place.rooms) as client:
                    self.talk(client)
            except TimeoutError:
                raise  # nobody may wait in vain
            except (OSError, Closed, Refused):
                pass

    def talk(self, client):
        while not self.shared.is_silent.is_set():
            if not self.may_talk:
                self.may_talk = self.shared.batches.acquire(timeout=0.1)
                continue
            batch = range(self.next, self.next + BATCH)
            seqs = [client.send("say", body=n, key="%s %d" % (self.name, n),
                                **self.shared.place.target) for n in batch]
            replies = [client.reply(seq) for seq in seqs]
            if any(reply["code"] != 200 for reply in replies):
                return
            self.next = batch.stop
            self.may_talk = False


class Reader:
    """Comes and goes; knows what it has seen as {offset: id}."""

    def __init__(self, shared, user):
        self.shared = shared
        self.random = random.Random(user)
        self.user = user
        self.epoch = None
        self.last = 0
        self.seen = {}

    def __call__(self):
        while not self.shared.is_over.is_set():
            try:
                self.visit()
            except TimeoutError:
                raise
            except (OSError, Closed):
                pass  # its gateway was killed
            except Refused as refused:
                assert refused.code == 1004, refused

    def visit(self):
        """Comes to where it was, or to a place further back."""
        back = self.random.choice([0, 0, 0, 1, 40, 127, 128, 200, 400])
        since = max(0, self.last - back)
        client, answer = self.shared.place.enter(
            self.shared.server, self.user,
            self.epoch and {"epoch": self.epoch, "offset": since})
        with client:
            assert client.seen("msg") == [], "a push came before the answer"
            if self.epoch:
                assert answer["epoch"] == self.epoch
                self.recover(since, answer)
            self.epoch = answer["epoch"]
            self.last = answer["offset"]
            self.shared.batches.release()
            # Not more than it asked for: the others may be through.
            for _ in range(self.random.randrange(BATCH + 1)):
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
        server.wait_replaced(role, victim)
    shared.has_killed = True


@pytest.mark.parametrize("place", [Room, Inbox])
def test_who_comes_back_thousands_of_times_misses_nothing(make_server, place):
    server = make_server(gateways=2, grace_seconds="100ms")
    server.allow(DEATHS)
    shared = Shared(server.start(), place)
    readers = [Reader(shared, user) for user in READERS]
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
    for reader in readers:
        messages = place.history(server, reader.user)
        history = {m["offset"]: m["id"] for m in messages}
        assert list(history) == list(range(1, len(history) + 1))
        said = [(m["from"], m["body"]) for m in messages]
        assert len(set(said)) == len(said), "said twice"
        assert set(reader.seen.items()) <= set(history.items())
        assert shared.missed_too_much or reader.gaps() == 0
    print("%d returns, %d by the archive, %d messages" % (
        shared.returns, shared.looked_up, len(history)))
