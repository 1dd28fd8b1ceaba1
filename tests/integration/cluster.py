"""Several confabds on this machine that are one server: each a Server with a
directory, ports and a host_id of its own, all with one secret.

    with Cluster(directory, 3) as cluster:
        cluster.wait_met()
        cluster[0].client("ann", "room").say("room", "hello")

Whoever needs other options gives them by name, as to Server(), for all hosts;
`relay` is more text in the section relay.
"""

import os
import pathlib

from server import GUARD, Server, free_ports, inside, wait_for

# A relay whose library has jammed is replaced: it happens to whoever is killed
# often enough, and loses nothing.
JAMS = r"nng does not let go of a connection|" \
    r"relay 0: pid \d+ ended by itself with code 1"

SECRET = "what all hosts of this cluster know\n"


class Host(Server):
    """One of them. `number` is its host_id."""

    def __init__(self, directory, number, **options):
        self.number = number
        self.secret_path = pathlib.Path(directory) / "relay.key"
        self.peer_urls = []
        self.cluster_name = "confab"
        self.secret = SECRET
        self.relay_options = options.pop("relay", "")
        self.known_options = options
        super().__init__(directory, **options)
        self.allow(JAMS)

    def choose_ports(self):
        super().choose_ports()
        self.relay_port = free_ports(2)

    @property
    def relay_url(self):
        """How others call it."""
        return "tcp://127.0.0.1:%d" % self.relay_port

    @property
    def listen_url(self):
        return self.relay_url

    def write_config(self, options="", gateways=1, **known):
        self.put_secret()
        relay = 'relay {\n listen = "%s"\n peers = {%s}\n cluster = "%s"\n' \
            ' secret_file = "%s"\n %s\n}\n' % (
                self.listen_url,
                ", ".join('"%s"' % url for url in self.peer_urls),
                self.cluster_name, self.secret_path, self.relay_options)
        super().write_config(options + relay, gateways,
                             **{"host_id": self.number, **known})

    def put_secret(self):
        self.secret_path.write_text(self.secret)
        self.secret_path.chmod(0o600)

    def set_peers(self, hosts):
        """For the next start or reload."""
        self.peer_urls = [host.relay_url for host in hosts]
        self.rewrite()

    def rewrite(self):
        self.write_config(**self.known_options)

    def reload(self):
        """When it returns the relay has the new configuration."""
        generation = max(int(one["config"]) for one in self.workers())
        self.ask("reload")
        wait_for("the new configuration is taken up",
                 lambda: all(int(one["config"]) > generation
                             for one in self.workers()))

    def peers(self):
        """As shown, by address."""
        return {peer["address"]: peer
                for peer in self.ask_json("show peers")}

    def peer(self, other):
        return self.peers()[other.relay_url]

    def sees(self, other):
        peer = self.peers().get(other.relay_url)
        return peer is not None and peer["state"] == "up"

    def wait_peer(self, other, state, reason=None, guard=GUARD):
        def is_so():
            peer = self.peers().get(other.relay_url, {})
            return peer.get("state") == state and \
                reason in (None, peer.get("reason")) and peer

        try:
            return wait_for("host %d is %s to host %d" % (
                other.number, state, self.number), is_so, guard)
        except AssertionError as error:
            raise AssertionError("%s\n%s\n%s" % (
                error, self.peers(), self.log()[-2000:])) from None


class Cluster:
    make_host = Host

    def __init__(self, directory, count, first=1, **options):
        self.directory = pathlib.Path(directory)
        self.hosts = [self.make_host(self.directory / ("host%d" % number),
                                     number, **dict(options))
                      for number in range(first, first + count)]
        for host in self.hosts:
            host.set_peers(self.others(host))

    def others(self, host):
        return [one for one in self.hosts if one is not host]

    def let_in_backends(self):
        """Before the start: each host has a socket for api.Backend."""
        for host in self.hosts:
            host.known_options["options"] = inside(host.directory)
            host.rewrite()
        return self

    def __getitem__(self, index):
        return self.hosts[index]

    def __iter__(self):
        return iter(self.hosts)

    def start(self):
        """All serve; who has met whom is another matter."""
        for host in self.hosts:
            host.launch()
        for host in self.hosts:
            host.wait_serving()
        return self

    def are_met(self, hosts=None):
        hosts = hosts or self.hosts
        return all(one.sees(other) for one in hosts for other in hosts
                   if one is not other)

    def wait_met(self, hosts=None, guard=GUARD):
        """Each of them is up to each other."""
        try:
            wait_for("all hosts meet", lambda: self.are_met(hosts), guard)
        except AssertionError as error:
            told = "\n".join(
                "%d: %s\n%s" % (host.number, host.peers(), host.log()[-2000:])
                for host in hosts or self.hosts)
            raise AssertionError("%s\n%s" % (error, told)) from None
        return self

    def wait_agreed(self, hosts=None, guard=2 * GUARD):
        """Who comes from any of them to any other one from now on recovers. A
        host must have told what it had five seconds before a client's id."""
        for one in hosts or self.hosts:
            for other in hosts or self.hosts:
                if one is not other:
                    wait_for("host %d knows what host %d had" % (
                        other.number, one.number),
                        lambda a=one, b=other: recovers(a, b), guard,
                        look_every=0.3)
        return self

    def end(self):
        """A clean end of all that still run, checked."""
        try:
            for host in self.hosts:
                if host.is_running():
                    host.stop()
                else:
                    host.check_log()
        finally:
            self.kill()

    def kill(self):
        for host in self.hosts:
            host.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.end()
        else:
            self.kill()

    def histories(self, room, hosts=None):
        """Of each host: the whole history of a room, as (id, from, body), in
        the order there."""
        found = []
        for host in hosts or self.hosts:
            with host.client("reader of %d" % host.number, room) as reader:
                found.append([(one["id"], one["from"], one["body"])
                              for one in reader.whole_history(room)])
        return found

    def wait_same(self, room, count, hosts=None, guard=GUARD):
        """All hosts have so many messages of a room, the same ones, each once;
        what was said on one host stands in the same order everywhere. Returns
        what one of them has."""
        def are_same():
            histories = self.histories(room, hosts)
            return all(len(one) >= count for one in histories) and histories

        histories = wait_for("%d messages are everywhere" % count, are_same,
                             guard, look_every=0.1)
        for one in histories:
            assert len({message[0] for message in one}) == len(one), one
            assert len(one) == count, one
            assert sorted(one, key=by_id) == sorted(histories[0], key=by_id)
        return histories[0]


def by_id(message):
    return message[0]


def pid_of(host, role):
    return host.pids(role)[0]


def kill_nine(host, role):
    """Kills the process of this role and does not wait for the next one."""
    pid = pid_of(host, role)
    os.kill(pid, 9)
    return pid


def place_of(joined, messages=()):
    """Where a client stands behind an answer and these messages."""
    return {"epoch": joined["epoch"],
            "offset": max([joined["offset"],
                           *(one["offset"] for one in messages)]),
            "id": max([joined["id"], *(one["id"] for one in messages)])}


def recovers(one, other):
    """Who comes from one host to the other?"""
    with one.client("agreed") as client:
        place = place_of(client.call("join", room="agreed"))
    with other.client("agreed") as client:
        return client.call("join", room="agreed", since=place)["recovered"]
