"""Coming back into a room with `since`: all that was missed comes with the
answer, in order, none twice, and the pushes go on behind it."""

import pytest

EPOCH_OF_NOBODY = "0123456789abc"


def numbers(messages):
    return [m["offset"] for m in messages]


def talk(client, room, count):
    """Says so many at once and returns the last place."""
    seqs = [client.send("say", room=room, body="x", type="t")
            for _ in range(count)]
    last = [client.reply(seq)["data"] for seq in seqs][-1]
    return {"epoch": last["epoch"], "offset": last["offset"]}


def come_back(server, room, since, user="bob"):
    client = server.client(user)
    return client, client.call("join", room=room, since=since)


@pytest.mark.parametrize("missed", [0, 1, 2, 100, 128, 129, 300, 600])
def test_what_was_missed_comes_with_the_answer(server, missed):
    room = "missed %d" % missed
    with server.client("ann", room) as ann:
        before = talk(ann, room, 7)
        if missed:
            talk(ann, room, missed)
        bob, answer = come_back(server, room, before)
        assert answer["recovered"] is True
        assert numbers(answer["messages"]) == list(range(8, 8 + missed))
        assert answer["offset"] == 7 + missed
        assert answer["epoch"] == before["epoch"]
        page = ann.call("history", room=room, after=7)
        assert answer["messages"][:50] == [
            {name: value for name, value in m.items() if name != "key"}
            for m in page["messages"]]
        ann.say(room, "next")
        assert bob.push("msg")["offset"] == 8 + missed
        bob.close()


def test_since_the_beginning_is_all(server):
    with server.client("ann", "all of it") as ann:
        epoch = talk(ann, "all of it", 5)["epoch"]
        bob, answer = come_back(server, "all of it",
                                {"epoch": epoch, "offset": 0})
        assert numbers(answer["messages"]) == [1, 2, 3, 4, 5]
        bob.close()


def test_one_who_never_said_where_he_was_gets_nothing_of_it(server):
    with server.client("ann") as ann:
        answer = ann.call("join", room="plain")
        assert "recovered" not in answer and "messages" not in answer


def test_own_messages_come_with_their_keys(server):
    with server.client("ann", "keys") as ann:
        place = ann.say("keys", 1, key="mine")
        since = {"epoch": place["epoch"], "offset": 0}
        for user, key in (("ann", "mine"), ("bob", None)):
            client, answer = come_back(server, "keys", since, user)
            assert [m.get("key") for m in answer["messages"]] == [key]
            client.close()


@pytest.mark.parametrize("since", [
    {"epoch": EPOCH_OF_NOBODY, "offset": 1},
    {"epoch": "", "offset": 1},
    {"epoch": "\u4e2d" * 100, "offset": 1},
    {"epoch": None, "offset": 5000},
    {"epoch": None, "offset": -1},
    {"epoch": None, "offset": -10 ** 30},
    {"epoch": None, "offset": 10 ** 30},
    {"epoch": None, "offset": 2 ** 63},
    {"epoch": None, "offset": 2 ** 64 - 1},
    {"epoch": None, "offset": 1e300},
])
def test_since_of_another_life_is_not_recovered(server, since):
    room = "another life"
    with server.client("ann", room) as ann:
        here = talk(ann, room, 3)
        if since["epoch"] is None:
            since = {**since, "epoch": here["epoch"]}
        bob, answer = come_back(server, room, since)
        assert answer["recovered"] is False and answer["messages"] == []
        assert (answer["epoch"], answer["offset"]) == (
            here["epoch"], here["offset"])
        ann.say(room, "x")
        bob.push("msg")
        bob.close()


@pytest.mark.parametrize("since, member", [
    (7, "since"), (None, "since"), ([], "since"), ("x", "since"),
    (True, "since"),
    ({}, "since.epoch"), ({"offset": 1}, "since.epoch"),
    ({"epoch": 7, "offset": 1}, "since.epoch"),
    ({"epoch": None, "offset": 1}, "since.epoch"),
    ({"epoch": EPOCH_OF_NOBODY}, "since.offset"),
    ({"epoch": EPOCH_OF_NOBODY, "offset": "1"}, "since.offset"),
    ({"epoch": EPOCH_OF_NOBODY, "offset": 1.5}, "since.offset"),
    ({"epoch": EPOCH_OF_NOBODY, "offset": None}, "since.offset"),
])
def test_since_that_makes_no_sense_is_refused_by_name(server, since, member):
    with server.client("ann") as ann:
        error = ann.refused(1001, "join", room="sense", since=since)
        assert error.startswith(member + " ")
        assert ann.call("rooms")["rooms"] == []


