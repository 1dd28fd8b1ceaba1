"""Blocking hooks: a backend decides about logins and messages, and who waits
for it is he alone whom it concerns."""

import threading

import pytest

import tokens
from backend import SECRET, Backend
from server import DEATHS, wait_for
from test_reload import change, wait_taken_up


def options(backend, directory, more="", connect=False):
    secret = directory / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return """
tenant default {
    say_url = "%s"
    %s
    webhook_secret_file = "%s"
    %s
}
room "checked:*" { say_hook = true }
""" % (backend.url("/say"), 'connect_url = "%s"' % backend.url(
        "/connect") if connect else "", secret, more)


@pytest.fixture
def backend():
    with Backend() as one:
        yield one


@pytest.fixture
def make(make_server, backend, directory):
    def start(more="", connect=False, **known):
        return make_server(options=options(backend, directory, more, connect),
                           **known).start()
    return start


def bodies(client, room):
    return [message["body"] for message in client.whole_history(room)]


def test_a_backend_allows_refuses_and_rewrites(make, backend):
    answers = {
        "fine": (200, {}),
        "silent": (204, None),
        "bad": (200, {"allow": False, "error": "not here"}),
        "forbidden": (403, None),
        "damn": (200, {"body": "d***", "type": "mild"}),
    }
    backend.answer = lambda asked: answers[asked.json["body"]]
    server = make()
    with server.client("ann", "checked:r", platform=7) as ann, \
            server.client("ben", "checked:r") as ben:
        said = ann.say("checked:r", "fine", key="k1")
        assert said["offset"] == 1
        ann.say("checked:r", "silent")
        assert ann.refused(
            1003, "say", room="checked:r", body="bad") == "not here"
        ann.refused(1003, "say", room="checked:r", body="forbidden")
        ann.say("checked:r", "damn")
        assert bodies(ann, "checked:r") == ["fine", "silent", "d***"]
        assert [ben.push("msg")["type"] for _ in range(3)] == \
            ["text", "text", "mild"]
    first = backend.asked[0]
    assert first.is_signed()
    assert first.json == {
        "hook": "say", "tenant": "default", "user": "ann", "platform": 7,
        "room": "checked:r", "type": "text", "key": "k1", "body": "fine"}


def test_edits_are_checked_too(make, backend):
    backend.answer = lambda asked: (
        200, {"allow": asked.json["body"] != "bad"})
    server = make()
    with server.client("ann", "checked:r") as ann:
        said = ann.say("checked:r", "good")
        ann.refused(1003, "edit", room="checked:r", id=said["id"], body="bad")
        ann.call("edit", room="checked:r", id=said["id"], body="better")
        ann.call("delete", room="checked:r", id=said["id"])
    assert [asked.json.get("of") for asked in backend.asked] == \
        [None, said["id"], said["id"]]


def test_only_rooms_that_want_it_are_checked(make, backend):
    server = make()
    with server.client("ann", "free:r") as ann:
        ann.say("free:r", "unchecked")
        ann.tell("ben", "unchecked")
    assert not backend.asked


def test_order_is_kept_and_others_do_not_wait(make, backend):
    go_on = threading.Event()
    reached = threading.Event()

    def answer(asked):
        if asked.json["body"] == 0:
            reached.set()
            go_on.wait(30)
        return 200, {}

    backend.answer = answer
    server = make()
    with server.client("ann", "checked:r", "free:r") as ann, \
            server.client("ben", "checked:r") as ben:
        for number in range(5):
            ann.send("say", room="checked:r", body=number)
        ann.send("say", room="free:r", body="behind")
        assert reached.wait(30)
        ben.say("checked:r", "not held up")
        assert ann.push("msg")["body"] == "not held up"
        assert bodies(ben, "checked:r") == ["not held up"]
        go_on.set()
        ann.fence()
        assert bodies(ben, "checked:r") == ["not held up", 0, 1, 2, 3, 4]


NO_SENSE = [
    (500, {}), (404, None), (200, b"no HTTP"), (200, ["no object"]),
    (200, {"allow": "yes"}), (200, {"type": 7}), (302, None),
    (200, {"allow": False, "error": 7}), (200, {"type": ""})]


