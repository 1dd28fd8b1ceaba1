"""What stands in the log: its forms, its files, who came and went."""

import json
import os
import re
import signal
import socket
import sys

import server as server_module
import wire
from server import GUARD, wait_for
from test_reload import wait_taken_up

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
                  r"(error|warning|info|debug) [a-z ]+\d*\[\d+\]: ")


# Makes a descriptor its standard error, and becomes the program.
BECOME = """
import os, sys
os.dup2(int(sys.argv[1]), 2)
os.close(int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""


def events(server, word):
    return [line for line in server.log().splitlines()
            if "]: %s: " % word in line]


def wait_events(server, word, count):
    wait_for("%d lines of %s" % (count, word),
             lambda: len(events(server, word)) == count)
    return events(server, word)


def come_and_go(server, user):
    with server.client(user):
        pass


def test_each_line_of_text_has_the_same_beginning(make_server):
    server = make_server(log_level="debug").start()
    come_and_go(server, "ann")
    server.stop()
    lines = server.log().splitlines()
    assert lines and all(LINE.match(line) for line in lines)


def test_each_line_of_json_is_an_object(make_server):
    server = make_server(log_format="json", log_level="debug",
                         log_connections="all").start()
    come_and_go(server, 'a "quoted" ü')
    server.stop()
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert all(list(line) == ["time", "level", "process", "pid", "message"]
               for line in lines)
    assert {"master", "gateway 0"} <= {line["process"] for line in lines}
    assert any(line["message"].endswith(', user a "quoted" ü')
               for line in lines)


def test_journald_gets_priorities_and_no_time(make_server):
    server = make_server()
    ours, theirs = socket.socketpair()
    what = os.fstat(theirs.fileno())
    number = theirs.fileno()
    server.launch(
        command=[sys.executable, "-c", BECOME, str(number),
                 str(server_module.CONFABD), "-c", str(server.config_path),
                 "-f"],
        pass_fds=[number], env={
            **os.environ,
            "JOURNAL_STREAM": "%d:%d" % (what.st_dev, what.st_ino)})
    theirs.close()
    server.wait_serving()
    server.stop()
    with ours.makefile(encoding="utf-8") as journal:
        lines = journal.read().splitlines()
    assert lines
    assert all(re.match(r"<[3467]>[a-z]+( \d+)?\[\d+\]: ", line)
               for line in lines)
    ours.close()


def test_logins_and_closes_are_not_logged_unless_asked_for(make_server):
    server = make_server().start()
    come_and_go(server, "ann")
    server.get("/healthz")
    server.stop()
    assert not events(server, "login") and not events(server, "close")
    assert not events(server, "request")


def test_all_logins_and_closes_are_logged(make_server):
    server = make_server(log_connections="all").start()
    ann = server.client("ann")
    address = "%s:%d" % ann.socket.socket.getsockname()
    login, = wait_events(server, "login", 1)
    assert re.search("address %s, platform 101, client %s, user ann$" %
                     (re.escape(address), ann.login["client"]), login)
    ann.goodbye()
    close, = wait_events(server, "close", 1)
    assert re.search(r"address %s, after \d+\.\d{3} s, code 1000, "
                     r"by the client, user ann$" % re.escape(address), close)


def test_why_a_connection_was_closed_is_told(make_server):
    server = make_server(log_connections="all").start()
    wire.WebSocket(server.port).reset()
    wait_for("one was lost", lambda: any(
        re.search("the connection is lost, not logged in$", line)
        for line in events(server, "close")))
    with server.client("bob"):
        server.process.send_signal(signal.SIGTERM)
        wait_for("bob was sent away", lambda: any(
            re.search("code 1001, .*, user bob$", line)
            for line in events(server, "close")))
    assert server.wait_exit() == 0


def test_one_connection_of_so_many_is_logged(make_server):
    server = make_server(log_connections=4).start()
    for number in range(12):
        come_and_go(server, "u%d" % number)
    logins = wait_events(server, "login", 3)
    closes = wait_events(server, "close", 3)
    users = [line.rsplit(" ", 1)[1] for line in logins]
    assert users == ["u0", "u4", "u8"]
    assert users == [line.rsplit(" ", 1)[1] for line in closes]


def test_a_user_cannot_pretend_to_be_another_line(make_server):
    server = make_server(log_connections="all").start()
    name = "x, user bob"
    come_and_go(server, name)
    assert wait_events(server, "login", 1)[0].endswith(", user " + name)


def test_requests_are_logged_and_the_option_is_live(make_server):
    server = make_server().start()
    server.get("/healthz")
    server.write_config(log_requests="all")
    server.control("reload")
    wait_taken_up(server, 2)
    server.get("/healthz?secret=1")
    server.get("/no%0Asuch", method="POST", Content_Length="0")
    server.get("/no\x7fsuch\x1b")
    lines = wait_events(server, "request", 3)
    assert re.search(r"address 127\.0\.0\.1:\d+, status 200, 3 bytes, "
                     "GET /healthz$", lines[0])
    assert re.search(r"status 40\d, \d+ bytes, POST /no%0Asuch", lines[1])
    assert "status 400" in lines[2]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]|secret", server.log())
    server.write_config(log_requests="off")
    server.control("reload")
    wait_taken_up(server, 3)
    server.get("/healthz")
    server.stop()
    assert len(events(server, "request")) == 3


def test_usr1_opens_the_file_again_in_all_processes(make_server):
    server = make_server(gateways=2, log_connections="all")
    path = server.directory / "confab.log"
    with open(server.config_path, "a", encoding="ascii") as config:
        config.write('log_file = "%s"\n' % path)
    server.launch(command=[str(server_module.CONFABD), "-c",
                           str(server.config_path)])
    assert server.process.wait(GUARD) == 0
    pid = int((server.run_dir / "confabd.pid").read_text())
    try:
        path.rename(path.with_suffix(".1"))
        os.kill(pid, signal.SIGUSR1)
        wait_for("there is a new file", path.exists)
        for gateway in server.pids("gateway"):
            wait_for("the gateway writes there", lambda: holds(gateway, path))
            server.client_on(gateway, "u%d" % gateway).close()
            wait_for("who came stands there", lambda: "user u%d\n" % gateway
                     in path.read_text())
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_for("it has ended", lambda: not os.path.exists("/proc/%d" % pid))
    assert "stopped" in path.read_text()
    assert "serving" in path.with_suffix(".1").read_text()


def holds(pid, path):
    return any(os.readlink(fd.path) == str(path)
               for fd in os.scandir("/proc/%d/fd" % pid))


def test_what_happens_often_is_counted(make_server):
    server = make_server()
    server.allow("stays as it was|nonsense")
    server.start()
    with open(server.config_path, "a", encoding="ascii") as config:
        config.write("nonsense = 1\n")
    for _ in range(100):
        server.control("reload")
    server.stop()
    assert len(re.findall("stays as it was", server.log())) == 21
    assert "… and 80 more of this kind: the configuration stays as it was" \
        in server.log()
