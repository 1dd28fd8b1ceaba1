"""The border between tenants as backends see it: a key of one tenant, every
address of the API, and everything that stands on the other side. An address
that nobody tries here fails the test."""

import http.client
import json
import re
import urllib.parse

import pytest

import conftest
from server import GUARD, ROOT, Server

KEYS = {"acme": "key-of-acme-0123456789", "*": "key-of-all-0123456789"}

# What each address is asked with; ROOM, USER, ID and CLIENT are of the test.
SAMPLES = {
    "POST /v1/say": {"room": "ROOM", "from": "USER", "body": "crossed"},
    "POST /v1/join": {"user": "USER", "room": "elsewhere"},
    "POST /v1/leave": {"user": "USER", "room": "ROOM"},
    "POST /v1/kick": {"user": "USER"},
    "POST /v1/edit": {"room": "ROOM", "id": "ID", "body": "crossed"},
    "POST /v1/delete": {"room": "ROOM", "id": "ID"},
    "GET /v1/history": {"room": "ROOM"},
    "DELETE /v1/history": {"room": "ROOM", "id": "ID"},
    "GET /v1/members": {"room": "ROOM"},
    "GET /v1/rooms": {},
    "GET /v1/online": {"users": "USER"},
    "POST /v1/online": {"users": ["USER"]},
    "GET /v1/users": {},
    "GET /v1/users/": {},
    "GET /v1/traffic": {},
    "GET /v1/events": {},
    "POST /v1/ban": {"user": "USER"},
    "POST /v1/unban": {"user": "USER"},
    "POST /v1/revoke": {"user": "USER"},
    "GET /v1/bans": {},
}

# These are about all tenants together, and a key of one has no business there.
FOR_ALL = {"GET /metrics", "GET /v1/stats"}

# Other ways to name somebody.
CLIENTS = {
    "POST /v1/say": {"client": "CLIENT", "from": "USER", "body": "crossed"},
    "POST /v1/join": {"client": "CLIENT", "room": "elsewhere"},
    "POST /v1/leave": {"client": "CLIENT", "room": "ROOM"},
    "POST /v1/kick": {"client": "CLIENT"},
}


def addresses():
    """METHOD PATH of every row that needs a key."""
    methods = {"READ": ["GET"], "WITH_BODY": ["POST"],
               "EVHTTP_REQ_DELETE": ["DELETE"], "DELETE": ["DELETE"]}
    table = (ROOT / "worker/api/routes.c").read_text()
    rows = re.findall(r'^\t\{ ([\w |]+), "(/[\w/.]*)",\s*([\w |]+),', table,
                      re.M)
    return {"%s %s" % (method, path) for names, path, traits in rows
            if "ROUTE_KEY" in traits for name in names.split(" | ")
            for method in methods[name]}


def test_every_address_is_tried():
    assert addresses() - FOR_ALL <= set(SAMPLES)
    assert len(addresses()) >= 12


@pytest.fixture(scope="module")
def server():
    path = conftest.make_directory()
    options = "tenant acme { }\n"
    for tenant, key in KEYS.items():
        file = path / ("key-%d" % len(key))
        file.write_text(key + "\n")
        file.chmod(0o600)
        options += 'key "file:%s" { tenant = "%s" }\n' % (file, tenant)
    one = Server(path, options)
    try:
        yield one.start()
        conftest.end(one)
    finally:
        one.kill()
        one.remove()


class World:
    """ann and bob in a room of the default tenant, with a message there; none
    of them in acme."""

    def __init__(self, server, room):
        self.server, self.room = server, room
        self.ann, self.bob = (server.client("%s %s" % (user, room), room)
                              for user in ("ann", "bob"))
        self.said = self.ann.say(room, "private")
        self.settle()

    def settle(self):
        for client in (self.ann, self.bob):
            client.fence()
            client.pushes.clear()

    def fill(self, data):
        """A sample with the names of this test."""
        names = {"ROOM": self.room, "USER": self.ann.user,
                 "CLIENT": self.ann.login["client"], "ID": self.said["id"]}

        def put(value):
            if isinstance(value, list):
                return [put(one) for one in value]
            return names.get(value, value) if isinstance(value, str) else value
        return {name: put(value) for name, value in data.items()}

    def ask(self, address, data, key="acme", **more):
        method, path = address.split(" ")
        if path.endswith("/"):
            path += urllib.parse.quote(self.ann.user)
        data, body = {**self.fill(data), **more}, None
        if method == "POST":
            body = json.dumps(data)
        elif data:
            path += "?" + urllib.parse.urlencode(data)
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.http_port, timeout=GUARD)
        try:
            connection.request(method, path, body, {
                "Authorization": "Bearer " + KEYS[key]})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def check(self):
        """Nothing has happened, and nobody was told of anything."""
        for client in (self.ann, self.bob):
            client.fence()
            assert not client.pushes
        assert self.ann.members(self.room) == {self.ann.user, self.bob.user}
        page = self.ann.call("history", room=self.room)
        assert [m["body"] for m in page["messages"]] == ["private"]
        rooms = self.ann.call("rooms")["rooms"]
        assert [room["room"] for room in rooms] == [self.room]

    def close(self):
        self.ann.close()
        self.bob.close()


