"""A user logs out, the connection stays, and nothing of the one reaches the
next who logs in on it."""

import json
import random
import threading

from client import Client, request
from server import wait_for

OPTIONS = dict(gateways=2, ledgers=2)

ROUNDS = 200


def sessions(server):
    return int(server.info()["users"])


def test_a_logout_is_an_exit_at_once(server):
    with server.client("stays", "exits") as stays, \
            server.client("goes", "exits") as goes:
        stays.push("enter")
        assert goes.call("logout") == {}
        assert stays.push("exit")["user"] == "goes"
        assert stays.call("online", users=["goes", "stays"]) == {
            "online": {"stays": [101]}}


def test_after_a_logout_nothing_is_pushed_and_nothing_may_be_asked(server):
    with server.client("talks", "after") as talks, \
            server.client("quiet", "after") as quiet:
        quiet.call("logout")
        talks.say("after", 1)
        talks.tell("quiet", 2)
        talks.call("say", all=True, body=3)
        quiet.fence()
        assert not quiet.pushes
        quiet.refused(1000, "rooms")
        quiet.refused(1000, "logout")


def test_another_user_logs_in_on_the_same_connection(server):
    with server.client("first", "same", platform=102) as client, \
            server.client("writes") as writes:
        client.call("subscribe", types=["rare"])
        first = client.login["client"]
        client.call("logout")
        login = client.call("login", user="second")
        assert (login["user"], login["platform"]) == ("second", 101)
        assert login["client"] != first
        assert client.call("rooms")["rooms"] == []
        writes.tell("first", "not for you")
        writes.refused(1005, "say", client=first, body=1)
        writes.tell("second", "for you")
        assert client.push("msg")["body"] == "for you"
        assert not client.pushes
        page = client.call("history", inbox=True)
        assert [m["body"] for m in page["messages"]] == ["for you"]
        client.call("logout")
        login = client.call("login", user="first",
                            inbox={"epoch": login["inbox"]["epoch"],
                                   "offset": 0})
        assert [m["body"] for m in login["messages"]] == ["not for you"]


def test_what_was_asked_before_a_logout_is_answered_before_it(server):
    with server.client() as client:
        frames = [("login", dict(user="piper")),
                  ("join", dict(room="pipe")),
                  ("say", dict(room="pipe", body="said")),
                  ("history", dict(room="pipe")),
                  ("logout", {}),
                  ("history", dict(room="pipe")),
                  ("login", dict(user="next")),
                  ("history", dict(inbox=True)),
                  ("logout", {}),
                  ("ping", {})]
        client.socket.send(b"".join(
            request(n, cmd, data) for n, (cmd, data) in enumerate(frames)))
        replies = {}
        order = []
        while len(replies) < len(frames):
            reply = json.loads(client.next_text(30))
            replies[reply["seq"]] = reply
            order.append(reply["seq"])
        assert [replies[n]["code"] for n in range(10)] == [
            200, 200, 200, 200, 200, 1000, 200, 200, 200, 200]
        assert [m["body"] for m in replies[3]["data"]["messages"]] == ["said"]
        for number, (cmd, _) in enumerate(frames):
            if cmd == "logout":
                assert order.index(number) == number


class Guest(threading.Thread):
    """A connection on which one user follows the other, all asked for without
    waiting. What comes between a login and a logout must be for that user."""

    def __init__(self, server, number, users):
        super().__init__(daemon=True)
        self.client = Client(server.port)
        self.random = random.Random(number)
        self.users = users
        self.fault = None
        self.plan = [self.visit(n) for n in range(ROUNDS)]

    def visit(self, number):
        """One login and what its user does, as (seq, cmd, data)."""
        user, other = self.random.sample(self.users, 2)
        room = "hall-%d" % self.random.randrange(3)
        deeds = [("join", dict(room=room)),
                 ("say", dict(room=room, body={"in": room})),
                 ("say", dict(user=other, body={"to": other})),
                 ("history", dict(inbox=True, limit=3)),
                 ("edit", dict(room=room, id="0" * 17, body=1)),
                 ("online", dict(users=self.users))]
        deeds = self.random.sample(deeds, self.random.randrange(len(deeds)))
        frames = [("login", dict(user=user))] + deeds + [("logout", {})]
        return user, [("%d-%d" % (number, n), cmd, data)
                      for n, (cmd, data) in enumerate(frames)]

    def run(self):
        try:
            self.client.socket.send(b"".join(
                request(*frame) for _, frames in self.plan
                for frame in frames))
            for user, frames in self.plan:
                self.watch(user, frames)
        except Exception as error:  # told by the test
            self.fault = error

    def watch(self, user, frames):
        open_frames = {seq: cmd for seq, cmd, _ in frames}
        is_in, rooms = False, set()
        while open_frames:
            got = json.loads(self.client.next_text(60))
            if "seq" not in got:
                assert is_in, got
                self.check(user, rooms, got["data"])
                continue
            cmd = open_frames.pop(got["seq"])
            assert got["code"] == (200 if cmd not in ("say", "edit")
                                   else got["code"]), got
            assert got["code"] in (200, 1003, 1005), got
            if cmd == "login":
                assert got["data"]["user"] == user
                is_in = True
            elif cmd == "join":
                rooms.add(got["data"]["room"])
            elif cmd == "history":
                for message in got["data"]["messages"]:
                    self.check(user, rooms, message)
            elif cmd == "logout":
                assert not open_frames

    @staticmethod
    def check(user, rooms, data):
        if "room" in data:
            assert data["room"] in rooms, (user, rooms, data)
        else:
            assert user in (data["from"], data["to"]), (user, data)


def test_whoever_is_logged_in_gets_what_is_for_that_user(server):
    users = ["guest-%d" % n for n in range(6)]
    guests = [Guest(server, n, users) for n in range(16)]
    for guest in guests:
        guest.start()
    for guest in guests:
        guest.join(120)
        assert not guest.is_alive() and guest.fault is None, guest.fault
    with server.client("looks", "hall-0", "hall-1", "hall-2") as looks:
        for room in ("hall-0", "hall-1", "hall-2"):
            wait_for("all have left",
                     lambda: looks.call("members", room=room)["users"] == 1)
        assert looks.call("online", users=users) == {"online": {}}
    for guest in guests:
        guest.client.close()
    wait_for("nobody is there", lambda: sessions(server) == 0)
