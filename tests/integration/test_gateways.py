"""Members of one room on different gateways see one order."""

import pytest

from crowd import Crowd

OPTIONS = dict(gateways=2, ledgers=2)


@pytest.fixture
def pair(server, room):
    """Two members of a room on two gateways."""
    first, second = server.pids("gateway")
    with server.client_on(first, "left", room) as left, \
            server.client_on(second, "right", room) as right:
        assert left.push("enter")["user"] == "right"
        yield left, right


def test_connections_are_spread_over_the_gateways(server):
    clients = [server.client("u-%d" % n) for n in range(40)]
    try:
        assert {server.gateway_of(client) for client in clients} == set(
            server.pids("gateway"))
    finally:
        for client in clients:
            client.close()


def test_a_message_reaches_the_other_gateway(pair, room):
    left, right = pair
    said = left.say(room, "over there")
    assert right.push("msg")["id"] == said["id"]
    said = right.say(room, "and back")
    assert left.push("msg")["id"] == said["id"]


def test_members_of_all_gateways_are_one_room(pair, room):
    left, right = pair
    for client in pair:
        page = client.call("members", room=room)
        assert [m["user"] for m in page["members"]] == ["left", "right"]
        assert page["connections"] == 2
    right.call("leave", room=room)
    assert left.push("exit")["users"] == 1


def test_a_user_on_two_gateways_enters_once(server, pair, room):
    left, _ = pair
    first, second = server.pids("gateway")
    with server.client_on(first, "both", room) as one, \
            server.client_on(second, "both", room) as two:
        assert left.push("enter")["users"] == 3
        one.say(room, "to my other self")
        assert two.push("msg")["body"] == "to my other self"
        left.push("msg")
        assert left.seen("enter") == []
        one.call("leave", room=room)
        two.call("leave", room=room)
        assert left.push("exit")["users"] == 2
        assert left.seen("exit") == []


def test_all_see_one_order_without_gap_or_repeat(server, room):
    rooms = ["%s-%d" % (room, n) for n in range(4)]
    crowd = Crowd(server.port)
    members = [crowd.add("member-%d" % n, rooms, window=4) for n in range(16)]
    crowd.wait_inside()
    crowd.wait_acknowledged(3000, 60)
    crowd.settle()
    with server.client("reader", *rooms) as reader:
        faults = crowd.book.faults(
            lambda **how: reader.call("history", **how))
    assert faults == []
    assert [member.breaks for member in members] == [0] * 16
    assert len({room for room, _, _, _ in crowd.book.acks}) == 4
    crowd.leave()


def test_joining_and_leaving_all_the_time_loses_nothing(server, room):
    crowd = Crowd(server.port)
    for n in range(6):
        crowd.add("stays-%d" % n, [room])
    crowd.wait_inside()
    for n in range(60):
        crowd.add("comes-%d" % n, [room])
        crowd.wait_acknowledged(10)
        if n >= 10:
            crowd.members[6 + n - 10].leave()
    crowd.settle()
    with server.client("reader", room) as reader:
        assert crowd.book.faults(
            lambda **how: reader.call("history", **how)) == []
    crowd.leave()


def test_who_is_online_is_told_of_all_gateways(server):
    first, second = server.pids("gateway")
    with server.client_on(first, "far", platform=104) as one, \
            server.client_on(second, "far", platform=7), \
            server.client_on(second, "near"):
        assert one.call("online", users=["near", "far", "none", "far"]) == {
            "online": {"far": [7, 104], "near": [101]}}
