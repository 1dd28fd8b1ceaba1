"""What a host lacks because the journals of others do not reach so far back
comes from their archives."""

import struct

import pytest

from cluster import Cluster, kill_nine
from server import DEATHS, wait_for

FIRST = 300
HEAD = 32  # bytes of a segment before its batches


@pytest.fixture
def pair(directory):
    """Two hosts; whoever starts them says when."""
    cluster = Cluster(directory, 2, ledgers=2)
    try:
        yield cluster
        cluster.end()
    finally:
        cluster.kill()


def start(host):
    host.launch()
    host.wait_serving()


def crc32c(content):
    total = 0xffffffff
    for byte in content:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ (0x82f63b78 if total & 1 else 0)
    return total ^ 0xffffffff


def begin_journals_at(host, ends):
    """As if the host had dropped what its journals had when they were so long:
    only the archive knows it now. The host must be stopped."""
    for name, base in ends.items():
        folder = host.data_dir / name
        whole = folder / "0000000000000000.seg"
        content = whole.read_bytes()
        magic, version = struct.unpack_from("=8sI", content)
        told = struct.pack("=QQ", base, 0)
        rest = folder / ("%016x.seg" % base)
        rest.write_bytes(struct.pack("=8sII", magic, version,
                                     crc32c(told)) + told +
                         content[HEAD + base:])
        whole.unlink()


def journal_ends(host):
    return {path.parent.name: path.stat().st_size - HEAD
            for path in host.journals()}


def say_many(host, rooms, first, count):
    with host.client("ann", *rooms) as ann:
        for number in range(first, first + count):
            ann.say(rooms[number % len(rooms)], number)


def test_a_new_host_gets_what_is_only_in_the_archive(pair):
    rooms = ["first", "second", "third"]
    start(pair[0])
    say_many(pair[0], rooms, 0, FIRST)
    ends = journal_ends(pair[0])
    say_many(pair[0], rooms, FIRST, 30)
    pair[0].stop()
    begin_journals_at(pair[0], ends)
    start(pair[0])
    start(pair[1])
    pair.wait_met()
    for room in rooms:
        pair.wait_same(room, (FIRST + 30) // 3)
        here, there = pair.histories(room)
        assert here == there


def say_long(host, room, first, count):
    """So much that it takes several pages."""
    with host.client("ann", room) as ann:
        for number in range(first, first + count):
            ann.say(room, [number, "x" * 2000])


def test_a_host_that_was_away_gets_from_both_what_it_missed(pair):
    room = "room"
    for host in pair:
        start(host)
    pair.wait_met()
    say_many(pair[0], [room], 0, 40)
    say_many(pair[1], [room], 40, 10)
    pair.wait_same(room, 50)
    pair[1].stop()
    say_many(pair[0], [room], 50, 100)
    ends = journal_ends(pair[0])
    say_many(pair[0], [room], 150, 20)
    pair[0].stop()
    begin_journals_at(pair[0], ends)
    for host in pair:
        start(host)
    pair.wait_met()
    pair.wait_same(room, 170)
    say_many(pair[0], [room], 170, 1)
    pair.wait_same(room, 171)
    assert "are lost to this host" in pair[1].log()


def test_messages_cross_as_they_stand_and_direct_ones_too(pair):
    start(pair[0])
    with pair[0].client("ann", "room") as ann, \
            pair[0].client("bob", "room") as bob:
        said = [ann.say("room", number) for number in range(4)]
        ann.call("edit", room="room", id=said[1]["id"], body="edited")
        ann.call("delete", room="room", id=said[2]["id"])
        for number in range(3):
            ann.tell("bob", ["to bob", number])
        bob.tell("ann", "back")
        ends = journal_ends(pair[0])
        ann.say("room", "last")
    pair[0].stop()
    begin_journals_at(pair[0], ends)
    for host in pair:
        start(host)
    pair.wait_met()
    pair.wait_same("room", 5)
    found = []
    for host in pair:
        with host.client("bob", "room") as bob:
            found.append([
                [(one["id"], one["from"], one["body"], one.get("edited"),
                  one.get("deleted")) for one in page]
                for page in (bob.whole_history("room"),
                             bob.call("history", user="ann")["messages"])])
    assert found[0] == found[1]
    assert len(found[0][1]) == 4


def test_what_no_archive_has_stays_one_hole(directory):
    cluster = Cluster(directory, 2)
    try:
        start(cluster[0])
        cluster[0].known_options["history"] = False
        say_many(cluster[0], ["room"], 0, 20)
        ends = journal_ends(cluster[0])
        say_many(cluster[0], ["room"], 20, 5)
        cluster[0].stop()
        cluster[0].rewrite()
        begin_journals_at(cluster[0], ends)
        for host in cluster:
            start(host)
        cluster.wait_met()
        cluster.wait_same("room", 5, hosts=[cluster[1]])
        assert "are lost to this host" in cluster[1].log()
        cluster.end()
    finally:
        cluster.kill()


@pytest.mark.parametrize("where", [0, 1])
@pytest.mark.parametrize("role", ["relay", "ledger", "historian"])
def test_each_comes_once_whoever_is_killed_meanwhile(pair, role, where):
    room = "room"
    start(pair[0])
    say_long(pair[0], room, 0, 1500)
    ends = journal_ends(pair[0])
    say_many(pair[0], [room], 1500, 3)
    pair[0].stop()
    begin_journals_at(pair[0], ends)
    for host in pair:
        start(host)
        host.allow(DEATHS)
    pair.wait_met()
    for part in (0.1, 0.4, 0.7):
        wait_for("some of it is there",
                 lambda: has_part(pair[1], room, part * 1500))
        victim = kill_nine(pair[where], role)
        pair[where].wait_replaced(role, victim)
    pair.wait_same(room, 1503)
    here, there = pair.histories(room)
    assert here == there


def has_part(host, room, count):
    with host.client("eve") as eve:
        return eve.call("join", room=room)["offset"] >= count
