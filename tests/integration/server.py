"""A real confabd in a directory of its own, started, watched and ended.

Whoever starts a Server ends it with stop() (clean, checked) or kill(). After
either no process of it may be left; stop() also reads its log: an error that
the test did not announce with allow() fails it.
"""

import ctypes
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import time

import wire
from client import Client

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFABD = pathlib.Path(os.environ.get("CONFABD", ROOT / "build/confabd"))
CONFABCTL = pathlib.Path(
    os.environ.get("CONFABCTL", CONFABD.parent / "confabctl"))
GUARD = wire.GUARD
PR_SET_PDEATHSIG = 1

# epoll_wait, epoll_pwait and epoll_pwait2 by number; the first two differ.
WAITS = {"x86_64": ("232", "281", "441"),
         "aarch64": ("22", "441")}.get(os.uname().machine, ())

# Never allowed in a log, whatever a test does.
DISASTERS = re.compile(
    r"broken promise|Assertion|Sanitizer|runtime error:|corrupted|"
    r"ended by signal (4|6|7|8|11)\b|came after|makes no sense")
ERRORS = re.compile(r"^\S+ error ")

# What a master says when a test kills or freezes its children.
DEATHS = r"ended by signal (9|15) |ended by itself|has stood still|" \
    r"takes no letters"

LISTENER = """
listener inside {
    address = "unix:%s"
    role = api
}
"""


def ports_of_this_process():
    """Processes that test side by side have ports of their own, all outside
    the range that outgoing connections take theirs from. Each port comes up
    again only when all the others have. The second list is of ports that begin
    a row, which stand apart, so that nobody is given one out of its middle."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    share = 19000 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first = 12000 + number * share
    own = list(range(first, first + share * 3 // 4))
    rows = list(range(own[-1] + 1, first + share - ROW, ROW))
    random.shuffle(own)
    random.shuffle(rows)
    return own, rows


ROW = 4
PORTS, ROWS = map(itertools.cycle, ports_of_this_process())


def free_port():
    """A port nobody listens on, and no other call has returned lately."""
    return next(port for port in PORTS if port_is_free(port))


def port_is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_ports(count):
    """The first of so many in a row that nobody listens on."""
    assert count <= ROW
    return next(first for first in ROWS if all(
        port_is_free(port) for port in range(first, first + count)))


def wait_for(what, is_true, guard=GUARD, alive=None, look_every=0.02):
    """Waits until is_true() gives something true, and returns that."""
    end = time.monotonic() + guard
    while True:
        found = is_true()
        if found:
            return found
        assert alive is None or alive(), "it ended while waiting: " + what
        assert time.monotonic() < end, "waited %s s in vain: %s" % (guard, what)
        time.sleep(look_every)


def process_exists(pid):
    """Zombies do not count: they have ended."""
    try:
        return process_state(pid) != "Z"
    except OSError:
        return False


def kill_at_work(pid):
    """SIGKILL at a moment when the process is not waiting for news: stops it
    again and again until it stands somewhere else. Somebody must keep it busy
    meanwhile."""
    for _ in range(1000):
        time.sleep(random.uniform(0, 0.003))
        os.kill(pid, signal.SIGSTOP)
        wait_for("%d stands still" % pid,
                 lambda: process_state(pid) == "T", look_every=0.0002)
        with open("/proc/%d/syscall" % pid, encoding="ascii") as where:
            call = where.read().split()[0]
        if call not in WAITS:
            break
        os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGKILL)


def process_state(pid):
    stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
    return stat.rsplit(")", 1)[1].split()[0]


def session_processes(session):
    """The processes of a session, without zombies."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path("/proc/%s/stat" % entry).read_text()
        except OSError:
            continue
        fields = stat.rsplit(")", 1)[1].split()
        if fields[0] != "Z" and int(fields[3]) == session:
            found.append(int(entry))
    return found


