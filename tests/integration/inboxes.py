"""What the members of a crowd tell each other directly, and what each of them
saw of its own inbox over all its connections: it logs in with the last place it
has seen, so nothing may be missing and nothing may come twice."""

import collections

from client import whole_history


class Inbox:
    """What one user saw of it."""

    def __init__(self, user):
        self.user = user
        self.epoch = None
        self.start = self.last = 0  # behind the start nothing was skipped
        self.seen = {}
        self.skipped = 0  # times that too much was missed to be recovered
        self.faults = []

    def place(self):
        """For the next login; nothing for the first one."""
        return self.epoch and {"epoch": self.epoch, "offset": self.last}

    def entered(self, login):
        """The answer to a login with place()."""
        top = login["inbox"]
        if self.epoch is not None and top["epoch"] != self.epoch:
            self.faults.append("%s: another epoch" % self.user)
        if login.get("recovered"):
            for message in login["messages"]:
                self.add(message)
            if self.last != top["offset"]:
                self.faults.append("%s: recovered up to %d of %d" % (
                    self.user, self.last, top["offset"]))
        else:
            self.skipped += self.epoch is not None
            self.start = self.last = top["offset"]
        self.epoch = top["epoch"]

    def add(self, message):
        offset = message["offset"]
        if offset != self.last + 1:
            self.faults.append("%s: %d of the inbox came after %d" % (
                self.user, offset, self.last))
        self.last = offset
        self.seen[offset] = (message["id"], message["body"])


class Post:
    """All inboxes of a crowd, and what was said into them."""

    def __init__(self):
        self.inboxes = {}
        self.acks = []
        self.refusals = set()

    def inbox_of(self, user):
        return self.inboxes.setdefault(user, Inbox(user))

    def acknowledged(self, sender, users, body, data):
        self.acks.append((sender, users, body, data["offset"], data["id"]))

    def refused(self, body):
        self.refusals.add(body)

    def faults(self, login):
        """Compares with the truth: login(user, place) is a client of the user
        that logged in with the place. Returns sentences."""
        kept = {}
        for user, inbox in self.inboxes.items():
            with login(user, inbox.place()) as client:
                inbox.entered(client.login)
                kept[user] = whole_history(
                    lambda **how: client.call("history", **how), inbox=True)
            yield from inbox.faults
            yield from self.inbox_faults(inbox, kept[user])
        yield from self.ack_faults(kept)

    def inbox_faults(self, inbox, messages):
        at = {m["offset"]: (m["id"], m["body"]) for m in messages}
        if list(at) != list(range(1, len(messages) + 1)):
            yield "%s: offsets of the inbox are not dense" % inbox.user
        for what, count in collections.Counter(
                body for _, body in at.values()).items():
            if count > 1:
                yield "%s: %s stands %d times" % (inbox.user, what, count)
            if what in self.refusals:
                yield "%s: refused and yet stored: %s" % (inbox.user, what)
        for offset, one in inbox.seen.items():
            if at.get(offset) != one:
                yield "%s was sent %s, the inbox has %s" % (
                    inbox.user, one, at.get(offset))
        missed = [offset for offset in at
                  if offset > inbox.start and offset not in inbox.seen]
        if missed:
            yield "%s never saw %s" % (inbox.user, missed[:5])

    def ack_faults(self, kept):
        ids = {user: {m["id"]: m["body"] for m in messages}
               for user, messages in kept.items()}
        places = {user: {m["offset"]: m["id"] for m in messages}
                  for user, messages in kept.items()}
        for sender, users, body, offset, name in self.acks:
            if places[sender].get(offset) != name:
                yield "%s was answered %s at %d, the inbox has %s" % (
                    sender, name, offset, places[sender].get(offset))
            for user in [sender] + users:
                if ids[user].get(name) != body:
                    yield "%s: acknowledged to %s and not there: %s" % (
                        user, sender, body)
