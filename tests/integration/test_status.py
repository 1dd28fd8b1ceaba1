"""The status socket, confabctl, signals and names in ps."""

import json
import os
import re
import pathlib
import signal
import socket
import stat
import subprocess

import pytest

from client import Client
from server import (CONFABCTL, CONFABD, DEATHS, ROOT, StatusError,
                    StatusSocket, die_with_parent, wait_for)
from wire import Socket

OPTIONS = dict(gateways=2)


def title(pid):
    data = pathlib.Path("/proc/%d/cmdline" % pid).read_bytes()
    return data.rstrip(b"\0").split(b"\0")[0].decode()


# Words

def test_help_names_the_words(server):
    text = "\n".join(server.ask("help"))
    for word in ("help", "show info", "show workers", "show limits", "stop"):
        assert word in text


def test_show_info_tells_the_essentials(server):
    with server.client("u", "r"):
        info = server.info()
    for name in ("pid", "version", "uptime", "connections", "users", "rooms",
                 "messages"):
        assert name in info, info
    assert int(info["pid"]) == server.process.pid
    assert int(info["connections"]) >= 1


def test_show_workers_is_a_table_of_live_processes(server):
    lines = server.ask("show workers")
    columns = lines[0].split("\t")
    assert columns[:6] == ["slot", "role", "pid", "state", "since",
                           "connections"]
    workers = server.workers()
    assert sorted(w["role"] for w in workers) == [
        "api", "gateway", "gateway", "historian", "ledger"]
    for worker in workers:
        os.kill(int(worker["pid"]), 0)
        assert worker["state"] == "serving"
    assert len({w["slot"] for w in workers}) == len(workers)


def table(lines):
    """The rows of a table, by column."""
    columns = lines[0].split("\t")
    return [dict(zip(columns, line.split("\t"))) for line in lines[1:]]


def test_show_counters_sums_up_what_all_processes_count(server, room):
    def messages():
        rows = table(server.ask("show counters"))
        return int({row["counter"]: row for row in rows}["messages"]["value"])

    before = messages()
    with server.client("u", room) as client:
        client.say(room, "one")
        client.say(room, "two")
    assert messages() == before + 2


def test_connections_are_counted_where_they_are(server):
    with server.client("u") as client:
        holder = server.gateway_of(client)

        def counted():
            return {int(w["pid"]): int(w["connections"])
                    for w in server.workers()}[holder] >= 1

        wait_for("the gateway counts it", counted)


def test_messages_are_counted(server, room):
    before = int(server.info()["messages"])
    with server.client("u", room) as client:
        for n in range(7):
            client.say(room, n)
    assert int(server.info()["messages"]) == before + 7


def test_json_has_the_same_content(server):
    info = server.ask_json("show info")
    assert int(info["pid"]) == server.process.pid
    workers = server.ask_json("show workers")
    assert isinstance(workers, list)
    assert [int(w["pid"]) for w in workers] == [
        int(w["pid"]) for w in server.workers()]
    assert set(workers[0]) == set(server.workers()[0])


@pytest.mark.parametrize("words", [
    "nonsense", "show", "show nothing", "help me", "json nonsense",
    "stop now please", "\x01", "show info extra"])
def test_a_wrong_word_is_one_line_of_error(server, words):
    with StatusSocket(server.run_dir) as status:
        with pytest.raises(StatusError):
            status.ask(words)
        assert status.ask("show info"), "the connection goes on"


def test_many_requests_on_one_connection_in_one_write(server):
    with StatusSocket(server.run_dir) as status:
        status.socket.sendall(b"show info\nshow workers\nshow info\n" * 20)
        answers = [status.read() for _ in range(60)]
    assert answers[1][0].startswith("slot\t")
    assert all(answers)


def test_a_request_may_come_byte_by_byte_and_with_carriage_return(server):
    with StatusSocket(server.run_dir) as status:
        for byte in b"show info\r\n":
            status.socket.sendall(bytes([byte]))
        assert any(line.startswith("pid: ") for line in status.read())


def test_an_endless_line_does_no_harm(server):
    with StatusSocket(server.run_dir) as status:
        try:
            for _ in range(200):
                status.socket.sendall(b"x" * 10000)
            status.socket.shutdown(1)
            status.file.read()
        except ConnectionError:
            pass
    assert server.info()


