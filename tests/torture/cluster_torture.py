"""cluster_torture.py [SECONDS [SEED [HOSTS]]]: hosts of one cluster, of which
any process dies or stands still, at times a whole host, and between which links
break, come back and go slow, while on each of them publishers talk and
listeners note what they are sent. Then all hosts must have the same history,
with all that was acknowledged, and nobody may have missed anything
(cluster_book.py).

The seed decides how the hosts are set up and who is struck how and when; a
failed run prints it. Where network namespaces are not permitted the hosts are
on 127.0.0.1 and no link is harmed.
"""

import os
import pathlib
import random
import re
import signal
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "integration"))

import cluster as on_loopback  # noqa: E402
import links  # noqa: E402
import verdict  # noqa: E402
import wire  # noqa: E402
from client import whole_history  # noqa: E402
from cluster_book import ByHttp, ByWebSocket, Judge, Listener  # noqa: E402
from server import DEATHS, wait_for  # noqa: E402

ROOMS = ["red", "green", "blue"]
PAUSE = 0.02

# Who was away in the first two for half a minute can recover all of it.
SAID_IN = ROOMS + ROOMS[2:] * 5


class Tormentor:
    """One thing after the other; what was broken is mended when its time has
    come."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.random = random.Random(seed)
        self.count = {}
        self.mending = []  # (when, what it is about, what to do)
        self.surprises = []
        self.ways = [(10, self.kill), (8, self.freeze), (3, self.kill_host),
                     (2, self.freeze_host)]
        if hasattr(cluster, "network"):
            self.ways += [(5, self.cut), (5, self.part), (3, self.slow)]

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.mend()
            weights, ways = zip(*self.ways)
            way = self.random.choices(ways, weights)[0]
            host = self.random.choice(self.cluster.hosts)
            if way(host):
                name = way.__name__.replace("_", " ")
                self.count[name] = self.count.get(name, 0) + 1
            time.sleep(self.random.uniform(0.1, 1.0))
        self.mend(is_all=True)

    def mend(self, is_all=False):
        for one in list(self.mending):
            if is_all or one[0] <= time.monotonic():
                self.mending.remove(one)
                one[2]()

    def later(self, what, least, most, do):
        self.mending.append(
            (time.monotonic() + self.random.uniform(least, most), what, do))

    def is_busy(self, *what):
        return any(one[1] == what for one in self.mending)

    def kill(self, host):
        return self.signal_one(host, signal.SIGKILL)

    def freeze(self, host):
        pid = self.signal_one(host, signal.SIGSTOP)
        if pid:
            self.later(("frozen", pid), 0.01, 2.0,
                       lambda: send(pid, signal.SIGCONT))
        return pid

    def signal_one(self, host, what):
        if self.is_busy("dead", host) or not host.is_running():
            return None
        try:
            pids = [int(one["pid"]) for one in host.workers()]
        except (OSError, wire.Closed):
            return None
        pids = [pid for pid in pids if pid > 0]
        pid = self.random.choice(pids) if pids else None
        return pid if pid and send(pid, what) else None

    def kill_host(self, host):
        if self.is_busy("dead", host):
            return False
        self.surprises += host.surprises()
        host.kill()
        self.later(("dead", host), 0.1, 5.0, host.launch)
        return True

    def freeze_host(self, host):
        if self.is_busy("dead", host):
            return False
        pids = host.processes()
        for pid in pids:
            send(pid, signal.SIGSTOP)
        self.later(("frozen", host), 0.1, 5.0,
                   lambda: [send(pid, signal.SIGCONT) for pid in pids])
        return True

    def cut(self, host):
        self.cluster.network.cut(host)
        self.later(("cut", host), 0.05, 8.0,
                   lambda: self.cluster.network.mend(host))
        return True

    def part(self, host):
        """Cuts it off from one other host."""
        other = self.random.choice(self.cluster.others(host))
        pair = sorted((host, other), key=lambda one: one.number)
        if self.is_busy("apart", *pair):
            return False
        self.cluster.network.part(*pair)
        self.later(("apart", *pair), 0.05, 20.0,
                   lambda: self.cluster.network.join(*pair))
        return True

    def slow(self, host):
        self.cluster.network.slow(host, self.random.choice(
            ["256kbit", "2mbit", "20mbit"]))
        self.later(("slow", host), 0.5, 5.0,
                   lambda: self.cluster.network.quick(host))
        return True


def send(pid, what):
    try:
        os.kill(pid, what)
        return pid
    except ProcessLookupError:
        return None


def make_people(cluster, seed):
    publishers, listeners = [], []
    for place, host in enumerate(cluster.hosts):
        for kind in (ByWebSocket, ByHttp):
            publishers.append(kind(host, "%s of %d" % (
                kind.__name__, host.number), SAID_IN, PAUSE))
        for room in ROOMS[:2]:
            listeners.append(Listener(
                cluster.hosts, place, "%s of %d" % (room, host.number), room,
                "%d %s %d" % (seed, room, place)))
    for one in listeners + publishers:
        one.start()
    return publishers, listeners


def read_histories(cluster):
    found = {}
    for host in cluster:
        with host.client("judge of %d" % host.number, *ROOMS) as judge:
            found[host.number] = {room: whole_history(
                lambda **data: judge.call("history", **data), room=room)
                for room in ROOMS}
    return found


def wait_settled(cluster, listeners):
    """The same everywhere, and nobody waits for more."""
    def are_same():
        found = read_histories(cluster)
        sets = [[{one["id"] for one in rooms[room]} for room in ROOMS]
                for rooms in found.values()]
        return all(one == sets[0] for one in sets)

    def are_told():
        found = read_histories(cluster)
        return all(is_told(one, found) for one in listeners)

    def is_told(one, found):
        if not one.lines:
            return False
        line = one.lines[-1]
        row = found[line.host.number][one.room]
        top = row[-1]["offset"] if row else 0
        return max(line.start, line.messages[-1][0] if line.messages else 0
                   ) >= top

    for what, is_so in (("histories are the same", are_same),
                        ("all are told", are_told)):
        try:
            wait_for(what, is_so, 60, look_every=0.5)
        except AssertionError as error:
            yield str(error)


def wait_answered(publishers):
    """Each of them, once more."""
    before = [len(one.acks) for one in publishers]
    for one, count in zip(publishers, before):
        try:
            wait_for(one.name + " is answered again",
                     lambda: len(one.acks) > count)  # pylint: disable=W0640
        except AssertionError as error:
            yield "%s: %s, %d breaks" % (error, one.open, one.breaks)


def torture(cluster, seconds, seed):
    publishers, listeners = make_people(cluster, seed)
    tormentor = Tormentor(cluster, seed)
    tormentor.run(seconds)
    for one in listeners:
        one.is_staying = True
    for host in cluster:
        host.wait_serving(60)
    cluster.wait_met(guard=60)
    faults = list(wait_answered(publishers))
    for one in publishers:
        one.end()
    faults += wait_settled(cluster, listeners)
    for one in listeners:
        one.end()
    faults += Judge(read_histories(cluster)).judge(publishers, listeners)
    faults += tormentor.surprises
    for host in cluster:
        faults += host.surprises() + holes(host)
    changed = sum(one.changed for one in listeners)
    print(", ".join("%s %d" % one for one in sorted(tormentor.count.items())),
          "\n%d acknowledged, %d breaks; %d times recovered, %d of them on "
          "another host, %d not, %d moved"
          % (sum(len(one.acks) for one in publishers),
             sum(one.breaks for one in publishers + listeners),
             sum(one.recovered for one in listeners), changed,
             sum(one.not_recovered for one in listeners),
             sum(one.moved for one in listeners)))
    if seconds >= 60 and changed == 0:
        faults.append("nobody has recovered on another host")
    return faults


def holes(host):
    """No link was away for longer than the journal is kept."""
    text = host.log_path.read_text("utf-8", "replace")
    return ["host %d: %s" % (host.number, line) for line in
            re.findall(r".*of its journal are lost.*", text)]


def settings(seed):
    chance = random.Random("settings %d" % seed)
    return {"gateways": 2, "ledgers": chance.choice([1, 2]),
            "durability": chance.choice(["commit", "fsync"]),
            "ring_bytes": chance.choice(["256K", "256K", "64K"])}


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else \
        int.from_bytes(os.urandom(4), "big")
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    kind = on_loopback if links.why_not() else links
    how = settings(seed)
    print("torture of a cluster of %d, %g s, seed %d; %s%s" % (
        count, seconds, seed, ", ".join("%s = %s" % one for one in how.items()),
        "; no links: " + links.why_not() if links.why_not() else ""))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="confab-torture-"))
    cluster = kind.Cluster(directory, count, grace_seconds="500ms",
                           outbox_bytes="8M", max_message_bytes="4K", **how)
    cluster.let_in_backends()
    for host in cluster:
        host.allow(DEATHS)
    try:
        cluster.start().wait_met().wait_agreed()
        faults = torture(cluster, seconds, seed)
        if not faults:
            cluster.end()
    finally:
        cluster.kill()
    return verdict.tell(faults, seed, directory)


if __name__ == "__main__":
    sys.exit(main())
