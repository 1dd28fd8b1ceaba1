"""What the status socket shows: every word as text and as JSON, long lists page
by page, and what hostile askers and hostile names do to it."""

import itertools
import os
import signal
import threading

import pytest

import wire
from client import Client
from server import DEATHS, StatusError, StatusSocket, wait_for

OPTIONS = dict(gateways=2, limits=dict(messages_per_second=0,
                                       connections_per_ip=0,
                                       connects_per_second_per_ip=0))

TABLES = {
    "show rings": "ring from to used capacity refused",
    "show rooms": "room tenant connections gateways",
    "show room r": "slot gateway pid connections",
    "show users": "user tenant connections gateways since",
    "show user u": "client user tenant platform host slot since address",
    "show clients": "client user tenant platform host slot since address",
    "show peers": "host address state since lag_frames lag_bytes lag_ms "
                  "bytes_in bytes_out repairs holes clock_offset_ms "
                  "round_trip_us refused reason",
    "show ledger": "ledger slot pid state journal delivered archived segments "
                   "messages streams rooms members keys marks",
    "show traffic": "room tenant gateways messages pushes bytes seconds",
    "show latency": "latency count mean_us p50_us p90_us p99_us p999_us "
                    "buckets meaning",
    "show slow": "client user tenant platform slot state waiting_bytes "
                 "dropped seconds address",
    "show memory": "part pid size resident share",
    "show errors": "time level process pid message",
    "show log": "time level process pid message",
}


def table(lines):
    columns = lines[0].split("\t")
    rows = [line.split("\t") for line in lines[1:]]
    assert all(len(row) == len(columns) for row in rows), lines
    return [dict(zip(columns, row)) for row in rows]


def pages(server, words, limit=7, between=lambda: None):
    """The rows of all pages of a list, one page after the other."""
    after = ""
    for _ in range(10000):
        lines = server.ask("%s limit=%d%s" % (words, limit, after))
        rows = table(lines)
        assert len(rows) <= limit
        if not rows:
            return
        yield from rows
        after = " after=" + lines[-1].split("\t")[0]
        between()
    raise AssertionError("the list does not end")


# The words

@pytest.mark.parametrize("words", TABLES)
def test_a_table_has_its_columns_as_text_and_json(server, words):
    with server.client("u", "r"), server.client("v", "r"):
        lines = server.ask(words)
        rows = server.ask_json(words)
    assert lines[0].split("\t") == TABLES[words].split()
    assert len(rows) == len(lines) - 1
    for row in rows:
        assert list(row) == TABLES[words].split()


@pytest.mark.parametrize("words", ["show errors", "show memory", "show rooms"])
def test_a_look_is_in_help(server, words):
    assert any(line.split("\t")[0] == words for line in server.ask("help"))


def test_rings_are_those_between_processes_that_live(server):
    slots = {worker["slot"] for worker in server.workers()}
    rings = table(server.ask("show rings limit=1000"))
    assert {(ring["from"], ring["to"]) for ring in rings} == {
        (one, other) for one in slots for other in slots if one != other}
    assert [ring["ring"] for ring in pages(server, "show rings")] == [
        ring["ring"] for ring in rings]


def test_a_room_is_shown_with_its_connections_on_each_gateway(server, room):
    clients = [server.client("u%d" % n, room) for n in range(12)]
    holders = [server.gateway_of(client) for client in clients]

    def shown():
        rows = [row for row in server.ask_json("show rooms prefix=" + room)
                if row["room"] == room]
        return rows and rows[0]["connections"] == 12 and rows[0]

    row = wait_for("all are shown", shown)
    assert row["tenant"] == "default"
    assert row["gateways"] == len(set(holders))
    assert {gateway["pid"]: gateway["connections"] for gateway
            in server.ask_json("show room " + room)} == {
                pid: holders.count(pid) for pid in holders}
    for client in clients:
        client.close()
    wait_for("the room is gone",
             lambda: not server.ask_json("show room " + room))
    assert not server.ask_json("show rooms prefix=" + room)


def test_a_user_is_shown_with_all_connections(server):
    name = "所有 people"
    clients = [server.client(name, platform=101 + n) for n in range(3)]
    rows = server.ask_json("show user " + name)
    assert {row["client"]: row["platform"] for row in rows} == {
        client.login["client"]: 101 + n for n, client in enumerate(clients)}
    for row, client in itertools.product(rows, clients):
        if row["client"] == client.login["client"]:
            host, port = client.socket.socket.getsockname()
            assert row["address"] == "%s:%d" % (host, port)
            assert abs(row["since"] - client.login["time"]) < 10000
    users = {row["user"]: row for row in pages(server, "show users")}
    assert int(users[name]["connections"]) == 3
    for client in clients:
        client.close()


