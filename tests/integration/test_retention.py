"""What is kept no longer leaves the archive and the index, in small steps."""

import sqlite3

from server import DEATHS, kill_at_work, wait_for

OPTIONS = {"options": """
room "ten:*" {
    keep_messages = 10
    search = true
}
room "brief:*" { keep_seconds = 1 }
room "all:*" {
    keep_messages = 0
    search = true
}
"""}


def rows(path, question, *values):
    database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return database.execute(question, values).fetchall()
    except sqlite3.Error:
        return None
    finally:
        database.close()


def offsets(server, room):
    """Those that the archive has of a room."""
    found = rows(server.data_dir / "archive.db",
                 "SELECT m.id & ((1 << 36) - 1) FROM streams s, messages m "
                 "WHERE s.name = ? AND m.id >> 36 = s.id ORDER BY m.id", room)
    return [offset for offset, in found] if found is not None else None


def wait_for_offsets(server, room, wanted):
    wait_for("%s has %s" % (room, list(wanted)),
             lambda: offsets(server, room) == list(wanted))


def historian(server):
    """Its pid, 0 when there is none that serves."""
    return next((int(worker["pid"]) for worker in server.workers()
                 if worker["role"] == "historian" and
                 worker["state"] == "serving"), 0)


def test_the_newest_messages_are_kept(server):
    with server.client("anna", "ten:a", "all:a") as anna:
        for n in range(1, 41):
            anna.say("ten:a", n)
            anna.say("all:a", n)
        wait_for_offsets(server, "ten:a", range(31, 41))
        anna.say("ten:a", 41)
        wait_for_offsets(server, "ten:a", range(32, 42))
        wait_for_offsets(server, "all:a", range(1, 41))


def test_old_messages_go_while_nobody_talks(server):
    with server.client("anna", "brief:a") as anna:
        for n in range(5):
            anna.say("brief:a", n)
        wait_for_offsets(server, "brief:a", range(1, 6))
        wait_for_offsets(server, "brief:a", [])
        anna.say("brief:a", "again")
        wait_for_offsets(server, "brief:a", [6])


def test_what_has_ended_leaves_its_place_only(server):
    with server.client("anna", "all:b") as anna:
        anna.say("all:b", "secret words", ttl=1)
        anna.say("all:b", "lasting words")
        wait_for_offsets(server, "all:b", [1, 2])
        wait_for("the end of the first", lambda: rows(
            server.data_dir / "archive.db",
            "SELECT count(*) FROM messages WHERE body LIKE '%secret%'")
            == [(0,)])
        wait_for_offsets(server, "all:b", [1, 2])
        found = anna.call("search", room="all:b", text="words")["messages"]
        assert [message["body"] for message in found] == ["lasting words"]


def test_what_has_gone_leaves_the_index(server):
    with server.client("anna", "ten:b") as anna:
        for n in range(60):
            anna.say("ten:b", "zebra %d" % n)
        wait_for_offsets(server, "ten:b", range(51, 61))
        wait_for("the index has ten", lambda: rows(
            server.data_dir / "search.db", "SELECT count(*) FROM texts "
            "WHERE texts MATCH '\"zeb\"'") == [(10,)])
        wait_for("the notes are gone", lambda: rows(
            server.data_dir / "archive.db",
            "SELECT count(*) FROM withdrawn") == [(0,)])
        found = anna.call("search", room="ten:b", text="zebra", limit=100)
        assert len(found["messages"]) == 10


def test_a_start_with_less_to_keep_removes_the_rest(make_server):
    server = make_server(options='room "*" { keep_messages = 0 }').start()
    with server.client("anna", "r") as anna:
        for n in range(1, 3001):
            anna.send("say", room="r", body=n)
        anna.fence()
    wait_for("all are there",
             lambda: len(offsets(server, "r") or ()) == 3000)
    server.stop()
    server.write_config('room "*" { keep_messages = 100 }')
    server.start()
    wait_for_offsets(server, "r", range(2901, 3001))


def test_kills_in_the_midst_of_it_do_no_harm(make_server):
    """The historian is killed while messages come and go."""
    server = make_server(
        options='room "*" {\nkeep_messages = 50\nsearch = true\n}').start()
    server.allow(DEATHS)
    said = 0
    with server.client("anna", "r") as anna:
        for _ in range(8):
            for _ in range(200):
                said += 1
                anna.send("say", room="r", body="zebra %d" % said)
            anna.fence()
            before = historian(server)
            assert before > 0
            kill_at_work(before)
            wait_for("a new historian",
                     lambda: historian(server) not in (0, before))
        wait_for_offsets(server, "r", range(said - 49, said + 1))
        wait_for("the index has what is kept", lambda: rows(
            server.data_dir / "search.db", "SELECT count(*) FROM texts "
            "WHERE texts MATCH '\"zeb\"'") == [(50,)])
        page = anna.call("history", room="r", limit=50)
        assert [message["offset"] for message in page["messages"]] == list(
            range(said - 49, said + 1))
