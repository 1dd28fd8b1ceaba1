"""Messages with a ttl: after it they are neither delivered nor recovered nor
found. And retention: the oldest go, by count and by age."""

import pytest

from server import DEATHS, wait_for

OPTIONS = dict(options='room "*" { search = true }\n'
                       'inbox { search = true }\n')


def bodies(messages):
    return [message["body"] for message in messages]


def expired(look, guard=30):
    wait_for("the message has expired", lambda: not look(), guard)


@pytest.mark.parametrize("target", ["room", "inbox", "pair"])
def test_an_expired_message_is_not_in_the_history(server, room, target):
    user = "bob " + room[-20:]
    with server.client("ann " + room[-20:], room) as ann:
        where = {"room": {"room": room}, "inbox": {"inbox": True},
                 "pair": {"user": user}}[target]
        how = {"room": room} if target == "room" else {"user": user}
        ann.call("say", body="stays", **how)
        said = ann.call("say", body="goes", ttl=1, **how)
        assert said["offset"] == 2
        ann.call("say", body="stays too", ttl=1000, **how)
        expired(lambda: "goes" in bodies(ann.whole_history(**where)))
        messages = ann.whole_history(**where)
        assert bodies(messages) == ["stays", "stays too"]
        assert [m["offset"] for m in messages] == [1, 3]
        assert ann.call("say", body=4, **how)["offset"] == 4
        page = ann.call("history", limit=3, before=4, **where)
        assert page["more"] is False


def test_before_its_time_it_is_as_any_other(server, room):
    with server.client("ann", room) as ann, server.client("bob", room) as bob:
        said = ann.say(room, "short lived", ttl=1000)
        assert bob.push("msg")["id"] == said["id"]
        assert bodies(bob.whole_history(room)) == ["short lived"]


@pytest.mark.parametrize("between", [0, 200])
def test_an_expired_message_is_not_recovered(server, room, between):
    """From the ledger's memory, and from the archive."""
    user = "late %s" % room[-20:]
    with server.client(user) as late:
        here = late.login["inbox"]
    with server.client("ann", room) as ann:
        first = ann.say(room, "first")
        ann.say(room, "goes", ttl=1)
        ann.tell(user, "goes", ttl=1)
        for n in range(between):
            ann.send("say", room=room, body=n)
            ann.send("say", user=user, body=n)
        ann.say(room, "last")
        ann.tell(user, "last")
        expired(lambda: "goes" in bodies(ann.whole_history(room)))
        expired(lambda: "goes" in bodies(ann.whole_history(user=user)))
    with server.client(user, inbox=here) as late:
        answer = late.call("join", room=room, since={
            "epoch": first["epoch"], "offset": first["offset"]})
        for one in (answer, late.login):
            assert one["recovered"] is True
            assert bodies(one["messages"]) == list(range(between)) + ["last"]
        assert answer["offset"] == between + 3
        assert late.login["inbox"]["offset"] == between + 2


def test_an_expired_message_is_not_found(server, room):
    with server.client("ann", room) as ann:
        ann.say(room, "ephemeral one", ttl=1)
        ann.say(room, "ephemeral two")
        expired(lambda: len(ann.call("search", room=room, text="ephemeral")[
            "messages"]) > 1)
        found = ann.call("search", room=room, text="ephemeral")["messages"]
        assert bodies(found) == ["ephemeral two"]


def test_an_expired_message_stays_away_after_a_restart(make_server):
    server = make_server().start()
    with server.client("ann", "r") as ann:
        ann.say("r", 1)
        ann.say("r", 2, ttl=1)
        ann.say("r", 3)
        expired(lambda: 2 in bodies(ann.whole_history("r")))
    for how in ("kill", "stop"):
        getattr(server, how)()
        server.start()
        with server.client("ann", "r") as ann:
            assert bodies(ann.whole_history("r")) == [1, 3]
    with server.client("ann", "r") as ann:
        assert ann.say("r", 4)["offset"] == 4


# Retention

def count(client, **target):
    return len(client.whole_history(**target))