def test_a_client_is_found_by_its_id_until_it_goes(server):
    with server.client("u") as client:
        wanted = client.login["client"]
        shown = server.ask_json("show client " + wanted)
        assert shown["client"] == wanted and shown["user"] == "u"
        assert shown["pid"] == server.gateway_of(client)
        assert "user: u" in server.ask("show client " + wanted)
        with pytest.raises(StatusError):
            server.ask("show client %x%s" % (int(wanted[0], 16) ^ 1,
                                             wanted[1:]))
        with pytest.raises(StatusError):
            server.ask("show client %s%x" % (wanted[:-1],
                                             int(wanted[-1], 16) ^ 1))
    wait_for("it is gone", lambda: not server.ask_json("show user u"))
    with pytest.raises(StatusError):
        server.ask("show client " + wanted)


def test_ledgers_are_shown_with_what_they_keep(server, room):
    with server.client("u", room) as client:
        before = server.ask_json("show ledger")[0]
        for n in range(5):
            client.say(room, n)
        after = server.ask_json("show ledger")[0]
    assert after["messages"] == before["messages"] + 5
    assert after["journal"] > before["journal"]
    wait_for("it is archived", lambda: server.ask_json(
        "show ledger")[0]["archived"] >= after["journal"])
    wait_for("it is counted", lambda: server.ask_json(
        "show ledger")[0]["streams"] >= 1)
    assert after["segments"] == 1 or wait_for(
        "segments are counted",
        lambda: server.ask_json("show ledger")[0]["segments"] == 1)


def test_memory_is_that_of_the_arena_and_of_every_process(server):
    rows = {row["part"]: row for row in server.ask_json("show memory")}
    assert {row["pid"] for row in rows.values()} == {
        None, server.process.pid} | {int(w["pid"]) for w in server.workers()}
    assert 0 < rows["arena"]["resident"] <= rows["arena"]["size"]
    assert 0 < rows["gateway 0"]["resident"] <= rows["gateway 0"]["size"]


def test_errors_of_all_processes_are_shown_and_stay(make_server):
    server = make_server(gateways=1).start()
    server.allow(DEATHS)
    assert server.ask("show errors")[1:] == []
    server.kill_one("gateway")
    rows = server.ask_json("show errors")
    assert [row["level"] for row in rows] == ["error"]
    assert rows[0]["process"] == "master"
    assert rows[0]["pid"] == server.process.pid
    assert "ended by signal 9" in rows[0]["message"]
    log = server.ask_json("show log")
    assert {"master", "ledger 0"} <= {row["process"] for row in log}
    assert [row["time"] for row in log] == sorted(row["time"] for row in log)
    assert len(server.ask("show log limit=1")) == 2
    server.process.send_signal(signal.SIGUSR2)
    server.wait_log("this is version")
    wait_for("the new program answers", server.is_serving)
    assert rows[0] in server.ask_json("show errors")


# Pages

@pytest.mark.parametrize("words, column", [
    ("show rooms", "room"), ("show users", "user"), ("show clients", "user")])
def test_who_stays_is_listed_once_while_others_come_and_go(
        server, words, column):
    staying = [server.client("stays-%d" % n, "stays-%d" % n)
               for n in range(60)]
    others = [server.client("x%d" % n, "x%d" % n) for n in range(10)]
    numbers = itertools.count(100)

    def change():
        for _ in range(3):
            others.pop(0).close()
            n = next(numbers)
            others.append(server.client("x%d" % n, "x%d" % n))

    seen = [row[column] for row in pages(server, words, between=change)]
    names = ["stays-%d" % n for n in range(60)]
    assert sorted(name for name in seen if name in names) == sorted(names)
    assert len(set(seen)) == len(seen)
    for client in staying + others:
        client.close()


def test_options_come_in_any_order(server, room):
    with server.client("u", room), server.client("v", room + "-2"):
        one = server.ask("show rooms prefix=%s limit=1" % room)
        for words in itertools.permutations([
                "prefix=" + room, "limit=5", "tenant=default",
                "after=" + one[1].split("\t")[0]]):
            rows = table(server.ask("show rooms " + " ".join(words)))
            assert len(rows) == 1, words
            assert {rows[0]["room"], one[1].split("\t")[0]} == {
                room, room + "-2"}


