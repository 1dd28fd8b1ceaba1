"""Words of the status socket that act on clients and the log, and the one that
tells whether all is well: kick, say, set log, check."""

import os
import pwd
import signal

import pytest

from others import needs_another
from server import CONFABCTL, DEATHS, StatusError, StatusSocket, wait_for
from test_reload import generations, wait_taken_up
from wire import Socket

OPTIONS = dict(gateways=2, grace_seconds=60)


def answer(lines):
    return dict(line.split(": ", 1) for line in lines)


def refused(server, words):
    """The sentence of a refusal; the connection goes on."""
    with StatusSocket(server.run_dir) as status:
        if isinstance(words, bytes):
            status.socket.sendall(words + b"\n")
            with pytest.raises(StatusError) as error:
                status.read()
        else:
            with pytest.raises(StatusError) as error:
                status.ask(words)
        assert status.ask("show info")
    return str(error.value)


def one_on_each(server, user, *rooms, **login):
    """A connection of the user on each of the gateways."""
    return [server.client_on(pid, user, *rooms, **login)
            for pid in server.pids("gateway")]


def assert_kicked(client, reason, code=4003):
    push = client.push("kick")
    assert push == {"reason": reason}
    assert client.socket.read_close() == (code, reason)


def assert_here(*clients):
    for client in clients:
        client.fence()
        assert client.seen("kick") == []


# kick

def test_a_user_is_kicked_on_all_gateways(server):
    gone = one_on_each(server, "ann")
    with server.client("bob") as bob:
        told = answer(server.ask("kick user ann be nice, please"))
        assert told == {"state": "kicked", "connections": "2"}
        for client in gone:
            assert_kicked(client, "be nice, please")
        assert_here(bob)


def test_without_a_reason_there_is_one_all_the_same(server):
    client = server.client("ann")
    server.ask("kick user ann")
    assert_kicked(client, "sent away")


def test_only_connections_of_the_platform_are_kicked(server):
    web, phone = server.client("ann", platform=101), server.client(
        "ann", platform=0)
    told = server.ask_json("kick user ann platform 0 lost phone")
    assert told == {"state": "kicked", "connections": 1}
    assert_kicked(phone, "lost phone")
    assert_here(web)
    web.close()


def test_a_client_is_kicked_by_its_id(server):
    one, other = one_on_each(server, "ann")
    told = server.ask_json("kick client %s bye" % one.login["client"])
    assert told == {"state": "kicked", "connections": 1}
    assert_kicked(one, "bye")
    assert_here(other)
    other.close()
    assert "no such client" in refused(
        server, "kick client " + one.login["client"])


def test_who_is_kicked_leaves_at_once(server, room):
    with server.client("watcher", room) as watcher:
        client = server.client("ann", room)
        assert watcher.push("enter")["user"] == "ann"
        server.ask("kick user ann")
        assert watcher.push("exit")["user"] == "ann"
        client.close()


def test_out_of_a_room_the_connections_stay(server, room):
    with server.client("watcher", room) as watcher:
        clients = one_on_each(server, "ann", room)
        elsewhere = server.client("ann")
        told = server.ask_json("kick room %s user ann off topic" % room)
        assert told["connections"] == 3
        for client in clients:
            assert client.push("kick") == {
                "room": room, "reason": "off topic"}
            client.refused(1003, "say", room=room, body="still here?")
        assert_here(elsewhere)
        assert watcher.push("exit")["user"] == "ann"
        watcher.say(room, "quiet now")
        for client in clients:
            client.fence()
            assert client.seen("msg") == []
            client.call("join", room=room)
            client.say(room, "back")
            client.close()
        elsewhere.close()


def test_what_was_said_before_a_kick_comes_before_it(server, room):
    with server.client("bob", room) as bob, \
            server.client("ann", room) as ann:
        for n in range(50):
            bob.say(room, n)
        server.ask("kick room %s user ann" % room)
        ann.push("kick")
        assert [m["body"] for m in ann.seen("msg")] == list(range(50))


def test_names_with_spaces_stand_in_quotes(server, room):
    room += " and more"
    client = server.client("Ann Other", room)
    server.ask('kick room "%s" user "Ann Other" reason "x"' % room)
    assert client.push("kick") == {"room": room, "reason": 'reason "x"'}
    server.ask('kick user "Ann Other"')
    assert_kicked(client, "sent away")


