"""A backend that shows its key, over TCP."""

import http.client
import json
import os
import pathlib
import socket

from wire import GUARD


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=GUARD)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(GUARD)
        self.sock.connect(str(self.path))


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


class Api:
    """Keeps its connection. key None: shows none."""

    def __init__(self, port=None, key=None, path=None):
        self.key = key
        self.connection = UnixConnection(path) if path else \
            http.client.HTTPConnection("127.0.0.1", port, timeout=GUARD)

    def ask(self, method, path, body=None, **headers):
        """body: bytes as they are, anything else as JSON."""
        headers = {name.replace("_", "-"): value
                   for name, value in headers.items()}
        if self.key is not None:
            headers.setdefault("Authorization", "Bearer " + self.key)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.connection.request(method, path, body, headers)
        return Answer(self.connection.getresponse())

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, b"" if body is None else body,
                        **headers)

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def key_section(directory, name, text, tenant="*"):
    """Writes a key's file; the section of confab.conf that names it."""
    path = pathlib.Path(directory) / (name + ".key")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
              "w", encoding="ascii") as file:
        file.write(text + "\n")
    return 'key "file:%s" { tenant = "%s" }\n' % (path, tenant)
