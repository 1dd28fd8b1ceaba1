"""Webhooks: events go to the tenant's backend, signed, in order, at least once,
whoever dies."""

import itertools
import os
import random
import signal
import subprocess

import pytest

from backend import SECRET, Backend, ask_api
from server import DEATHS, wait_for
from test_reload import change, wait_taken_up

EVERYTHING = "webhook_events = {%s}" % ", ".join(
    ["online", "offline", "enter", "exit", "occupied", "vacated", "message"])


def options(url, directory, more=""):
    secret = directory / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return """
tenant default {
    webhook_url = "%s"
    webhook_secret_file = "%s"
    %s
}
tenant other { webhook_events = {enter} }
listener local { address = "unix:%s/api.sock"  role = api }
""" % (url, secret, more, directory)


@pytest.fixture
def backend():
    with Backend() as one:
        yield one


@pytest.fixture
def own_server(make_server, backend, directory):
    return make_server(options=options(backend.url(), directory),
                       grace_seconds="0s")


def events_after(server, directory, after=0, query=""):
    status, answer = ask_api(
        directory / "api.sock", "GET", "/v1/events?after=%d%s" % (after, query))
    assert status == 200, answer
    return answer


def test_what_happens_is_told_in_order_signed_and_kept(
        own_server, backend, directory):
    own_server.start()
    with own_server.client("ann", "r", platform=7) as ann:
        with own_server.client("ben", "r"):
            ann.say("r", {"hello": "backend"})
            backend.wait_event(event="message")
        backend.wait_event(event="offline", user="ben")
        ann.call("leave", room="r")
        backend.wait_event(event="vacated", room="r")
    backend.wait_event(event="offline", user="ann")
    events = backend.events()
    assert [event["number"] for event in events] == list(
        range(1, len(events) + 1))
    assert all(asked.is_signed() for asked in backend.asked)
    assert all(asked.json["tenant"] == "default" for asked in backend.asked)
    told = [(event["event"], event.get("user"), event.get("users"))
            for event in events if event["event"] != "message"]
    assert told == [
        ("online", "ann", None), ("occupied", None, 1), ("enter", "ann", 1),
        ("online", "ben", None), ("enter", "ben", 2), ("exit", "ben", 1),
        ("offline", "ben", None), ("exit", "ann", 0), ("vacated", None, 0),
        ("offline", "ann", None)]
    assert events[0]["platform"] == 7
    message = backend.events("message")[0]
    assert message["cmd"] == "msg"
    assert message["data"]["body"] == {"hello": "backend"}
    assert message["data"]["room"] == "r" and message["data"]["from"] == "ann"

    # The same for who asks, page by page.
    answer = events_after(own_server, directory)
    assert answer["events"] == events
    assert answer["tenant"] == "default"
    assert (answer["first"], answer["last"]) == (1, len(events))
    wait_for("all is delivered", lambda: events_after(
        own_server, directory)["delivered"] == len(events))
    page = events_after(own_server, directory, 3, "&limit=2")["events"]
    assert [event["number"] for event in page] == [4, 5]
    assert events_after(own_server, directory, 1000)["events"] == []


def test_edits_deletions_and_direct_messages_are_messages(own_server, backend):
    own_server.start()
    with own_server.client("ann", "r") as ann:
        said = ann.say("r", "first")
        ann.call("edit", room="r", id=said["id"], body="second")
        ann.call("delete", room="r", id=said["id"])
        ann.tell("ben", "psst")
        backend.wait_event(event="message", cmd="delete")
        told = wait_for("all four", lambda: backend.events("message")[3:]
                        and backend.events("message"))
    assert [event["cmd"] for event in told] == ["msg", "edit", "delete", "msg"]
    assert told[1]["data"]["of"] == said["id"]
    assert told[3]["data"]["to"] == "ben"


def test_a_backend_that_is_down_gets_everything_later(own_server, backend):
    own_server.start()
    backend.down()
    with own_server.client("ann", "r") as ann:
        for number in range(250):
            ann.say("r", number)
        own_server.wait_log("trying until it takes the events")
        backend.up()
        wait_for("all are told", lambda: len(backend.events("message")) == 250)
        own_server.wait_log("takes events again")
    assert [event["data"]["body"] for event in backend.events("message")] == \
        list(range(250))
    assert max(len(asked.json["events"]) for asked in backend.asked) == 100


def test_no_event_is_lost_whoever_is_killed(own_server, backend, directory):
    own_server.allow(DEATHS)
    own_server.start()
    backend.answer = lambda asked: (503, {})
    with own_server.client("ann", "r") as ann:
        ann.say("r", "before the api")
        own_server.kill_one("api")
        ann.say("r", "before the ledger")
        own_server.kill_one("ledger")
        ann.say("r", "before all")
        wait_for("it is kept", lambda: len([
            event for event in events_after(own_server, directory)["events"]
            if event["event"] == "message"]) == 3)
    own_server.kill()
    assert not own_server.processes()
    backend.answer = lambda asked: (200, {})
    backend.asked.clear()
    own_server.start()
    with own_server.client("ann", "r") as ann:
        ann.say("r", "after all")
        backend.wait_event(event="start")
        wait_for("all are told",
                 lambda: len(backend.events("message")) == 4)
    bodies = [event["data"]["body"] for event in backend.events("message")]
    assert bodies == ["before the api", "before the ledger", "before all",
                      "after all"]
    told = [event["event"] for event in backend.events()]
    assert told[:3] == ["online", "occupied", "enter"]
    assert told.index("start") < told.index("online", 1)


