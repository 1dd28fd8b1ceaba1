"""Who talks and who listens while a cluster is tortured, each in a thread, what
they noted, and what it means. The judge knows nothing of how hosts speak with
each other: it reads the histories of all of them, and the notes.

- what was acknowledged is in each history exactly once; what was asked and
  never answered at most once;
- all histories are of the same messages, and those of one origin stand in the
  same order;
- what a connection was sent since its join is, offset by offset, the history of
  its host; the last one of each listener is up to date at the end;
- who could recover after a break, on whatever host, lacks nothing of what came
  before; an answer that says that nothing was recovered, and a `moved`, begin
  a new claim: of what came before it, it says nothing.
"""

import collections
import http.client
import random
import threading
import time

import wire
from api import Backend
from client import Refused

LATER = (1004, 1008)
BREAKS = (OSError, wire.Closed, ValueError, http.client.HTTPException)


class Worker(threading.Thread):
    """Does round() again and again, whatever breaks, until it is told to end.
    Anything but a break is a fault."""

    def __init__(self, name):
        super().__init__(daemon=True, name=name)
        self.is_ending = False
        self.faults = []
        self.breaks = 0

    def run(self):
        while not self.is_ending:
            try:
                self.round()
            except BREAKS:
                self.breaks += 1
                time.sleep(0.05)
            except Refused as error:
                if error.code not in LATER:
                    self.fail(error)
            except (AssertionError, KeyError, TypeError) as error:
                self.fail(error)

    def fail(self, error):
        """One that goes wrong again and again says no more than that."""
        if len(self.faults) < 3:
            self.faults.append("%s: %r" % (self.name, error))
        time.sleep(0.2)

    def end(self):
        self.is_ending = True
        self.join(60)
        if self.is_alive():
            self.faults.append("%s hangs" % self.name)


class Publisher(Worker):
    """Says one number after the other."""

    def __init__(self, host, name, rooms, pause):
        super().__init__(name)
        self.host, self.rooms, self.pause = host, rooms, pause
        self.number = 0
        self.acks = {}  # (room, body): id
        self.open = None  # what was asked and not yet answered

    def next(self):
        room = self.rooms[self.number % len(self.rooms)]
        self.open = room, "%s/%d" % (self.name, self.number)
        return self.open

    def acknowledged(self, message_id):
        self.acks[self.open] = message_id
        self.open = None
        self.number += 1
        time.sleep(self.pause)


class ByWebSocket(Publisher):
    """Says each until it is answered; the key makes it one message."""

    def round(self):
        with self.host.client(self.name, *self.rooms) as client:
            while not self.is_ending:
                room, body = self.next()
                answer = client.ask("say", room=room, body=body, key=body)
                if answer["code"] == 200:
                    self.acknowledged(answer["data"]["id"])
                else:
                    assert answer["code"] in LATER, answer
                    time.sleep(0.05)


class ByHttp(Publisher):
    """Without keys: what was not answered is not asked again."""

    def round(self):
        backend = Backend(self.host.directory / "api.sock")
        while not self.is_ending:
            if self.open:
                self.number += 1
            room, body = self.next()
            answer = backend.ask("POST", "/v1/say", {
                "room": room, "body": body, "from": self.name})
            if answer.status == 200:
                self.acknowledged(answer.json["id"])
            else:
                assert answer.status in (429, 503), answer.body
                time.sleep(0.05)


class Line:
    """What one connection was sent since it joined."""

    def __init__(self, host, joined):
        self.host = host
        self.epoch, self.start = joined["epoch"], joined["offset"]
        self.messages = []  # (offset, id)


class Claim:
    """To lack nothing that came behind the first of these lines. `known` is all
    that was told meanwhile."""

    def __init__(self):
        self.lines = []
        self.known = set()


