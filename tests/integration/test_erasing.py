"""DELETE /v1/history: what is taken away is gone at once, everywhere, and stays
gone."""

import itertools

import pytest

from api import house
from server import DEATHS

OPTIONS = """
room "*" { search = true }
"""

names = itertools.count(1)


@pytest.fixture(scope="module")
def both():
    with house(options=OPTIONS) as made:
        yield made


@pytest.fixture
def server(both):
    return both[0]


@pytest.fixture
def backend(both):
    return both[1]


@pytest.fixture
def room():
    return "room-%d" % next(names)


def erase(backend, **query):
    answer = backend.ask("DELETE", "/v1/history?" + "&".join(
        "%s=%s" % item for item in query.items()))
    return backend.good(answer)


def fill(backend, room, count):
    backend.post("/v1/say", [{"room": room, "body": "word %d" % i}
                             for i in range(1, count + 1)])


def offsets(backend, room, **query):
    page = backend.get("/v1/history", room=room, limit=500, **query)
    return [message["offset"] for message in page["messages"]]


def found(client, room):
    page = client.call("search", room=room, text="word", limit=100)
    return sorted(message["offset"] for message in page["messages"])


def test_what_stands_before_is_gone(server, backend, room):
    fill(backend, room, 300)
    with server.client("ann", room) as ann:
        assert len(found(ann, room)) == 100
        assert erase(backend, room=room, before=291)["first"] == 291
        assert offsets(backend, room) == list(range(291, 301))
        assert offsets(backend, room, after=0) == list(range(291, 301))
        assert found(ann, room) == list(range(291, 301))
        page = ann.call("history", room=room, limit=5, before=296)
        assert (page["first"], page["more"]) == (291, False)
        assert ann.call("history", room=room, before=291)["messages"] == []
        assert ann.say(room, "next")["offset"] == 301


def test_all_is_gone_and_the_room_goes_on(server, backend, room):
    fill(backend, room, 200)
    assert erase(backend, room=room)["first"] == 201
    assert offsets(backend, room) == []
    fill(backend, room, 1)
    assert offsets(backend, room) == [201]


def test_one_message_is_taken_back(server, backend, room):
    said = backend.say(room=room, body="word")
    with server.client("ann", room) as ann:
        erase(backend, room=room, id=said["id"])
        assert ann.push("delete")["of"] == said["id"]
        assert found(ann, room) == []


def test_who_missed_it_is_told_that_it_is_lost(server, backend, room):
    fill(backend, room, 200)
    with server.client("ann") as ann:
        epoch = ann.call("join", room=room)["epoch"]
    erase(backend, room=room, before=151)
    with server.client("ann") as ann:
        since = {"epoch": epoch, "offset": 10}
        assert ann.call("join", room=room, since=since)["recovered"] is False
    with server.client("ann") as ann:
        since = {"epoch": epoch, "offset": 150}
        joined = ann.call("join", room=room, since=since)
        assert joined["recovered"] and len(joined["messages"]) == 50


def test_what_cannot_be_is_refused(backend, room):
    path = "/v1/history"
    backend.refused(400, 1001, "DELETE", path)
    backend.refused(404, 1005, "DELETE", path + "?before=2&room=" + room)
    backend.say(room=room, body=1)
    for query in ("room=%s&before=0", "room=%s&before=x", "room=%s&before=3",
                  "room=%s&id=x", "room=%s&id=x&before=1"):
        backend.refused(400, 1001, "DELETE", path + "?" + query % room)


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("victim", ["ledger", "historian", "everything"])
def test_it_stays_gone_through_kills(victim, history):
    if victim == "historian" and not history:
        return
    with house(history=history) as (server, backend):
        server.allow(DEATHS)
        fill(backend, "r", 120)
        fill(backend, "s", 120)
        erase(backend, room="r", before=111)
        erase(backend, room="s")
        if victim == "everything":
            server.kill()
            server.start()
        else:
            server.kill_one(victim)
        assert offsets(backend, "r") == list(range(111, 121))
        assert offsets(backend, "s") == []
        server.stop()
        server.start()
        assert offsets(backend, "r") == list(range(111, 121))
        assert backend.say(room="s", body=1)["offset"] == 121
        assert offsets(backend, "s") == [121]
