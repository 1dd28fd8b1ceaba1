"""kill_torture.py [SECONDS [SEED]]: kills and freezes random children of a real
server every 50 to 500 ms while two dozen clients chat in several rooms and
directly with each other and look things up; now and then kills all of it and
starts it anew, or the master alone and starts another one beside its orphans.
Then checks that nothing acknowledged was lost or doubled, every request was
answered, nobody missed anything and everything still works.

The seed decides how the server is set up and who is struck how and when; a
failed run prints it.
"""

import os
import pathlib
import random
import signal
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "integration"))

import verdict  # noqa: E402
from crowd import Crowd  # noqa: E402
from server import DEATHS, Server, process_exists, wait_for  # noqa: E402

CLIENTS = 24
MESSAGES_PER_SECOND = 3000
ROOMS = ["room-%d" % n for n in range(5)]
USERS = ["member-%d" % n for n in range(CLIENTS)]


class Tormentor:
    """Strikes when its time has come; is asked once a turn of the crowd."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.next_at = time.monotonic()
        self.frozen = []
        self.count = {"killed": 0, "frozen": 0, "restarts": 0}
        self.victims = set()
        self.surprises = []
        self.restart_at = self.next_at + self.random.uniform(2, 8)

    def act(self, crowd):
        now = time.monotonic()
        if now >= self.restart_at:
            self.restart(crowd)
            self.restart_at = time.monotonic() + self.random.uniform(8, 20)
            return
        for wake_at, pid in list(self.frozen):
            if wake_at <= now:
                self.frozen.remove((wake_at, pid))
                send(pid, signal.SIGCONT)
        if now >= self.next_at:
            self.strike(now)
            self.next_at = now + self.random.uniform(0.05, 0.5)

    def strike(self, now):
        alive = [int(worker["pid"]) for worker in self.server.workers()
                 if int(worker["pid"]) > 0]
        if not alive:
            return
        victim = self.random.choice(alive)
        if self.random.random() < 0.6:
            self.count["killed"] += send(victim, signal.SIGKILL)
            self.victims.add(victim)
        else:
            self.count["frozen"] += send(victim, signal.SIGSTOP)
            self.frozen.append((now + self.random.uniform(0.01, 1.0), victim))

    def restart(self, crowd):
        """Everything that lives now dies; a new server takes over."""
        self.relent()
        self.victims |= set(self.server.processes())
        self.surprises += self.server.surprises()
        self.count["restarts"] += 1
        if self.random.random() < 0.7:
            self.server.kill()
        else:
            self.server.process.kill()
            self.server.process.wait()
        self.server.launch()
        crowd.run(self.server.is_serving, 60)

    def relent(self):
        for _, pid in self.frozen:
            send(pid, signal.SIGCONT)
        self.frozen = []


def send(pid, what):
    try:
        os.kill(pid, what)
        return 1
    except ProcessLookupError:
        return 0


def leaked(server):
    """Processes of the server that its table does not know."""
    known = {int(worker["pid"]) for worker in server.workers()}
    return set(server.processes()) - known - {server.process.pid}


def members_fault(server, crowd):
    """Each room's members must become exactly those who are there."""
    with server.client("reader", *ROOMS) as reader:
        for room in ROOMS:
            wanted = sorted({"reader"} | {m.user for m in crowd.members
                                          if room in m.joined})
            try:
                wait_for("members of " + room,
                         lambda: sorted(reader.members(room)) == wanted)
            except AssertionError:
                yield "%s: members are %s, there are %s" % (
                    room, sorted(reader.members(room)), wanted)


def torture(server, seconds, seed):
    """Everything that was wrong, as sentences."""
    crowd = Crowd(server.port, MESSAGES_PER_SECOND)
    for n in range(CLIENTS):
        crowd.add(USERS[n], crowd_rooms(n), window=1 + n % 4, friends=USERS)
    crowd.wait_inside()
    tormentor = Tormentor(server, seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tormentor.act(crowd)
        ask(crowd, tormentor.random)
        crowd.turn()
    tormentor.relent()
    crowd.run(server.is_serving, 60)
    before = crowd.acknowledged()
    crowd.wait_acknowledged(100, 60)
    crowd.settle(60)
    print("%d children killed, %d frozen, %d restarts of all; %d messages "
          "acknowledged, %d open, %d refused; %d direct ones; %d connections "
          "broken, %d inboxes not recovered" % (
              tormentor.count["killed"], tormentor.count["frozen"],
              tormentor.count["restarts"], crowd.acknowledged(),
              len(crowd.book.open), len(crowd.book.refusals),
              len(crowd.post.acks), sum(m.breaks for m in crowd.members),
              sum(m.inbox.skipped for m in crowd.members)))
    faults = []
    if before == 0:
        faults.append("nothing was acknowledged during the torture")
    faults += list(members_fault(server, crowd))
    crowd.leave()
    with server.client("judge", *ROOMS) as judge:
        faults += crowd.book.faults(lambda **how: judge.call("history", **how))
    faults += list(crowd.post.faults(
        lambda user, place: server.client(user, inbox=place)))
    if not crowd.post.acks:
        faults.append("nothing was told to anybody directly")
    faults += ["still there: %d" % pid for pid in tormentor.victims
               if process_exists(pid)]
    faults += ["leaked: %d" % pid for pid in leaked(server)]
    faults += tormentor.surprises + server.surprises()
    return faults


def ask(crowd, chance):
    """Now and then somebody looks something up."""
    if chance.random() > 0.05:
        return
    member = chance.choice(crowd.members)
    room = chance.choice(member.rooms)
    if room not in member.joined:
        return
    member.question("history", room=room, limit=50)
    member.question("history", room=room, after=0, limit=50)
    member.question("history", user=chance.choice(USERS), limit=50)
    member.question("online", users=USERS)
    member.question("members", room=room)
    member.question("rooms")


def settings(seed):
    chance = random.Random("settings %d" % seed)
    return {"gateways": 3, "ledgers": chance.choice([1, 2, 3]),
            "durability": chance.choice(["commit", "fsync"]),
            "ring_bytes": chance.choice(["256K", "256K", "32K"])}


def crowd_rooms(number):
    """Two or three rooms for each, so that all rooms overlap."""
    return [ROOMS[(number + step) % len(ROOMS)]
            for step in range(2 + number % 2)]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else \
        int.from_bytes(os.urandom(4), "big")
    print("torture of %g s, seed %d" % (seconds, seed))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="confab-torture-"))
    how = settings(seed)
    print(", ".join("%s = %s" % one for one in how.items()))
    server = Server(directory / "confab", grace_seconds="500ms",
                    outbox_bytes="8M", max_message_bytes="4K", **how)
    server.allow(DEATHS)
    try:
        server.start()
        faults = torture(server, seconds, seed)
        if not faults:
            server.stop()
    finally:
        server.kill()
    return verdict.tell(faults, seed, directory)


if __name__ == "__main__":
    sys.exit(main())