def test_what_makes_no_sense_is_as_when_it_is_down(make, backend):
    server = make()
    with server.client("ann", "checked:r") as ann:
        for answer in NO_SENSE:
            backend.answer = lambda asked, answer=answer: answer
            ann.refused(1004, "say", room="checked:r", body="x")
        assert bodies(ann, "checked:r") == []


def test_a_backend_that_is_down_allows_if_configured(make, backend):
    backend.down()
    server = make("say_when_down = allow")
    with server.client("ann", "checked:r") as ann:
        ann.say("checked:r", "through")
        assert bodies(ann, "checked:r") == ["through"]


def test_a_slow_backend_has_its_time(make, backend):
    never = threading.Event()
    backend.answer = lambda asked: (200, {"waited": never.wait(5)})
    server = make('hook_seconds = "100ms"')
    with server.client("ann", "checked:r") as ann:
        ann.refused(1004, "say", room="checked:r", body="x")
    never.set()


def test_an_api_that_dies_has_a_successor_that_asks(make, backend):
    reached = threading.Event()

    def answer(asked):
        if not reached.is_set():
            reached.set()
            threading.Event().wait(2)
        return 200, {}

    backend.answer = answer
    server = make('hook_seconds = "20s"')
    server.allow(DEATHS)
    with server.client("ann", "checked:r") as ann:
        seq = ann.send("say", room="checked:r", body="x")
        assert reached.wait(30)
        server.kill_one("api")
        assert ann.reply(seq)["code"] == 200
        assert bodies(ann, "checked:r") == ["x"]


def test_who_leaves_while_it_is_asked_harms_nobody(make, backend):
    go_on = threading.Event()
    reached = threading.Event()

    def answer(asked):
        reached.set()
        go_on.wait(30)
        return 200, {}

    backend.answer = answer
    server = make()
    ann = server.client("ann", "checked:r")
    ann.send("say", room="checked:r", body="x")
    assert reached.wait(30)
    ann.close()
    wait_for("the gateway knows", lambda: server.info()["connections"] == "0")
    go_on.set()
    with server.client("ben", "checked:r") as ben:
        ben.say("checked:r", "y")
        assert bodies(ben, "checked:r") == ["y"]


def test_a_reload_changes_what_is_asked(make, backend):
    backend.answer = lambda asked: (403, None)
    server = make()
    with server.client("ann", "checked:r") as ann:
        ann.refused(1003, "say", room="checked:r", body="x")
        change(server, "say_hook = true", "say_hook = false")
        server.control("reload")
        wait_taken_up(server, 2)
        ann.say("checked:r", "x")


def test_nobody_is_refused_while_a_reload_brings_or_takes_a_hook(
        make, backend):
    """Processes hear of it one after the other."""
    server = make(gateways=2, apis=2)
    text = server.config_path.read_text()
    end = threading.Event()
    answers = []

    def come_and_go(number):
        while not end.is_set():
            with server.client() as client:
                answers.append(client.ask("login", user="u%d" % number))

    visitors = [threading.Thread(target=come_and_go, args=(number,))
                for number in range(3)]
    for visitor in visitors:
        visitor.start()
    try:
        for number in range(2, 22):
            server.config_path.write_text(text if number % 2 else text.replace(
                "tenant default {", 'tenant default { connect_url = "%s"' %
                backend.url("/connect")))
            assert server.control("reload").returncode == 0
            wait_taken_up(server, number)
    finally:
        end.set()
        for visitor in visitors:
            visitor.join()
    assert [one for one in answers if one["code"] != 200] == []
    assert backend.asked


def test_a_backend_decides_who_logs_in(make, backend):
    answers = {
        "ann": (200, {}), "bad": (200, {"allow": False, "error": "go away"}),
        "worse": (403, {"error": "never"}),
        "guest": (200, {"user": "guest-17", "info": {"is": "guest"},
                        "rooms": ["lobby", "news"]})}
    backend.answer = lambda asked: answers[asked.json["user"]]
    server = make(connect=True, gateways=2)
    with server.client() as client:
        assert client.refused(1003, "login", user="bad") == "go away"
        assert client.refused(1003, "login", user="worse") == "never"
        login = client.call("login", user="ann", platform=7, info={"a": 1})
        assert login["user"] == "ann"
        asked = backend.asked[-1]
        assert asked.is_signed()
        assert asked.json.pop("address").startswith("127.0.0.1:")
        assert asked.json == {"hook": "connect", "tenant": "default",
                              "user": "ann", "platform": 7, "info": {"a": 1}}
    with server.client("ann", "lobby") as ann, \
            server.client() as guest:
        assert guest.call("login", user="guest")["user"] == "guest-17"
        joined = [guest.push("join") for _ in range(2)]
        assert {join["room"] for join in joined} == {"lobby", "news"}
        assert ann.push("enter")["user"] == "guest-17"
        member = [one for one in ann.call("members", room="lobby")["members"]
                  if one["user"] == "guest-17"][0]
        assert member["info"] == {"is": "guest"}
        ann.say("lobby", "welcome")
        assert guest.push("msg")["body"] == "welcome"
        guest.call("leave", room="news")


