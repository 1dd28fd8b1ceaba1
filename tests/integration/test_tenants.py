"""The border between tenants: the same names on both sides, everything that a
client or an operator can ask for on one of them, and nothing of it on the
other. A command that nobody tries here fails the test."""

import contextlib
import re

import pytest

from server import ROOT, StatusError

OPTIONS = dict(options="""
tenant acme { }
tenant few { max_connections = 2  platforms = {101, 7} }
room "*" { search = true }
room "open:*" { say = anyone  read = anyone  search = true }
room "loud:*" { history = false }
""")


class Side:
    """ann and bob in one tenant, both in its room."""

    def __init__(self, server, stack, tenant, room):
        self.tenant = tenant
        self.ann, self.bob = (
            stack.enter_context(server.client(
                "%s of %s" % (user, room), room, tenant=tenant))
            for user in ("ann", "bob"))
        assert self.ann.login["tenant"] == tenant

    def all(self):
        return self.ann, self.bob

    def settle(self):
        """Forgets what has come up to now."""
        for client in self.all():
            client.fence()
            client.pushes.clear()

    def heard(self):
        for client in self.all():
            client.fence()
        return [push for client in self.all() for push in client.pushes]


class World:
    def __init__(self, server, stack, room):
        self.server, self.stack, self.room = server, stack, room
        self.here = Side(server, stack, "default", room)
        self.there = Side(server, stack, "acme", room)
        self.users = [client.user for client in self.here.all()]
        for side in (self.here, self.there):
            side.settle()

    def newcomer(self, tenant, **more):
        return self.stack.enter_context(self.server.client(
            "eve of " + self.room, tenant=tenant, **more))


@pytest.fixture
def world(server, room):
    with contextlib.ExitStack() as stack:
        yield World(server, stack, room)


def bodies(page):
    return [message["body"] for message in page["messages"]]


def try_login(world):
    """Not even the policies of one tenant see the logins of the other."""
    one = world.newcomer("acme")
    assert one.login["inbox"]["offset"] == 0
    world.there.ann.tell(one.user, "to the one there")
    other = world.newcomer("default", inbox=one.login["inbox"])
    assert other.login["messages"] == []
    assert other.login["inbox"]["offset"] == 0


def try_logout(world):
    world.there.ann.call("logout")
    assert world.there.bob.push("exit")["user"] == world.users[0]
    assert world.here.ann.members(world.room) == set(world.users)


def try_heartbeat(world):
    world.there.ann.call("heartbeat")


def try_ping(world):
    world.there.ann.call("ping")


def try_join(world):
    place = world.there.ann.say(world.room, "there")
    one = world.newcomer("default")
    since = {"epoch": place["epoch"], "offset": 0}
    joined = one.call("join", room=world.room, since=since)
    assert joined["users"] == joined["connections"] == 3
    assert joined["messages"] == [] and joined["offset"] == 0
    one.call("leave", room=world.room)
    for client in world.here.all():
        assert client.push("exit")["user"] == one.user
    world.here.settle()


def try_leave(world):
    world.there.ann.call("leave", room=world.room)
    assert world.here.ann.members(world.room) == set(world.users)
    assert world.there.bob.members(world.room) == {world.users[1]}


def try_say(world):
    """To every kind of target that there is, the client ids guessed right."""
    bob, ids = world.users[1], [client.login["client"]
                                for client in world.here.all()]
    ann = world.there.ann
    ann.say(world.room, "room")
    ann.say("open:" + world.room, "a room without members")
    assert ann.say("open:" + world.room, "x", keep=False)["reached"] == 0
    ann.say(world.room, "not kept", keep=False)
    ann.tell(bob, "user")
    ann.call("say", users=list(world.users), body="users")
    ann.tell(bob, "not kept", keep=False)
    ann.refused(1005, "say", client=ids[0], body="client")
    assert ann.call("say", clients=ids, body="clients")["reached"] == 0
    assert ann.call("say", all=True, body="all")["reached"] == \
        world.there.bob.call("say", all=True, body="all")["reached"]
    key = {"key": "the same key"}
    first = ann.say(world.room, "with a key", **key)
    assert ann.say(world.room, "with a key", **key) == first
    mine = world.here.ann.say(world.room, "with a key", **key)
    assert mine["id"] != first["id"] and mine["offset"] == 1
    world.here.bob.push("msg")