def test_an_id_in_since_changes_nothing_on_one_host(server):
    with server.client("ann", "with id") as ann:
        before = talk(ann, "with id", 2)
        talk(ann, "with id", 2)
        for name in ("", "x", 7, None, "0" * 17):
            bob, answer = come_back(server, "with id", {**before, "id": name})
            assert answer["recovered"] is True
            assert numbers(answer["messages"]) == [3, 4]
            bob.close()


def test_more_than_1000_messages_are_not_recovered(server):
    room = "very long"
    with server.client("ann", room) as ann:
        before = talk(ann, room, 1)
        talk(ann, room, 1001)
        bob, answer = come_back(server, room, before)
        assert answer["recovered"] is False and answer["messages"] == []
        assert answer["offset"] == 1002
        ann.say(room, "next")
        assert bob.push("msg")["offset"] == 1003
        bob.close()


def test_large_messages_are_recovered_up_to_half_an_outbox(server):
    room = "large"
    with server.client("ann", room) as ann:
        first = ann.say(room, "a" * 30000)
        for letter in "bcdefgh":
            ann.say(room, letter * 30000)
        since = {"epoch": first["epoch"], "offset": 4}
        bob, answer = come_back(server, room, since)
        assert answer["recovered"] is True
        assert [m["body"][0] for m in answer["messages"]] == list("efgh")
        assert all(len(m["body"]) == 30000 for m in answer["messages"])
        bob.close()
        bob, answer = come_back(server, room, {**since, "offset": 3})
        assert answer["recovered"] is False
        bob.close()


def test_a_member_who_asks_again_has_nothing_to_recover(server):
    with server.client("ann", "again") as ann:
        before = talk(ann, "again", 2)
        talk(ann, "again", 2)
        answer = ann.call("join", room="again", since=before)
        assert answer["recovered"] is False and answer["messages"] == []
        assert answer["connections"] == 1


def test_requests_behind_the_join_wait_for_it(server):
    room = "in order"
    with server.client("ann", room) as ann:
        before = talk(ann, room, 3)
        talk(ann, room, 600)
        with server.client("bob") as bob:
            join = bob.send("join", room=room, since=before)
            say = bob.send("say", room=room, body="mine", echo=True)
            page = bob.send("history", room=room, limit=1)
            answer = bob.reply(join)["data"]
            assert numbers(answer["messages"]) == list(range(4, 604))
            assert bob.reply(say)["data"]["offset"] == 604
            assert bob.push("msg")["body"] == "mine"
            assert numbers(bob.reply(page)["data"]["messages"]) == [604]


def test_many_rooms_are_recovered_at_once(server):
    rooms = ["many %d" % n for n in range(40)]
    with server.client("ann", *rooms) as ann, server.client("bob") as bob:
        places = {room: talk(ann, room, 3) for room in rooms}
        for room in rooms:
            talk(ann, room, 200)
        seqs = [bob.send("join", room=room, since=places[room])
                for room in rooms]
        for seq in seqs:
            answer = bob.reply(seq)["data"]
            assert answer["recovered"] is True
            assert numbers(answer["messages"]) == list(range(4, 204))


def test_a_room_without_history_recovers_nothing(make_server):
    server = make_server(options='room "gone:*" { history = false }').start()
    with server.client("ann", "gone:1") as ann:
        epoch = ann.call("join", room="gone:1")["epoch"]
        ann.say("gone:1", 1)
        bob, answer = come_back(server, "gone:1", {"epoch": epoch, "offset": 0})
        assert answer["recovered"] is False and answer["messages"] == []
        bob.close()


def test_recovery_goes_on_over_a_restart(make_server):
    server = make_server().start()
    with server.client("ann", "r") as ann:
        before = talk(ann, "r", 3)
        talk(ann, "r", 300)
    server.kill()
    server.start()
    bob, answer = come_back(server, "r", before)
    assert answer["recovered"] is True
    assert numbers(answer["messages"]) == list(range(4, 304))
    bob.close()