def test_a_room_keeps_its_newest_messages(make_server):
    server = make_server(options='room "*" { keep_messages = 100 }\n'
                                 'room "all:*" { keep_messages = 0 }\n').start()
    with server.client("ann", "r", "all:r", "short") as ann:
        for room in ("r", "all:r"):
            seqs = [ann.send("say", room=room, body=n) for n in range(1000)]
            assert all(ann.reply(seq)["code"] == 200 for seq in seqs)
        for n in range(50):
            ann.say("short", n)
        wait_for("the oldest are gone", lambda: count(ann, room="r") <= 200,
                 120)
        found = bodies(ann.whole_history("r"))
        assert found == list(range(1000 - len(found), 1000))
        assert len(found) >= 100
        assert count(ann, room="all:r") == 1000
        assert count(ann, room="short") == 50
        page = ann.call("history", room="r", before=50)
        assert page["messages"] == [] and page["more"] is False
        assert ann.say("r", "next")["offset"] == 1001
    server.kill()
    server.start()
    with server.client("ann") as ann:
        assert ann.call("join", room="r")["offset"] == 1001
        assert 100 <= count(ann, room="r") <= 201
        assert ann.say("r", "after")["offset"] == 1002


def test_a_room_keeps_its_young_messages(make_server):
    server = make_server(options='room "*" { keep_seconds = 2 }\n'
                                 'room "all:*" { keep_seconds = 0 }\n').start()
    with server.client("ann", "r", "all:r") as ann:
        for n in range(300):
            ann.send("say", room="r", body=n)
            ann.send("say", room="all:r", body=n)
        ann.say("all:r", "end")
        wait_for("the old ones are gone",
                 lambda: count(ann, room="r") == 0, 120)
        assert count(ann, room="all:r") == 301
        assert ann.say("r", "young")["offset"] == 301
        assert bodies(ann.whole_history("r")) == ["young"]


def test_inboxes_keep_their_newest_messages(make_server):
    server = make_server(options='inbox { keep_messages = 100 }\n').start()
    with server.client("ann", "r") as ann:
        for n in range(800):
            ann.send("say", user="bob" if n % 2 else "eve", body=n)
            ann.send("say", room="r", body=n)
        ann.tell("bob", "end")
        wait_for("the oldest are gone",
                 lambda: count(ann, inbox=True) <= 200, 120)
        assert bodies(ann.whole_history(user="bob"))[-2:] == [799, "end"]
        assert count(ann, room="r") == 800
        with server.client("bob") as bob:
            wait_for("the oldest are gone",
                     lambda: count(bob, inbox=True) <= 200, 120)
            assert bodies(bob.whole_history(inbox=True))[-2:] == [799, "end"]
            assert bob.login["inbox"]["offset"] == 401


def test_retention_goes_on_when_the_historian_is_killed(make_server):
    server = make_server(options='room "*" { keep_messages = 50 }\n')
    server.allow(DEATHS)
    server.start()
    with server.client("ann", "r") as ann:
        for _ in range(4):
            seqs = [ann.send("say", room="r", body=n) for n in range(500)]
            assert all(ann.reply(seq)["code"] == 200 for seq in seqs)
            server.kill_one("historian")
        wait_for("the oldest are gone", lambda: count(ann, room="r") <= 100,
                 120)
        messages = ann.whole_history("r")
        assert messages[-1]["offset"] == 2000
        assert bodies(messages) == list(range(500 - len(messages), 500))


def test_keys_are_known_longer_than_their_messages(make_server):
    server = make_server(options='room "*" { keep_messages = 20 }\n').start()
    with server.client("ann", "r") as ann:
        first = ann.say("r", "keyed", key="k")
        for n in range(300):
            ann.send("say", room="r", body=n)
        ann.say("r", "end")
        wait_for("it is gone", lambda: "keyed" not in bodies(
            ann.whole_history("r")), 120)
        assert ann.say("r", "keyed", key="k") == first


@pytest.mark.parametrize("missed", [700, 40])
def test_what_is_kept_no_longer_is_not_silently_missing(make_server, missed):
    """Who comes back from before what is kept has not recovered."""
    server = make_server(options='room "*" { keep_messages = 50 }\n'
                                 'inbox { keep_messages = 50 }\n').start()
    with server.client("ann", "r") as ann, server.client("bob") as bob:
        for n in range(700):
            ann.send("say", room="r", body=n)
            ann.send("say", user="bob", body=n)
        end = ann.say("r", "end")
        ann.tell("bob", "end")
        wait_for("the oldest are gone", lambda: count(ann, room="r") <= 60 and
                 count(bob, inbox=True) <= 60, 120)
    since = {"epoch": end["epoch"], "offset": 701 - missed}
    for how in ("as it is", "kill"):
        if how == "kill":
            server.kill()
            server.start()
        with server.client("bob", inbox=since) as bob:
            room = bob.call("join", room="r", since=since)
            for answer in (bob.login, room):
                offsets = [m["offset"] for m in answer["messages"]]
                if answer["recovered"]:
                    assert offsets == list(range(702 - missed, 702))
                else:
                    assert offsets == [] and missed == 700