def test_a_reason_of_many_bytes_is_cut_in_the_close(server):
    reason = "é" * 128
    client = server.client("ann")
    server.ask("kick user ann " + reason)
    assert client.push("kick") == {"reason": reason}
    assert client.socket.read_close() == (4003, "é" * 61)


@pytest.mark.parametrize("words, why", [
    ("kick", "kick [tenant T] user U"),
    ("kick ann", "kick [tenant T] user U"),
    ("kick user", "a user is 1 to 64"),
    ("kick user ann platform web", "kick [tenant T] user U"),
    ("kick user ann platform 4294967296", "kick [tenant T] user U"),
    ("kick user ann platform 99999999999999999999999",
     "kick [tenant T] user U"),
    ("kick tenant", "kick [tenant T] user U"),
    ("kick tenant nobody user ann", "no tenant is called so"),
    ("kick tenant default client x", "kick [tenant T] user U"),
    ("kick room r", "kick [tenant T] user U"),
    ("kick room r ann", "kick [tenant T] user U"),
    ("kick room r user", "a user is 1 to 64"),
    ('kick room "" user ann', "a room is 1 to 128"),
    ("kick room %s user ann" % ("r" * 129), "a room is 1 to 128"),
    ("kick user " + "u" * 65, "a user is 1 to 64"),
    ("kick user ann " + "x" * 257, "the reason is up to 256"),
    ("kick user ann a\tb", "the reason is up to 256"),
    ("kick user a\x7fb", "a user is 1 to 64"),
    (b"kick user a\0b", "a user is 1 to 64"),
    (b"kick user ann \xff\xfe", "the reason is up to 256"),
    (b"kick user \xc3", "a user is 1 to 64"),
    ("kick user nobody", "no such connection"),
    ("kick room nowhere user ann", "no such connection"),
    ("kick client", "no such client"),
    ("kick client x", "no such client"),
    ("kick client " + "f" * 32, "no such client"),
    ("kick client " + "0" * 32, "no such client"),
    ("say", "say [tenant T] room R TEXT"),
    ("say all hello", "say [tenant T] room R TEXT"),
    ("say tenant nobody room r hello", "no tenant is called so"),
    ("say room", "a room is 1 to 128"),
    ("say room r", "the text is 1 to 2048"),
    ("say user ann", "the text is 1 to 2048"),
    ("say user ann " + "x" * 2049, "the text is 1 to 2048"),
    (b"say user ann \xed\xa0\x80", "the text is 1 to 2048"),
    ("say user ann \x1b[2J", "the text is 1 to 2048"),
    ("set log", "unknown words"),
    ("set log loud", "must be one of: error warning info debug"),
    ("set log " + "debug" * 20, "must be one of"),
    ("set log info now", "unknown words"),
    ("check it", "unknown words"),
])
def test_what_makes_no_sense_is_refused(server, words, why):
    with server.client("ann", "r") as ann:
        assert why in refused(server, words)
        assert_here(ann)


# say

def test_a_room_hears_the_operator(server, room):
    clients = one_on_each(server, "ann", room)
    told = server.ask_json('say room %s back at 10, "really"' % room)
    assert told == {"state": "handed on", "connections": 2}
    for client in clients:
        push = client.push("msg")
        assert push["from"] == "system" and push["platform"] == 0
        assert push["body"] == 'back at 10, "really"'
        assert push["type"] == "text" and push["room"] == room
    (message,) = clients[0].whole_history(room)
    assert message["body"] == 'back at 10, "really"'
    assert message["id"] == push["id"]
    for client in clients:
        client.fence()
        assert client.seen("msg") == [], "exactly one gateway says it"
        client.close()


def test_a_user_hears_the_operator_and_finds_it_later(server):
    clients = one_on_each(server, "ann")
    told = answer(server.ask("say user ann call me"))
    assert told == {"state": "handed on", "connections": "2"}
    for client in clients:
        push = client.push("msg")
        assert push["from"] == "system" and push["body"] == "call me"
        assert push["to"] == "ann"
    assert [m["body"] for m in clients[0].whole_history(user="system")] == [
        "call me"]
    for client in clients:
        client.close()


