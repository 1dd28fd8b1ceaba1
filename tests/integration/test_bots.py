"""Bots: users whose ears are a URL, and who say what that answers."""

import pathlib
import re
import subprocess
import sys
import threading

import pytest

from backend import SECRET, Backend
from server import DEATHS, ROOT, free_port, wait_for


def options(url, directory, commands="", more=""):
    secret = directory / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return """
bot clerk {
    rooms = {"talk:*", "desk"}
    url = "%s"
    secret_file = "%s"
    %s
}
room "talk:fleeting" { history = false }
%s
""" % (url, secret, commands and "commands = {%s}" % commands, more)


@pytest.fixture
def backend():
    with Backend(lambda asked: (204, None)) as one:
        yield one


@pytest.fixture
def make(make_server, backend, directory):
    def start(*words, **known):
        return make_server(options=options(backend.url(), directory, *words),
                           **known).start()
    return start


def echo(asked):
    return 200, {"body": "you said " + asked.json["data"]["body"]}


def test_a_bot_hears_its_rooms_and_answers(make, backend):
    backend.answer = echo
    server = make()
    with server.client("ann", "talk:r", "desk", "other") as ann:
        ann.say("other", "unheard")
        ann.say("talk:r", "hello")
        answer = ann.push("msg")
        assert (answer["from"], answer["room"], answer["body"]) == \
            ("clerk", "talk:r", "you said hello")
        ann.say("desk", "here too")
        assert ann.push("msg")["body"] == "you said here too"
        assert [message["from"] for message in ann.whole_history("talk:r")] \
            == ["ann", "clerk"]
    assert len(backend.asked) == 2
    heard = backend.asked[0]
    assert heard.is_signed()
    assert heard.json["bot"] == "clerk" and heard.json["tenant"] == "default"
    assert heard.json["cmd"] == "msg" and heard.json["data"]["from"] == "ann"


def test_with_commands_it_hears_only_those(make, backend):
    backend.answer = lambda asked: (200, [
        {"body": asked.json["command"]}, {"body": asked.json["rest"],
                                          "type": "rest"}, {}])
    server = make('"/weather", "/w"')
    with server.client("ann", "talk:r") as ann:
        for body in ("weather", "/weatherman", {"body": "/weather"}, 7,
                     "say /weather", "/Weather"):
            ann.say("talk:r", body)
        ann.say("talk:r", "/weather  in Rome")
        said = [ann.push("msg") for _ in range(2)]
        ann.say("talk:r", "/w")
        said += [ann.push("msg") for _ in range(2)]
    assert [message["body"] for message in said] == \
        ["/weather", "in Rome", "/w", ""]
    assert said[1]["type"] == "rest"
    assert len(backend.asked) == 2


def test_it_hears_what_nobody_remembers(make, backend):
    backend.answer = echo
    server = make(gateways=2)
    with server.client("ann", "talk:fleeting") as ann:
        assert "reached" in ann.say("talk:fleeting", "hi")
        assert ann.push("msg")["body"] == "you said hi"


def test_bots_do_not_hear_each_other(make, backend):
    backend.answer = lambda asked: (200, {"body": asked.json["bot"]})
    server = make("", 'bot other { rooms = {"talk:*"} url = "%s" }'
                  % backend.url())
    with server.client("ann", "talk:r") as ann:
        ann.say("talk:r", "hello")
        assert {ann.push("msg")["from"] for _ in range(2)} == \
            {"clerk", "other"}
        ann.say("talk:r", "again")
        assert {ann.push("msg")["from"] for _ in range(2)} == \
            {"clerk", "other"}
    assert len(backend.asked) == 4


def test_of_one_room_it_hears_one_after_the_other(make, backend):
    go_on = threading.Event()

    def answer(asked):
        if asked.json["data"]["body"] == "0":
            go_on.wait(30)
        return echo(asked)

    backend.answer = answer
    server = make()
    with server.client("ann", "talk:r", "talk:s") as ann:
        for number in range(4):
            ann.say("talk:r", str(number))
        ann.say("talk:s", "meanwhile")
        assert ann.push("msg")["body"] == "you said meanwhile"
        go_on.set()
        assert [ann.push("msg")["body"] for _ in range(4)] == \
            ["you said %d" % number for number in range(4)]


def test_what_makes_no_sense_is_not_said(make, backend):
    answers = iter([
        (200, ["x"]), (200, {"type": "t"}), (200, {"body": 1, "type": ""}),
        (200, [{"body": 1}] * 11), (200, "x"), (200, {"body": "sense"})])
    backend.answer = lambda asked: next(answers)
    server = make()
    with server.client("ann", "talk:r") as ann:
        for number in range(6):
            ann.say("talk:r", number)
        assert ann.push("msg")["body"] == "sense"
        assert len(ann.whole_history("talk:r")) == 7
        server.wait_log("bot clerk: its answer is no message")


def test_an_answer_is_said_once_whoever_dies(make, backend):
    backend.answer = lambda asked: (503, None)
    server = make()
    server.allow(DEATHS)
    with server.client("ann", "talk:r") as ann:
        ann.say("talk:r", "hello")
        wait_for("it was heard", lambda: backend.asked)
        backend.answer = echo
        server.kill_one("api")
        assert ann.push("msg")["body"] == "you said hello"
        ann.say("talk:r", "fence")
        assert ann.push("msg")["body"] == "you said fence"
        assert len(ann.whole_history("talk:r")) == 4


def test_the_example_works(make_server, directory):
    port = free_port()
    url = "http://127.0.0.1:%d/" % port
    server = make_server(options=options(url, directory, '"/roll", "/time"'))
    process = subprocess.Popen(
        [sys.executable, str(pathlib.Path(ROOT) / "conf/bot.py"), "--port",
         str(port), "--secret", str(directory / "secret")])
    try:
        server.start()
        with server.client("ann", "desk") as ann:
            ann.say("desk", "/roll 20")
            assert re.fullmatch(r"\d+ of 20", ann.push("msg")["body"])
            ann.say("desk", "/time")
            assert ann.push("msg")["body"].startswith("It is ")
    finally:
        process.kill()
        process.wait()
