"""bench.py [--quick]: what confab does on this machine, beside a bare epoll
loop measured in the same run, in turns. Prints a table; claims nothing about
time. Server, loop and load share the machine's cores.

Marks: one message at a time at least 0.75 of the bare loop, eight in flight at
least 2.5 times of it, at most one system call for a delivery, at most 1 kB of
user memory for an idle connection, and a member who does not read costs the
others at most a tenth.
"""

import os
import pathlib
import re
import shutil
import signal
import sqlite3
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "integration"))

from certificates import Certificate, lines  # noqa: E402
from client import Client  # noqa: E402
from server import Server, free_port, holder_of_ports, wait_for  # noqa: E402

BUILT = ROOT / "build/bench"
BODY = 64
ROOM = 'room "*" { events = false }'
ROOM_DROPS = 'room "*" { events = false slow = drop }'
QUICK = "--quick" in sys.argv
ROUNDS = 3 if QUICK else 5
IDLE = 2000 if QUICK else 10000
IDLE_TLS = 500 if QUICK else 2000

# receivers, messages before, messages of a round
STALLED = (1000, 1500, 400) if QUICK else (10000, 1500, 40)

# receivers, in flight, messages of a round, the mark
FANOUTS = [
    (1000, 1, 400, 0.75),
    (1000, 8, 1600, 2.5),
    (10000, 1, 40, 0.75),
    (10000, 8, 160, 2.5),
]


def compile_programs():
    BUILT.mkdir(parents=True, exist_ok=True)
    for name in ("bare_epoll", "bare_link", "crossing", "fanout", "flood",
                 "pingpong"):
        subprocess.run(
            [os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O2",
             "-Wall", "-Wextra", "-I", str(ROOT), "-o", str(BUILT / name),
             str(HERE / (name + ".c")), str(HERE / "wire.c")], check=True)