def die_with_parent():
    """A test that is killed must not leave its servers behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class StatusError(Exception):
    """The status socket answered with `error: …`."""


class Server:
    address = "127.0.0.1"  # where clients find it

    def __init__(self, directory, options="", gateways=1, prefix=(), **known):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.run_dir = self.directory / "run"
        self.data_dir = self.directory / "data"
        self.log_path = self.directory / "log"
        self.config_path = self.directory / "confab.conf"
        self.prefix = list(prefix)
        self.choose_ports()
        self.process = None
        self.allowed = []
        self.log_start = 0
        self.write_config(options, gateways, **known)

    def choose_ports(self):
        self.port = free_port()
        self.http_port = free_port()

    def write_config(self, options="", gateways=1, websocket="", api="",
                     limits=None, profiles=("confab",), **known):
        """known: global options by name; options: raw text behind them;
        websocket and api: more lines in these listeners; limits: those of the
        section, and without any a client may talk as fast as it can; profiles:
        of the websocket listener."""
        known = {
            "user": "", "group": "", "run_dir": self.run_dir,
            "data_dir": self.data_dir, "web_dir": ROOT / "web",
            "sql_dir": ROOT / "sql", "gateways": gateways, **known,
        }
        lines = ["%s = %s" % (name, config_value(value))
                 for name, value in known.items()]
        lines += ["limits {"]
        lines += ["    %s = %s" % (name, config_value(value)) for name, value
                  in (limits or {"messages_per_second": 0}).items()]
        lines += ["}"]
        self.config_path.write_text("\n".join(lines) + """
