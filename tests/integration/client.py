"""A chat client that speaks PROTOCOL section 1, for tests to read like claims.

call() sends and must be answered 200; refused() must be answered with a code;
push() waits for the next push of a kind. Pushes that come while something else
is awaited are kept in order.
"""

import collections
import itertools
import json
import time

import wire


class Refused(Exception):
    """A request was answered with another code than 200."""

    def __init__(self, reply):
        super().__init__("%s: %s %s" % (reply.get("cmd"), reply["code"],
                                        reply.get("error")))
        self.code = reply["code"]
        self.error = reply.get("error")


class Client:
    def __init__(self, port, user=None, rooms=(), platform=None, inbox=None,
                 tenant=None, **socket):
        self.socket = wire.WebSocket(port, **socket)
        self.user = user
        self.replies = {}
        self.pushes = collections.deque()
        self.numbers = itertools.count(1)
        self.login = None
        if user is not None:
            more = {"platform": platform, "inbox": inbox, "tenant": tenant}
            self.login = self.call("login", user=user, **{
                name: value for name, value in more.items()
                if value is not None})
        for room in rooms:
            self.call("join", room=room)

    def send(self, cmd, **data):
        """Sends a request and returns its seq."""
        seq = "c%d" % next(self.numbers)
        self.socket.send(request(seq, cmd, data))
        return seq

    def reply(self, seq, guard=wire.GUARD):
        """The whole reply to a request; exactly one may ever come."""
        end = time.monotonic() + guard
        while seq not in self.replies:
            self.take_one(end - time.monotonic())
        return self.replies.pop(seq)

    def take_one(self, guard=wire.GUARD):
        message = json.loads(self.next_text(guard))
        if "seq" not in message and "code" not in message:
            self.pushes.append(message)
            return message
        seq = message.get("seq")
        assert seq not in self.replies, "two replies to %r" % seq
        self.replies[seq] = message
        return message

    def next_text(self, guard):
        end = time.monotonic() + guard
        while True:
            opcode, data = self.socket.read_frame(
                max(end - time.monotonic(), 0.01))
            if opcode == wire.TEXT:
                return data.decode()
            if opcode == wire.PING:
                self.socket.send(wire.frame(wire.PONG, data))
            elif opcode == wire.CLOSE:
                raise wire.Closed("close frame %r" % data)

    def ask(self, cmd, **data):
        return self.reply(self.send(cmd, **data))

    def call(self, cmd, **data):
        reply = self.ask(cmd, **data)
        if reply["code"] != 200:
            raise Refused(reply)
        assert reply["cmd"] == cmd
        return reply.get("data", {})

    def refused(self, code, cmd, **data):
        """The sentence of a refusal that must come with this code."""
        reply = self.ask(cmd, **data)
        assert reply["code"] == code, reply
        assert reply["cmd"] == cmd
        assert isinstance(reply["error"], str) and reply["error"], reply
        return reply["error"]

    def push(self, cmd, guard=wire.GUARD):
        """The data of the next push of this kind."""
        end = time.monotonic() + guard
        while True:
            for push in self.pushes:
                if push["cmd"] == cmd:
                    self.pushes.remove(push)
                    return push["data"]
            self.take_one(end - time.monotonic())

    def seen(self, cmd):
        """The pushes of a kind that have come so far, removed."""
        found = [push["data"] for push in self.pushes if push["cmd"] == cmd]
        self.pushes = collections.deque(
            push for push in self.pushes if push["cmd"] != cmd)
        return found

    def say(self, room, body, **more):
        return self.call("say", room=room, body=body, **more)

    def tell(self, user, body, **more):
        return self.call("say", user=user, body=body, **more)

    def fence(self):
        """What this client's gateway had for it before now has come."""
        self.call("ping")

    def whole_history(self, room=None, **target):
        if room is not None:
            target["room"] = room
        return whole_history(lambda **data: self.call("history", **data),
                             **target)

    def members(self, room):
        """The names of those in a room."""
        page = self.call("members", room=room, limit=1000)
        return {m["user"] for m in page["members"]}

    def close(self):
        self.socket.close()

    def goodbye(self):
        """A clean close: the server answers it and ends the connection."""
        self.socket.send(wire.close(1000))
        return self.socket.close_code()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(seq, cmd, data):
    """The frame of a request."""
    return wire.text(json.dumps({"seq": seq, "cmd": cmd, "data": data}))


def whole_history(history, limit=500, **target):
    """All messages of a room, a conversation or an inbox, by paging forward."""
    messages, after = [], 0
    while True:
        page = history(after=after, limit=limit, **target)
        offsets = [message["offset"] for message in page["messages"]]
        assert offsets == sorted(set(offsets))
        if offsets:
            assert after < page["first"] <= offsets[0]
            assert offsets[-1] <= page["last"]
        messages += page["messages"]
        if not page["more"]:
            return messages
        assert page["last"] > after, "there is more, but no way to it"
        after = page["last"]
