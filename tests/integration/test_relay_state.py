"""What a host has to know besides messages, and has not heard when it was said:
bans, who belongs to groups, registered systems, how far users have read. It
gets it from hosts whose journals have dropped it."""

import pytest

from api import Backend, inside
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
    for host in cluster:
        host.known_options["options"] = inside(host.directory)
        host.rewrite()
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


SAID = 300  # more than ledgers have in memory of a room


def say_all(host, room, count, first=0):
    with host.client("ann", room) as ann:
        return [ann.say(room, number)["id"]
                for number in range(first, first + count)]


def read_to(host, user, target, said):
    """The user reads up to the message with this id."""
    with host.client(user, *([target["room"]] if "room" in target else [])) \
            as reader:
        [offset] = [one["offset"] for one in reader.whole_history(**target)
                    if one["id"] == said]
        reader.call("read", offset=offset, **target)


def has_read(host, user, target):
    """The id of the message up to which he has, as the host knows it."""
    with host.client(user, *([target["room"]] if "room" in target else [])) \
            as reader:
        offset = reader.call("read", offset=0, **target)["offset"]
        return [one["id"] for one in reader.whole_history(**target)
                if one["offset"] == offset]


def wait_read(host, user, target, said):
    wait_for("host %d knows how far %s has read" % (host.number, user),
             lambda: has_read(host, user, target) == [said], look_every=0.2)


def test_a_new_host_knows_how_far_users_have_read(hosts):
    room = {"room": "room"}
    start(hosts[0])
    said = say_all(hosts[0], "room", SAID)
    with hosts[0].client("ann") as ann, hosts[0].client("bob"):
        told = [ann.tell("bob", number)["id"] for number in range(SAID)]
    read_to(hosts[0], "bob", room, said[5])
    read_to(hosts[0], "cleo", room, said[-1])
    read_to(hosts[0], "bob", {"user": "ann"}, told[7])
    drop(hosts[0])
    for host in hosts[0], hosts[1]:
        start(host)
        host.allow(DEATHS)
    for role in "relay", "historian", "ledger":
        kill_nine(hosts[1], role)
    for host in hosts[0], hosts[1]:
        wait_read(host, "cleo", room, said[-1])
        wait_read(host, "bob", room, said[5])
        wait_read(host, "bob", {"user": "ann"}, told[7])
        with host.client("ann") as ann:
            mark = ann.call("read", user="bob", offset=0)
            [one] = [one for one in ann.whole_history(user="bob")
                     if one["id"] == told[7]]
            assert mark["with_offset"] == one["offset"]


def test_what_is_no_longer_in_memory_can_be_taken_away_everywhere(hosts):
    pair = hosts[0], hosts[1]
    for host in pair:
        start(host)
    hosts.wait_met(pair)
    say_all(hosts[0], "room", SAID)
    hosts.wait_same("room", SAID, pair)
    backend = Backend(hosts[0].directory / "api.sock")
    backend.good(backend.ask("DELETE", "/v1/history?room=room&before=20"))
    wait_for("the first ones are gone everywhere", lambda: [
        [message[2] for message in history][0]
        for history in hosts.histories("room", pair)] == [19, 19])
    hosts.wait_same("room", SAID - 19, pair)
    backend.refused(404, 1005, "DELETE", "/v1/history?room=no&before=20")
    backend.refused(400, 1001, "DELETE", "/v1/history?room=room&before=%d"
                    % (SAID + 2))


def test_who_was_away_knows_what_was_read_and_taken_away(hosts):
    pair = hosts[0], hosts[1]
    for host in pair:
        start(host)
    hosts.wait_met(pair)
    room, cut = {"room": "room"}, {"room": "cut"}
    said = say_all(hosts[0], "room", SAID)
    say_all(hosts[1], "cut", 20)
    say_all(hosts[0], "cut", 20, 20)
    for name, count in ("room", SAID), ("cut", 40):
        hosts.wait_same(name, count, pair)
    drop(hosts[1])
    read_to(hosts[0], "bob", room, said[5])
    say_all(hosts[0], "cut", 20, 40)
    backend = Backend(hosts[0].directory / "api.sock")
    backend.good(backend.ask("DELETE", "/v1/history?room=cut&before=55"))
    drop(hosts[0])
    start(hosts[0])
    last = say_all(hosts[0], "cut", 2, 60)[-1]
    start(hosts[1])
    hosts.wait_met(pair)
    kept = [[one[0] for one in hosts.histories("cut", [hosts[0]])[0]]] * 2
    assert len(kept[0]) == 8
    wait_for("all hosts have what is kept", lambda: kept == [
        sorted(one[0] for one in history)
        for history in hosts.histories("cut", pair)], look_every=0.2)
    for host in pair:
        wait_read(host, "bob", room, said[5])
    read_to(hosts[1], "cleo", cut, last)
    wait_read(hosts[0], "cleo", cut, last)
