"""Who is in a room and which rooms there are; enter and exit."""

import pytest

OPTIONS = dict(
    grace_seconds=60,
    options='room "quiet:*" { events = false }\n'
            'room "hidden:*" { listed = false }\n'
            'room "hidden:but:*" { listed = true }')


def names(page):
    return [member["user"] for member in page["members"]]


def test_members_are_counted_by_user_and_connection(server, room):
    with server.client("ann", room, platform=101), \
            server.client("ann", room, platform=102), \
            server.client("ann", room, platform=102), \
            server.client("ben", room) as ben:
        page = ben.call("members", room=room)
        assert (page["users"], page["connections"]) == (2, 4)
        assert names(page) == ["ann", "ben"]
        assert sorted(page["members"][0]["platforms"]) == [101, 102]
        assert page["members"][0]["since"] > 1600000000000
        assert "next" not in page


def test_info_is_shown_to_members(server, room):
    info = {"nick": "Ann 😀", "level": [1, 2]}
    with server.client() as ann, server.client("ben", room) as ben:
        ann.call("login", user="ann", info=info)
        ann.call("join", room=room)
        found = {m["user"]: m for m in
                 ben.call("members", room=room)["members"]}
        assert found["ann"]["info"] == info


def test_members_come_in_pages(server, room):
    users = ["user-%03d" % n for n in range(25)]
    inside = [server.client(user, room) for user in users]
    try:
        seen, after, pages = [], None, 0
        while True:
            how = {"after": after} if after is not None else {}
            page = inside[0].call("members", room=room, limit=10, **how)
            assert page["users"] == 25
            seen += names(page)
            pages += 1
            after = page.get("next")
            if after is None:
                break
        assert seen == users and pages == 3
    finally:
        for client in inside:
            client.close()


@pytest.mark.parametrize("limit", [0, 1001, -1, "10", 1.5])
def test_members_limit_is_checked_and_named(server, room, limit):
    with server.client("u", room) as client:
        assert "limit" in client.refused(1001, "members", room=room,
                                         limit=limit)


def test_members_needs_membership(server, room):
    with server.client("inside", room), server.client("outside") as outside:
        outside.refused(1003, "members", room=room)


def test_without_presence_one_is_neither_counted_nor_listed(server, room):
    with server.client("seen", room) as seen, server.client("ghost") as ghost:
        ghost.call("join", room=room, presence=False)
        page = seen.call("members", room=room)
        assert names(page) == ["seen"] and page["users"] == 1
        seen.say(room, "boo")
        assert ghost.push("msg")["body"] == "boo"
        ghost.call("leave", room=room)
        with server.client("third", room):
            assert seen.push("enter")["user"] == "third"
        assert seen.seen("exit") == []


# Pushes

def test_the_first_connection_enters_and_the_last_one_exits(server, room):
    with server.client("watcher", room) as watcher:
        one = server.client("guest", room, platform=103)
        entered = watcher.push("enter")
        assert entered == {"room": room, "user": "guest", "platform": 103,
                           "users": 2}
        two = server.client("guest", room)
        one.call("leave", room=room)
        two.call("leave", room=room)
        gone = watcher.push("exit")
        assert (gone["user"], gone["users"], gone["room"]) == ("guest", 1, room)
        watcher.say(room, "fence", echo=True)
        watcher.push("msg")
        assert watcher.seen("enter") == [] and watcher.seen("exit") == []
        one.close()
        two.close()


def test_who_joined_without_events_gets_none(server, room):
    with server.client("deaf") as deaf:
        deaf.call("join", room=room, events=False)
        with server.client("loud", room) as loud:
            loud.call("leave", room=room)
            loud.call("join", room=room)
            loud.say(room, "fence")
            deaf.push("msg")
            assert deaf.seen("enter") == [] and deaf.seen("exit") == []


