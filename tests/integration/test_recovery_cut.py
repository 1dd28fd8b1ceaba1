"""Who comes from a host that was cut off from a third one gets what that one
has said, whatever he saw last: the hosts tell each other what they have."""

import contextlib

import pytest

import links
from cluster import place_of
from server import DEATHS, wait_for
from test_relay_foes import clock_of

# More than the last of these is behind the last id that the client saw, when
# what was lacking could be taken for old.
LATER_MS = 12000


@pytest.fixture
def trio(directory):
    links.demand()
    cluster = links.Cluster(directory, 3)
    try:
        yield cluster.start().wait_met().wait_agreed()
        cluster.end()
    finally:
        cluster.kill()


def part(cluster, one, other):
    cluster.network.part(one, other)
    one.wait_peer(other, "down")
    other.wait_peer(one, "down")


def say_until(client, room, wanted_clock):
    """Goes on until the id of what was said last has this time. Returns how
    many messages."""
    count = 0

    def is_late():
        nonlocal count
        count += 1
        return clock_of(client.say(room, "after")["id"]) >= wanted_clock

    wait_for("enough time is gone", is_late, look_every=0.2)
    return count


def leave_behind(cluster, room, user):
    """The user was on the first host, which did not hear the third one, and
    saw what the second one has said long after that. Returns where he was, what
    he saw, and what he lacks."""
    first, second, third = cluster
    with first.client(user) as client, second.client("ann", room) as ann, \
            third.client("eve", room) as eve:
        joined = client.call("join", room=room)
        lacking = [eve.say(room, index)["id"] for index in range(5)]
        for _ in lacking:
            ann.push("msg")
        count = say_until(ann, room, clock_of(lacking[-1]) + LATER_MS)
        seen = [client.push("msg") for _ in range(count)]
    assert not {one["id"] for one in seen} & set(lacking)
    return place_of(joined, seen), seen, lacking


def come_back(host, room, user, place):
    with host.client(user) as client:
        return client.call("join", room=room, since=place)


def check(answer, seen, lacking):
    assert answer["recovered"] is True and answer["overlap"] is True
    got = [one["id"] for one in answer["messages"]]
    assert [one for one in got if one in lacking] == lacking
    assert set(got) <= set(lacking) | {one["id"] for one in seen}


def test_what_a_third_host_said_is_not_lacking(trio, room):
    """Nor when the host where the client was is gone, nor when the one that it
    comes to has begun again."""
    first, second, third = trio
    part(trio, first, third)
    place, seen, lacking = leave_behind(trio, room, "bob")
    check(come_back(second, room, "bob", place), seen, lacking)
    first.allow(DEATHS)
    first.kill()
    second.wait_peer(first, "down")
    check(come_back(second, room, "bob", place), seen, lacking)
    second.stop()
    second.start()
    check(come_back(second, room, "bob", place), seen, lacking)
    trio.network.join(first, third)
    first.start()
    trio.wait_met()


def test_the_end_of_a_break_is_when_all_has_come(trio, room):
    """Who left in the break lacks what he lacked; who saw its end does not get
    it again after a while."""
    first, second, third = trio
    part(trio, first, third)
    place, seen, lacking = leave_behind(trio, room, "bob")
    with first.client("joe") as joe, second.client("ann", room) as ann:
        joined = joe.call("join", room=room)
        trio.network.join(first, third)
        trio.wait_met()
        found = [joe.push("msg") for _ in lacking]
        assert [one["id"] for one in found] == lacking
        check(come_back(second, room, "bob", place), seen, lacking)

        def has_enough():
            ann.say(room, "later")
            found.append(joe.push("msg"))
            answer = come_back(second, room, "joe", place_of(joined, found))
            got = {one["id"] for one in answer["messages"]}
            return answer["recovered"] and not got & set(lacking)

        wait_for("joe does not get it again", has_enough, look_every=0.5)
        check(come_back(second, room, "bob", place),
              seen + found, lacking)


def test_who_was_on_a_host_that_nobody_knows_is_told_so(directory, room):
    """It has met nobody while the client was there."""
    links.demand()
    with contextlib.ExitStack() as stack:
        cluster = links.Cluster(directory, 2)
        stack.callback(cluster.kill)
        first, second = cluster
        cluster.network.cut(first)
        cluster.start()
        with first.client("bob") as bob:
            place = place_of(bob.call("join", room=room),
                             [bob.say(room, "alone")])
        cluster.network.mend(first)
        cluster.wait_met().wait_agreed()
        cluster.wait_same(room, 1)
        answer = come_back(second, room, "bob", place)
        assert answer["recovered"] is False and answer["messages"] == []
        cluster.end()
