"""Changes that are asked for without waiting take effect in their order, though
each is looked up first and processes die meanwhile."""

import random

import pytest

from client import request
from server import DEATHS

MESSAGES = 8
CHANGES = 1500

# So many later ones, and the ledger has forgotten a message.
LATER = 200


def targets(ann):
    """Messages in two places, as the data that names them."""
    made = []
    for n in range(MESSAGES):
        target = dict(room="order") if n % 2 else dict(user="bob")
        said = ann.call("say", body="first", **target)
        made.append(dict(target, id=said["id"]))
    return made


def bury(ann):
    """Says so much that the messages are in the archive alone."""
    targets = [dict(room="order"), dict(user="bob")]
    ann.socket.send(b"".join(
        request(str(n), "say", dict(targets[n % 2], body=n))
        for n in range(2 * LATER)))
    answered(ann, 2 * LATER)


def answered(ann, count):
    replies = {}
    while len(replies) < count:
        reply = ann.take_one()
        if "code" in reply:
            replies[int(reply["seq"])] = ann.replies.pop(reply["seq"])
    return replies


def now_says(ann):
    """What each message says now, by id."""
    pages = ann.whole_history("order") + ann.whole_history(user="bob")
    return {message["id"]: message["body"] for message in pages}


@pytest.mark.parametrize("is_old", [False, True], ids=["recent", "old"])
@pytest.mark.parametrize("role", [None, "ledger", "historian"])
def test_the_last_of_many_changes_stands(make_server, role, is_old):
    server = make_server(ledgers=2)
    server.allow(DEATHS)
    server.start()
    chance = random.Random(5)
    with server.client("ann", "order") as ann:
        made = targets(ann)
        if is_old:
            bury(ann)
        asked = [dict(chance.choice(made), body=n) for n in range(CHANGES)]
        ann.socket.send(b"".join(request(str(n), "edit", data)
                                 for n, data in enumerate(asked)))
        if role:
            server.kill_one(role)
        replies = answered(ann, CHANGES)
        stands = {target["id"]: "first" for target in made}
        offsets = {}
        for n, data in enumerate(asked):
            reply = replies[n]
            assert reply["code"] in (200, 1004, 1008), reply
            if reply["code"] != 200:
                continue
            stands[data["id"]] = n
            place = data.get("room")
            assert reply["data"]["offset"] > offsets.get(place, 0)
            offsets[place] = reply["data"]["offset"]
        assert sum(reply["code"] == 200
                   for reply in replies.values()) > MESSAGES
        says = now_says(ann)
        assert {id: says[id] for id in stands} == stands
