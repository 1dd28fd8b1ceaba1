"""kill_torture.py [SECONDS [SEED]]: kills and freezes random children of a real
server every 50 to 500 ms while two dozen clients chat in several rooms; then
checks that nothing acknowledged was lost or doubled and everything still works.

The seed decides who is struck how and when; a failed run prints it.
"""

import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "integration"))

from crowd import Crowd  # noqa: E402
from server import DEATHS, Server, process_exists, wait_for  # noqa: E402

CLIENTS = 24
MESSAGES_PER_SECOND = 3000
ROOMS = ["room-%d" % n for n in range(5)]


class Tormentor:
    """Strikes when its time has come; is asked once a turn of the crowd."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.next_at = time.monotonic()
        self.frozen = []
        self.count = {"killed": 0, "frozen": 0}
        self.victims = set()

    def act(self):
        now = time.monotonic()
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
                wait_for("members of " + room, lambda: sorted(
                    m["user"] for m in reader.call(
                        "members", room=room)["members"]) == wanted)
            except AssertionError:
                page = reader.call("members", room=room)["members"]
                yield "%s: members are %s, there are %s" % (
                    room, sorted(m["user"] for m in page), wanted)


def torture(server, seconds, seed):
    """Everything that was wrong, as sentences."""
    crowd = Crowd(server.port, MESSAGES_PER_SECOND)
    for n in range(CLIENTS):
        crowd.add("member-%d" % n, crowd_rooms(n), window=1 + n % 4)
    crowd.wait_inside()
    tormentor = Tormentor(server, seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tormentor.act()
        crowd.turn()
    tormentor.relent()
    crowd.run(server.is_serving, 60)
    before = crowd.acknowledged()
    crowd.wait_acknowledged(100, 60)
    crowd.settle(60)
    print("%d children killed, %d frozen; %d messages acknowledged, %d open, "
          "%d refused; %d connections broken" % (
              tormentor.count["killed"], tormentor.count["frozen"],
              crowd.acknowledged(), len(crowd.book.open),
              len(crowd.book.refusals), sum(m.breaks for m in crowd.members)))
    faults = []
    if before == 0:
        faults.append("nothing was acknowledged during the torture")
    faults += list(members_fault(server, crowd))
    crowd.leave()
    with server.client("judge", *ROOMS) as judge:
        faults += crowd.book.faults(lambda **how: judge.call("history", **how))
    faults += ["still there: %d" % pid for pid in tormentor.victims
               if process_exists(pid)]
    faults += ["leaked: %d" % pid for pid in leaked(server)]
    faults += server.surprises()
    return faults


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
    server = Server(directory / "confab", gateways=3, ledgers=2,
                    grace_seconds="500ms", outbox_bytes="8M")
    server.allow(DEATHS)
    try:
        server.start()
        faults = torture(server, seconds, seed)
        if not faults:
            server.stop()
    finally:
        server.kill()
    for fault in faults[:50]:
        print("FAULT: " + fault)
    if faults:
        print("%d faults, seed %d; log and data are in %s" % (
            len(faults), seed, directory))
        return 1
    shutil.rmtree(directory)
    print("all invariants hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
