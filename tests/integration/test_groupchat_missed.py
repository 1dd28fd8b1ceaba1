"""The profile `groupchat`: what was said to somebody who was not there comes to
him when he logs in, all of it, in order; and not again once he has it."""

import pytest

import wire
from server import DEATHS, wait_for
from test_profile_groupchat import OK, OPTIONS, Person, login_data

OPTIONS = dict(OPTIONS)


@pytest.fixture(scope="module")
def port(server):
    return server.port


def missed(person):
    return [push["content"] for push in person.pushes]


def misses_nothing(port, user, **login):
    """Soon: a receipt may take another way than the next login."""
    def has_it_all():
        with Person(port, user, **login) as one:
            return missed(one) == []

    wait_for("%s has it all" % user, has_it_all)


def goes(person):
    """As a browser that leaves a page."""
    person.send(wire.close(1001))
    assert person.read_frame()[0] == wire.CLOSE
    person.close()


def test_a_message_to_somebody_who_is_not_there_comes_when_he_is(port):
    with Person(port, "a1", toUid="a2", groupsId="0") as one:
        for number in range(3):
            one.say("m%d" % number)
        with Person(port, "a2", toUid="a1", groupsId="0") as two:
            assert missed(two) == ["m0", "m1", "m2"]
            push = two.pushes[0]
            assert (push["from"], push["to"], push["msgId"]) == (
                "a1", "a2", "2")
            two.pushes.clear()
            one.say("now")
            two.hears("now")
            two.hears_nothing()
        one.hears_nothing()
        misses_nothing(port, "a2")


def test_what_was_not_confirmed_comes_again(port):
    with Person(port, "b1", toUid="b2", groupsId="0") as one:
        one.say("x")
        for _ in range(2):
            with Person(port, "b2") as two:
                assert missed(two) == ["x"]
        two = Person(port, "b2")
        assert missed(two) == ["x"]
        goes(two)
        misses_nothing(port, "b2")


def test_a_group_is_heard_by_its_users_from_their_first_login_on(port):
    with Person(port, "c1", groupsId="c") as one:
        one.say("before")
        goes(Person(port, "c2", groupsId="c"))
        misses_nothing(port, "c2")
        one.say("m1")
        one.say("m2")
        with Person(port, "c2", groupsId="0") as two:
            assert missed(two) == ["m1", "m2"]
            assert two.pushes[0]["to"] == "c2"
            two.pushes.clear()
            one.say("m3")
            two.hears("m3")
            two.hears_nothing()
        misses_nothing(port, "c2", groupsId="c")
        with Person(port, "c3", groupsId="c") as three:
            assert missed(three) == []


def test_who_came_before_anything_was_said_misses_nothing(port):
    with Person(port, "d1", groupsId="d"):
        pass
    with Person(port, "d2", groupsId="d") as two:
        two.say("first")
    with Person(port, "d1", groupsId="d") as one:
        assert missed(one) == ["first"]


def test_each_application_gets_its_own(port):
    with Person(port, "e1", app=1, toUid="e2", groupsId="0") as one, \
            Person(port, "e2", app=2) as other:
        one.say("for the first application")
        other.hears_nothing()
        goes(other)
        misses_nothing(port, "e2", app=2)
        with Person(port, "e2", app=1) as two:
            assert missed(two) == ["for the first application"]


def test_another_login_of_a_connection_brings_nothing_twice(port):
    with Person(port, "f1", groupsId="f") as one, \
            Person(port, "f2", groupsId="f") as two:
        one.say("x")
        two.hears("x")
        for group in ("f0", "f"):
            assert two.ask("login", login_data("f2", groupsId=group)) == OK
            assert missed(two) == []


def test_members_see_what_was_read(server, port):
    with server.client("nat", "group:g") as native, \
            Person(port, "g1", groupsId="g") as one:
        said = native.call("say", room="group:g", type="text", body="hi")
        one.hears("hi")
        one.hears_nothing()
        push = native.push("read")
        assert (push["room"], push["user"], push["offset"]) == (
            "group:g", "g1", said["offset"])


def test_very_much_is_missed_and_comes_in_order(server, port):
    """More than one answer brings."""
    count = 2500
    goes(Person(port, "h1", groupsId="h"))
    with server.client("nat", "group:h") as native:
        for number in range(count):
            native.call("say", room="group:h", type="text", body=str(number))
    with Person(port, "h1") as one:
        assert missed(one) == [str(number) for number in range(count)]
        assert one.ask("heartbeat") == OK
    misses_nothing(port, "h1")


def test_nothing_is_lost_by_kills(make_server):
    server = make_server(**OPTIONS).start()
    server.allow(DEATHS)
    goes(Person(server.port, "b", groupsId="5"))
    with Person(server.port, "a", toUid="b", groupsId="5") as one:
        one.say("in the group")
        one.say("to you", groupsId="0")
    server.kill()
    server.start()
    with Person(server.port, "b") as two:
        assert sorted(missed(two)) == ["in the group", "to you"]
        assert two.ask("heartbeat") == OK
    misses_nothing(server.port, "b")
    server.kill()
    server.start()
    with Person(server.port, "b") as two:
        assert missed(two) == []
