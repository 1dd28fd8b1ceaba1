"""cluster_bench.py [--quick]: what two hosts of a cluster on this machine do
with messages from one to the other, beside two bare processes that pass as many
bytes over one TCP connection. Prints a table; claims nothing about time. Hosts
and load share the machine's cores.

Marks: 100000 remembered messages a second with none missing, and p99 under 5 ms
at 10000 a second.
"""

import os
import pathlib
import shutil
import sys
import tempfile
import time

from bench import BUILT, QUICK, ROOM, ROUNDS, Program, archived, \
    compile_programs, machine, row, verdict
from cluster import Cluster
from server import wait_for
import links

TICKS = os.sysconf("SC_CLK_TCK")
COUNT = 50000 if QUICK else 200000
RATE = 10000
WINDOW = 4000
APART_SECONDS = 10


class Running:
    """Two hosts that have met, their data on the disk of the tree."""

    def __init__(self, make=Cluster, **options):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="confab-bench-"))
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=BUILT))
        self.cluster = make(self.directory, 2, ping_seconds=0, gateways=1,
                            options=ROOM, outbox_bytes="64M",
                            ring_bytes="4M", **options)
        for host in self.cluster:
            host.data_dir = self.data / str(host.number)
            host.data_dir.mkdir()
            host.known_options["data_dir"] = host.data_dir
            host.rewrite()

    def __enter__(self):
        return self.cluster.start().wait_met()

    def __exit__(self, *_):
        self.cluster.kill()
        shutil.rmtree(self.directory)
        shutil.rmtree(self.data)


def cpu_seconds(cluster):
    """Of all processes of all hosts, so far."""
    total = 0
    for host in cluster:
        for pid in host.processes():
            stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
            total += sum(map(int, stat.rsplit(")", 1)[1].split()[11:13]))
    return total / TICKS


def median(values):
    return sorted(values)[len(values) // 2]


def missing(host, count):
    """Of so many that were said elsewhere, how many this host lacks in the end:
    its offsets are dense. (How many rows are kept is another matter.)"""
    try:
        wait_for("all is in the archive", lambda: archived(host) >= count, 60,
                 look_every=0.5)
    except AssertionError:
        pass
    return count - archived(host)


def bare(count, size):
    seconds = []
    for _ in range(ROUNDS):
        with Program("bare_link", count, size, WINDOW) as link:
            seconds.append(float(link.line("result")[0]))
    return count / median(seconds)


def crossing(body):
    with Running() as cluster, Program(
            "crossing", cluster[0].port, cluster[1].port, "cross", body,
            4) as load:
        load.line("ready")
        load.ask("run 1000 100 0")
        said, rates, costs = 1000, [], []
        for _ in range(ROUNDS):
            before = cpu_seconds(cluster)
            seconds = load.ask("run %d %d 0" % (COUNT, WINDOW))[0]
            said += COUNT
            rates.append(COUNT / seconds)
            costs.append((cpu_seconds(cluster) - before) / COUNT)
        what = "host to host, %d bytes, %d in flight" % (body, WINDOW)
        row(what + ": bare link", "%.0f" % bare(COUNT, body), "messages/s")
        row(what + ": confab", "%.0f" % median(rates), "messages/s",
            verdict(median(rates), ">= 100000", lambda rate: rate >= 100000)
            if body == 100 else "")
        row("    CPU of both hosts", "%.1f" % (median(costs) * 1e6),
            "us a message")
        lost = missing(cluster[1], said)
        row("    missing of %d" % said, "%d" % lost, "messages",
            verdict(lost, "0", lambda count: count == 0))


def latency(body):
    with Running() as cluster, Program(
            "crossing", cluster[0].port, cluster[1].port, "cross", body,
            1) as load:
        load.line("ready")
        load.ask("run 1000 100 0")
        count = RATE * (3 if QUICK else 10)
        for rate in (1000, RATE):
            _, p50, p99, p999, most = load.ask("run %d %d %d" % (
                count * rate // RATE, count, rate))
            row("say here to msg there, %d bytes, %d a second" % (body, rate),
                "%.0f %.0f" % (p50, p99), "us p50, p99", verdict(
                    p99, "p99 < 5000", lambda us: us < 5000)
                if rate == RATE else "")
            row("    p99.9, longest", "%.0f %.0f" % (p999, most), "us")


def hauled(host):
    """Messages of others that its ledgers have taken."""
    for line in host.ask("show counters"):
        fields = line.split("\t")
        if fields[0].rstrip(":") == "hauled":
            return int(fields[1])
    return 0


def healing():
    """So much is said while they are apart; then the link is mended."""
    if links.why_not():
        row("time to heal after %d s apart" % APART_SECONDS, "-",
            links.why_not())
        return
    with Running(links.Cluster, insecure=True) as cluster:
        first, second = cluster
        cluster.network.cut(second)
        start = time.monotonic()
        os.environ["ADDRESS"] = first.address
        with Program("flood", first.port, 16, 64, COUNT, 100) as flood:
            flood.line("result")
        del os.environ["ADDRESS"]
        wait_for("they have been apart so long", lambda: time.monotonic() >=
                 start + APART_SECONDS, 60)
        cluster.network.mend(second)
        start = time.monotonic()
        wait_for("it sees the other one", lambda: second.sees(first), 60)
        met = time.monotonic() - start
        wait_for("it has all", lambda: hauled(second) >= COUNT, 120)
        row("after %d s apart: until they meet" % APART_SECONDS,
            "%.2f" % met, "s")
        row("    until all of %d that were said are there" % COUNT,
            "%.2f" % (time.monotonic() - start), "s")
        row("    missing", "%d" % missing(second, COUNT), "messages")


def main():
    compile_programs()
    machine()
    row("what", "median of %d" % ROUNDS, "unit", "first marks")
    for body in (100, 1000):
        crossing(body)
        latency(body)
    healing()


if __name__ == "__main__":
    sys.exit(main())