def test_a_class_without_events_pushes_none(server, room):
    quiet = "quiet:" + room
    with server.client("a", quiet) as a, server.client("b", quiet) as b:
        b.say(quiet, "fence")
        a.push("msg")
        assert a.seen("enter") == []
        assert a.call("members", room=quiet)["users"] == 2


def test_a_lost_connection_may_come_back_unnoticed(server, room):
    with server.client("watcher", room) as watcher:
        lost = server.client("clumsy", room)
        assert watcher.push("enter")["user"] == "clumsy"
        lost.socket.reset()
        with server.client("clumsy", room) as back:
            back.say(room, "fence")
            watcher.push("msg")
            assert watcher.seen("exit") == [] and watcher.seen("enter") == []
            back.call("leave", room=room)
            assert watcher.push("exit")["user"] == "clumsy"


def test_a_lost_connection_exits_after_grace_seconds(make_server, room):
    server = make_server(grace_seconds="200ms").start()
    with server.client("watcher", room) as watcher:
        server.client("lost", room).socket.reset()
        gone = watcher.push("exit")
        assert (gone["user"], gone["users"]) == ("lost", 1)
        assert names(watcher.call("members", room=room)) == ["watcher"]


# Rooms

def test_own_rooms_with_epoch_and_offset(server, room):
    inside = ["%s-%s" % (room, name) for name in "cab"]
    with server.client("u", *inside) as client:
        client.say(inside[0], "x")
        client.say(inside[0], "y")
        rooms = {one["room"]: one for one in client.call("rooms")["rooms"]}
        assert sorted(rooms) == sorted(inside)
        assert rooms[inside[0]]["offset"] == 2
        assert rooms[inside[1]]["offset"] == 0
        assert rooms[inside[0]]["epoch"]
        client.call("leave", room=inside[1])
        left = [one["room"] for one in client.call("rooms")["rooms"]]
        assert sorted(left) == sorted([inside[0], inside[2]])


def test_listed_rooms_with_users_offset_and_time(server, room):
    with server.client("u", room) as client, server.client("v", room):
        said = client.say(room, "x")
        page = client.call("rooms", listed=True, prefix=room)
        assert len(page["rooms"]) == 1
        found = page["rooms"][0]
        assert (found["room"], found["users"], found["offset"]) == (room, 2, 1)
        assert found["time"] == said["time"]


def test_listed_rooms_come_in_pages_by_prefix(server, room):
    made = ["%s/%02d" % (room, n) for n in range(25)]
    with server.client("u", *made) as client:
        seen, after, pages = [], None, 0
        while True:
            how = {"after": after} if after is not None else {}
            page = client.call("rooms", listed=True, prefix=room + "/",
                               limit=10, **how)
            seen += [one["room"] for one in page["rooms"]]
            pages += 1
            after = page.get("next")
            if after is None:
                break
        assert seen == made and pages == 3


def test_rooms_of_unlisted_classes_stay_hidden(server, room):
    hidden, shown = "hidden:" + room, "hidden:but:" + room
    with server.client("u", hidden, shown) as client:
        client.say(hidden, "x")
        listed = [one["room"] for one in
                  client.call("rooms", listed=True, prefix="hidden:")["rooms"]]
        assert shown in listed and hidden not in listed
        own = [one["room"] for one in client.call("rooms")["rooms"]]
        assert hidden in own


def test_a_room_with_history_is_listed_when_nobody_is_there(server, room):
    with server.client("u", room) as client:
        client.say(room, "x")
        client.call("leave", room=room)
        page = client.call("rooms", listed=True, prefix=room)
        assert [(one["room"], one["users"], one["offset"])
                for one in page["rooms"]] == [(room, 0, 1)]


@pytest.mark.parametrize("bad", [
    dict(limit=0), dict(limit=-5), dict(limit="x"), dict(listed=1),
    dict(listed=True, prefix=7), dict(listed=True, after=7)])
def test_bad_members_of_rooms_are_1001_and_named(server, bad):
    with server.client("u") as client:
        error = client.refused(1001, "rooms", **bad)
        assert list(bad)[-1] in error