%s
listener public {
    address = "%s:%d"
    role = websocket
    profiles = %s
    %s
}
listener backend {
    address = "%s:%d"
    role = api
    pages = true
    %s
}
""" % (options, self.address, self.port, config_value(profiles), websocket,
       self.address, self.http_port, api))

    # Life and death

    def launch(self, *arguments, command=None, **more):
        """Starts the program without waiting for it to serve."""
        command = command or self.prefix + [
            str(CONFABD), "-c", str(self.config_path), "-f"]
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                command + list(arguments), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, cwd=self.directory,
                preexec_fn=die_with_parent, **more)
        return self

    def start(self):
        self.launch()
        self.wait_serving()
        return self

    def wait_serving(self, guard=GUARD):
        try:
            wait_for("every worker is serving", self.is_serving, guard,
                     self.is_running)
        except AssertionError as error:
            raise AssertionError("%s\n%s" % (error,
                                             self.log()[-4000:])) from None

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def is_serving(self):
        try:
            workers = self.workers()
        except (OSError, wire.Closed):
            return False
        return workers and all(w["state"] == "serving" for w in workers)

    def wait_exit(self, guard=GUARD):
        """The exit code; all processes must be gone with the master."""
        code = self.process.wait(guard)
        wait_for("no process is left", lambda: not self.processes(), guard)
        return code

    def stop(self, how=signal.SIGTERM):
        """A clean end, checked."""
        if not self.is_running():
            raise AssertionError("the server has ended by itself:\n" +
                                 self.log()[-4000:])
        self.process.send_signal(how)
        code = self.wait_exit()
        assert code == 0, "exit code %d\n%s" % (code, self.log()[-4000:])
        assert not (self.run_dir / "status.sock").exists()
        self.check_log()

    def kill(self):
        """SIGKILL to all of it, as when the machine goes."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process:
            self.process.wait(GUARD)
            wait_for("no process is left", lambda: not self.processes())

    def processes(self):
        return session_processes(self.process.pid) if self.process else []

    def run(self, *arguments, guard=GUARD):
        """Runs the program to its end: exit code and what it printed."""
        self.launch(*arguments)
        try:
            code = self.process.wait(guard)
        except subprocess.TimeoutExpired:
            raise AssertionError("it should have ended:\n" +
                                 self.log()) from None
        return code, self.log()

    # The log

    def log(self):
        """What this start has logged."""
        if not self.log_path.exists():
            return ""
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode("utf-8", "replace")

    def allow(self, pattern):
        """Errors like this are expected in the log."""
        self.allowed.append(re.compile(pattern))

    def surprises(self):
        return [line for line in self.log().splitlines()
                if DISASTERS.search(line) or ERRORS.search(line) and
                not any(allowed.search(line) for allowed in self.allowed)]

    def check_log(self):
        assert not self.surprises(), "\n".join(self.surprises())

    def wait_log(self, pattern, guard=GUARD):
        return wait_for("the log says %r" % pattern,
                        lambda: re.search(pattern, self.log()), guard)

    # The status socket

    def ask(self, words, guard=GUARD):
        """The answer's lines, without the empty one at its end. A master that
        becomes another program drops whom it has not answered yet."""
        for _ in range(3):
            try:
                with StatusSocket(self.run_dir, guard) as status:
                    return status.ask(words)
            except wire.Closed:
                if not words.startswith(("show", "json show")):
                    break
        raise wire.Closed("the status socket ended in an answer")

    def ask_json(self, words):
        return json.loads("\n".join(self.ask("json " + words)))

    def info(self):
        return dict(line.split(": ", 1) for line in self.ask("show info"))

    def workers(self):
        lines = [line.split("\t") for line in self.ask("show workers")]
        return [dict(zip(lines[0], line)) for line in lines[1:]]

    def pids(self, role):
        """Of those that live: a test may kill what it finds here, and 0 would
        be itself."""
        return [int(worker["pid"]) for worker in self.workers()
                if worker["role"] == role and int(worker["pid"]) > 0]

    def kill_one(self, role):
        """Kills a process of this role; when it returns another one serves."""
        victim = self.pids(role)[0]
        os.kill(victim, signal.SIGKILL)
        self.wait_replaced(role, victim)

    def is_replaced(self, role, *victims):
        """Others are in the places of these processes of a role, and all serve:
        by one look, since a death may become known between two."""
        try:
            workers = self.workers()
        except (OSError, wire.Closed):
            return False
        return all(worker["state"] == "serving" for worker in workers) and \
            not any(worker["role"] == role and int(worker["pid"]) in victims
                    for worker in workers)

    def wait_replaced(self, role, *victims):
        wait_for("another %s serves" % role,
                 lambda: self.is_replaced(role, *victims))

    def control(self, *words, **more):
        return subprocess.run(
            [str(CONFABCTL), "-s", str(self.run_dir / "status.sock"), *words],
            capture_output=True, text=True, timeout=GUARD, **more)

    # Clients

    def client(self, user=None, *rooms, **more):
        return Client(self.port, user, rooms, address=self.address, **more)

    def gateway_of(self, client):
        """The pid of the process that holds the other end of a client."""
        return holder_of(client.socket.socket, self.pids("gateway"))

    def client_on(self, pid, user, *rooms, **login):
        """A client that sits on one certain gateway. The kernel spreads
        connections over the gateways, so try until it is so."""
        for _ in range(300):
            client = self.client()
            if self.gateway_of(client) == pid:
                client.user = user
                client.login = client.call("login", user=user, **login)
                for room in rooms:
                    client.call("join", room=room)
                return client
            client.close()
        raise AssertionError("300 connections and none on gateway %d" % pid)

    def http(self, request, head_only=False):
        with wire.Socket(self.http_port, self.address) as connection:
            connection.send(request)
            return connection.read_response(head_only)

    def get(self, path, method="GET", **headers):
        head = "%s %s HTTP/1.1\r\nHost: localhost\r\n" % (method, path)
        for name, value in headers.items():
            head += "%s: %s\r\n" % (name.replace("_", "-"), value)
        return self.http((head + "\r\n").encode(), method == "HEAD")

    def files(self, is_wanted):
        return sorted(path for path in self.data_dir.rglob("*")
                      if path.is_file() and is_wanted(path))

    def archives(self):
        """The SQLite files, by their magic."""
        return self.files(
            lambda path: path.read_bytes()[:15] == b"SQLite format 3")

    def journals(self):
        """The journal's segments: named by the position they begin at."""
        return self.files(lambda path: "journal" in str(path.parent.name) and
                          re.match(r"[0-9a-f]{8}", path.name))

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class StatusSocket:
    def __init__(self, run_dir, guard=GUARD):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(guard)
        self.socket.connect(str(run_dir / "status.sock"))
        self.file = self.socket.makefile("rb")

    def ask(self, words):
        try:
            self.socket.sendall(words.encode() + b"\n")
        except BrokenPipeError:
            pass  # why it did not listen can still be read
        return self.read()

    def read(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise wire.Closed("the status socket ended in an answer")
            if line == b"\n":
                break
            lines.append(line.decode().rstrip("\n"))
        if lines and lines[0].startswith("error: "):
            raise StatusError(lines[0])
        return lines

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()


def inside(directory):
    """The text of a listener for api.Backend, in this directory."""
    return LISTENER % (directory / "api.sock")


def config_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "{%s}" % ", ".join(config_value(one) for one in value)
    return '"%s"' % value


def holder_of(connection, pids):
    """Which of the processes holds the server's end of a local connection."""
    return holder_of_ports(connection.getsockname()[1],
                           connection.getpeername()[1], pids)


def holder_of_ports(client_port, server_port, pids):
    def inode():
        with open("/proc/net/tcp", encoding="ascii") as table:
            for line in map(str.split, table):
                if line[1].endswith(":%04X" % server_port) and \
                        line[2].endswith(":%04X" % client_port) and \
                        line[9] != "0":
                    return line[9]
        return None

    def holder():
        wanted = "socket:[%s]" % inode()
        for pid in pids:
            try:
                for fd in os.scandir("/proc/%d/fd" % pid):
                    if os.readlink(fd.path) == wanted:
                        return pid
            except OSError:
                continue
        return None

    return wait_for("a process holds the connection", holder)