def try_edit(world):
    said = world.there.ann.say(world.room, "as it was")
    mail = world.there.ann.tell(world.users[1], "as it was")
    for cmd in ("edit", "delete"):
        world.here.ann.refused(1005, cmd, room=world.room, id=said["id"],
                               body="changed")
        world.here.ann.refused(1005, cmd, user=world.users[1], id=mail["id"],
                               body="changed")
    assert bodies(world.there.ann.call("history", room=world.room)) == \
        ["as it was"]
    world.there.ann.call("edit", room=world.room, id=said["id"], body="anew")
    world.there.ann.call("delete", user=world.users[1], id=mail["id"])


def try_history(world):
    said = world.there.ann.say(world.room, "there")
    world.there.ann.tell(world.users[1], "there")
    for ask in ({"room": world.room}, {"user": world.users[1]},
                {"inbox": True}):
        page = world.here.ann.call("history", **ask)
        assert page["messages"] == [] and page["more"] is False
        for anchor in ("before_id", "after_id"):
            assert world.here.ann.call("history", **ask, **{
                anchor: said["id"]})["messages"] == []
        assert world.here.ann.call("history", **ask, from_time=1)[
            "messages"] == []


def try_search(world):
    world.there.ann.say(world.room, "needle")
    world.there.ann.say("open:" + world.room, "needle")
    for room in (world.room, "open:" + world.room):
        assert world.here.ann.call("search", room=room, text="needle")[
            "messages"] == []
        found = world.there.ann.call("search", room=room, text="needle")
        assert bodies(found) == ["needle"]


def try_read(world):
    for client in (world.there.ann, world.here.ann):
        client.say(world.room, "one")
        client.tell(world.users[1], "one")
    world.here.settle()
    world.there.bob.call("read", room=world.room, offset=1)
    world.there.bob.call("read", user=world.users[0], offset=1)
    assert world.there.ann.push("read")
    marks = {room["room"]: room["read"]
             for room in world.here.bob.call("rooms")["rooms"]}
    assert marks == {world.room: 0}


def try_members(world):
    one = world.newcomer("acme")
    one.call("join", room=world.room)
    page = world.here.ann.call("members", room=world.room)
    assert page["users"] == page["connections"] == 2
    assert {m["user"] for m in page["members"]} == set(world.users)


def try_online(world):
    one = world.newcomer("acme", platform=7)
    for client, there in ((world.here.ann, {}), (world.there.ann,
                                                 {one.user: [7]})):
        assert client.call("online", users=[one.user])["online"] == there


def try_rooms(world):
    there, here = "here:" + world.room, "there:" + world.room
    world.there.ann.call("join", room=there)
    world.there.ann.say(there, "x")
    world.here.ann.call("join", room=here)
    listed = [{room["room"] for room in client.call(
        "rooms", listed=True, limit=1000)["rooms"]}
              for client in (world.here.ann, world.there.ann)]
    assert here in listed[0] and there not in listed[0]
    assert there in listed[1] and here not in listed[1]
    world.here.settle()


def try_subscribe(world):
    world.there.bob.call("subscribe", types=["only"])
    world.here.ann.tell(world.users[1], "x", type="other")
    assert world.here.bob.push("msg")["body"] == "x"
    world.there.bob.call("unsubscribe", types=["only"])


TRIES = {
    "login": try_login, "logout": try_logout, "ping": try_ping,
    "heartbeat": try_heartbeat, "join": try_join, "leave": try_leave,
    "say": try_say, "edit": try_edit, "delete": try_edit,
    "history": try_history, "search": try_search, "read": try_read,
    "members": try_members, "online": try_online, "rooms": try_rooms,
    "subscribe": try_subscribe, "unsubscribe": try_subscribe,
}

# Of one's own token and nobody else.
NEEDS_NO_TRY = {"refresh"}


def test_every_command_is_tried():
    table = (ROOT / "worker/gateway/profiles/confab_commands.c").read_text()
    commands = set(re.findall(r'^\t\{ "(\w+)"', table, re.M))
    assert commands - NEEDS_NO_TRY == set(TRIES)


