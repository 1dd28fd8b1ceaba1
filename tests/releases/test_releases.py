"""An older release gives way to this one."""

import os
import pathlib
import shutil
import signal
import threading

import pytest

import server as server_module
import wire
from client import Client, Refused
from server import CONFABD, wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OLD = {"same": pathlib.Path(os.environ["SAME"]),
       "other": pathlib.Path(os.environ["OTHER"])}

CHATS = 3

# Between two messages of a room: who is away for seconds can come back without
# a gap, which takes that he missed no more than a thousand.
PACE = 0.005


class Chat:
    """One who says numbers in his room, and one who listens; both come back
    whenever they are sent away, and what they saw is whole."""

    def __init__(self, server, number):
        self.server = server
        self.room = "room%d" % number
        self.said, self.heard = [], []
        self.failures = []
        self.returns = 0
        self.is_over = threading.Event()
        self.is_all_said = threading.Event()
        self.threads = [threading.Thread(target=self.guarded, args=[run])
                        for run in (self.speak, self.listen)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()
        assert not self.failures, self.failures

    def guarded(self, run):
        try:
            run()
        except Exception as why:  # told by end()
            self.failures.append(repr(why))

    def come(self, user):
        """A connect may find nobody for a moment where all begins anew."""
        def connected():
            try:
                return Client(self.server.port, user)
            except (OSError, wire.Closed, Refused):
                return None
        return wait_for("%s is let in" % user, connected)

    def speak(self):
        number = 0
        client = None
        while not self.is_over.wait(PACE):
            try:
                if client is None:
                    client = self.come("speaker-" + self.room)
                    client.call("join", room=self.room)
                said = client.say(self.room, number, key="k%d" % number)
            except (OSError, wire.Closed):
                client = None
                self.returns += 1
                continue
            except Refused as refused:
                if refused.code != 1004:
                    raise
                continue
            self.said.append((said["offset"], number))
            number += 1
        self.is_all_said.set()
        client.close()

    def listen(self):
        place, client = None, None
        while True:
            try:
                if client is None:
                    client = self.come("listener-" + self.room)
                    place = self.catch_up(client, place)
                if self.is_all_said.is_set() and self.has_all():
                    break
                self.hear(client.push("msg", 2), place)
            except TimeoutError:
                continue
            except (OSError, wire.Closed):
                client = None
            except Refused as refused:
                if refused.code != 1004:
                    raise
                client = None
        client.close()

    def has_all(self):
        return self.heard and self.said and \
            self.heard[-1][0] >= self.said[-1][0]

    def hear(self, message, place):
        self.heard.append((message["offset"], message["body"]))
        place["offset"] = message["offset"]

    def catch_up(self, client, place):
        if place is None:
            top = client.call("join", room=self.room)
            return {"epoch": top["epoch"], "offset": 0} \
                if top["offset"] == 0 else self.begin(client, top)
        back = client.call("join", room=self.room, since=place)
        assert back["recovered"]
        for message in back["messages"]:
            self.hear(message, place)
        return place

    def begin(self, client, top):
        """It was too late for the first ones."""
        place = {"epoch": top["epoch"], "offset": 0}
        for message in client.call("history", room=self.room, after=0,
                                   limit=500)["messages"]:
            if message["offset"] <= top["offset"]:
                self.hear(message, place)
        return place

    def check(self):
        offsets = [offset for offset, _ in self.heard]
        assert offsets == list(range(1, len(offsets) + 1))
        bodies = [body for _, body in self.heard]
        assert bodies == list(range(len(bodies)))
        assert [one for one in self.heard if one in self.said] == self.said


def place_program(server, tree):
    """As a package does it: program, pages and SQL of another release."""
    new = server.program.with_suffix(".new")
    shutil.copy(tree / "build" / "confabd" if tree != ROOT else CONFABD, new)
    new.rename(server.program)
    shutil.copytree(tree / "sql", server.sql_dir, dirs_exist_ok=True)


@pytest.fixture
def old_server(request, make_server, directory, monkeypatch):
    old = OLD[request.param]
    monkeypatch.setattr(server_module, "CONFABD", directory / "confabd")
    server = make_server(
        gateways=2, sql_dir=directory / "sql",
        options='drain_seconds = 2\nroom "*" { keep_messages = 0 }\n')
    server.program = directory / "confabd"
    server.sql_dir = directory / "sql"
    place_program(server, old)
    return server.start()


def programs(server):
    """The files that the processes execute."""
    return {os.stat("/proc/%d/exe" % int(worker["pid"])).st_ino
            for worker in server.workers() if int(worker["pid"]) > 0}


def runs_now(server):
    ours = server.program.stat().st_ino
    try:
        return server.is_serving() and programs(server) == {ours} and \
            os.stat("/proc/%d/exe" % server.process.pid).st_ino == ours
    except (OSError, wire.Closed):
        return False


def upgrade(server):
    pid = server.process.pid
    place_program(server, ROOT)
    server.process.send_signal(signal.SIGUSR2)
    wait_for("all are of this release", lambda: runs_now(server), 60)
    assert int(server.info()["pid"]) == pid


@pytest.mark.parametrize("old_server", ["same", "other"], indirect=True)
def test_nothing_is_lost(old_server):
    server = old_server
    chats = [Chat(server, n) for n in range(CHATS)]
    for chat in chats:
        chat.start()
    wait_for("they talk", lambda: all(len(c.heard) > 20 for c in chats))
    upgrade(server)
    before = [len(chat.said) for chat in chats]
    wait_for("they talk again", lambda: any(c.failures for c in chats) or
             all(len(chat.heard) > count + 20
                 for chat, count in zip(chats, before)))
    for chat in chats:
        chat.end()
        chat.check()
        with server.client("reader-" + chat.room, chat.room) as reader:
            told = [(m["offset"], m["body"])
                    for m in reader.whole_history(chat.room)]
            assert told == chat.heard


@pytest.mark.parametrize("old_server, is_handed_over",
                         [("same", True), ("other", False)],
                         indirect=["old_server"])
def test_the_arena_is_handed_over_where_it_can_be(old_server, is_handed_over):
    upgrade(old_server)
    log = old_server.log()
    assert ("in another way" in log) == (not is_handed_over)
    if is_handed_over:
        assert "takes over" in log


@pytest.mark.parametrize("old_server", ["same", "other"], indirect=True)
def test_keys_and_marks_are_known_afterwards(old_server):
    with old_server.client("ann", "r") as ann:
        first = ann.say("r", "once", key="key")
        ann.call("read", room="r", offset=first["offset"])
    upgrade(old_server)
    with old_server.client("ann") as ann:
        again = ann.call("join", room="r")
        assert (again["offset"], again["read"]) == (1, 1)
        assert ann.say("r", "once", key="key")["id"] == first["id"]