class Program:
    """One of the compiled programs, spoken to by lines."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen(
            [str(BUILT / name), *map(str, arguments)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)

    def line(self, word):
        line = self.process.stdout.readline().split()
        assert line and line[0] == word, "%s: %s" % (
            self.process.args, line or "it ended")
        return line[1:]

    def order(self, order, answer):
        self.process.stdin.write(order + "\n")
        return self.line(answer)

    def ask(self, order):
        return [float(value) for value in self.order(order, "result")]

    def end(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Running:
    """A server whose data lies on the disk of the tree (/tmp may be memory);
    all of it is removed afterwards."""

    def __init__(self, **options):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="confab-bench-"))
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=BUILT))
        self.server = Server(self.directory / "confab", ping_seconds=0,
                             data_dir=self.data, **{"options": ROOM,
                                                    **options})
        self.server.data_dir = self.data

    def __enter__(self):
        return self.server.start()

    def __exit__(self, *_):
        self.server.kill()
        shutil.rmtree(self.directory)
        shutil.rmtree(self.data)


def row(what, value, unit, mark=""):
    print("%-52s %14s  %-14s %s" % (what, value, unit, mark), flush=True)


def verdict(value, wanted, is_good):
    return "mark %s: %s" % (wanted, "reached" if is_good(value) else "MISSED")


def machine():
    model = re.search(r"model name\s*: (.*)",
                      pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)",
                       pathlib.Path("/proc/meminfo").read_text())
    disk = subprocess.run(["stat", "-f", "-c", "%T", str(BUILT)], text=True,
                          capture_output=True, check=True).stdout.strip()
    print("machine: %s, %d cores, %.0f GB, Linux %s, data on %s" % (
        model[1] if model else os.uname().machine, os.cpu_count(),
        int(memory[1]) / 1048576, os.uname().release, disk))


# Fan-out

def fanout(receivers, counts):
    """Deliveries a second of both, for each (in flight, messages, mark): rounds
    in turns, so that both see the same weather."""
    with Running(gateways=1) as server, Program(
            "fanout", "ws", server.port, receivers, "fan", BODY) as ours:
        ours.line("ready")
        _, deliveries, size = ours.ask("run 20 1")
        frame = round(size / deliveries)
        port = free_port()
        with Program("bare_epoll", port, frame) as loop:
            loop.line("ready")
            with Program("fanout", "raw", port, receivers, "fan",
                         frame) as theirs:
                theirs.line("ready")
                for window, count, mark in counts:
                    compare(ours, theirs, receivers, window, count, mark,
                            frame)
        syscalls(server, ours, receivers)


def compare(ours, theirs, receivers, window, count, mark, frame):
    order = "run %d %d" % (count, window)
    rates = {ours: [], theirs: []}
    for _ in range(ROUNDS):
        for side in (theirs, ours):
            seconds, deliveries, _ = side.ask(order)
            rates[side].append(deliveries / seconds)
    mine = statistics.median(rates[ours])
    bare = statistics.median(rates[theirs])
    what = "fan-out to %d, %d in flight, %d bytes" % (receivers, window, frame)
    row(what + ": bare loop", "%.0f" % bare, "deliveries/s")
    row(what + ": confab", "%.0f" % mine, "deliveries/s")
    row("    ratio (lowest %.2f, highest %.2f)" % (
        min(a / b for a, b in zip(rates[ours], rates[theirs])),
        max(a / b for a, b in zip(rates[ours], rates[theirs]))),
        "%.2f" % (mine / bare), "of the loop",
        verdict(mine / bare, ">= %.2f" % mark, lambda ratio: ratio >= mark))


def stalled_reader(receivers, filling, count):
    """What a message to all takes, one at a time, without and with a member who
    does not read and for whom much waits already: two loads in turns."""
    times = {}
    with Running(gateways=2, options=ROOM_DROPS) as server:
        with Program("fanout", "ws", server.port, receivers, "all",
                     BODY) as without, \
                Program("fanout", "ws", server.port, receivers, "one",
                        BODY) as with_one:
            without.line("ready")
            with_one.line("ready")
            with_one.ask("run 20 1")
            with_one.order("stall", "stalled")
            with_one.ask("run %d 8" % filling)
            for _ in range(ROUNDS):
                for side in (without, with_one):
                    seconds, _, _ = side.ask("run %d 1" % count)
                    times.setdefault(side, []).append(seconds / count)
        plain = statistics.median(times[without])
        stalled = statistics.median(times[with_one])
        row("a message to all of %d" % receivers, "%.2f" % (plain * 1000),
            "ms")
        row("the same beside one who does not read",
            "%.2f" % (stalled / plain), "of that",
            verdict(stalled / plain, "<= 1.10", lambda ratio: ratio <= 1.10))


def syscalls(server, load, receivers):
    """System calls of the gateway for each delivery, one message at a time."""
    if not shutil.which("strace"):
        row("system calls for a delivery", "-", "no strace here")
        return
    report = server.directory / "strace"
    tracer = subprocess.Popen(
        ["strace", "-c", "-f", "-o", str(report), "-p",
         str(server.pids("gateway")[0])], stderr=subprocess.PIPE, text=True)
    if "attached" not in tracer.stderr.readline():
        tracer.wait()
        row("system calls for a delivery", "-", "strace may not")
        return
    _, deliveries, _ = load.ask("run 20 1")
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    calls = sum(int(found[1]) for found in re.finditer(
        r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(?!total)\w+$",
        report.read_text(), re.M))
    row("system calls of the gateway, %d receivers" % receivers,
        "%.3f" % (calls / deliveries), "a delivery",
        verdict(calls / deliveries, "<= 1 (to 1 %)", lambda per: per < 1.01))


# Latency

def pingpong():
    with Running(gateways=2) as server, \
            Program("pingpong", server.port, 16) as players:
        ports = [int(port) for port in players.line("ports")]
        holders = [holder_of_ports(port, server.port, server.pids("gateway"))
                   for port in ports]
        pairs = {
            "two gateways": next(
                (a, b) for a in range(16) for b in range(16)
                if holders[a] != holders[b]),
            "one gateway": next(
                (a, b) for a in range(16) for b in range(a)
                if holders[a] == holders[b]),
        }
        for what, (a, b) in pairs.items():
            players.ask("play %d %d 500" % (a, b))
            p50, p99, most = players.ask("play %d %d %d" % (
                a, b, 2000 if QUICK else 10000))
            row("say to msg, %s: p50, p99, longest" % what,
                "%.0f %.0f %.0f" % (p50, p99, most), "us")


# Memory

def user_memory(server):
    """Bytes of all processes of the server, what they share counted once."""
    total = 0
    for pid in server.processes():
        rollup = pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1]) * 1024
    return total


def idle_memory():
    for room, what in (("-", "idle, logged in"), ("hall", "in one room")):
        with Running(gateways=1) as server:
            with Program("fanout", "ws", server.port, 10, "-", 1) as warm:
                warm.line("ready")
            before = user_memory(server)
            with Program("fanout", "ws", server.port, IDLE, room, 1) as load:
                seconds = float(load.line("ready")[0])
                each = (user_memory(server) - before) / IDLE
                row("memory of a connection, %s (%d)" % (what, IDLE),
                    "%.0f" % each, "bytes PSS", verdict(
                        each, "<= 1024", lambda size: size <= 1024)
                    if room == "-" else "")
                row("    entering one after the other",
                    "%.0f" % (IDLE / seconds), "connections/s")


def idle_tls_memory():
    """The load is Python's, so the rate is no more than a lower bound."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="confab-bench-"))
    certificate = Certificate(directory, "localhost")
    try:
        for version in ("TLSv1_2", "TLSv1_3"):
            tls = certificate.trusting(ssl.TLSVersion[version]), "localhost"
            with Running(gateways=1, websocket=lines(certificate)) as server:
                warm = [Client(server.port, "w%d" % i, tls=tls)
                        for i in range(50)]
                before = user_memory(server)
                start = time.monotonic()
                load = [Client(server.port, "u%d" % i, tls=tls)
                        for i in range(IDLE_TLS)]
                seconds = time.monotonic() - start
                row("memory of a connection, idle, %s (%d)" % (
                    version, len(load)), "%.0f" % (
                        (user_memory(server) - before) / IDLE_TLS),
                    "bytes PSS")
                row("    entering one after the other, new handshakes",
                    "%.0f" % (IDLE_TLS / seconds), "connections/s")
                for client in warm + load:
                    client.socket.close()
    finally:
        shutil.rmtree(directory)