def test_names_that_look_like_options_are_paged(server, room):
    names = {"%s %s" % (room, name) for name in (
        "after=x", "limit=3", "prefix=y limit=2", "tenant=z", '"', "\\",
        "\u2028", "💬", "x  y", " ")}
    with server.client("u", *sorted(names)):
        seen, last = [], None
        while True:
            rows = server.ask_json(
                "show rooms limit=2 tenant=default prefix=%s%s" % (
                    room, " after=" + last if last else ""))
            if not rows:
                break
            seen += [row["room"] for row in rows]
            last = seen[-1]
        assert sorted(seen) == sorted(names)


@pytest.mark.parametrize("words", [
    "show rooms limit=0", "show rooms limit=1001", "show rooms limit=1e3",
    "show rooms limit=99999999999999999999999", "show rooms limit",
    "show rooms after=", "show rooms after=\x01", "show rooms all",
    "show rooms limit=1 limit=1", "show rooms " + "x" * 3000,
    "show rooms after=" + "x" * 200, "show users tenant=" + "x" * 65,
    "show user", "show user " + "x" * 65, "show room " + "é" * 65,
    "show client", "show client x", "show client " + "f" * 32,
    "show clients after=" + "g" * 32, "show clients after=1",
    "show rings after=0", "show rings after=0-", "show rings after=a-b",
    "show ledger 0", "show peers x", "show memory limit=1",
    "show errors limit=5000", "show rooms\tlimit=5", "show  ", "SHOW ROOMS"])
def test_what_makes_no_sense_is_one_line_of_error(server, words):
    with StatusSocket(server.run_dir) as status:
        with pytest.raises(StatusError):
            status.ask(words)
        with pytest.raises(StatusError):
            status.ask("json " + words)
        assert status.ask("show rooms"), "the connection goes on"


def test_a_cursor_of_what_is_gone_or_never_was_goes_on(server, room):
    assert server.ask("show rooms after=never was")
    assert server.ask("show clients after=" + "f" * 32) == [
        "\t".join(TABLES["show clients"].split())]
    assert server.ask("show clients after=" + "0" * 32)
    assert len(server.ask("show rings after=999999-999999")) == 1


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
def test_who_may_only_look_may_look(server):
    os.seteuid(65534)
    try:
        status = StatusSocket(server.run_dir)
    except PermissionError:
        pytest.skip("the directory is closed to others")
    finally:
        os.seteuid(0)
    with status:
        for words in TABLES:
            assert status.ask(words)


# Many askers

def test_answers_to_all_that_was_asked_come_after_the_end(server):
    with StatusSocket(server.run_dir) as status:
        status.socket.sendall(b"show rooms\nshow memory\nnonsense\n" * 30 +
                              b"half a li")
        status.socket.shutdown(1)
        text = status.file.read().decode()
    answers = text.split("\n\n")
    assert len(answers) == 91 and answers[-1] == ""
    assert answers[0].startswith("room\t")
    assert all("error: " in answer for answer in answers[2:90:3])


def test_200_askers_do_not_disturb_a_client(server, room):
    """They ask for the longest lists all the time; meanwhile a client makes
    its round trips, and nobody takes the server for stuck."""
    crowd = [server.client("u%d" % n, room, "%s-%d" % (room, n))
             for n in range(100)]
    workers = [(w["pid"], w["restarts"]) for w in server.workers()]
    trips_done = threading.Event()
    answered, broken = itertools.count(), []

    def ask(number):
        words = list(TABLES)[number % len(TABLES)] + "\n"
        while not trips_done.is_set():
            try:
                with StatusSocket(server.run_dir) as status:
                    status.socket.sendall(words.encode() * 20)
                    for _ in range(20):
                        status.read()
                        next(answered)
            except StatusError as error:
                if "too many" not in str(error):
                    broken.append(error)
            except (OSError, wire.Closed):
                pass

    askers = [threading.Thread(target=ask, args=(n,)) for n in range(200)]
    for asker in askers:
        asker.start()
    with Client(server.port, "pacer", [room]) as client:
        for n in range(300):
            client.say(room, n)
    trips_done.set()
    for asker in askers:
        asker.join()
    assert not broken
    assert next(answered) > 100
    assert [(w["pid"], w["restarts"]) for w in server.workers()] == workers
    for client in crowd:
        client.close()
