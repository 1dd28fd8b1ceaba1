"""People who do everything at random, from a seed: whatever they do, everything
is answered, recovery has no holes, both sides of each conversation agree, and a
kill of all of it changes nothing."""

import random
import threading

import pytest

PEOPLE = ["user %d" % n for n in range(8)]
ROOMS = ["room %d" % n for n in range(3)]
MONKEYS = 6
STEPS = 300
# What may be answered: nothing else is right, whatever one does.
CODES = {200, 1001, 1003, 1005, 1009}


class Monkey:
    """Is one of the people after the other; remembers where each inbox stood
    when it was there last."""

    def __init__(self, server, seed, number):
        self.server = server
        self.random = random.Random("%d %d" % (seed, number))
        self.client = None
        self.places = {}
        self.messages = []  # (target, id)
        self.codes = set()
        self.faults = []

    def __call__(self):
        try:
            for step in range(STEPS):
                if self.client is None:
                    self.enter()
                elif self.random.random() < 0.02:
                    self.client.call("logout")
                    self.client.close()
                    self.client = None
                else:
                    self.act(step)
        except BaseException as fault:  # the test must fail, whatever it is
            self.faults.append(fault)
            raise

    def enter(self):
        user = self.random.choice(PEOPLE)
        place = self.places.get(user)
        self.client = self.server.client(
            user, inbox=place, platform=self.random.choice([0, 7, 101]))
        login = self.client.login
        self.places[user] = login["inbox"]
        if place:
            assert login["recovered"] is True
            assert [m["offset"] for m in login["messages"]] == list(
                range(place["offset"] + 1, login["inbox"]["offset"] + 1))

    def act(self, step):
        cmd, data = self.random.choice(DEEDS)(self, step)
        answer = self.client.ask(cmd, **data)
        self.client.pushes.clear()
        self.codes.add(answer["code"])
        if cmd == "say" and "offset" in answer.get("data", {}):
            target = {"room": data["room"]} if "room" in data else {
                "user": data.get("user") or data["users"][0]}
            self.messages.append((target, answer["data"]["id"]))

    def one(self):
        return {"user": self.random.choice(PEOPLE)}

    def room(self):
        return {"room": self.random.choice(ROOMS)}

    def target(self):
        return self.random.choice([self.one, self.room])()

    def message(self):
        """Mostly one that may be changed, sometimes somebody else's."""
        target, name = self.random.choice(self.messages or [
            (self.one(), "0" * 17)])
        return {**target, "id": name}


def tell(monkey, step):
    more = monkey.random.choice([
        {}, {"key": "k %d" % monkey.random.randrange(50)}, {"keep": False},
        {"echo": True}, {"ttl": 10 ** 6}, {"type": "odd"}])
    return "say", {**monkey.one(), "body": "say %d" % step, **more}


def tell_some(monkey, step):
    users = monkey.random.choices(PEOPLE, k=monkey.random.randint(1, 9))
    return "say", {"users": users, "body": {"n": step}}


def say(monkey, _):
    size = monkey.random.choice([1, 100, 8000])
    more = monkey.random.choice([{}, {"keep": False}, {"echo": True}])
    return "say", {**monkey.room(), "body": "x" * size, **more}


def read(monkey, _):
    return "read", {**monkey.target(), "offset": monkey.random.randrange(40)}


def history(monkey, _):
    target = monkey.random.choice([monkey.target(), {"inbox": True}])
    return "history", {**target, "limit": monkey.random.randint(1, 500)}


DEEDS = [
    tell, tell, tell, tell_some, tell_some, say, say, read, history,
    lambda monkey, step: ("edit", {**monkey.message(), "body": step}),
    lambda monkey, step: ("edit", {**monkey.message(), "body": step}),
    lambda monkey, _: ("delete", monkey.message()),
    lambda monkey, _: ("join", monkey.room()),
    lambda monkey, _: ("leave", monkey.room()),
    lambda monkey, _: ("say", {"all": True, "body": None}),
    lambda monkey, _: ("search", {**monkey.target(), "text": "say 1"}),
    lambda monkey, _: ("online", {"users": PEOPLE}),
    lambda monkey, _: ("subscribe", {"types": ["text"]}),
    lambda monkey, _: ("unsubscribe", {}),
    lambda monkey, _: ("members", monkey.room()),
]


def everything(server):
    """All inboxes and rooms."""
    found = {}
    for user in PEOPLE:
        with server.client(user, *ROOMS) as client:
            found[user] = client.whole_history(inbox=True)
            for room in ROOMS:
                found[room] = client.whole_history(room)
    return found


def check_both_sides(found):
    by_id = {user: {m["id"]: m for m in found[user]} for user in PEOPLE}
    for user in PEOPLE:
        for message in found[user]:
            if message["from"] != user:
                continue
            for other in message.get("users") or [message["to"]]:
                view = by_id[other][message["id"]]
                for name in ("body", "edited", "deleted", "time", "type"):
                    assert view.get(name) == message.get(name)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_people_do_all_agree_on_what_was_said(make_server, seed):
    server = make_server(
        gateways=2, ledgers=seed, options=(
            'room "*" { search = true events_max = 3 }\n'
            'inbox { search = true }\n')).start()
    monkeys = [Monkey(server, seed, number) for number in range(MONKEYS)]
    threads = [threading.Thread(target=monkey) for monkey in monkeys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [monkey.faults for monkey in monkeys] == [[]] * MONKEYS
    assert set.union(*(monkey.codes for monkey in monkeys)) <= CODES
    found = everything(server)
    assert sum(map(len, found.values())) > 500
    check_both_sides(found)
    for user in PEOPLE:
        assert len({m["id"] for m in found[user]}) == len(found[user])
    server.kill()
    server.start()
    assert everything(server) == found
