"""The examples of confab-protocol(7) are what the server says: each request is
asked, and the answer must have the members that the manual shows."""

import json
import re

import pytest

import conftest
import openapi
import tokens
from server import ROOT, Server

MANUAL = (ROOT / "packaging/man/confab-protocol.7").read_text()
OPTIONS = """
room "*" { search = true }
tenant signed { auth = token  token_key_file = "%s" }
"""


def lines():
    """The examples, unfolded: (who speaks, JSON)."""
    found = []
    for block in re.findall(r"\.Bd -literal -offset indent\n(.*?)\.Ed", MANUAL,
                            re.S):
        for line in block.splitlines():
            if line[:2] in ("> ", "< "):
                found.append([line[0], line[2:]])
            elif found and line.startswith("   "):
                found[-1][1] += line.strip()
    return [(who, json.loads(text)) for who, text in found]


def exchanges():
    """(request, answer) of each example."""
    requests = {}
    for who, said in lines():
        if who == ">":
            requests[said["cmd"], said["seq"]] = said
        elif "code" in said:
            yield requests.pop((said["cmd"], said["seq"])), said
    assert requests == {}, "requests without an answer"


def pushes():
    return [said for who, said in lines() if who == "<" and "code" not in said]


EXCHANGES = list(exchanges())


@pytest.fixture(scope="module")
def server():
    path = conftest.make_directory()
    key = path / "tokens.key"
    key.write_text(tokens.SECRET)
    key.chmod(0o600)
    one = Server(path, OPTIONS % key)
    try:
        yield one.start()
        conftest.end(one)
    finally:
        one.kill()
        one.remove()


def token():
    return tokens.mint("ann", tenant="signed")


class World:
    """What the examples take for granted: people who have talked."""

    def __init__(self, server):
        self.ann = server.client("ann", "lobby", platform=102)
        self.bob = server.client("bob", "lobby", platform=101)
        self.said = [self.ann.say("lobby", "hello %d" % n, key="k%d" % n)
                     for n in range(15)]
        self.told = [self.ann.tell("bob", n) for n in range(60)]

    def close(self):
        self.ann.close()
        self.bob.close()

    def real(self, data):
        """The example's data with places and ids that are there."""
        data = dict(data)
        for name in ("since", "inbox"):
            if isinstance(data.get(name), dict):
                data[name] = {**data[name], "epoch": self.said[0]["epoch"]}
        if "id" in data:
            data["id"] = (self.said if "room" in data else self.told).pop()[
                "id"]
        if "token" in data:
            data["token"] = token()
        if "key" in data:
            data["key"] = "of %d" % id(data)
        return data


@pytest.fixture(scope="module")
def world(server):
    one = World(server)
    yield one
    one.close()


def named(exchange):
    return "%s %s" % (exchange[0]["cmd"], exchange[0]["seq"])


@pytest.mark.parametrize("exchange", EXCHANGES, ids=named)
def test_an_answer_has_the_members_that_the_manual_shows(server, world,
                                                         exchange):
    request, shown = exchange
    rooms = [] if request["cmd"] in ("login", "join", "logout") else ["lobby"]
    user = None if request["cmd"] in ("login", "refresh") else "ann"
    with server.client(user, *(rooms if user else [])) as client:
        if request["cmd"] == "refresh":
            client.call("login", token=token())
        answer = client.ask(request["cmd"],
                            **world.real(request.get("data", {})))
    assert answer["code"] == shown["code"], answer
    assert set(answer["data"]) == set(shown["data"])
    for name, value in shown["data"].items():
        assert type(answer["data"][name]) is type(value), name


def test_every_command_has_an_example():
    commands = re.findall(r"^\.Ss (.*)$", MANUAL, re.M)
    documented = {name.strip() for line in commands
                  for name in line.split(",")}
    shown = {request["cmd"] for request, _ in EXCHANGES}
    assert documented - shown <= {"heartbeat", "unsubscribe"}
    assert shown <= documented
    table = (ROOT / "worker/gateway/profiles/confab_commands.c").read_text()
    assert set(re.findall(r'^\t\{ "(\w+)"', table, re.M)) == documented


def test_pushes_have_the_members_that_the_manual_shows(server, world):
    ann, bob = world.ann, world.bob
    bob.fence()
    bob.pushes.clear()
    ann.tell("bob", "psst")
    said = ann.say("lobby", "helo")
    ann.call("edit", room="lobby", id=said["id"], body="hello all")
    with server.client("eve", "lobby"):
        got = {"msg": [bob.push("msg")], "edit": [bob.push("edit")],
               "enter": [bob.push("enter")], "read": []}
        ann.call("read", room="lobby", offset=said["offset"])
        got["read"].append(bob.push("read"))
        bob.tell("ann", "read this")
        here = ann.call("history", inbox=True, limit=1)["last"]
        ann.call("read", user="bob", offset=here)
        got["read"].append(bob.push("read"))
    for push in pushes():
        if push["cmd"] == "count":
            continue
        one = got[push["cmd"]].pop(0)
        assert set(one) == set(push["data"]), push["cmd"]


def test_every_address_stands_in_a_manual():
    text = "".join(path.read_text() for path in
                   (ROOT / "packaging/man").glob("confab-*.7"))
    for path in openapi.routes():
        assert path.replace("{}", "USER") in text, path
