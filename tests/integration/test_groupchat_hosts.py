"""The profile `groupchat` on the hosts of a cluster: who is at which, nobody
notices."""

import shutil

import pytest

from cluster import Cluster
from conftest import make_directory
from server import wait_for
from test_groupchat_missed import goes, missed, misses_nothing
from test_profile_groupchat import Person, users


@pytest.fixture(scope="module")
def pair():
    path = make_directory()
    try:
        with Cluster(path, 2, profiles=("confab", "groupchat")) as cluster:
            yield cluster.wait_met()
    finally:
        shutil.rmtree(path, ignore_errors=True)


def test_two_talk_from_host_to_host(pair):
    with Person(pair[0].port, "a", toUid="b", groupsId="0") as one, \
            Person(pair[1].port, "b", toUid="a", groupsId="0") as two:
        one.say("over there?")
        two.hears("over there?")
        two.say("here")
        one.hears("here")
        one.hears_nothing()
        two.hears_nothing()


def test_a_group_is_one_on_all_hosts(pair):
    with Person(pair[0].port, "c", groupsId="7") as one, \
            Person(pair[1].port, "d", groupsId="7") as two:
        one.say("m1")
        two.say("m2")
        for person, name in ((one, "c"), (two, "d")):
            heard = [person.push() for _ in range(2)]
            assert sorted(push["content"] for push in heard) == ["m1", "m2"]
            assert {push["to"] for push in heard} == {name}
        for host in pair:
            wait_for("host %d knows them" % host.number, lambda: sorted(
                users(host.port, "7")) == ["c", "d"])


def test_what_was_missed_comes_at_another_host(pair):
    with Person(pair[0].port, "e", toUid="f", groupsId="8") as one, \
            pair[1].client("spy", "group:8") as spy:
        goes(Person(pair[0].port, "f", groupsId="8"))
        one.say("to you", groupsId="0")
        one.say("to the group")
        assert spy.push("msg")["body"]["msg"] == "to the group"
        with Person(pair[1].port, "f") as two:
            assert sorted(missed(two)) == ["to the group", "to you"]


def test_what_came_at_one_host_does_not_come_again_at_another(pair):
    with Person(pair[0].port, "g", toUid="h", groupsId="9") as one, \
            Person(pair[0].port, "h", groupsId="9") as two, \
            pair[1].client("spy", "group:9") as spy:
        one.say("to the group")
        one.say("to you", groupsId="0")
        two.hears("to the group")
        two.hears("to you")
        two.hears_nothing()
        misses_nothing(pair[1].port, "h")
        one.say("more")
        assert [spy.push("msg")["body"]["msg"] for _ in range(2)] == [
            "to the group", "more"]
        with Person(pair[1].port, "h") as two:
            assert missed(two) == ["more"]
