"""The profiles behind nginx and HAProxy, by the examples in the comments of the
samples of conf/: two ports with somebody at each, one that fails, a backup."""

import contextlib
import json
import pathlib
import select
import signal
import socket
import subprocess
import threading

import pytest

import wire
from cluster import Cluster
from fronts import DEAD, example, run_haproxy, run_nginx
from server import GUARD, free_port, wait_for

TRUSTED = 'trusted_proxies = {"127.0.0.1"}'
PROXIED = "proxy_protocol = true"

FRONTS = {"nginx": ("nginx.conf", run_nginx, TRUSTED, "listen"),
          "haproxy": ("haproxy.cfg", run_haproxy, PROXIED, "bind")}

# The ports of the samples: first, second, backup; of its HTTP, and its backup.
PORTS = {"im": (8089, 8090, 8089, 8080), "groupchat": (8282, 8283, 8282, None),
         "client": (7800, 7801, 7800, None)}
LISTEN = {"im": 80, "groupchat": 80, "client": 660}


def second_listener(profile, port, words):
    return """
listener second {
    address = "127.0.0.1:%d"
    role = websocket
    profiles = {"%s"}
    %s
}
""" % (port, profile, words)


def options_of(kind, profile):
    """Of a server that trusts such a front, by name."""
    words = FRONTS[kind][2]
    return {"profiles": (profile,), "websocket": words,
            "api": "%s\n    profiles = {\"%s\"}" % (TRUSTED, profile)
                   if profile == "im" else ""}


class Front:
    """In front of two ports of one server, or of another one's that is given:
    its first port, and a second one of whoever else."""

    def __init__(self, kind, profile, directory, server=None, make_server=None):
        self.kind, self.profile = kind, profile
        self.name, self.run, words, self.listen = FRONTS[kind]
        self.directory = directory
        self.port, self.second = free_port(), free_port()
        self.server = server or make_server(
            options=second_listener(profile, self.second, words),
            **options_of(kind, profile)).start()

    def configuration(self, second, backup=None):
        """With another second server, and one in place of the backup."""
        old_first, old_second, old_backup, old_http = PORTS[self.profile]
        bind = ":%d" % LISTEN[self.profile]
        if self.listen == "listen":
            bind = bind[1:]
        changes = {
            "%s %s" % (self.listen, bind):
                "%s 127.0.0.1:%d" % (self.listen, self.port),
            "127.0.0.1:%d" % old_first: "127.0.0.1:%d" % self.server.port,
            "127.0.0.1:%d" % old_second: second,
            "10.0.0.2:%d" % old_backup:
                "127.0.0.1:%d" % backup.port if backup else DEAD}
        if old_http:
            changes["127.0.0.1:%d" % old_http] = \
                "127.0.0.1:%d" % self.server.http_port
            changes["10.0.0.2:%d" % old_http] = \
                "127.0.0.1:%d" % backup.http_port if backup else DEAD
        if self.kind == "nginx":
            changes["fail_timeout=10s"] = "fail_timeout=600s"
        return example(self.name, self.profile, changes)

    @contextlib.contextmanager
    def serving(self, text):
        command = self.run(self.directory, text)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            try:
                wait_for("the front serves", lambda: is_open(self.port),
                         alive=lambda: process.poll() is None)
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(GUARD)


def is_open(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=FRONTS)
def kind(request):
    return request.param


def connected(port):
    """Connections at a port of this machine, on the server's side."""
    rows = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(row.split()[1].endswith(":%04X" % port)
               and row.split()[3] == "01" for row in rows)


def ask(port, path, body=None, **more):
    """(status, body)"""
    head = "%s %s HTTP/1.1\r\nHost: x\r\n" % ("POST" if body else "GET", path)
    more = {**more, **({"Content-Length": len(body)} if body else {})}
    head += "".join("%s: %s\r\n" % pair for pair in more.items())
    with wire.Socket(port) as one:
        one.send(head.encode() + b"\r\n" + (body or "").encode())
        answer = one.read_response()
        return answer.status, answer.body.decode()


class Person(wire.WebSocket):
    """A user of im or groupchat, logged in."""

    def __init__(self, port, profile, user):
        self.profile, self.user = profile, user
        self.is_im = profile == "im"
        super().__init__(port, path="/acc" if self.is_im else "/ws")
        if not self.is_im:
            self.read_text()
        self.tell("login", {"appId": 101 if self.is_im else 1, "userId": user,
                            "groupsId": "1"})
        while True:
            frame = json.loads(self.read_text())
            if "response" in frame and frame.get("seq") == "s":
                break
        assert frame["response"]["code"] == 200

    def fileno(self):
        return self.socket.fileno()

    def tell(self, what, data):
        self.send(wire.text(json.dumps({
            "seq": "s", "cmd" if self.is_im else "action": what,
            "data": data})))

    def hears(self, words):
        """Whatever else comes before."""
        while True:
            frame = json.loads(self.read_text())
            data = frame["response"]["data"] if self.is_im else \
                frame.get("data")
            if data and data.get("msg" if self.is_im else "content") == words:
                return


def say(front, person, words):
    if not person.is_im:
        return person.tell("sendmsg", {"message": words})
    status, body = ask(
        front.port, "/user/sendMessageAll",
        "appID=101&userID=a&msgID=%s&message=%s" % (words, words),
        **{"Content-Type": "application/x-www-form-urlencoded"})
    assert (status, json.loads(body)["data"]) == (200, {"sendResults": True})
    return None


