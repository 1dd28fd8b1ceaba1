"""Editing and deleting what one has said: an event of its own for those who are
there or come back, and the last state for those who look it up."""

import pytest

from server import DEATHS, wait_for

OPTIONS = dict(options='room "*" { search = true }\n'
                       'inbox { search = true }\n')
NOBODYS = "0" * 20


def bodies(messages):
    return [message["body"] for message in messages]


def place(answer):
    return {name: answer[name] for name in ("epoch", "offset")}


def found(client, text, **target):
    return [m["id"] for m in client.call(
        "search", text=text, **target)["messages"]]


@pytest.fixture
def pair(server, room):
    with server.client("ann", room) as ann, server.client("bob", room) as bob:
        yield ann, bob


def test_members_are_told_of_an_edit(pair, room):
    ann, bob = pair
    said = ann.say(room, "helo", type="note")
    bob.push("msg")
    changed = ann.call("edit", room=room, id=said["id"], body="hello")
    assert changed["offset"] == 2 and changed["epoch"] == said["epoch"]
    assert changed["id"] > said["id"] and changed["time"] >= said["time"]
    told = bob.push("edit")
    assert told == {"id": changed["id"], "time": changed["time"],
                    "from": "ann", "platform": 101, "room": room, "offset": 2,
                    "of": said["id"], "of_offset": 1, "type": told["type"],
                    "body": "hello"}
    ann.fence()
    assert ann.seen("edit") == [], "the own connection has the answer"


def test_members_are_told_of_a_deletion(pair, room):
    ann, bob = pair
    said = ann.say(room, "oops")
    gone = ann.call("delete", room=room, id=said["id"])
    assert gone["offset"] == 2
    told = bob.push("delete")
    assert (told["of"], told["of_offset"]) == (said["id"], 1)
    assert (told["id"], told["offset"]) == (gone["id"], 2)
    assert (told["room"], told["from"]) == (room, "ann")
    assert "body" not in told


def test_own_other_connections_are_told(server, room):
    with server.client("ann", room) as one, server.client("ann", room) as two:
        said = one.say(room, 1)
        two.push("msg")
        one.call("edit", room=room, id=said["id"], body=2)
        assert two.push("edit")["body"] == 2
        two.call("delete", room=room, id=said["id"])
        assert one.push("delete")["of"] == said["id"]


def test_history_shows_the_last_state(pair, room):
    ann, bob = pair
    first, second, third = [ann.say(room, n) for n in "abc"]
    ann.call("edit", room=room, id=first["id"], body="a1")
    edited = ann.call("edit", room=room, id=first["id"], body="a2")
    deleted = ann.call("delete", room=room, id=second["id"])
    ann.say(room, "d")
    for client in pair:
        one, two, three, four = client.whole_history(room)
        assert (one["id"], one["offset"], one["body"]) == (
            first["id"], 1, "a2")
        assert one["edited"] == edited["time"] and "deleted" not in one
        assert (two["id"], two["offset"], two["body"]) == (
            second["id"], 2, None)
        assert two["deleted"] == deleted["time"]
        assert (three["id"], three["body"]) == (third["id"], "c")
        assert "edited" not in three and "deleted" not in three
        assert (four["offset"], four["body"]) == (7, "d")
        assert all("of" not in m for m in (one, two, three, four))


