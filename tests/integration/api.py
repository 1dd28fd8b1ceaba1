"""A backend that speaks HTTP with a server, on its unix socket: who comes from
the same user needs no key there."""

import contextlib
import http.client
import json
import shutil
import socket
import urllib.parse

import wire
from conftest import end, make_directory
from server import Server, inside


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.json = json.loads(body) if body.startswith((b"{", b"[")) else None


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=wire.GUARD)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Backend:
    def __init__(self, path):
        self.path = str(path)

    def ask(self, method, path, data=None, headers=None, raw=None):
        """One request on a connection of its own."""
        connection = Connection(self.path)
        try:
            body = raw if raw is not None else \
                None if data is None else json.dumps(data).encode()
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()),
                          answer.read())
        finally:
            connection.close()

    def post(self, path, data=None, headers=None, raw=None):
        return self.good(self.ask("POST", path, data, headers, raw))

    def get(self, path, **query):
        return self.good(self.ask("GET", with_query(path, query)))

    def good(self, answer):
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json

    def refused(self, status, code, method, path, data=None, **more):
        """The sentence of a refusal."""
        answer = self.ask(method, path, data, **more)
        assert answer.status == status, (answer.status, answer.body)
        assert answer.json["code"] == code, answer.json
        assert len(answer.json["error"]) > 8
        return answer.json["error"]

    def say(self, **data):
        return self.post("/v1/say", data)


def with_query(path, query):
    return path + ("?" if query else "") + urllib.parse.urlencode(
        {name: str(value).lower() if isinstance(value, bool) else value
         for name, value in query.items()}, doseq=True)


@contextlib.contextmanager
def house(**options):
    """A server that serves, with such a socket, and the backend."""
    path = make_directory()
    text = options.pop("options", "")
    server = Server(path, options=text + inside(path), **options)
    try:
        yield server.start(), Backend(path / "api.sock")
        end(server)
    finally:
        server.kill()
        shutil.rmtree(path, ignore_errors=True)