def test_who_waits_to_log_in_has_his_frames_kept(make, backend):
    go_on = threading.Event()
    reached = threading.Event()

    def answer(asked):
        if asked.json["user"] == "ann":
            reached.set()
            go_on.wait(30)
        return 200, {}

    backend.answer = answer
    server = make(connect=True)
    with server.client() as ann:
        login = ann.send("login", user="ann")
        again = ann.send("login", user="ben")
        join = ann.send("join", room="r")
        assert reached.wait(30)
        with server.client("ben", "r") as ben:  # nobody else waits
            go_on.set()
            assert ann.reply(login)["code"] == 200
            assert ann.reply(again)["code"] == 1009
            assert ann.reply(join)["code"] == 200
            assert ben.push("enter")["user"] == "ann"


def test_who_goes_while_he_is_asked_about_never_was(make, backend):
    go_on = threading.Event()
    reached = threading.Event()

    def answer(asked):
        if asked.json["user"] == "ann":
            reached.set()
            go_on.wait(30)
        return 200, {"rooms": ["r"]}

    backend.answer = answer
    server = make(connect=True)
    ann = server.client()
    ann.send("login", user="ann")
    assert reached.wait(30)
    ann.close()
    wait_for("the gateway knows", lambda: server.info()["connections"] == "0")
    go_on.set()
    with server.client("ben") as ben:
        ben.push("join")
        assert ben.members("r") == {"ben"}
        assert ben.call("online", users=["ann"])["online"] == {}


@pytest.mark.parametrize("when_down", ["refuse", "allow"])
def test_logins_without_a_backend_are_as_configured(make, backend, when_down):
    backend.down()
    server = make("connect_when_down = " + when_down, connect=True)
    with server.client() as client:
        if when_down == "allow":
            client.call("login", user="ann")
        else:
            client.refused(1004, "login", user="ann")


def test_who_is_banned_is_no_question(make, backend):
    server = make(connect=True)
    server.ask("ban user bad")
    with server.client() as client:
        client.refused(1003, "login", user="bad")
    assert not backend.asked
    backend.answer = lambda asked: (200, {"user": "bad"})
    with server.client() as client:
        client.refused(1003, "login", user="ann")


def test_with_tokens_a_backend_is_asked_behind_them(make, backend, directory):
    go_on = threading.Event()
    reached = threading.Event()

    def answer(asked):
        if asked.json["user"] == "slow":
            reached.set()
            go_on.wait(30)
        return 200, {"allow": asked.json["user"] != "bad"}

    backend.answer = answer
    key = directory / "key"
    key.write_text(tokens.SECRET)
    key.chmod(0o600)
    server = make('auth = token\n token_key_file = "%s"\n'
                  'hook_seconds = "30s"' % key, connect=True)
    with server.client() as client:
        client.refused(1003, "login", token="no token")
        assert not backend.asked
        client.refused(1003, "login", token=tokens.mint("bad", rooms=["a"]))
        login = client.call("login", token=tokens.mint("ann", rooms=["b"]))
        assert login["user"] == "ann" and "expires" in login
        client.refused(1003, "join", room="a")
        client.call("join", room="b")
    gone = server.client()
    gone.send("login", token=tokens.mint("slow"))
    assert reached.wait(30)
    gone.close()
    wait_for("the gateway knows", lambda: server.info()["connections"] == "0")
    go_on.set()
    late = server.client()  # its token ends while it waits
    go_on.clear()
    reached.clear()
    late.send("login", token=tokens.mint("slow", 3))
    assert reached.wait(30)
    assert late.socket.close_code() == 4003
    go_on.set()
    with server.client() as client:
        client.call("login", token=tokens.mint("ann"))
