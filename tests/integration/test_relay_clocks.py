"""Hosts of a cluster whose clocks are an hour apart: each has its own order,
keys and recovery stay right, nothing is kept too short or for ever."""

import time

import pytest

import clocks
from cluster import Cluster, place_of, recovers
from server import wait_for
from test_relay_foes import clock_of
from test_retention import offsets

HOUR = 3600
ROOMS = """
room "brief:*" { keep_seconds = 2 }
room "kept:*" { keep_seconds = 1800 }
"""

pytestmark = clocks.needed


@pytest.fixture(params=[HOUR, -HOUR], ids=["ahead", "behind"])
def pair(directory, request):
    """The clock of the second one is wrong."""
    cluster = Cluster(directory, 2, options=ROOMS)
    cluster.offset_ms = request.param * 1000
    cluster[0].clock_ahead, cluster[1].clock_ahead = 0, request.param
    cluster[1].prefix = clocks.shifted(request.param)
    with cluster:
        yield cluster.wait_met()


def bodies(client, room):
    return [one["body"] for one in client.whole_history(room)]


def ids(host, room):
    with host.client("reader", room) as reader:
        return [one["id"] for one in reader.whole_history(room)]


def test_the_offset_is_shown(pair):
    first, second = pair

    def shows(host, other, offset_ms):
        return abs(int(host.peer(other)["clock_offset_ms"]) -
                   offset_ms) < 5000

    wait_for("it is shown", lambda: shows(first, second, pair.offset_ms) and
             shows(second, first, -pair.offset_ms))


def test_order_keys_and_history_are_those_of_each_host(pair, room):
    first, second = pair
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        for index in range(10):
            here = ann.say(room, "here %d" % index, key="here %d" % index)
            assert bob.push("msg")["id"] == here["id"]
            there = bob.say(room, "there %d" % index, key="there %d" % index)
            assert ann.push("msg")["id"] == there["id"]
        wanted = [word % index for index in range(10)
                  for word in ("here %d", "there %d")]
        assert bodies(ann, room) == bodies(bob, room) == wanted
        assert ann.say(room, "here 9", key="here 9")["id"] == here["id"]
        assert bob.say(room, "there 9", key="there 9")["id"] == there["id"]
    with second.client("ann", room) as ann, first.client("bob", room) as bob:
        assert ann.say(room, "here 9", key="here 9")["id"] == here["id"]
        assert bob.say(room, "there 9", key="there 9")["id"] == there["id"]
    for host in pair:
        host.stop()
        host.start()
    pair.wait_met()
    for host in pair:
        with host.client("reader", room) as reader:
            assert bodies(reader, room) == wanted


def test_who_comes_to_the_other_host_misses_nothing(pair, room):
    first, second = pair
    early, late = sorted(pair, key=lambda host: host.clock_ahead)
    wait_for("who comes from where it is early recovers",
             lambda: recovers(early, late), look_every=0.3)
    with first.client("ann", room) as ann:
        for home, other in ((first, second), (second, first)):
            with home.client("bob") as bob:
                place = bob.call("join", room=room)
                last = ann.say(room, "bob hears this")
                seen = bob.push("msg")
                assert seen["id"] == last["id"]
            missed = [ann.say(room, "missed %d" % index)["id"]
                      for index in range(5)]
            wait_for("they are there", lambda: missed[-1] in ids(other, room))
            with other.client("bob") as bob:
                since = place_of(place, [seen])
                answer = bob.call("join", room=room, since=since)
                got = [one["id"] for one in answer["messages"]]
                if home is early:
                    assert answer["recovered"]
                if not answer["recovered"]:
                    assert is_of_the_future(other, since) and not got
                    got = ids(other, room)
                assert [one for one in got if one in missed] == missed


def is_of_the_future(host, message):
    """As the clock there has it: then it is not guessed what came behind."""
    return clock_of(message["id"]) > (time.time() + host.clock_ahead) * 1000


def test_what_is_kept_goes_when_it_is_old_here(pair):
    first, second = pair
    with first.client("ann", "brief:a", "kept:a") as ann, \
            second.client("bob", "brief:a", "kept:a") as bob:
        for room in ("brief:a", "kept:a"):
            ann.say(room, "of the first")
            bob.push("msg")
            bob.say(room, "of the second")
            ann.push("msg")
        for host in pair:
            wait_for("both are kept",
                     lambda: offsets(host, "kept:a") == [1, 2])
            wait_for("both are gone", lambda: offsets(host, "brief:a") == [])
        for host in pair:
            assert offsets(host, "kept:a") == [1, 2]
