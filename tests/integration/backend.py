"""A backend as the server's hooks meet it: it answers what a test tells it to,
and remembers everything it was asked."""

import hashlib
import hmac
import http.client
import http.server
import json
import socket
import ssl
import threading
import time

from server import free_port, wait_for

SECRET = "a secret of the tests"


class Asked:
    """One request."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.body = body
        self.json = json.loads(body)

    def is_signed(self, secret=SECRET):
        parts = dict(part.split("=", 1) for part in
                     self.headers["X-Confab-Signature"].split(","))
        wanted = hmac.new(secret.encode(),
                          parts["t"].encode() + b"." + self.body,
                          hashlib.sha256).hexdigest()
        return wanted == parts["v1"] and abs(time.time() -
                                             int(parts["t"])) < 60


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment, else each takes 40 ms

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = Asked(self.path, self.headers, body)
        status, answer = self.server.backend.take(asked)
        if isinstance(answer, bytes):  # instead of HTTP
            self.wfile.write(answer)
            self.close_connection = True
            return
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class HTTPServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class Backend:
    """answer: what it says to a request, as (status, JSON or None), and bytes
    instead of JSON for what is no HTTP. It may take its time."""

    def __init__(self, answer=lambda asked: (200, {}), port=None, tls=None):
        self.port = port or free_port()
        self.answer = answer
        self.tls = tls  # files of certificate and key
        self.asked = []
        self.server = None
        self.up()

    def up(self):
        self.server = HTTPServer(("127.0.0.1", self.port), Handler)
        self.server.backend = self
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True,
                do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.02,),
                         daemon=True).start()

    def down(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def take(self, asked):
        status, answer = self.answer(asked)
        self.asked.append(asked)
        return status, answer

    def url(self, path="/hook"):
        return "%s://127.0.0.1:%d%s" % (
            "https" if self.tls else "http", self.port, path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    # As a webhook

    def events(self, *names):
        """All that came, once each, in the order of their numbers."""
        found = {event["number"]: event for asked in list(self.asked)
                 for event in asked.json.get("events", [])}
        return [found[number] for number in sorted(found)
                if not names or found[number]["event"] in names]

    def wait_event(self, **wanted):
        return wait_for(
            "the event %r" % wanted,
            lambda: next((event for event in self.events()
                          if wanted.items() <= event.items()), None))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self.path))


def ask_api(path, method, address, data=None):
    """A request by a unix socket: status and JSON of the answer."""
    connection = UnixConnection(path)
    connection.request(method, address,
                       None if data is None else json.dumps(data))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text)
