"""Hosts of a cluster with a network between them that can be harmed: each one
in a network namespace of its own, with two interfaces there: `back` is how
hosts reach each other, `front` how the test reaches a host, whatever befalls
`back`.

    links.demand()
    with links.Cluster(directory, 3) as cluster:
        cluster.network.cut(cluster[1])

Both lead to bridges in the namespace of the test. What is done to a link is
done at its end there: the host keeps its addresses, as a machine does whose
switch fails. `tests/apart` gives what is needed where the machine allows it.
"""

import functools
import os
import shutil
import subprocess

import pytest

import cluster
from server import die_with_parent

# Processes that test side by side share a namespace.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
FRONT = "10.78.%d.%%d" % WORKER
BACK = "10.77.%d.%%d" % WORKER
BACK6 = "fd77:%x::%%x" % WORKER
TEST_NUMBER = 254
NOBODY = "02:00:00:00:00:01"  # no machine has it
PORT, HTTP_PORT, RELAY_PORT = 8080, 8081, 7100


def ip(*words, inside=None):
    """Runs ip(8), in the namespace of that process."""
    prefix = ["nsenter", "-t", str(inside), "-n"] if inside else []
    subprocess.run(prefix + ["ip", *map(str, words)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@functools.lru_cache
def why_not():
    """Why there can be no links here; None: there can."""
    for tool in ("ip", "tc", "nsenter", "unshare"):
        if not shutil.which(tool):
            return "there is no %s here" % tool
    tried = subprocess.run(
        ["unshare", "-n", "sh", "-c",
         "ip link add try0 type veth peer name try1 && "
         "ip link add try2 type bridge && ip link set try0 master try2 && "
         "tc qdisc add dev try0 root tbf rate 1mbit burst 32kb latency 1ms"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if tried.returncode:
        return "network namespaces and their links are not permitted here"
    return None


def demand():
    """Skips a test that cannot do without."""
    if why_not():
        pytest.skip(why_not())


def own(name, number=""):
    """A link's name in the namespace of the tests: of a host, or the bridge."""
    return "%s%d-%s" % (name, WORKER, number)


class Network:
    """Holds the namespaces, each by a process that does nothing."""

    def __init__(self, numbers):
        self.keepers = {}
        self.end_bridges()
        for name in ("front", "back"):
            ip("link", "add", own(name), "type", "bridge")
            ip("link", "set", own(name), "up")
        ip("address", "add", FRONT % TEST_NUMBER + "/24", "dev", own("front"))
        for number in numbers:
            self.add(number)

    def add(self, number):
        keeper = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo && exec sleep infinity"],
            stdout=subprocess.PIPE, start_new_session=True,
            preexec_fn=die_with_parent)
        keeper.stdout.readline()
        self.keepers[number] = keeper
        ip("link", "set", "lo", "up", inside=keeper.pid)
        for name, address in (("front", FRONT), ("back", BACK)):
            ours = own(name, number)
            ip("link", "add", ours, "type", "veth", "peer", "name", name,
               "netns", keeper.pid)
            ip("link", "set", ours, "master", own(name), "up")
            ip("address", "add", address % number + "/24", "dev", name,
               inside=keeper.pid)
            ip("link", "set", name, "up", inside=keeper.pid)
        ip("address", "add", BACK6 % number + "/64", "dev", "back", "nodad",
           inside=keeper.pid)

    def enter(self, number):
        """Words before a command, for the namespace of a host."""
        return ["nsenter", "-t", str(self.keepers[number].pid), "-n"]

    def cut(self, *hosts):
        for host in hosts:
            ip("link", "set", own("back", host.number), "down")

    def mend(self, *hosts):
        for host in hosts:
            ip("link", "set", own("back", host.number), "up")

    def part(self, one, other):
        """Cuts these two from each other, and from nobody else."""
        for host, peer in ((one, other), (other, one)):
            self.neighbour(host, peer, "replace", "lladdr", NOBODY, "nud",
                           "permanent")

    def join(self, one, other):
        for host, peer in ((one, other), (other, one)):
            self.neighbour(host, peer, "del")

    def neighbour(self, host, peer, verb, *words):
        ip("neighbour", verb, BACK % peer.number, *words, "dev", "back",
           inside=self.keepers[host.number].pid)

    def slow(self, host, rate="8mbit", delay="20ms"):
        """To this host and from it, until quick()."""
        device = own("back", host.number)
        for prefix, where in (([], device), (self.enter(host.number), "back")):
            subprocess.run(prefix + [
                "tc", "qdisc", "replace", "dev", where, "root", "tbf", "rate",
                rate, "burst", "32kb", "latency", delay], check=True)

    def quick(self, host):
        device = own("back", host.number)
        for prefix, where in (([], device), (self.enter(host.number), "back")):
            subprocess.run(prefix + ["tc", "qdisc", "del", "dev", where,
                                     "root"], check=False,
                           stderr=subprocess.DEVNULL)

    def end(self):
        for keeper in self.keepers.values():
            keeper.kill()
            keeper.wait()
            keeper.stdout.close()
        self.end_bridges()

    @staticmethod
    def end_bridges():
        """A link dies with its other end, but perhaps not at once."""
        listed = subprocess.run(["ip", "-o", "link"], check=True, text=True,
                                capture_output=True).stdout
        names = [line.split(": ")[1].split("@")[0]
                 for line in listed.splitlines()]
        for name in names:
            if name.startswith((own("front"), own("back"))):
                subprocess.run(["ip", "link", "del", name], check=False,
                               stderr=subprocess.DEVNULL)


class Host(cluster.Host):
    """Its ports are the same on each; `peer_name` is how others call it."""

    def __init__(self, directory, number, network=None, **options):
        self.address = FRONT % number
        self.peer_name = BACK % number
        super().__init__(directory, number, **options)
        self.prefix = network.enter(number)

    def choose_ports(self):
        self.port, self.http_port = PORT, HTTP_PORT
        self.relay_port = RELAY_PORT

    def write_config(self, options="", gateways=1, **known):
        """Only the test reaches it."""
        super().write_config(options, gateways, **{"insecure": True, **known})

    @property
    def relay_url(self):
        return "tcp://%s:%d" % (self.peer_name, RELAY_PORT)

    @property
    def listen_url(self):
        return "tcp://[::]:%d" % RELAY_PORT if ":" in self.peer_name else \
            "tcp://%s:%d" % (BACK % self.number, RELAY_PORT)


    def know_names(self, hosts):
        """Of them, by a hosts file that only this host sees."""
        path = self.directory / "hosts"
        path.write_text("".join("%s %s\n" % (BACK % host.number, name_of(host))
                                for host in hosts))
        self.prefix += ["unshare", "-m", "sh", "-c",
                        'mount --bind "$0" /etc/hosts && exec "$@"', str(path)]


def name_of(host):
    return "host%d.cluster" % host.number


class Cluster(cluster.Cluster):
    make_host = Host

    def __init__(self, directory, count, first=1, **options):
        self.network = Network(range(first, first + count))
        try:
            super().__init__(directory, count, first, network=self.network,
                             **options)
        except BaseException:
            self.network.end()
            raise

    def kill(self):
        super().kill()
        self.network.end()