class Listener(Worker):
    """In one room; leaves after a while, if it is not cut off before, and comes
    back with the place it stood at, at times to another host."""

    def __init__(self, hosts, at, name, room, seed):
        super().__init__(name)
        self.hosts, self.at, self.room = hosts, at, room
        self.random = random.Random(seed)
        self.lines = []
        self.claims = []
        self.since = None
        self.client = None
        self.is_staying = False  # from now on
        self.moved = self.recovered = self.changed = self.not_recovered = 0

    def round(self):
        if self.lines and self.random.random() < 0.4:
            self.at = self.random.randrange(len(self.hosts))
        host = self.hosts[self.at]
        with host.client(self.name) as self.client:
            more = {"since": self.since} if self.since else {}
            self.joined(host, self.client.ask("join", room=self.room, **more))
            end = time.monotonic() + self.random.uniform(1, 20)
            while not self.is_ending and (time.monotonic() < end or
                                          self.is_staying):
                self.take()

    def joined(self, host, answer):
        if answer["code"] in LATER:
            raise wire.Closed("again")
        assert answer["code"] == 200, answer
        data = answer["data"]
        self.lines.append(Line(host, data))
        has_recovered = self.since is not None and data["recovered"]
        if has_recovered:
            self.recovered += 1
            self.changed += data.get("overlap", False)
        else:
            self.not_recovered += self.since is not None
            self.claims.append(Claim())
        self.claims[-1].lines.append(self.lines[-1])
        self.since = {**(self.since or {}), "epoch": data["epoch"],
                      "offset": data["offset"]}
        self.know([data, *(data["messages"] if has_recovered else [])])

    def know(self, messages):
        """Its place has the largest id."""
        for message in messages:
            self.claims[-1].known.add(message["id"])
            self.since["id"] = max(self.since.get("id", ""), message["id"])

    def take(self):
        self.client.pushes.clear()
        try:
            push = self.client.take_one(1)
        except TimeoutError:
            return
        if push["cmd"] == "moved":
            self.moved += 1
            self.claims.append(Claim())
        elif push["cmd"] == "msg":
            data = push["data"]
            self.know([data])
            self.lines[-1].messages.append((data["offset"], data["id"]))
            self.since["offset"] = data["offset"]


class Judge:
    """histories: of each host by its number, of each room, its messages."""

    def __init__(self, histories):
        self.histories = histories
        self.faults = []

    def fault(self, words, *values):
        self.faults.append(words % values)

    def judge(self, publishers, listeners):
        for worker in publishers + listeners:
            self.faults += worker.faults
        rooms = sorted({room for one in self.histories.values()
                        for room in one})
        for room in rooms:
            self.judge_room(room, publishers)
        for listener in listeners:
            self.judge_listener(listener)
        return self.faults

    def judge_room(self, room, publishers):
        rows = {host: one[room] for host, one in self.histories.items()}
        for host, row in rows.items():
            counts = collections.Counter(one["body"] for one in row)
            for body, count in counts.items():
                if count != 1:
                    self.fault("host %d, %s: %s stands there %d times",
                               host, room, body, count)
            at = {one["body"]: one["id"] for one in row}
            for publisher in publishers:
                for (where, body), message_id in publisher.acks.items():
                    if where == room and at.get(body) != message_id:
                        self.fault("host %d, %s: %s was acknowledged as %s, "
                                   "here is %s", host, room, body, message_id,
                                   at.get(body))
        self.compare(room, rows)

    def compare(self, room, rows):
        first = min(rows)
        wanted = by_origin([one["id"] for one in rows[first]])
        for host, row in rows.items():
            found = by_origin([one["id"] for one in row])
            for origin in sorted(set(wanted) | set(found)):
                if found.get(origin) != wanted.get(origin):
                    self.fault("host %d, %s: of origin %s there are %d, on "
                               "host %d %d, or they stand in another order",
                               host, room, origin, len(found.get(origin, [])),
                               first, len(wanted.get(origin, [])))
                elif found[origin] != sorted(found[origin]):
                    self.fault("host %d, %s: origin %s is out of order",
                               host, room, origin)

    def judge_listener(self, listener):
        for line in listener.lines:
            row = self.histories[line.host.number][listener.room]
            part = [(one["offset"], one["id"]) for one in row
                    if one["offset"] > line.start]
            is_last = line is listener.lines[-1]
            if line.messages != (part if is_last else
                                 part[:len(line.messages)]):
                self.fault("%s on host %d was sent %s", listener.name,
                           line.host.number, difference(line.messages, part))
        if not listener.lines:
            self.fault("%s never came in", listener.name)
        for claim in listener.claims:
            self.judge_claim(listener, claim)

    def judge_claim(self, listener, claim):
        """What stood before each place where it came in, and not before the
        first one, it has been told."""
        if not claim.lines:
            return
        first = self.histories[claim.lines[0].host.number][listener.room]
        known = claim.known | {one["id"] for one in first
                               if one["offset"] <= claim.lines[0].start}
        for line in claim.lines[1:]:
            row = self.histories[line.host.number][listener.room]
            lacks = [one["id"] for one in row
                     if one["offset"] <= line.start and one["id"] not in known]
            if lacks:
                self.fault("%s recovered on host %d up to %d and lacks %d: %s",
                           listener.name, line.host.number, line.start,
                           len(lacks), lacks[:5])


def difference(sent, part):
    for index, (one, other) in enumerate(zip(sent, part)):
        if one != other:
            return "%s as number %d, where %s stands" % (one, index, other)
    return "%d messages where there are %d" % (len(sent), len(part))


def by_origin(ids):
    """An id is 13 digits of time and then who gave it."""
    rows = collections.defaultdict(list)
    for one in ids:
        rows[one[13:]].append(one)
    return rows
