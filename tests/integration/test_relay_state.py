"""What a host has to know besides messages, and has not heard when it was said:
bans, who belongs to groups, registered systems, how far users have read. It
gets it from hosts whose journals have dropped it."""

import pytest

from cluster import Cluster, kill_nine
from server import DEATHS, wait_for
from test_bans import names
from test_profile_client import SUCCESS, call
from test_profile_groupchat import Person, users
from test_relay_archive import begin_journals_at, journal_ends, start

PROFILES = ("confab", "groupchat", "client")


@pytest.fixture
def hosts(directory):
    """Three hosts; whoever starts them says when."""
    cluster = Cluster(directory, 3, ledgers=2, profiles=PROFILES)
    try:
        yield cluster
        cluster.end()
    finally:
        cluster.kill()


def order(host, words):
    assert host.ask(words) == ["state: handed on"]


def wait_banned(host, *wanted):
    wait_for("host %d bans %s" % (host.number, wanted),
             lambda: names(host) == set(wanted))


def enrol(host, user, group):
    with Person(host.port, user, groupsId=group):
        wait_for("%s belongs to it" % user,
                 lambda: user in users(host.port, group))


def wait_users(host, group, *wanted):
    wait_for("host %d knows who is in %s" % (host.number, group),
             lambda: sorted(users(host.port, group)) == sorted(wanted))


def drop(host, ends=None):
    """The host stops, and its journals begin there then; or where they end."""
    ends = ends or journal_ends(host)
    host.stop()
    begin_journals_at(host, ends)


def give_all(host):
    order(host, "ban user eve")
    order(host, "ban user kit")
    order(host, "revoke user ann")
    wait_banned(host, "eve", "kit", "ann")
    order(host, "unban user kit")
    wait_banned(host, "eve", "ann")
    enrol(host, "u1", "5")
    enrol(host, "u2", "5")
    assert call(host.port, "register", {"systemId": "shop"}) == SUCCESS


def wait_all(host):
    wait_banned(host, "eve", "ann")
    wait_users(host, "5", "u1", "u2")
    wait_for("the system is known", lambda: call(
        host.port, "register", {"systemId": "shop"}) != SUCCESS)


def test_a_new_host_knows_what_was_given_long_ago(hosts):
    start(hosts[0])
    give_all(hosts[0])
    drop(hosts[0])
    start(hosts[0])
    start(hosts[1])
    wait_all(hosts[1])
    # And one that meets only who has it from others.
    hosts[0].stop()
    drop(hosts[1])
    start(hosts[1])
    start(hosts[2])
    wait_all(hosts[2])


def test_whoever_is_killed_meanwhile(hosts):
    start(hosts[0])
    give_all(hosts[0])
    drop(hosts[0])
    for host in hosts[0], hosts[1]:
        start(host)
        host.allow(DEATHS)
        for role in "ledger", "relay":
            kill_nine(host, role)
    wait_all(hosts[1])
    kill_nine(hosts[1], "ledger")
    wait_all(hosts[1])


def test_who_was_away_hears_what_was_given_and_lifted(hosts):
    pair = hosts[0], hosts[1]
    for host in pair:
        start(host)
    hosts.wait_met(pair)
    for user in "old", "lifted":
        order(hosts[0], "ban user %s" % user)
    wait_banned(hosts[1], "old", "lifted")
    drop(hosts[1])
    order(hosts[0], "unban user lifted")
    order(hosts[0], "ban user new")
    wait_banned(hosts[0], "old", "new")
    drop(hosts[0])
    for host in pair:
        start(host)
    for host in pair:
        wait_banned(host, "old", "new")
    # What the other one said of old does not come back.
    hosts.wait_met(pair)
    order(hosts[1], "unban user old")
    order(hosts[0], "ban user last")
    for host in pair:
        wait_banned(host, "new", "last")


def test_a_lift_may_come_before_its_ban(hosts):
    """The host that banned is away when the third one comes."""
    pair = hosts[0], hosts[1]
    for host in pair:
        start(host)
    hosts.wait_met(pair)
    order(hosts[0], "ban user eve")
    wait_banned(hosts[1], "eve")
    hosts[0].stop()
    order(hosts[1], "unban user eve")
    order(hosts[1], "ban user kit")
    wait_banned(hosts[1], "kit")
    start(hosts[2])
    wait_banned(hosts[2], "kit")
    start(hosts[0])
    hosts.wait_met()
    order(hosts[0], "ban user last")
    for host in hosts:
        wait_banned(host, "kit", "last")
