#!/usr/bin/python3
"""An example of a bot: it tells the time, and rolls dice. confab posts to it
what is said in its rooms, and says what it answers:

    bot clerk {
        rooms = {"talk:*"}
        url = "http://127.0.0.1:3000/"
        secret_file = "/etc/confab/clerk.secret"
        commands = {"/time", "/roll"}
    }

    conf/bot.py --port 3000 --secret /etc/confab/clerk.secret

Python's own library is all it needs."""

import argparse
import hashlib
import hmac
import http.server
import json
import pathlib
import random
import time

TOO_OLD_SECONDS = 300


def is_signed(secret, header, body):
    """X-Confab-Signature: t=UNIX,v1=HEX, of the time, a dot and the body."""
    try:
        parts = dict(part.split("=", 1) for part in header.split(","))
        at, given = parts["t"], parts["v1"]
        age = abs(time.time() - int(at))
    except (KeyError, ValueError):
        return False
    wanted = hmac.new(secret, at.encode() + b"." + body, hashlib.sha256)
    return age < TOO_OLD_SECONDS and \
        hmac.compare_digest(wanted.hexdigest(), given)


def tell_time(_):
    return time.strftime("It is %H:%M.")


def roll(rest):
    sides = int(rest) if rest.isdigit() and 1 < int(rest) <= 1000 else 6
    return "%d of %d" % (random.randint(1, sides), sides)


COMMANDS = {"/time": tell_time, "/roll": roll}


class Bot(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body of an answer go out together

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        secret = self.server.secret
        if secret and not is_signed(
                secret, self.headers.get("X-Confab-Signature", ""), body):
            self.answer(401)
            return
        heard = json.loads(body)
        act = COMMANDS.get(heard.get("command"))
        if act:
            self.answer(200, {"body": act(heard["rest"])})
        else:
            self.answer(204)  # nothing to say

    def answer(self, status, what=None):
        text = b"" if what is None else json.dumps(what).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def main():
    wanted = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    wanted.add_argument("--port", type=int, default=3000)
    wanted.add_argument("--secret", type=pathlib.Path)
    given = wanted.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", given.port), Bot)
    server.secret = given.secret and \
        given.secret.read_bytes().removesuffix(b"\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
