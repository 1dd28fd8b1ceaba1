"""USR2: another program takes the master's place, nobody is cut off."""

import os
import pathlib
import shutil
import signal
import stat
import threading

import pytest

import server as server_module
import wire
from client import Client, Refused
from server import CONFABD, wait_for


@pytest.fixture
def own_server(make_server, directory, monkeypatch):
    """It runs a copy of the program, which a test may replace. It keeps all,
    since people here talk as fast as they can."""
    program = directory / "confabd"
    shutil.copy(CONFABD, program)
    monkeypatch.setattr(server_module, "CONFABD", program)
    server = make_server(
        gateways=2, options='drain_seconds = 2\n'
                            'room "*" { keep_messages = 0 }\n').start()
    server.program = program
    return server


def replace(server, content):
    """As a package does it: another file under the same name."""
    new = server.program.with_suffix(".new")
    if isinstance(content, pathlib.Path):
        shutil.copy(content, new)
    else:
        new.write_text(content)
    new.chmod(new.stat().st_mode | stat.S_IXUSR)
    new.rename(server.program)


def pids(server):
    return {int(w["pid"]) for w in server.workers()}


def is_renewed(server, before):
    """Who asks just when the programs change is not answered."""
    try:
        now = pids(server)
        return (not now & before and len(now) == len(before) and
                server.is_serving())
    except (OSError, wire.Closed):
        return False


def wait_renewed(server, before):
    """All processes are others, and all that there are serve."""
    wait_for("new processes serve", lambda: is_renewed(server, before))


def test_all_processes_are_new_and_the_pid_stays(own_server):
    before = pids(own_server)
    replace(own_server, CONFABD)
    own_server.process.send_signal(signal.SIGUSR2)
    wait_renewed(own_server, before)
    assert int(own_server.info()["pid"]) == own_server.process.pid
    with own_server.client("u", "r") as client:
        client.say("r", "served by the new ones")
    assert own_server.control("stop").returncode == 0
    assert own_server.wait_exit() == 0


def test_clients_are_told_and_lose_nothing(own_server):
    """A pair: one speaks all the time, both come back with since."""
    before = pids(own_server)
    with own_server.client("speaker", "r") as speaker:
        listener = own_server.client("listener", "r")
        place = {"epoch": listener.call("join", room="r")["epoch"],
                 "offset": 0}
        got, said = [], []
        own_server.process.send_signal(signal.SIGUSR2)
        listener.push("drain", guard=30)
        while len(said) < 50:
            said.append(speaker.say("r", len(said))["offset"])
        while True:
            try:
                message = listener.take_one()
            except Exception:
                break
            if message.get("cmd") == "msg":
                got.append(message["data"]["offset"])
        listener.close()
        if got:
            place["offset"] = got[-1]
        with Client(own_server.port, "listener") as again:
            back = again.call("join", room="r", since=place)
            assert back["recovered"]
            got += [m["offset"] for m in back["messages"]]
    assert got == said
    wait_renewed(own_server, before)


def test_no_connect_is_refused_meanwhile(own_server):
    before = pids(own_server)
    failures, count = [], [0]
    end = threading.Event()

    def visit():
        while not end.is_set():
            try:
                with own_server.client("v", "r") as client:
                    client.say("r", "in")
                count[0] += 1
            except Exception as why:
                if "1012" not in str(why) and "close frame" not in str(why):
                    failures.append(why)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        own_server.process.send_signal(signal.SIGUSR2)
        wait_renewed(own_server, before)
    finally:
        end.set()
        visitor.join()
    assert not failures, failures[:3]
    assert count[0] > 0


def test_what_is_acknowledged_is_kept_through_upgrades(own_server):
    """Speakers who say again, with the same key, what was not answered."""
    end = threading.Event()
    said = [[] for _ in range(3)]

    def speak(number):
        count = 0
        while not end.is_set():
            try:
                with own_server.client("s%d" % number, "r") as client:
                    while not end.is_set():
                        client.say("r", count, key=str(count))
                        said[number].append(count)
                        count += 1
            except (wire.Closed, Refused, OSError):
                pass

    speakers = [threading.Thread(target=speak, args=(i,)) for i in range(3)]
    for speaker in speakers:
        speaker.start()
    try:
        for _ in range(3):
            before = pids(own_server)
            own_server.process.send_signal(signal.SIGUSR2)
            wait_renewed(own_server, before)
    finally:
        end.set()
        for speaker in speakers:
            speaker.join()
    with own_server.client("reader", "r") as client:
        history = client.whole_history("r")
    for number, answered in enumerate(said):
        got = [m["body"] for m in history if m["from"] == "s%d" % number]
        assert got[:len(answered)] == answered
        assert len(got) <= len(answered) + 1


def test_it_can_be_done_again_and_again(own_server):
    for _ in range(3):
        before = pids(own_server)
        own_server.process.send_signal(signal.SIGUSR2)
        wait_renewed(own_server, before)
    assert own_server.get("/readyz").status == 200


@pytest.mark.parametrize("program, words", [
    (None, "No such file"),
    ("#!/bin/sh\necho this is broken; exit 1\n", "this is broken"),
    ("no program at all", "Exec format error"),
])
def test_a_program_that_cannot_take_over_is_told_and_we_stay(
        own_server, program, words):
    own_server.allow("upgrade")
    before = pids(own_server)
    if program is None:
        own_server.program.unlink()
    else:
        replace(own_server, program)
    with own_server.client("u", "r") as client:
        own_server.process.send_signal(signal.SIGUSR2)
        own_server.wait_log(words)
        own_server.wait_log("cannot take over, so this one stays")
        client.say("r", "undisturbed")
    assert pids(own_server) == before


def test_another_layout_sends_all_away_and_starts_anew(own_server):
    """A program that says that it lays its memory out in another way."""
    own_server.allow("in another way")
    replace(own_server, "#!/bin/sh\ncase \"$*\" in\n*--arena*) exit 3;;\n"
                        "esac\nexec %s \"$@\"\n" % CONFABD)
    before = pids(own_server)
    with own_server.client("u", "r") as client:
        offset = client.say("r", "before")["offset"]
        own_server.process.send_signal(signal.SIGUSR2)
        client.push("drain")
        assert client.socket.close_code() == 1012
    wait_renewed(own_server, before)
    assert int(own_server.info()["pid"]) == own_server.process.pid
    with own_server.client("u", "r") as client:
        assert client.say("r", "after")["offset"] == offset + 1


def test_a_wrong_configuration_stops_the_upgrade(own_server):
    own_server.allow("upgrade")
    before = pids(own_server)
    with own_server.config_path.open("a") as file:
        file.write("nonsense = 1\n")
    own_server.process.send_signal(signal.SIGUSR2)
    own_server.wait_log("upgrade: .*unknown option 'nonsense'")
    assert pids(own_server) == before


def test_a_changed_configuration_comes_with_it(own_server):
    before = pids(own_server)
    with own_server.config_path.open("a") as file:
        file.write('room "live" { history = false }\n')
    own_server.process.send_signal(signal.SIGUSR2)
    wait_renewed(own_server, before)
    with own_server.client("u", "live") as client:
        assert "reached" in client.say("live", "not remembered")


def test_a_killed_gateway_does_not_stop_it(own_server):
    own_server.allow("ended by signal")
    before = pids(own_server)
    own_server.process.send_signal(signal.SIGUSR2)
    own_server.wait_log("upgrade: this is version")
    for pid in own_server.pids("gateway"):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_renewed(own_server, before)