@pytest.mark.parametrize("command", sorted(TRIES))
def test_nothing_crosses_by_a_command(world, command):
    TRIES[command](world)
    assert world.here.heard() == []
    assert world.here.ann.members(world.room) == set(world.users)


def test_status_words_mean_one_tenant(world, server):
    ann = world.users[0]
    words = [("say tenant acme room \"%s\" hello" % world.room, "msg"),
             ("say tenant acme user \"%s\" hello" % ann, "msg")]
    for word, push in words:
        server.ask(word)
        assert world.there.ann.push(push)["body"] == "hello"
    for word in ("say tenant nobody room r x", "kick tenant nobody user u",
                 "edit tenant nobody room r 00000000000000000 x",
                 "delete tenant nobody room r 00000000000000000",
                 "trace tenant nobody room r 1"):
        with pytest.raises(StatusError):
            server.ask(word)
    said = world.here.ann.say(world.room, "mine")
    world.here.settle()
    server.allow("edit: ")
    server.ask("edit tenant acme room \"%s\" %s not mine" % (
        world.room, said["id"]))
    page = world.here.ann.call("history", room=world.room)
    assert bodies(page) == ["mine"]
    server.ask("kick tenant acme room \"%s\" user \"%s\"" % (world.room, ann))
    assert world.there.ann.push("kick")["room"] == world.room
    server.ask("kick tenant acme user \"%s\"" % ann)
    assert world.there.ann.socket.close_code() == 4003
    assert world.here.heard() == []


def test_lists_of_the_status_socket_are_of_one_tenant(world, server):
    def names(words):
        return [row for row in server.ask_json(words)]

    room = world.room
    for tenant in ("default", "acme"):
        assert [(row["room"], row["tenant"], row["connections"])
                for row in names("show rooms tenant=%s prefix=%s"
                                 % (tenant, room))] == [(room, tenant, 2)]
        assert {row["tenant"] for row in
                names("show clients tenant=%s" % tenant)} == {tenant}
        row = names("show user %s tenant=%s" % (world.users[0], tenant))
        assert [one["tenant"] for one in row] == [tenant]
    tenants = {row["tenant"]: row for row in names("show tenants")}
    assert list(tenants) == ["acme", "default", "few"]
    assert tenants["acme"]["connections"] == 2
    assert tenants["few"]["max_connections"] == 2
    assert {row["auth"] for row in tenants.values()} == {"none"}


def test_a_tenant_has_so_many_connections_on_its_platforms(server):
    with server.client("a", tenant="few") as one, \
            server.client("b", tenant="few", platform=7), \
            server.client() as late:
        assert "platform" in late.refused(1003, "login", user="c",
                                          tenant="few", platform=102)
        late.refused(1012, "login", user="c", tenant="few")
        late.call("login", user="c")
        late.call("logout")
        one.call("logout")
        late.call("login", user="c", tenant="few")
    limits = dict(line.split(": ") for line in server.ask("show limits"))
    assert int(limits["refused_tenant"]) >= 1
    assert int(limits["refused_tenant_connections"]) >= 1


def test_no_storm_lets_in_more_than_a_tenant_may_have(make_server):
    """All at once, on gateways that do not ask each other."""
    server = make_server(
        gateways=3, options="tenant few { max_connections = 5 }\n").start()
    with contextlib.ExitStack() as stack:
        for storm in range(4):
            clients = [stack.enter_context(server.client())
                       for _ in range(30)]
            asked = [client.send("login", user="u%d" % number, tenant="few")
                     for number, client in enumerate(clients)]
            codes = [client.reply(seq)["code"]
                     for client, seq in zip(clients, asked)]
            assert set(codes) <= {200, 1012}
            inside = [client for client, code in zip(clients, codes)
                      if code == 200]
            assert len(inside) <= 5
            for client in clients:
                if client not in inside and len(inside) < 5:
                    client.call("login", user="late", tenant="few")
                    inside.append(client)
            rest = next(client for client in clients if client not in inside)
            rest.refused(1012, "login", user="late", tenant="few")
            assert sum(row["connections"] for row in
                       server.ask_json("show tenants")
                       if row["tenant"] == "few") == 5
            for client in inside:
                client.call("logout")
