"""Hosts on machines that have addresses of one family alone: nng looks
addresses up with AI_ADDRCONFIG, which leaves the other family out though it has
its loopback address."""

import subprocess

import pytest

import links
from cluster import Cluster
from server import die_with_parent

MACHINE = """ip link set lo up
ip link add one type veth peer name other
ip link set one addrgenmode none
ip link set other addrgenmode none
ip address add dev one %s
ip link set one up
ip link set other up
echo
exec sleep infinity"""


@pytest.fixture
def make_machine():
    """Words before a command, for a machine with this address."""
    links.demand()
    keepers = []

    def make(address):
        keeper = subprocess.Popen(
            ["unshare", "-n", "sh", "-ec", MACHINE % address],
            stdout=subprocess.PIPE, start_new_session=True,
            preexec_fn=die_with_parent)
        keepers.append(keeper)
        assert keeper.stdout.readline() == b"\n"
        return ["nsenter", "-t", str(keeper.pid), "-n"]

    yield make
    for keeper in keepers:
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()


def on_one_machine(directory, count, prefix):
    cluster = Cluster(directory, count)
    for host in cluster:
        host.prefix = prefix
    return cluster


def test_hosts_meet_by_ipv4_loopback_where_all_else_is_ipv6(
        make_machine, directory):
    with on_one_machine(directory, 2,
                        make_machine("fd00::1/64 nodad")) as cluster:
        cluster.wait_met()


def test_ipv6_loopback_where_all_else_is_ipv4_is_explained(
        make_machine, directory):
    host, = on_one_machine(directory, 1, make_machine("10.9.8.7/24"))
    text = host.config_path.read_text()
    host.config_path.write_text(text.replace("tcp://127.0.0.1", "tcp://[::1]"))
    host.launch()
    try:
        host.wait_log(r"\[::1\]: this machine has no IPv6 address but those "
                      "of loopback.*write an IPv4 address")
    finally:
        host.kill()