def test_many_idle_askers_do_not_block_the_next(server):
    """It is answered at once, be it that there are too many."""
    idle = [StatusSocket(server.run_dir) for _ in range(100)]
    try:
        assert server.info()
    except StatusError as error:
        assert "too many" in str(error)
    finally:
        for one in idle:
            one.__exit__()
    wait_for("askers are answered again", lambda: answers(server))


def answers(server):
    try:
        return server.info()
    except StatusError:
        return None


def test_an_asker_that_never_reads_blocks_nobody(server, room):
    with StatusSocket(server.run_dir) as slow:
        slow.socket.setblocking(False)
        try:
            while True:
                slow.socket.send(b"show workers\n" * 500)
        except (BlockingIOError, ConnectionError):
            pass
        assert server.info()
        with server.client("u", room) as client:
            client.say(room, "alive")


def test_the_socket_is_for_owner_and_group(server):
    mode = stat.S_IMODE((server.run_dir / "status.sock").stat().st_mode)
    assert mode == 0o660


def test_the_pid_file_names_the_master(server):
    pid = (server.run_dir / "confabd.pid").read_text().strip()
    assert int(pid) == server.process.pid


# confabctl

def test_confabctl_prints_the_answer_and_exits_0(server):
    done = server.control("show", "info")
    assert done.returncode == 0 and done.stderr == ""
    assert "pid: %d" % server.process.pid in done.stdout


def test_confabctl_alone_prints_the_words(server):
    done = server.control()
    assert done.returncode == 0 and "show workers" in done.stdout


def test_confabctl_exits_1_on_a_refusal(server):
    done = server.control("show", "nothing")
    assert done.returncode == 1
    assert "error:" in done.stdout + done.stderr