def test_a_backend_that_takes_little_is_sent_less(own_server, backend):
    backend.answer = lambda asked: (
        413 if len(asked.json["events"]) > 10 else 200, {})
    own_server.start()
    backend.down()
    with own_server.client("ann", "r") as ann:
        for number in range(60):
            ann.say("r", number)
        backend.up()
        wait_for("all are told", lambda: len({
            event["number"] for asked in list(backend.asked)
            for event in asked.json["events"]
            if len(asked.json["events"]) <= 10
            and event["event"] == "message"}) == 60)


def test_a_certificate_of_nobody_gets_no_event(make_server, directory):
    certificate, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout",
         key, "-out", certificate], check=True, capture_output=True)
    with Backend(tls=(certificate, key)) as backend:
        server = make_server(options=options(backend.url(), directory))
        server.start()
        with server.client("ann", "r"):
            server.wait_log(r"https://.*certificate.*trying until")
        assert not backend.asked


def test_a_backend_that_lies_gets_it_again(own_server, backend):
    lies = iter([b"no HTTP at all", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
                 b"\r\nhalf", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"])
    backend.answer = lambda asked: (200, next(lies, {}))
    own_server.start()
    with own_server.client("ann", "r"):
        backend.wait_event(event="enter", user="ann")
        wait_for("it was told again and again",
                 lambda: len(backend.asked) >= 4)
    first = backend.asked[0].json["events"][0]
    assert [asked.json["events"][0] for asked in backend.asked[:4]] == \
        [first] * 4


def test_a_reload_turns_events_on_and_off(own_server, backend, directory):
    text = options(backend.url(), directory)
    own_server.write_config(options=text.replace(
        'webhook_url = "%s"' % backend.url(), ""), grace_seconds="0s")
    own_server.start()
    with own_server.client("ann", "r") as ann:
        ann.say("r", "unheard")
        change(own_server, "webhook_secret_file",
               'webhook_url = "%s"\n%s\nwebhook_secret_file' % (
                   backend.url(), EVERYTHING))
        own_server.process.send_signal(signal.SIGHUP)
        wait_taken_up(own_server, 2)
        ann.say("r", "heard")
        assert backend.wait_event(event="message")["data"]["body"] == "heard"
    backend.wait_event(event="offline", user="ann")
    assert not backend.events("online", "enter")
    change(own_server, EVERYTHING, "webhook_events = {enter}")
    own_server.process.send_signal(signal.SIGHUP)
    wait_taken_up(own_server, 3)
    with own_server.client("ann", "r") as ann:
        ann.say("r", "unheard")
        backend.wait_event(event="enter", user="ann")
    assert len(backend.events("message")) == 1


def test_tenants_hear_only_of_their_own(own_server, backend, directory):
    own_server.start()
    with own_server.client() as ann:
        ann.call("login", user="ann", tenant="other")
        ann.call("join", room="r")
        kept = wait_for("it is kept", lambda: events_after(
            own_server, directory, 0, "&tenant=other")["events"])
        with own_server.client("ben", "r"):
            backend.wait_event(event="enter", user="ben")
    assert [(event["event"], event["user"]) for event in kept] == \
        [("enter", "ann")]
    assert not [event for event in backend.events()
                if event.get("user") == "ann"]


def test_wrong_questions_for_events_are_refused(own_server, directory):
    own_server.start()
    for query in ("after=-1", "after=x", "limit=0", "limit=1001", "after=" +
                  "9" * 30, "tenant=" + "t" * 65):
        status, answer = ask_api(
            directory / "api.sock", "GET", "/v1/events?" + query)
        assert (status, answer["code"]) == (400, 1001), query
        assert query.split("=")[0] in answer["error"]
    status, answer = ask_api(
        directory / "api.sock", "GET", "/v1/events?tenant=nobody")
    assert (status, answer["code"]) == (403, 1003)
    assert os.path.exists(directory / "api.sock")


def test_all_that_is_in_the_history_was_told_through_random_kills(
        make_server, backend, directory):
    chance = random.Random(17)
    answers = itertools.cycle([(200, {})] * 3 + [(500, {}), (200, b"")])
    backend.answer = lambda asked: next(answers)
    server = make_server(options=options(backend.url(), directory),
                         grace_seconds="0s", ledgers=2)
    server.allow(DEATHS)
    server.start()
    rooms = ["a", "b", "c"]
    with server.client("ann", *rooms) as ann:
        for number in range(120):
            if number % 12 == 5:
                for pid in server.pids(chance.choice(["api", "ledger"]))[:1]:
                    os.kill(pid, signal.SIGKILL)
            ann.call("say", room=chance.choice(rooms), body=number)
        said = {(room, message["offset"]) for room in rooms
                for message in ann.whole_history(room)}
        assert len(said) >= 120
        wait_for("all are told", lambda: said <= {
            (event["data"]["room"], event["data"]["offset"])
            for event in backend.events("message")})
    told = [event["data"] for event in backend.events("message")]
    assert len(told) == len({message["id"] for message in told})
    for room in rooms:
        offsets = [message["offset"] for message in told
                   if message["room"] == room]
        assert offsets == sorted(offsets)