def test_what_is_said_to_one_who_is_away_waits_for_him(server):
    with server.client("away") as away:
        inbox = away.login["inbox"]
    server.ask("say user away good morning")

    def found():
        with server.client("away", inbox=inbox) as back:
            assert back.login["recovered"]
            return [m["body"] for m in back.login["messages"]]

    wait_for("it stands in the inbox", lambda: found() == ["good morning"])


def test_two_thousand_bytes_are_said(server, room):
    text = '\\"' * 1024
    with server.client("ann", room) as ann:
        server.ask("say room %s %s" % (room, text))
        assert ann.push("msg")["body"] == text


def test_where_nothing_is_remembered_all_hear_it(make_server):
    server = make_server(gateways=2, options='room "*" { history = false }')
    server.start()
    clients = one_on_each(server, "ann", "r")
    server.ask("say room r now")
    for client in clients:
        assert client.push("msg")["body"] == "now"
        client.close()


def test_a_frozen_gateway_neither_says_nor_holds_up(make_server):
    server = make_server(gateways=2).start()
    server.allow(DEATHS)
    frozen, awake = server.pids("gateway")
    lost = server.client_on(frozen, "ann", "r")
    with server.client_on(awake, "bob", "r") as bob:
        os.kill(frozen, signal.SIGSTOP)
        wait_for("its heart is silent", lambda: any(
            int(row["silent_ms"]) > 1000 for row in server.workers()
            if int(row["pid"]) == frozen))
        server.ask("say room r anybody?")
        assert bob.push("msg")["body"] == "anybody?"
        assert server.ask_json("kick user ann")["connections"] == 1
        os.kill(frozen, signal.SIGCONT)
        assert_kicked(lost, "sent away")


def test_a_gateway_that_does_not_listen_is_told(make_server):
    """The line of a frozen gateway takes so many wishes and no more; it is not
    ended for that, and hears them all later."""
    server = make_server(gateways=1).start()
    server.allow(DEATHS)
    (gateway,) = server.pids("gateway")
    ann = server.client("ann")
    with server.client("watcher") as watcher:
        os.kill(gateway, signal.SIGSTOP)
        said = 0
        with StatusSocket(server.run_dir) as status:
            with pytest.raises(StatusError) as error:
                for said in range(10000):
                    status.ask("kick user ann platform 101 enough")
        assert "ask again" in str(error.value)
        assert said > 10
        assert server.ask("set log debug") == ["log_level: debug"]
        os.kill(gateway, signal.SIGCONT)
        assert_kicked(ann, "enough")
        assert_here(watcher)
        assert server.pids("gateway") == [gateway]


# set log

def handshakes_refused(server):
    return server.log().count("debug gateway")


def level_of(server):
    rows = [line.split("\t") for line in server.ask("show config")]
    return next(row[1:] for row in rows if row[0] == "log_level")


