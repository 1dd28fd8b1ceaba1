"""Backends while processes are killed: what was answered holds, what has a key
is one message however often it was sent, and nobody waits for ever."""

import http.client
import os
import signal
import threading

import pytest

from api import house
from server import DEATHS, wait_for

MESSAGES = 120


@pytest.fixture(scope="module")
def both():
    with house(gateways=2, apis=2, ledgers=2) as made:
        made[0].allow(DEATHS)
        yield made


@pytest.fixture
def server(both):
    return both[0]


@pytest.fixture
def backend(both):
    return both[1]


def until_said(backend, data):
    """Says it, again and again until it is said."""
    while True:
        try:
            answer = backend.ask("POST", "/v1/say", data)
        except (OSError, http.client.HTTPException):
            continue
        if answer.status == 200:
            return answer.json
        assert answer.status == 503, answer.body


def bodies(backend, room):
    found, after = [], 0
    while True:
        page = backend.get("/v1/history", room=room, after=after, limit=500)
        found += [message["body"] for message in page["messages"]]
        if not page["more"]:
            return found
        after = page["last"]


def test_many_ledgers_answer_as_one(backend):
    rooms = ["many %03d" % i for i in range(300)]
    said = backend.say(rooms=rooms, body="x")["rooms"]
    assert len(said) == 300 and all(one["offset"] == 1 for one in said)
    found, after = [], ""
    while after is not None:
        page = backend.get("/v1/rooms", prefix="many", after=after, limit=70)
        found += [line["room"] for line in page["rooms"]]
        after = page.get("next")
    assert found == rooms
    batch = backend.post("/v1/say", [{"room": room, "body": 2}
                                     for room in rooms[:50]])
    assert [one["offset"] for one in batch] == [2] * 50


@pytest.mark.parametrize("victim", ["api", "ledger", "historian", "gateway"])
def test_what_has_a_key_is_said_once(server, backend, victim):
    rooms = ["%s %d" % (victim, i) for i in range(3)]
    offsets = {room: set() for room in rooms}

    def talk(room):
        for i in range(MESSAGES):
            data = {"room": room, "body": i, "key": "%s %d" % (room, i)}
            if i % 4 == 0:
                data["rooms"] = [data.pop("room"), room + " b"]
            said = until_said(backend, data)
            said = said["rooms"][0] if "rooms" in said else said
            if "offset" in said:
                offsets[room].add(said["offset"])

    talkers = [threading.Thread(target=talk, args=(room,)) for room in rooms]
    for talker in talkers:
        talker.start()
    for _ in range(3):
        server.kill_one(victim)
    for talker in talkers:
        talker.join()
    for room in rooms:
        found = bodies(backend, room)
        assert sorted(set(found)) == sorted(found), "said twice"
        assert len(offsets[room]) <= len(found)
        assert set(found) >= {i for i in range(MESSAGES) if i % 4}


def test_a_batch_that_was_answered_is_whole_after_a_kill(server, backend):
    batch = [{"room": "whole %d" % (i % 3), "body": i} for i in range(300)]
    said = backend.post("/v1/say", batch)
    server.kill()
    server.start()
    assert all("offset" in one for one in said)
    for number in range(3):
        assert bodies(backend, "whole %d" % number) == \
            list(range(number, 300, 3))


def waiting(server):
    """Bytes of letters from apis that gateways have not read."""
    roles = {row["slot"]: row["role"]
             for row in server.ask_json("show workers")}
    return sum(row["used"] for row in server.ask_json("show rings")
               if roles[row["from"]] == "api" and roles[row["to"]] == "gateway")


def test_a_gateway_that_goes_holds_up_no_answer(server, backend):
    pid = server.pids("gateway")[0]
    client = server.client_on(pid, "ann")
    os.kill(pid, signal.SIGSTOP)
    answers = []

    def ask(*words):
        answers.append(backend.ask(*words))

    asking = []
    for words in (("POST", "/v1/join", {"user": "ann", "room": "r"}),
                  ("GET", "/v1/users/ann")):
        before = waiting(server)
        asking.append(threading.Thread(target=ask, args=words))
        asking[-1].start()
        wait_for("the gateway has one letter more",
                 lambda: waiting(server) > before)
    os.kill(pid, signal.SIGKILL)
    for one in asking:
        one.join()
    client.close()
    statuses = {answer.status: answer.json for answer in answers}
    assert statuses[404]["code"] == 1005
    assert statuses[200]["connections"] == []
    wait_for("all serve", server.is_serving)
