"""Hosts that meet by tls+tcp: those with certificates of one signer are one
server, and nobody else gets in, which is counted and shown."""

import contextlib
import re
import shutil
import socket
import ssl
import subprocess

import pytest

import clocks
from certificates import Signer
from cluster import Cluster, Host
from fake_relay import BUS, REQ
from server import DEATHS, Server, wait_for
from test_examples import commands, examples

DAY = 24 * 3600
DISTRUST = "one of the two does not believe the other's certificate"


class TlsHost(Host):
    """Called by a name of this machine, with a certificate for that."""

    scheme = "tls+tcp"

    def __init__(self, directory, number, signer, **options):
        self.signer = signer
        super().__init__(directory, number, **options)
        self.certify()

    @property
    def name(self):
        return "localhost" if self.number == 1 else "127.0.0.1"

    @property
    def relay_url(self):
        return "tls+tcp://%s:%d" % (self.name, self.relay_port)

    @property
    def listen_url(self):
        return "%s://127.0.0.1:%d" % (self.scheme, self.relay_port)

    def certify(self, signer=None, name=None, before=()):
        """For the next start or reload."""
        self.scheme = "tls+tcp"
        self.relay_options = (signer or self.signer).sign(
            self.directory, name or self.name, before)

    def be_plain(self):
        self.scheme = "tcp"
        self.relay_options = ""


class TlsCluster(Cluster):
    make_host = TlsHost


@pytest.fixture
def signer(directory):
    return Signer(directory)


@pytest.fixture
def pair(directory, signer):
    """Not yet started."""
    cluster = TlsCluster(directory, 2, signer=signer)
    try:
        yield cluster
        cluster.end()
    finally:
        cluster.kill()


def refused(host):
    return next(int(line.split("\t")[1]) for line in
                host.ask("show counters") if line.startswith("bus_refused\t"))


def check_one_server(cluster, room):
    """What is said at each of them comes to the other, and stands in both."""
    first, second = cluster.wait_met()
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        ann.say(room, "hello")
        assert bob.push("msg")["body"] == "hello"
        bob.say(room, "hello to you")
        assert ann.push("msg")["body"] == "hello to you"
    cluster.wait_same(room, 2)


def test_hosts_with_certificates_are_one_server(pair, room):
    check_one_server(pair.start(), room)
    for host, other in (pair, reversed(list(pair))):
        assert int(host.peer(other)["refused"]) == 0


def test_certificates_do_without_a_secret(pair, room):
    for host in pair:
        config = host.config_path.read_text()
        host.config_path.write_text(re.sub("secret_file.*", "", config))
    check_one_server(pair.start(), room)


class ManualHost(Host):
    """Does what confab-cluster(7) shows for the host at 10.0.0.1."""

    def __init__(self, directory, number, cluster_place, **options):
        self.place = cluster_place
        self.other = None
        super().__init__(directory, number, **options)

    @property
    def own_address(self):
        return "127.0.0.%d" % self.number

    @property
    def relay_url(self):
        return "tls+tcp://%s:%d" % (self.own_address, self.relay_port)

    def ours(self, text):
        for shown, host in (("10.0.0.1", self), ("10.0.0.2", self.other)):
            text = text.replace(shown + ":7100", "%s:%d" % (
                host.own_address, host.relay_port))
            text = text.replace(shown, host.own_address)
        return text.replace("/etc/confab/", "%s/" % self.directory).replace(
            "host_id = 1", "host_id = %d" % self.number)

    def follow(self, other):
        self.other = other
        shown = examples("confab-cluster.7")
        for command, _ in commands(next(
                text for text in shown if "openssl" in text)):
            if "-x509 " in command and self.number > 1:
                shutil.copy(other.directory / "cluster-ca.pem",
                            self.directory)
                continue
            subprocess.run(["sh", "-euc", self.ours(command)], check=True,
                           cwd=self.place, capture_output=True)
        self.put_secret()
        Server.write_config(self, self.ours(next(
            text for text in shown if "tls_cert" in text)))


def test_what_the_manual_shows_makes_one_server(directory, room):
    cluster = Cluster(directory, 0)
    cluster.hosts = [ManualHost(directory / ("host%d" % number), number,
                                directory) for number in (1, 2)]
    first, second = cluster
    first.follow(second)
    second.follow(first)
    with cluster:
        check_one_server(cluster, room)


def bad_certificate(host, directory, how):
    if how == "of another signer":
        host.certify(signer=Signer(directory, "theirs"))
    elif how == "that has expired":
        host.certify(before=clocks.shifted(-31 * DAY))
    elif how == "of another host":
        host.certify(name="10.0.0.9")
    else:
        host.be_plain()


def call_plainly(host, other):
    """A host without certificates calls none by tls+tcp."""
    host.peer_urls = [other.relay_url.replace("tls+tcp", "tcp")]
    host.rewrite()


@pytest.mark.parametrize("how", [
    "of another signer", "of another host", "none",
    pytest.param("that has expired", marks=clocks.needed)])
def test_a_certificate_is_not_believed(pair, directory, room, how):
    first, second = pair
    bad_certificate(second, directory, how)
    second.rewrite()
    if how == "none":
        call_plainly(second, first)
    for host in pair:
        host.allow(DEATHS)
        host.allow("is refused: one of the two")
    pair.start()
    shown = first.wait_peer(second, "refused", DISTRUST)
    assert int(shown["refused"]) > 0
    assert refused(first) > 0
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        bob.say(room, "not for her")
        assert ann.members(room) == {"ann"}
        ann.fence()
        assert not ann.seen("msg")
    second.certify()
    second.set_peers([first])
    second.reload()
    check_one_server(pair, room + "later")
    pair.wait_same(room, 1)


def greeted(connection, protocol):
    """Does nng say who it is?"""
    try:
        connection.sendall(b"\0SP\0" + bytes([0, protocol, 0, 0]))
        return connection.recv(8)[:4] == b"\0SP\0"
    except (OSError, ssl.SSLError):
        return False


def dialed(host, port, protocol, context):
    with contextlib.suppress(OSError, ssl.SSLError), socket.create_connection(
            ("127.0.0.1", port)) as plain:
        if context is None:
            return greeted(plain, protocol)
        with context.wrap_socket(plain, server_hostname=host.name) as secret:
            return greeted(secret, protocol)
    return False


def test_a_guest_without_a_certificate_is_hung_up_and_counted(pair, signer):
    pair.start().wait_met()
    first = pair[0]
    nothing = ssl.create_default_context(cafile=str(signer.path))
    good = ssl.create_default_context(cafile=str(signer.path))
    good.verify_flags |= ssl.VERIFY_X509_STRICT
    good.load_cert_chain(first.directory / "host.pem",
                         first.directory / "host.key")
    for port, protocol in ((first.relay_port, BUS),
                           (first.relay_port + 1, REQ)):
        assert dialed(first, port, protocol, good)
        for context in (nothing, None):
            before = refused(first)
            assert not dialed(first, port, protocol, context)
            wait_for("it is counted", lambda: refused(first) > before)
    assert pair.are_met()