def test_pages_are_complete_though_changes_are_left_out(pair, room):
    ann, _ = pair
    ids = []
    for n in range(100):
        ids.append(ann.say(room, n)["id"])
        if n % 3:
            ann.call("edit", room=room, id=ids[n // 2], body=1000 + n)
    for limit in (1, 2, 10, 500):
        assert [m["id"] for m in ann.whole_history(room, limit=limit)] == ids
        seen, before = [], 10 ** 6
        while True:
            page = ann.call("history", room=room, before=before, limit=limit)
            seen = [m["id"] for m in page["messages"]] + seen
            if not page["more"]:
                break
            assert page["first"] < before
            before = page["first"]
        assert seen == ids


def test_only_ones_own_messages_can_be_changed(pair, room):
    ann, bob = pair
    said = ann.say(room, "mine")
    for cmd, more in (("edit", {"body": "yours"}), ("delete", {})):
        bob.refused(1003, cmd, room=room, id=said["id"], **more)
    assert bodies(ann.whole_history(room)) == ["mine"]


def test_unknown_and_deleted_messages_are_1005(pair, room):
    ann, _ = pair
    said = ann.say(room, "x")
    other = room + " other"
    ann.call("join", room=other)
    elsewhere = ann.say(other, "y")
    changed = ann.call("edit", room=room, id=said["id"], body="z")
    for one in (NOBODYS, elsewhere["id"], changed["id"]):
        assert ann.ask("edit", room=room, id=one, body=1)["code"] in (
            (1005,) if one != NOBODYS else (1001, 1005))
        assert ann.ask("delete", room=room, id=one)["code"] in (
            (1005,) if one != NOBODYS else (1001, 1005))
    ann.call("delete", room=room, id=said["id"])
    ann.refused(1005, "edit", room=room, id=said["id"], body=1)
    ann.refused(1005, "delete", room=room, id=said["id"])
    assert ann.whole_history(room)[0]["body"] is None


@pytest.mark.parametrize("cmd, bad", [
    ("edit", dict(id="x", body=1)), ("edit", dict(room="r", body=1)),
    ("delete", dict(room="r", id=7)), ("delete", dict(room="r", id="")),
    ("delete", dict(room="r", user="u", id=NOBODYS)),
    ("delete", dict(id=NOBODYS)), ("delete", dict(room="r", id=None)),
    ("edit", dict(user="u", id="é" * 40, body=1))])
def test_changes_that_make_no_sense_are_1001(server, cmd, bad):
    with server.client("ann", "r") as ann:
        ann.refused(1001, cmd, **bad)


def test_an_edit_without_a_body_is_1001(pair, room):
    ann, _ = pair
    said = ann.say(room, "x")
    assert "body" in ann.refused(1001, "edit", room=room, id=said["id"])


def test_a_room_one_has_left_cannot_be_changed(pair, room):
    ann, _ = pair
    said = ann.say(room, "x")
    ann.call("leave", room=room)
    ann.refused(1003, "edit", room=room, id=said["id"], body=1)
    ann.refused(1003, "delete", room=room, id=said["id"])


def test_recovery_tells_the_changes_in_their_place(server, pair, room):
    ann, _ = pair
    since = place(ann.say(room, "before"))
    old = ann.say(room, "old")
    ann.call("edit", room=room, id=old["id"], body="new")
    gone = ann.say(room, "gone")
    ann.call("delete", room=room, id=gone["id"])
    with server.client("eve") as eve:
        answer = eve.call("join", room=room, since=since)
        assert answer["recovered"] is True
        messages = answer["messages"]
        assert [m["offset"] for m in messages] == [2, 3, 4, 5]
        assert [m.get("of") for m in messages] == [
            None, old["id"], None, gone["id"]]
        assert messages[1]["body"] == "new" and messages[1]["of_offset"] == 2
        assert "body" not in messages[3]


def test_a_change_of_something_old_is_recovered_from_the_archive(server, pair,
                                                                 room):
    """More than the ledger remembers lies between all of it."""
    ann, _ = pair
    old = ann.say(room, "old")
    for n in range(200):
        ann.send("say", room=room, body=n)
    since = place(ann.say(room, "since"))
    changed = ann.call("edit", room=room, id=old["id"], body="new")
    for n in range(200):
        ann.send("say", room=room, body=n)
    ann.say(room, "end")
    with server.client("eve") as eve:
        answer = eve.call("join", room=room, since=since)
        assert answer["recovered"] is True
        first = answer["messages"][0]
        assert (first["id"], first["of"]) == (changed["id"], old["id"])
        assert (first["of_offset"], first["body"]) == (1, "new")
        assert len(answer["messages"]) == 202
        page = eve.call("history", room=room, after=0, limit=1)
        assert bodies(page["messages"]) == ["new"]


@pytest.fixture
def cluster(make_server):
    server = make_server(gateways=2, **OPTIONS)
    server.allow(DEATHS)
    return server.start()


@pytest.mark.parametrize("role", ["ledger", "historian", "everything"])
def test_the_last_state_survives_a_kill(cluster, role):
    with cluster.client("ann", "r") as ann:
        ids = [ann.say("r", "m%d" % n)["id"] for n in range(20)]
        direct = [ann.tell("bob", "d%d" % n)["id"] for n in range(20)]
        for n in (0, 5, 19):
            ann.call("edit", room="r", id=ids[n], body="new %d" % n)
            ann.call("edit", user="bob", id=direct[n], body="new %d" % n)
        for n in (1, 5):
            ann.call("delete", room="r", id=ids[n])
            ann.call("delete", user="bob", id=direct[n])
        room, inbox = ann.whole_history("r"), ann.whole_history(inbox=True)
    if role == "everything":
        cluster.kill()
        cluster.start()
    else:
        cluster.kill_one(role)
    with cluster.client("ann", "r") as ann, cluster.client("bob") as bob:
        assert ann.whole_history("r") == room
        assert ann.whole_history(inbox=True) == inbox
        for messages in (room, inbox, bob.whole_history(user="ann")):
            assert bodies(messages)[:6] == [
                "new 0", None, messages[2]["body"], messages[3]["body"],
                messages[4]["body"], None]
            assert messages[19]["body"] == "new 19"
            assert len(messages) == 20
        ann.refused(1005, "edit", room="r", id=ids[1], body=1)
        ann.call("edit", room="r", id=ids[0], body="newer")
        ann.call("edit", user="bob", id=direct[0], body="newer")
        assert ann.whole_history("r")[0]["body"] == "newer"
        assert bob.whole_history(user="ann")[0]["body"] == "newer"


# Direct messages

def test_a_direct_message_is_changed_in_both_inboxes(server):
    with server.client("ann d") as ann, server.client("bob d") as bob, \
            server.client("ann d", platform=102) as twin:
        bob.tell("eve d", "so that offsets differ")
        said = ann.tell("bob d", "helo")
        changed = ann.call("edit", user="bob d", id=said["id"], body="hello")
        assert changed["offset"] == said["offset"] + 1
        told = bob.push("edit")
        assert (told["of"], told["offset"]) == (said["id"], 3)
        assert (told["to"], told["from"], told["body"]) == (
            "bob d", "ann d", "hello")
        copy = twin.push("edit")
        assert (copy["of_offset"], copy["offset"]) == (1, 2)
        for client, other in ((ann, "bob d"), (bob, "ann d")):
            message, = client.whole_history(user=other)
            assert message["body"] == "hello"
            assert message["edited"] == changed["time"]
        ann.call("delete", user="bob d", id=said["id"])
        assert bob.push("delete")["of"] == said["id"]
        assert twin.push("delete")["of"] == said["id"]
        for client, other in ((ann, "bob d"), (bob, "ann d")):
            message, = client.whole_history(user=other)
            assert message["body"] is None and message["deleted"]


def test_a_message_to_many_is_changed_for_all_of_them(server):
    people = ["many %d" % n for n in range(5)]
    clients = [server.client(user) for user in people]
    with server.client("ann m") as ann:
        said = ann.call("say", users=people, body="x")
        for n, other in enumerate(people[:2]):
            ann.call("edit", user=other, id=said["id"], body="edit %d" % n)
        for client in clients:
            assert [client.push("edit")["body"] for _ in range(2)] == [
                "edit 0", "edit 1"]
            assert bodies(client.whole_history(inbox=True)) == ["edit 1"]
        assert bodies(ann.whole_history(inbox=True)) == ["edit 1"]
    for client in clients:
        client.close()


def test_a_direct_message_of_the_other_side_cannot_be_changed(server):
    with server.client("ann f") as ann, server.client("bob f") as bob:
        said = ann.tell("bob f", "mine")
        bob.refused(1003, "edit", user="ann f", id=said["id"], body="yours")
        bob.refused(1003, "delete", user="ann f", id=said["id"])
        ann.refused(1005, "delete", user="eve f", id=said["id"])
        with server.client("eve f") as eve:
            eve.refused(1005, "delete", user="ann f", id=said["id"])
        assert bodies(bob.whole_history(inbox=True)) == ["mine"]


def test_a_message_to_oneself_can_be_changed(server):
    with server.client("self c") as one:
        said = one.tell("self c", "x")
        one.call("edit", user="self c", id=said["id"], body="y")
        assert bodies(one.whole_history(inbox=True)) == ["y"]
        one.call("delete", user="self c", id=said["id"])
        assert bodies(one.whole_history(inbox=True)) == [None]


def test_the_inbox_recovers_changes(server):
    with server.client("ann r") as ann:
        with server.client("bob r") as bob:
            said = [ann.tell("bob r", body) for body in ("helo", "oops")]
            bob.push("msg")
            here = {"epoch": bob.login["inbox"]["epoch"],
                    "offset": bob.push("msg")["offset"]}
        changed = ann.call("edit", user="bob r", id=said[0]["id"], body="hello")
        ann.call("delete", user="bob r", id=said[1]["id"])
        with server.client("bob r", inbox=here) as bob:
            edit, deletion = bob.login["messages"]
            assert (edit["id"], edit["of"]) == (changed["id"], said[0]["id"])
            assert (edit["offset"], edit["body"]) == (3, "hello")
            assert deletion["of"] == said[1]["id"] and "body" not in deletion


def test_what_a_deleted_message_once_said_is_told_to_nobody(server, room):
    """Neither by itself nor by an edit before its end."""
    with server.client("ann", room) as ann:
        since = place(ann.say(room, "first"))
        said = ann.say(room, "secret one")
        ann.call("edit", room=room, id=said["id"], body="secret two")
        ann.call("delete", room=room, id=said["id"])
        for between in (0, 300):
            seqs = [ann.send("say", room=room, body=n) for n in range(between)]
            assert all(ann.reply(seq)["code"] == 200 for seq in seqs)
            with server.client("bob") as bob:
                answer = bob.call("join", room=room, since=since)
                assert answer["recovered"] is True
                assert len(answer["messages"]) == 3 + between
                assert "secret" not in str(answer)
                assert "secret" not in str(bob.call(
                    "history", room=room, after=0))


# Search

def test_search_finds_what_it_says_now(server, pair, room):
    ann, bob = pair
    said = ann.say(room, "the quick brown fox")
    assert found(bob, "brown", room=room) == [said["id"]]
    ann.call("edit", room=room, id=said["id"], body="the lazy dog")
    wait_for("the new text is found",
             lambda: found(bob, "lazy", room=room) == [said["id"]])
    wait_for("the old text is not",
             lambda: found(bob, "brown", room=room) == [])
    ann.call("delete", room=room, id=said["id"])
    wait_for("nothing is", lambda: found(bob, "lazy", room=room) == [])


def test_search_finds_direct_messages_as_they_are_now(server):
    with server.client("ann s") as ann, server.client("bob s") as bob:
        said = ann.tell("bob s", "火锅 tonight")
        bob.tell("eve s", "火锅 elsewhere")
        for client, other in ((ann, "bob s"), (bob, "ann s")):
            wait_for("it is found", lambda: found(
                client, "火锅", user=other) == [said["id"]])
        ann.call("edit", user="bob s", id=said["id"], body="饺子 tonight")
        for client, other in ((ann, "bob s"), (bob, "ann s")):
            wait_for("the new text is found", lambda: found(
                client, "饺子", user=other) == [said["id"]])
            wait_for("the old text is not", lambda: found(
                client, "火锅", user=other) == [])
