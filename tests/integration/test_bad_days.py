"""Wrong configuration, taken ports, full and broken disks: each a clear
sentence, a non-zero exit where it cannot go on, nothing lost."""

import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess

import pytest

from server import CONFABD, ROOT, wait_for

NOBODY = 65534


def says(output, *patterns):
    for pattern in patterns:
        assert re.search(pattern, output, re.I), "%r not in:\n%s" % (
            pattern, output)


def refused(server, *patterns):
    """It ends by itself, non-zero, saying so."""
    server.allow("")
    code, output = server.run()
    assert code not in (0, None) and code > 0, (code, output)
    says(output, *patterns)
    assert not server.processes()
    return output


# Configuration

def config_error(make_server, line, *patterns, **known):
    server = make_server(options=line, **known)
    lines = server.config_path.read_text().splitlines()
    number = lines.index(line.splitlines()[0]) + 1
    refused(server, r"confab\.conf:%d\b" % number, *patterns)
    assert not server.data_dir.exists()


@pytest.mark.parametrize("line,words", [
    ("colour = 3", ["colour"]),
    ("max_message_bytes = 1", ["max_message_bytes", "128", "16777216|16M"]),
    ("ping_seconds = -1", ["ping_seconds"]),
    ("stop_seconds = 2h", ["stop_seconds"]),
    ("host_id = 1024", ["host_id", "1023"]),
    ("host_id = 0", ["host_id", "1"]),
    ("host_id = many", ["host_id"]),
    ("ledgers = 17", ["ledgers", "16"]),
    ("history = perhaps", ["history"]),
    ("durability = sometimes", ["durability", "commit", "fsync"]),
    ("log_level = loud", ["log_level", "error", "debug"]),
    ("outbox_bytes = 4X", ["outbox_bytes"]),
    ("ring_bytes = 99999999999999999999", ["ring_bytes"]),
    ("ring_bytes = 100000", ["ring_bytes", "power of two"]),
    ('room "x" { wings = 2 }', ["wings"]),
    ('room "x" { history = perhaps }', ["history"]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_option_is_an_error_with_its_line(make_server, line, words):
    config_error(make_server, line, *words)


def test_all_errors_are_told_at_once(make_server):
    server = make_server(options="host_id = 5000\ncolour = 3\nledgers = 99\n"
                         "log_level = loud")
    output = refused(server, "host_id", "colour", "ledgers", "log_level")
    assert len(set(re.findall(r"confab\.conf:(\d+)", output))) >= 4


@pytest.mark.parametrize("line", ["x = {", 'run_dir = "unended', "listener {",
                                  "= 5", "}", "gateways"])
def test_broken_syntax_is_an_error_with_a_line(make_server, line):
    server = make_server()
    server.config_path.write_text(line + "\n")
    refused(server, r"confab\.conf:\d+")


def test_a_config_that_is_no_text_is_named(make_server):
    server = make_server()
    server.config_path.write_bytes(CONFABD.read_bytes()[:5000])
    refused(server, re.escape(str(server.config_path)))


@pytest.mark.parametrize("websocket", [
    'origins = "x" }\nlistener three { address = "nonsense"',
    '}\nlistener three { address = "127.0.0.1:99999" role = websocket',
    '}\nlistener three { address = "127.0.0.1:8000" role = kitchen',
    '}\nlistener three { address = "127.0.0.1:8000" role = websocket '
    'profiles = {"klingon"}',
    '}\nlistener three { role = websocket',
], ids=["address", "port", "role", "profile", "no address"])
def test_a_wrong_listener_is_an_error_with_its_line(make_server, websocket):
    refused(make_server(websocket=websocket), r"confab\.conf:\d+")


def test_a_missing_config_is_named(make_server):
    server = make_server()
    server.config_path.unlink()
    refused(server, re.escape(str(server.config_path)), "No such file")


def test_a_config_that_is_a_directory_is_named(make_server):
    server = make_server()
    server.config_path.unlink()
    server.config_path.mkdir()
    refused(server, re.escape(str(server.config_path)))


def test_a_listener_open_to_others_without_tokens_is_refused(make_server):
    server = make_server()
    config = server.config_path.read_text()
    server.config_path.write_text(
        config.replace('"127.0.0.1:%d"' % server.port,
                       '"0.0.0.0:%d"' % server.port))
    refused(server, "insecure")
    server.config_path.write_text(
        "insecure = true\n" + server.config_path.read_text())
    server.start()


# Who else is there

def test_a_port_in_use_is_named(make_server):
    server = make_server()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        refused(server, str(server.port), "in use")


def test_two_servers_cannot_share_a_port(make_server):
    """SO_REUSEPORT must not let a second server steal connections."""
    first = make_server("first").start()
    second = make_server("second")
    second.port = first.port
    second.write_config()
    refused(second, str(first.port), "in use")


def test_a_second_instance_on_the_same_run_dir_is_refused(make_server):
    first = make_server("first").start()
    second = make_server("second", run_dir=first.run_dir)
    refused(second, re.escape(str(first.run_dir)))
    with first.client("u", "r") as client:
        client.say("r", "undisturbed")
    assert int(first.info()["pid"]) == first.process.pid


def test_a_second_instance_on_the_same_data_dir_is_refused(make_server):
    first = make_server("first").start()
    second = make_server("second", data_dir=first.data_dir)
    refused(second, re.escape(str(first.data_dir)))
    with first.client("u", "r") as client:
        client.say("r", "undisturbed")


def test_a_pid_file_and_socket_left_behind_do_not_matter(make_server):
    server = make_server().start()
    server.kill()
    assert (server.run_dir / "status.sock").exists()
    server.start()


# Directories

@pytest.mark.parametrize("name", ["run_dir", "data_dir"])
def test_a_directory_that_cannot_be_made_is_named(make_server, directory, name):
    (directory / "file").write_text("in the way")
    server = make_server(**{name: directory / "file/below"})
    refused(server, re.escape(str(directory / "file")))


@pytest.fixture
def nobody():
    """Only root can become another user, and only where there are others."""
    mapped = pathlib.Path("/proc/self/uid_map").read_text().split()
    if os.getuid() != 0 or int(mapped[2]) <= NOBODY:
        pytest.skip("cannot become nobody here")
    return dict(user=NOBODY, group=NOBODY, extra_groups=())


@pytest.fixture
def public_program(directory):
    """A copy that every user may run, wherever the tree lies."""
    copy = directory / "program"
    copy.mkdir()
    shutil.copy(CONFABD, copy / "confabd")
    shutil.copytree(ROOT / "sql", copy / "sql")
    shutil.copytree(ROOT / "web", copy / "web")
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755)
    return copy


@pytest.mark.parametrize("name", ["run_dir", "data_dir"])
def test_no_write_permission_is_named(make_server, directory, nobody, name,
                                      public_program):
    locked = directory / "locked"
    locked.mkdir(mode=0o755)
    own = directory / "own"
    own.mkdir()
    own.chmod(0o777)
    places = {"run_dir": own / "run", "data_dir": own / "data",
              "sql_dir": public_program / "sql",
              "web_dir": public_program / "web", name: locked}
    server = make_server(**places)
    server.allow("")
    server.launch(command=[str(public_program / "confabd"), "-f", "-c",
                           str(server.config_path)], **nobody)
    assert server.wait_exit() > 0
    says(server.log(), re.escape(str(locked)), "permission denied")


def test_an_unreadable_config_is_named(make_server, nobody, public_program):
    server = make_server()
    server.config_path.chmod(0o600)
    server.allow("")
    server.launch(command=[str(public_program / "confabd"), "-f", "-c",
                           str(server.config_path)], **nobody)
    assert server.wait_exit() > 0
    says(server.log(), re.escape(str(server.config_path)), "permission denied")


def test_an_unknown_user_is_named(make_server, nobody):
    refused(make_server(user="nobody-of-that-name"), "nobody-of-that-name")


def test_started_as_root_it_becomes_the_user(make_server, directory, nobody,
                                             public_program):
    server = make_server(user="nobody", group="nogroup",
                         sql_dir=public_program / "sql",
                         web_dir=public_program / "web")
    server.start()
    for worker in server.workers():
        status = pathlib.Path("/proc/%s/status" % worker["pid"]).read_text()
        assert re.search(r"^Uid:\t65534\t65534\t65534\t65534$", status, re.M)
    with server.client("u", "r") as client:
        client.say("r", "as nobody")
    assert server.get("/").status == 200


# The disk is full

@pytest.fixture
def small_disk(directory):
    """A file system of 4 MB, in this run's own mount namespace."""
    path = directory / "disk"
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "small",
                           str(path)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("cannot mount a file system here")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path):
    with open(path / "ballast", "wb", buffering=0) as ballast:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    ballast.write(b"b" * size)
            except OSError:
                continue


def test_a_full_disk_refuses_says_and_keeps_the_rest_alive(make_server,
                                                           small_disk):
    server = make_server(data_dir=small_disk / "data", gateways=2)
    server.allow("No space|full|disk|ENOSPC|history|journal")
    server.start()
    with server.client("a", "r") as a, server.client("b", "r") as b:
        for n in range(20):
            a.say("r", n)
            assert b.push("msg")["body"] == n
        wait_for("they are archived", lambda: len(
            a.call("history", room="r", after=0)["messages"]) == 20)
        fill(small_disk)
        refused_at = say_until_refused(a, b, "r")
        for _ in range(5):
            a.refused(1008, "say", room="r", body="not stored" * 500)
        assert server.is_serving()
        b.call("ping")
        assert b.seen("msg") == [], "delivered and not stored"
        kept = [m["body"] for m in b.whole_history("r")]
        assert kept == list(range(20)) + ["x" * 5000] * refused_at
        assert b.call("members", room="r")["users"] == 2
        with server.client("c", "r", "another") as c:
            assert a.push("enter")["user"] in ("b", "c")
            assert c.call("history", room="r", limit=1)["messages"]
        assert server.get("/").status == 200
        (small_disk / "ballast").unlink()
        said = wait_for("says work again", lambda: say_or_none(a, "r", "back"))
        assert said["offset"] == len(kept) + 1
        assert b.push("msg")["body"] == "back"
    server.stop()
    server.start()
    with server.client("a", "r") as a:
        assert [m["body"] for m in a.whole_history("r")] == kept + ["back"]


def say_until_refused(sayer, listener, room):
    """How many were still stored."""
    for count in range(3000):
        reply = sayer.ask("say", room=room, body="x" * 5000)
        if reply["code"] != 200:
            assert reply["code"] == 1008, reply
            return count
        listener.push("msg")
    raise AssertionError("the disk was never full")


def say_or_none(client, room, body):
    reply = client.ask("say", room=room, body=body)
    assert reply["code"] in (200, 1008), reply
    return reply.get("data") if reply["code"] == 200 else None


def test_a_disk_full_from_the_start_is_told(make_server, small_disk):
    server = make_server(data_dir=small_disk / "data")
    fill(small_disk)
    refused(server, re.escape(str(small_disk)), "no space|full")


# The archive and the journal

@pytest.fixture
def written(make_server):
    """A stopped server with 200 messages in the room r."""
    server = make_server()
    server.start()
    with server.client("u", "r") as client:
        for n in range(200):
            client.say("r", n)
        client.call("history", room="r", after=0)
    server.stop()
    return server


def bodies(server):
    with server.client("u", "r") as client:
        return [m["body"] for m in client.whole_history("r")]


def test_an_archive_from_a_newer_version_is_refused(written):
    archive = written.archives()[0]
    with sqlite3.connect(archive) as database:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        database.execute("PRAGMA user_version = %d" % (version + 1000))
    database.close()
    before = archive.read_bytes()
    refused(written, re.escape(archive.name), "newer")
    assert archive.read_bytes() == before
    with sqlite3.connect(archive) as database:
        database.execute("PRAGMA user_version = %d" % version)
    database.close()
    written.start()
    assert bodies(written) == list(range(200))


def test_an_archive_of_garbage_is_refused_and_left_alone(written):
    archive = written.archives()[0]
    good = archive.read_bytes()
    for extra in written.files(lambda path: path.name.startswith(archive.name)
                               and path != archive):
        extra.unlink()
    archive.write_bytes(b"garbage " * 4096)
    refused(written, re.escape(archive.name))
    assert archive.read_bytes() == b"garbage " * 4096
    archive.write_bytes(good)
    written.start()
    assert bodies(written) == list(range(200))


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 5000, b"\xff" * 100,
                                  os.urandom(4096)],
                         ids=["zero", "zeros", "ones", "random"])
