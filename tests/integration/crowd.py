"""Many clients in one thread, talking and listening while the server suffers;
and the book of what they saw, which is then compared with the history.

What the book claims, in the words of the protocol:
- a say that was answered 200 is in the history exactly once, at its offset;
- a say that was refused is not in the history;
- a say whose connection broke before the answer is there at most once;
- offsets are dense;
- what a connection was sent of a room, from its join on, is the history's row
  of messages, without gap or repeat.
"""

import collections
import errno
import json
import selectors
import socket
import time

import wire
from client import whole_history
from inboxes import Post


class Member:
    """One client of a crowd: logs in, joins its rooms, keeps `window` says in
    flight while it talks, connects again when the connection breaks. With
    friends each fourth message is for one or some of them, and it recovers its
    inbox by each login."""

    def __init__(self, crowd, user, rooms, window=2, host="127.0.0.1",
                 friends=()):
        self.crowd = crowd
        self.user = user
        self.rooms = list(rooms)
        self.window = window
        self.host = host
        self.friends = list(friends)
        self.inbox = crowd.post.inbox_of(user) if friends else None
        self.breaks = 0
        self.number = 0
        self.socket = None
        self.state = "away"
        self.retry_at = 0.0
        self.connect()

    # Connection

    def connect(self):
        self.buffer = bytearray()
        self.out = bytearray()
        self.waiting = {}
        self.joined = {}
        self.socket = socket.socket()
        self.socket.setblocking(False)
        result = self.socket.connect_ex((self.host, self.crowd.port))
        assert result in (0, errno.EINPROGRESS, errno.ECONNREFUSED), result
        self.state = "handshake"
        self.out += wire.upgrade_head(self.crowd.port)
        self.crowd.selector.register(
            self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def hang_up(self, state):
        """Says without an answer stay open questions."""
        self.crowd.selector.unregister(self.socket)
        self.socket.close()
        for asked in self.waiting.values():
            if asked[0] == "say":
                self.crowd.book.unanswered(asked[1], asked[2])
        self.waiting = {}
        self.joined = {}
        self.state = state

    def lose(self):
        if self.state == "inside":
            self.breaks += 1
        self.hang_up("away")
        self.retry_at = time.monotonic() + 0.05

    def leave(self):
        self.hang_up("gone")

    # Requests

    def ask(self, what, cmd, data):
        self.number += 1
        self.waiting[self.number] = what
        self.out += wire.text(json.dumps(
            {"seq": self.number, "cmd": cmd, "data": data}))

    def say(self, room):
        body = "%s/%d" % (self.user, self.crowd.next_number())
        self.ask(("say", room, body), "say",
                 {"room": room, "body": body, "echo": True})

    def tell(self):
        """One friend, or three with repeats."""
        number = self.crowd.next_number()
        body = "%s:%d" % (self.user, number)
        users = [self.friends[(number * step) % len(self.friends)]
                 for step in ((1,) if number % 3 else (1, 2, 3))]
        to = {"users": users} if len(users) > 1 else {"user": users[0]}
        self.ask(("tell", users, body), "say",
                 {**to, "body": body, "echo": True})

    def question(self, cmd, **data):
        """Its answer is of no interest, but there must be one."""
        if self.state == "inside":
            self.ask(("question", cmd), cmd, data)

    def talk(self):
        if self.state != "inside" or not self.crowd.may_talk():
            return
        for _ in range(self.window - len(self.waiting)):
            if len(self.joined) != len(self.rooms):
                return
            if self.friends and self.number % 4 == 0:
                self.tell()
            else:
                self.say(self.rooms[self.number % len(self.rooms)])

    # Input

    def on_ready(self, mask):
        try:
            if mask & selectors.EVENT_WRITE and self.out:
                sent = self.socket.send(self.out)
                del self.out[:sent]
            if mask & selectors.EVENT_READ:
                data = self.socket.recv(1 << 18)
                if not data:
                    return self.lose()
                self.buffer += data
                self.read()
        except BlockingIOError:
            pass
        except OSError:
            return self.lose()
        return None

    def read(self):
        if self.state == "handshake":
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.buffer[:20]:
                raise OSError("refused")
            del self.buffer[:end + 4]
            self.state = "inside"
            place = self.inbox and self.inbox.place()
            self.ask(("login",), "login", {
                "user": self.user, **({"inbox": place} if place else {})})
            for room in self.rooms:
                self.ask(("join", room), "join", {"room": room})
        at, view = 0, memoryview(bytes(self.buffer))
        while True:
            found = wire.take_frame(view[at:])
            if not found:
                break
            opcode, data, _, used = found
            at += used
            if opcode == wire.TEXT:
                self.on_message(json.loads(data))
            elif opcode == wire.PING:
                self.out += wire.frame(wire.PONG, data)
            elif opcode == wire.CLOSE:
                self.crowd.closes.append((self.user, bytes(data)))
                raise OSError("closed")
        del self.buffer[:at]
        self.talk()

    def on_message(self, message):
        book = self.crowd.book
        data = message.get("data", {})
        if "code" not in message:
            if message["cmd"] == "msg" and "room" in data:
                book.received(self, self.joined, data)
            elif message["cmd"] == "msg" and self.inbox:
                self.inbox.add(data)
            return
        asked = self.waiting.pop(message["seq"], None)
        assert asked, "an answer that nobody waits for: %r" % message
        code = message["code"]
        if asked[0] == "join":
            if code == 1004:  # nothing was done: ask again
                self.ask(asked, "join", {"room": asked[1]})
                return
            assert code == 200, message
            self.joined[asked[1]] = book.joined(self, asked[1], data)
        elif asked[0] == "login":
            if code == 1004:
                raise OSError("the ledger cannot let us in now")
            assert code == 200, message
            if self.inbox:
                self.inbox.entered(data)
        elif asked[0] == "tell":
            self.on_told(asked, message)
        elif asked[0] == "question":
            assert code in (200, 1004), message
        elif code == 200:
            book.acknowledged(asked[1], asked[2], data)
        else:
            assert code in (1004, 1008), message
            book.refused(asked[1], asked[2])
            self.crowd.pause = time.monotonic() + 0.05

    def on_told(self, asked, message):
        post = self.crowd.post
        if message["code"] == 200:
            post.acknowledged(self.user, asked[1], asked[2], message["data"])
        else:
            assert message["code"] in (1004, 1008), message
            post.refused(asked[2])


class Crowd:
    """per_second bounds how much is said, for tests that go on for long."""

    def __init__(self, port, per_second=None):
        self.port = port
        self.per_second = per_second
        self.started = time.monotonic()
        self.selector = selectors.DefaultSelector()
        self.members = []
        self.book = Book()
        self.post = Post()
        self.closes = []
        self.is_talking = True
        self.pause = 0.0
        self.count = 0

    def add(self, user, rooms, **more):
        member = Member(self, user, rooms, **more)
        self.members.append(member)
        return member

    def next_number(self):
        self.count += 1
        return self.count

    def may_talk(self):
        now = time.monotonic()
        if not self.is_talking or now < self.pause:
            return False
        return (self.per_second is None or
                self.count < (now - self.started) * self.per_second)

    def run(self, is_done, guard=wire.GUARD):
        """Turns the loop until is_done() is true."""
        end = time.monotonic() + guard
        while not is_done():
            assert time.monotonic() < end, "the crowd waited %s s in vain: %s" \
                % (guard, self.describe())
            self.turn()

    def run_for(self, seconds):
        end = time.monotonic() + seconds
        self.run(lambda: time.monotonic() >= end, seconds + wire.GUARD)

    def turn(self):
        for member in self.members:
            if member.state == "away" and member.retry_at < time.monotonic():
                member.connect()
            member.talk()
            if member.state in ("handshake", "inside"):
                events = selectors.EVENT_READ
                if member.out:
                    events |= selectors.EVENT_WRITE
                if self.selector.get_key(member.socket).events != events:
                    self.selector.modify(member.socket, events, member)
        for key, mask in self.selector.select(0.02):
            if key.data.state in ("handshake", "inside"):
                key.data.on_ready(mask)

    def describe(self):
        return ", ".join("%s %s%s" % (m.user, m.state, m.waiting or "")
                         for m in self.members)[:2000]

    def are_inside(self):
        return all(m.state == "gone" or m.state == "inside" and
                   len(m.joined) == len(m.rooms) for m in self.members)

    def wait_inside(self, guard=wire.GUARD):
        self.run(self.are_inside, guard)

    def acknowledged(self):
        return len(self.book.acks)

    def wait_acknowledged(self, more, guard=wire.GUARD):
        goal = self.acknowledged() + more
        self.run(lambda: self.acknowledged() >= goal, guard)

    def settle(self, guard=60):
        """No more says; waits until all is answered and everybody is inside
        and up to date with the newest message that anybody knows of."""
        self.is_talking = False
        self.run(lambda: self.are_inside() and not any(
            m.waiting for m in self.members), guard)
        tops = self.book.tops()
        self.run(lambda: all(
            line.last >= tops.get(room, 0) for m in self.members
            for room, line in m.joined.items()), guard)

    def leave(self):
        for member in self.members:
            if member.state in ("handshake", "inside"):
                member.leave()


class Line:
    """What one connection was sent of one room since it joined."""

    def __init__(self, who, room, joined):
        self.who = who
        self.room = room
        self.epoch = joined["epoch"]
        self.start = self.last = joined["offset"]
        self.messages = []
        self.faults = []

    def add(self, data):
        if data["offset"] != self.last + 1:
            self.faults.append("%s in %s: %d after %d" % (
                self.who, self.room, data["offset"], self.last))
        self.last = data["offset"]
        self.messages.append((data["offset"], data["id"], data["body"]))


class Book:
    def __init__(self):
        self.acks = []
        self.refusals = set()
        self.open = set()
        self.lines = []
        self.early = []

    def joined(self, who, room, data):
        line = Line(who.user, room, data)
        self.lines.append(line)
        return line

    def received(self, who, joined, data):
        line = joined.get(data["room"])
        if line is None:
            self.early.append((who.user, data["room"], data["offset"]))
        else:
            line.add(data)

    def acknowledged(self, room, body, data):
        self.acks.append((room, body, data["offset"], data["id"]))

    def refused(self, room, body):
        self.refusals.add((room, body))

    def unanswered(self, room, body):
        self.open.add((room, body))

    def tops(self):
        """The newest offset of each room that anybody knows of."""
        tops = collections.defaultdict(int)
        for room, _, offset, _ in self.acks:
            tops[room] = max(tops[room], offset)
        for line in self.lines:
            tops[line.room] = max(tops[line.room], line.last)
        return tops

    def faults(self, history):
        """Compares with the truth: history(room=…, after=…, limit=…) answers a
        page. Returns sentences; none when all is well."""
        faults = ["pushed before joined: %s %s %d" % one for one in self.early]
        rooms = {line.room for line in self.lines}
        rooms |= {room for room, _, _, _ in self.acks}
        for room in sorted(rooms):
            faults += self.room_faults(room, whole_history(
                history, room=room))
        return faults

    def room_faults(self, room, messages):
        kept = [(m["offset"], m["id"], m["body"]) for m in messages]
        faults = []
        if [offset for offset, _, _ in kept] != list(range(1, len(kept) + 1)):
            faults.append("%s: offsets are not dense" % room)
        if len({id for _, id, _ in kept}) != len(kept):
            faults.append("%s: an id stands twice" % room)
        bodies = collections.Counter(body for _, _, body in kept)
        faults += ["%s: stored %d times: %s" % (room, count, body)
                   for body, count in bodies.items() if count > 1]
        at = {offset: (offset, id, body) for offset, id, body in kept}
        for where, body, offset, id in self.acks:
            if where == room and at.get(offset) != (offset, id, body):
                faults.append("%s: acknowledged %s at %d, the history has %s" %
                              (room, body, offset, at.get(offset)))
        faults += ["%s: refused and yet stored: %s" % (room, body)
                   for where, body in self.refusals
                   if where == room and bodies[body]]
        for line in self.lines:
            if line.room != room:
                continue
            faults += line.faults
            faults += ["%s in %s was sent %s, the history has %s" % (
                line.who, room, one, at.get(one[0]))
                for one in line.messages if at.get(one[0]) != one]
        return faults