# Journal and archive

def archived(server):
    """Messages in the archive: each stream's highest offset."""
    archive = server.archives()
    if not archive:
        return 0
    database = sqlite3.connect("file:%s?mode=ro" % archive[0], uri=True)
    try:
        return sum(
            top_offset(database, stream) for stream, in
            database.execute("SELECT id FROM streams").fetchall())
    finally:
        database.close()


def rows(server):
    database = sqlite3.connect(
        "file:%s?mode=ro" % server.archives()[0], uri=True)
    try:
        return database.execute("SELECT count(*) FROM messages").fetchone()[0]
    finally:
        database.close()


def top_offset(database, stream):
    found = database.execute(
        "SELECT max(id) FROM messages WHERE id >= ? AND id < ?",
        (stream << 36, (stream + 1) << 36)).fetchone()[0]
    return found - (stream << 36) if found else 0


def rates():
    """With fsync a turn takes longer, so fewer may be in flight before the way
    to the ledger is full."""
    count = 100000 if QUICK else 400000
    for durability, window, share in (("commit", 256, 1), ("fsync", 32, 10)):
        with Running(gateways=1, durability=durability) as server:
            with Program("flood", server.port, 16, window, count // share,
                         BODY) as flood:
                seconds, said, refused = map(float, flood.line("result"))
            row("journal, 16 senders x %d in flight, %s" % (
                window, durability), "%.0f" % (said / seconds),
                "acknowledged/s", "%.1f %% refused, said again" % (
                    100 * refused / (said + refused)))
            if durability == "commit":
                archive_rate(server, count)


def archive_rate(server, count):
    """The historian is held while a heap of messages piles up, and then let
    go: what it then does in a second is its own rate."""
    wait_for("the archive is up to date",
             lambda: archived(server) == count, 120)
    historian = server.pids("historian")[0]
    os.kill(historian, signal.SIGSTOP)
    with Program("flood", server.port, 16, 256, count // 2, BODY) as flood:
        flood.line("result")
    assert archived(server) == count, "the historian was not held"
    start = time.monotonic()
    os.kill(historian, signal.SIGCONT)
    wait_for("the archive is up to date again",
             lambda: archived(server) == count + count // 2, 120)
    seconds = time.monotonic() - start
    assert rows(server) == count + count // 2
    row("archive, catching up with %d messages" % (count // 2),
        "%.0f" % (count / 2 / seconds), "rows/s")


def main():
    compile_programs()
    machine()
    row("what", "median of %d" % ROUNDS, "unit", "first marks")
    for receivers in sorted({one[0] for one in FANOUTS}):
        fanout(receivers, [one[1:] for one in FANOUTS if one[0] == receivers])
    stalled_reader(*STALLED)
    pingpong()
    idle_memory()
    idle_tls_memory()
    rates()


if __name__ == "__main__":
    main()