def test_a_torn_tail_of_the_journal_is_cut_and_told(written, tail):
    segment = written.journals()[-1]
    with open(segment, "ab") as file:
        file.write(tail)
    written.start()
    says(written.log(), "torn|cut")
    assert bodies(written) == list(range(200))
    with written.client("u", "r") as client:
        assert client.say("r", "next")["offset"] == 201
    written.stop()
    written.start()
    assert bodies(written) == list(range(200)) + ["next"]


@pytest.mark.parametrize("cut", [1, 3, 17, 60])
def test_a_batch_cut_short_is_dropped_and_told(make_server, cut):
    """The last batch was torn by a crash of the machine before it was answered:
    what stands before it is all there. Without an archive nothing else
    remembers it."""
    server = make_server(history=False).start()
    with server.client("u", "r") as client:
        for n in range(50):
            client.say("r", n)
    server.stop()
    segment = server.journals()[-1]
    os.truncate(segment, segment.stat().st_size - cut)
    server.start()
    says(server.log(), "torn|cut")
    with server.client("u") as client:
        assert client.call("join", room="r")["offset"] == 49
        assert client.say("r", "again")["offset"] == 50


def test_a_journal_damaged_in_the_middle_is_refused(written):
    segment = written.journals()[-1]
    data = bytearray(segment.read_bytes())
    middle = len(data) // 2
    data[middle:middle + 64] = os.urandom(64)
    segment.write_bytes(data)
    refused(written, "journal", "damaged|corrupt|broken")
    assert segment.read_bytes() == bytes(data)


def test_an_archive_that_was_removed_is_made_again_from_the_journal(written):
    for path in written.archives():
        for part in written.files(lambda p: p.name.startswith(path.name)):
            part.unlink()
    written.start()
    assert bodies(written) == list(range(200))


def test_missing_migrations_are_named(make_server, directory):
    server = make_server(sql_dir=directory / "none")
    refused(server, re.escape(str(directory / "none")))