@pytest.mark.parametrize("profile", ["im", "groupchat"])
def test_somebody_at_each_of_two_ports(kind, profile, make_server, directory):
    front = Front(kind, profile, directory, make_server=make_server)
    text = front.configuration("127.0.0.1:%d" % front.second)
    with front.serving(text):
        with Person(front.port, profile, "1") as one, \
                Person(front.port, profile, "2") as two:
            assert connected(front.server.port) >= 1
            assert connected(front.second) >= 1
            say(front, one, "m1")
            two.hears("m1")
            if profile == "groupchat":
                say(front, two, "m2")
                one.hears("m2")
        where = "/home/im.json" if profile == "im" else "/home/room?uid=1"
        status, body = ask(front.port, where)
        assert status == 200
        if profile == "im":
            assert json.loads(body)["port"] == 0
        assert ask(front.port, "/user/list?appID=101&groupsId=1")[0] == 200


@pytest.mark.parametrize("profile", ["im", "groupchat"])
def test_somebody_at_each_of_two_hosts(kind, profile, directory):
    """And who loses his host goes on at the other one."""
    with Cluster(directory, 2, **options_of(kind, profile)) as cluster:
        first, second = cluster.wait_met()
        front = Front(kind, profile, directory, first)
        text = front.configuration("127.0.0.1:%d" % second.port, second)
        with front.serving(text):
            with Person(front.port, profile, "1") as one, \
                    Person(front.port, profile, "2") as two:
                assert connected(first.port) >= 1
                assert connected(second.port) >= 1
                say(front, one, "m1")
                two.hears("m1")
                say(front, two, "m2")
                one.hears("m2")
                first.kill()
                lost = wait_ended(one, two)
                left = two if lost is one else one
                with come_back(front, lost) as again:
                    say(front, again, "m3")
                    left.hears("m3")
                    say(front, left, "m4")
                    again.hears("m4")


def wait_ended(*people):
    """The first whose connection ends."""
    while True:
        for person in select.select(people, [], [], GUARD)[0]:
            try:
                person.read_more()
            except wire.Closed:
                return person


def come_back(front, person):
    """As the same user, as soon as the front has noticed who is gone."""
    def is_back():
        try:
            return Person(front.port, person.profile, person.user)
        except (OSError, AssertionError, wire.Closed):
            return None

    wait_http(front)
    return wait_for("the other one serves", is_back)


def wait_http(front):
    """It has its own mind about who of the servers answers HTTP."""
    wait_for("its HTTP serves", lambda: ask(
        front.port, "/user/list?appID=101&groupsId=1")[0] == 200)


class Trap:
    """Takes connections and ends them at once."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.count = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            one.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.mark.parametrize("profile", ["im", "groupchat"])
def test_who_fails_twice_is_left_out(profile, make_server, directory):
    front = Front("nginx", profile, directory, make_server=make_server)
    with contextlib.closing(Trap()) as trap, \
            front.serving(front.configuration(trap.address)), \
            contextlib.ExitStack() as stack:
        people = [stack.enter_context(
            Person(front.port, profile, str(number + 1)))
            for number in range(8)]
        assert trap.count == 2
        say(front, people[0], "all")
        people[1].hears("all")


@pytest.mark.parametrize("profile", ["im", "groupchat"])
def test_the_backup_takes_over(kind, profile, make_server, directory):
    front = Front(kind, profile, directory, make_server=make_server)
    backup = make_server("backup", **options_of(kind, profile)).start()
    text = front.configuration("127.0.0.1:%d" % front.second, backup)

    def is_back():
        try:
            Person(front.port, profile, "1").close()
        except (OSError, AssertionError, wire.Closed):
            return False
        return True

    with front.serving(text):
        with Person(front.port, profile, "1") as one, \
                Person(front.port, profile, "2"):
            assert connected(backup.port) == 0
            front.server.stop()
            assert one.is_closed_by_server()
        wait_for("the backup serves", is_back)
        with Person(front.port, profile, "1") as one, \
                Person(front.port, profile, "2") as two:
            assert connected(backup.port) >= 2
            wait_http(front)
            say(front, one, "here")
            two.hears("here")


def test_backends_of_clients_come_the_same_way(make_server, directory):
    front = Front("nginx", "client", directory, make_server=make_server)
    text = front.configuration("127.0.0.1:%d" % front.second)

    def call(verb, body, **more):
        status, answer = ask(front.port, "/api/" + verb, json.dumps(body),
                             **more)
        assert status == 200
        return json.loads(answer)["code"]

    with front.serving(text):
        assert call("register", {"systemId": "shop"}) == 0
        with wire.WebSocket(front.port, path="/ws?systemId=shop") as one, \
                wire.WebSocket(front.port, path="/ws?systemId=shop") as two:
            for person in (one, two):
                person.id = json.loads(person.read_text())["data"]["clientId"]
            assert connected(front.server.port) >= 1
            assert connected(front.second) >= 1
            for person in (one, two):
                assert call("send_to_client", {
                    "clientId": person.id, "data": "x"}, SystemId="shop") == 0
                assert json.loads(person.read_text())["data"] == "x"