def refuse_handshakes(server):
    """On every gateway, as the kernel spreads them."""
    for _ in range(20):
        with Socket(server.port) as visitor:
            visitor.send(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
            visitor.read_response()


def test_the_level_of_the_log_changes_at_once_and_for_all(make_server):
    server = make_server(gateways=2).start()
    refuse_handshakes(server)
    assert handshakes_refused(server) == 0
    assert server.ask_json("set log debug") == {"log_level": "debug"}
    assert level_of(server) == ["debug", "set log"]
    refuse_handshakes(server)
    wait_for("both gateways tell more", lambda: all(
        "debug gateway %d" % n in server.log() for n in range(2)))


def test_a_reload_ends_the_level_that_was_set(make_server):
    server = make_server(gateways=2).start()
    server.allow(DEATHS)
    server.ask("set log debug")
    server.ask("gateways 3")
    wait_for("three serve", lambda: len(server.pids("gateway")) == 3 and
             server.is_serving())
    assert level_of(server) == ["debug", "set log"], "no reload"
    server.wait_log("debug master.*gateway 2: serving")
    server.kill_one("gateway")
    seen = len(server.log())
    refuse_handshakes(server)
    wait_for("new ones tell more too", lambda: all(
        "debug gateway %d" % n in server.log()[seen:] for n in range(3)))
    before = max(generations(server))
    server.ask("reload")
    assert level_of(server) == ["info", "default"]
    wait_taken_up(server, before + 1)
    seen = handshakes_refused(server)
    refuse_handshakes(server)
    assert handshakes_refused(server) == seen


# check

def rows_of(server):
    return {row["check"]: row for row in server.ask_json("check")}


def test_a_healthy_server_passes_its_check(server, room):
    with server.client("u", room) as client:
        client.say(room, "one")
        lines = server.ask("check")
        assert lines[0].split("\t") == ["check", "result", "value"]
        assert lines[1].split("\t")[:2] == ["all", "ok"], lines
        rows = rows_of(server)
    assert {row["result"] for row in rows.values()} == {"ok"}
    assert set(rows) == {"all", "processes", "heartbeats", "rings",
                         "overflow", "archive", "gaps", "letters_bad"}


def test_a_frozen_process_fails_the_check(make_server):
    server = make_server(gateways=2).start()
    server.allow(DEATHS)
    wait_for("all is well", lambda: rows_of(server)["all"]["result"] == "ok")
    os.kill(server.pids("gateway")[0], signal.SIGSTOP)
    wait_for("the check fails", lambda: rows_of(
        server)["heartbeats"]["result"] == "failed")
    assert rows_of(server)["all"]["result"] == "failed"
    wait_for("it is replaced, and all is well again", lambda: rows_of(
        server)["all"]["result"] == "ok")


def test_without_an_archive_the_check_passes(make_server):
    server = make_server(history=False).start()
    wait_for("all is well", lambda: rows_of(server)["all"]["result"] == "ok")
    assert rows_of(server)["archive"]["value"] == "there is none"


# Privileges

@needs_another
def test_the_group_may_check_and_not_act(server):
    looker = {"user": pwd.getpwnam("nobody").pw_uid, "extra_groups": [],
              "group": (server.run_dir / "status.sock").stat().st_gid}
    assert os.access(CONFABCTL, os.X_OK)
    done = server.control("check", **looker)
    assert done.returncode == 0 and "all\tok" in done.stdout, done
    with server.client("ann", "r") as ann:
        for words in (["kick", "user", "ann"], ["say", "room", "r", "x"],
                      ["say", "user", "ann", "x"], ["set", "log", "debug"],
                      ["json", "kick", "room", "r", "user", "ann"]):
            done = server.control(*words, **looker)
            assert done.returncode == 1, done
            assert "only the server's own user" in done.stderr
        assert_here(ann)
        assert ann.seen("msg") == []


# What others said

def test_a_moderator_deletes_and_edits_what_anybody_said(server, room):
    with server.client("ann", room) as ann, \
            server.client("bob", room) as bob:
        rude = ann.say(room, "rude")["id"]
        wrong = ann.say(room, "wrong")["id"]
        for _ in range(2):
            bob.push("msg")
        server.ask("delete room %s %s" % (room, rude))
        gone = bob.push("delete")
        assert (gone["of"], gone["from"]) == (rude, "system")
        server.ask("edit room %s %s right, at last" % (room, wrong))
        edit = bob.push("edit")
        assert (edit["of"], edit["body"]) == (wrong, "right, at last")
        first, second = bob.call("history", room=room)["messages"]
        assert first["body"] is None and first["deleted"]
        assert second["body"] == "right, at last" and second["edited"]
        assert second["from"] == "ann"
        bob.refused(1003, "edit", room=room, id=wrong, body="mine")


def test_what_a_moderator_took_away_stays_away(make_server):
    server = make_server(gateways=1).start()
    with server.client("ann", "r") as ann:
        rude = ann.say("r", "rude")["id"]
        server.ask("delete room r %s" % rude)
        ann.push("delete")
    server.stop()
    server.start()
    with server.client("ann", "r") as ann:
        assert [m["body"] for m in ann.whole_history("r")] == [None]
        ann.refused(1005, "edit", room="r", id=rude, body="rude again")


@pytest.mark.parametrize("words, sentence", [
    ("delete", "delete [tenant T] room R ID"),
    ("delete room r", "delete [tenant T] room R ID"),
    ("delete room r nonsense", "delete [tenant T] room R ID"),
    ("delete user u 00000000000000000", "delete [tenant T] room R ID"),
    ("edit room r 00000000000000000", "the text is 1 to 2048"),
])
def test_a_change_that_cannot_be_is_refused(server, words, sentence):
    assert sentence in refused(server, words)