@pytest.fixture
def world(server, room):
    one = World(server, room)
    yield one
    one.close()


@pytest.mark.parametrize("address", sorted(addresses() & set(SAMPLES)))
def test_a_key_does_not_speak_for_another_tenant(world, address):
    sample = SAMPLES[address]
    for tenant in ("default", "nobody", "*", "Acme"):
        status, body = world.ask(address, sample, tenant=tenant)
        assert status == 403, (tenant, body)
        assert json.loads(body)["code"] == 1003
    world.check()


@pytest.mark.parametrize("address", sorted(addresses() & set(SAMPLES)))
def test_what_it_does_stays_in_its_own_tenant(world, address):
    """The same names, and no tenant named."""
    status, body = world.ask(address, SAMPLES[address])
    assert status in (200, 404), body
    for secret in ("private", world.said["id"], world.ann.login["client"],
                   world.bob.user):
        assert secret not in body
    world.check()


@pytest.mark.parametrize("address", sorted(CLIENTS))
def test_a_client_id_of_another_tenant_is_nobody(world, address):
    status, body = world.ask(address, CLIENTS[address])
    assert status == 404 and json.loads(body)["code"] == 1005, body
    world.check()


@pytest.mark.parametrize("address", sorted(FOR_ALL))
def test_what_is_about_all_is_not_for_one(world, address):
    assert world.ask(address, {})[0] == 403
    assert world.ask(address, {}, key="*")[0] == 200


def test_a_key_of_all_tenants_names_one(world):
    def bodies(**more):
        status, body = world.ask("GET /v1/history", {"room": "ROOM"}, "*",
                                 **more)
        return status, [m["body"] for m in json.loads(body)["messages"]]

    assert bodies() == bodies(tenant="default") == (200, ["private"])
    assert bodies(tenant="acme") in ((200, []), (404, []))
    status, body = world.ask("GET /v1/history", {"room": "ROOM"}, "*",
                             tenant="nobody")
    assert status == 403 and json.loads(body)["code"] == 1003


def test_each_of_a_batch_is_looked_at(world):
    """One for another tenant among good ones."""
    batch = [{"room": "theirs", "body": "one"},
             {"room": world.room, "body": "crossed", "tenant": "default"},
             {"client": world.ann.login["client"], "body": "crossed"}]
    connection = http.client.HTTPConnection(
        "127.0.0.1", world.server.http_port, timeout=GUARD)
    connection.request("POST", "/v1/say", json.dumps(batch), {
        "X-API-Key": KEYS["acme"]})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert "1003" in body or answer.status == 403, body
    world.check()


def test_the_same_name_on_both_sides_is_two_users(world, server):
    with server.client(world.ann.user, world.room, tenant="acme",
                       platform=7) as twin:
        status, body = world.ask("GET /v1/users/", {})
        assert status == 200 and twin.login["client"] in body
        assert world.ann.login["client"] not in body
        status, body = world.ask("GET /v1/online", {"users": "USER"})
        assert json.loads(body)["online"] == {world.ann.user: [7]}
        status, body = world.ask("GET /v1/members", {"room": "ROOM"})
        assert json.loads(body)["connections"] == 1
        status, body = world.ask("POST /v1/say", {
            "user": "USER", "from": "USER", "body": "for the twin"})
        assert status == 200, body
        assert twin.push("msg")["body"] == "for the twin"
        status, body = world.ask("POST /v1/say", {
            "all": True, "from": "USER", "body": "for all of acme"})
        assert status == 200, body
        assert twin.push("msg")["body"] == "for all of acme"
        status, body = world.ask("POST /v1/kick", {"user": "USER"})
        assert status == 200, body
        assert twin.socket.close_code() == 4003
    world.check()


@pytest.mark.parametrize("ban", [
    {"ip": "127.0.0.1"}, {"ip": "127.0.0.0/8"}, {"user": "USER"},
    {"user": "USER", "room": "ROOM"}])
def test_a_ban_of_one_tenant_holds_in_no_other(world, server, ban):
    assert world.ask("POST /v1/ban", ban)[0] == 200
    try:
        world.check()
        with server.client(world.bob.user, world.room):
            world.settle()
        world.settle()
        assert {ban["tenant"] for ban in bans(world)} == {"acme"}
    finally:
        assert world.ask("POST /v1/unban", ban)[0] == 200


def bans(world, key="acme"):
    return json.loads(world.ask("GET /v1/bans", {}, key)[1])["bans"]


@pytest.mark.parametrize("where", [{"tenant": "default"}, {}])
def test_a_key_does_not_take_back_what_it_did_not_forbid(world, where):
    user = "nobody %d" % (hash(world.room) % 10 ** 9)

    def is_banned():
        return user in {ban.get("user") for ban in bans(world, "*")}

    assert world.ask("POST /v1/ban", {"user": user}, "*", **where)[0] == 200
    assert is_banned()
    assert world.ask("POST /v1/unban", {"user": user})[0] in (200, 404)
    assert is_banned()
    if where:
        assert user not in {ban.get("user") for ban in bans(world)}
    assert world.ask("POST /v1/unban", {"user": user}, "*", **where)[0] == 200
    assert not is_banned()
    world.check()