def test_confabctl_exits_2_on_bad_usage():
    done = subprocess.run([str(CONFABCTL), "-x"], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 2 and done.stderr
    done = subprocess.run([str(CONFABCTL), "-s"], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 2


def test_confabctl_exits_3_when_nobody_answers(directory):
    done = subprocess.run(
        [str(CONFABCTL), "-s", str(directory / "none.sock"), "show", "info"],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 3 and "none.sock" in done.stderr


def test_confabctl_json(server):
    done = server.control("json", "show", "workers")
    assert done.returncode == 0 and len(json.loads(done.stdout)) == 5


# Names in ps

def test_processes_say_what_they_are(server):
    assert title(server.process.pid).startswith("confabd: master")
    for worker in server.workers():
        assert title(int(worker["pid"])).startswith(
            "confabd: " + worker["role"]), worker
    names = [title(int(w["pid"])).split(",")[0] for w in server.workers()]
    assert len(set(names)) == len(names)


def test_a_gateway_names_its_clients(server):
    with server.client("u") as client:
        pid = server.gateway_of(client)

        def is_counted():
            count = {int(w["pid"]): w["connections"]
                     for w in server.workers()}[pid]
            return re.search(r"\b%s clients?\b" % count, title(pid))

        wait_for("the title counts", is_counted)


# Signals

@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_term_and_int_stop_cleanly_and_close_1001(make_server, how):
    server = make_server(gateways=2).start()
    clients = [server.client("u-%d" % n, "r") for n in range(10)]
    server.process.send_signal(how)
    for client in clients:
        assert client.socket.close_code() == 1001
    assert server.wait_exit() == 0
    assert not (server.run_dir / "status.sock").exists()
    assert not (server.run_dir / "confabd.pid").exists()


def test_a_stop_loses_nothing_that_was_answered(make_server):
    server = make_server().start()
    with server.client("u", "r") as client:
        seqs = [client.send("say", room="r", body=n) for n in range(200)]
        client.reply(seqs[100])
        server.process.send_signal(signal.SIGTERM)
        answered = {seqs.index(seq): reply["data"]["offset"]
                    for seq, reply in read_to_close(client).items()
                    if reply["code"] == 200}
    assert server.wait_exit() == 0
    server.start()
    with server.client("u", "r") as client:
        kept = {m["body"]: m["offset"] for m in client.whole_history("r")}
    for body, offset in answered.items():
        assert kept[body] == offset


def read_to_close(client):
    try:
        while True:
            client.take_one()
    except Exception as error:  # the close frame or the end
        assert "TimeoutError" not in repr(error), error
    return client.replies


def test_a_stop_is_not_held_up_by_who_does_not_read(make_server):
    server = make_server(stop_seconds=5).start()
    with server.client("deaf", "r", receive_bytes=4096), \
            server.client("loud", "r") as loud:
        for _ in range(30):
            loud.say("r", "x" * 4000)
        server.process.send_signal(signal.SIGTERM)
        assert server.wait_exit() == 0


def test_stop_by_the_status_socket(make_server):
    server = make_server().start()
    done = server.control("stop")
    assert done.returncode == 0
    assert server.wait_exit() == 0


def test_hup_is_logged_and_disturbs_nobody(make_server):
    server = make_server(gateways=2).start()
    with server.client("u", "r") as client:
        pids = [w["pid"] for w in server.workers()]
        before = len(server.log().splitlines())
        server.process.send_signal(signal.SIGHUP)
        wait_for("it says so",
                 lambda: len(server.log().splitlines()) > before)
        client.say("r", "undisturbed")
        assert [w["pid"] for w in server.workers()] == pids


def test_a_signal_to_a_child_ends_that_child_only(make_server):
    server = make_server().start()
    server.allow(DEATHS)
    victim = server.pids("api")[0]
    os.kill(victim, signal.SIGTERM)
    server.wait_replaced("api", victim)


# The command line

def run_confabd(*arguments):
    return subprocess.run([str(CONFABD), *arguments], capture_output=True,
                          text=True, timeout=30)


def test_version():
    done = run_confabd("-V")
    assert done.returncode == 0 and "confab" in done.stdout


def test_a_wrong_flag_is_bad_usage():
    done = run_confabd("-Z")
    assert done.returncode != 0 and done.stderr
    assert run_confabd("--dev", "-c", "/etc/confab.conf").returncode == 2


def test_t_tests_the_configuration_and_starts_nothing(make_server):
    server = make_server()
    done = run_confabd("-t", "-c", str(server.config_path))
    assert done.returncode == 0, done.stderr
    assert not server.run_dir.exists()
    server.config_path.write_text("nonsense = 1\n")
    assert run_confabd("-t", "-c", str(server.config_path)).returncode == 1
    server.config_path.write_text('user = "nobody-of-this-name"\n')
    done = run_confabd("-t", "-c", str(server.config_path))
    if os.geteuid() == 0:
        assert done.returncode == 1
        assert "no user 'nobody-of-this-name'" in done.stderr


def test_dev_serves_everything_below_its_directory(directory):
    """As make run starts it, but somewhere else."""
    for port in (3210, 7800, 8080, 8089, 8282):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                pytest.skip("port %d is taken on this machine" % port)
    for name in ("web", "sql"):
        (directory / name).symlink_to(ROOT / name)
    process = subprocess.Popen([str(CONFABD), "--dev", "-f"], cwd=directory,
                               stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.STDOUT,
                               preexec_fn=die_with_parent)
    try:
        wait_for("all serve", lambda: all_serve(directory / "build/dev/run"))
        with Socket(8080) as visitor:
            visitor.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert visitor.read_response().status == 200
        key = directory / "build/dev/api.key"
        assert key.stat().st_mode & 0o77 == 0
        assert re.fullmatch("[0-9a-f]{64}\n", key.read_text())
        with Client(8089, "u", ["r"]) as client:
            assert client.say("r", "x")["offset"] == 1
    finally:
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert "http://127.0.0.1:8080/" in output
    assert "ws://127.0.0.1:8089/chat" in output
    assert "im         ws://127.0.0.1:8089/" in output
    assert "groupchat  ws://127.0.0.1:8282/" in output
    assert "push       ws://127.0.0.1:3210/" in output
    assert "client     ws://127.0.0.1:7800/" in output
    assert "key        build/dev/api.key" in output


def all_serve(run_dir):
    try:
        with StatusSocket(run_dir) as status:
            lines = status.ask("show workers")
            return all("\tserving\t" in line for line in lines[1:])
    except OSError:
        return False


def test_without_f_it_goes_into_the_background(make_server):
    server = make_server(log_file="log-of-daemon")
    server.config_path.write_text(server.config_path.read_text().replace(
        "log-of-daemon", str(server.directory / "daemon.log")))
    done = run_confabd("-c", str(server.config_path))
    assert done.returncode == 0, done.stderr
    try:
        wait_for("it serves", server.is_serving)
        with server.client("u", "r") as client:
            client.say("r", "from the background")
    finally:
        pid = int((server.run_dir / "confabd.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        wait_for("it is gone",
                 lambda: not pathlib.Path("/proc/%d" % pid).exists())
    assert "serving" in (server.directory / "daemon.log").read_text()
