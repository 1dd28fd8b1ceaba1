"""Somebody who does what our documents say, block by block, as it stands there
but for ports and places: shells have the programs of this tree as confabd and
confabctl, and curl fails when it is refused. What needs a fresh machine (apt,
systemctl, make ...) is only looked at.
"""

import json
import os
import re
import shutil
import subprocess

import conftest
from certificates import Certificate, Signer
from server import (CONFABCTL, CONFABD, GUARD, ROOT, Server, free_port,
                    free_ports, wait_for)

# What belongs to the machine is looked at and not done.
LOOKED_AT = {
    "apt": r"(install|remove|purge) .*", "dnf": r"install .*",
    "systemctl": r"(enable|restart|reload|daemon-reload|stop|start)\b.*",
    "useradd": r".* confab$", "make": None,
    "docker": r"compose -f packaging/\S+ (up|down|exec|logs)\b.*"}
SUDO = '#!/bin/sh\nexec "$@"\n'
LOOK = "#!/bin/sh\necho %s \"$@\" >> %s\n"
# A refusal is no success.
CURL = '#!/bin/sh\nexec %s --fail-with-body -sS "$@"\n'

PROGRAMS = {
    "python": ("program.py", ["/usr/bin/python3"]),
    "php": ("program.php", ["php"]),
    "go": ("program.go", ["go"]),
    "js": ("program.mjs", ["node"]),
}
HELLO = re.compile(r"hello from [\w.]+[A-Za-z]")


def sections(text):
    """The sections of a configuration, (kind and title, whole text)."""
    found = []
    for match in re.finditer(r"^(\w+)( [^\s{]+)? +\{", text, re.M):
        depth = 0
        for end in range(match.end() - 1, len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth == 0:
                break
        name = (match[1] + (match[2] or "")).strip().replace('"', "")
        found.append((name, text[match.start():end + 1]))
    return found


class Reader:
    """Who does what a part of the README says."""

    def __init__(self, directory, options="", **known):
        self.directory = directory
        self.etc = directory / "etc"
        self.tree = directory / "tree"
        self.bin = directory / "bin"
        self.calls = directory / "calls"
        for path in (self.etc / "tls", self.tree / "build/dev", self.bin):
            path.mkdir(parents=True)
        self.server = Server(directory / "confab", options, **known)
        self.hosts = {}
        self.ports = {8089: self.server.port, 8080: self.server.http_port}
        self.answer = ""
        self.furnish()
        self.server.start()

    def furnish(self):
        """What a reader has by then."""
        certificate = Certificate(self.directory, "chat.example.com")
        shutil.copy(certificate.path, self.etc / "tls/fullchain.pem")
        shutil.copy(certificate.key_path, self.etc / "tls/privkey.pem")
        signer = Signer(self.directory)
        signer.sign(self.directory, "10.0.0.1")
        for path, name in ((signer.path, "cluster-ca.pem"),
                           (self.directory / "host.pem", "host.pem"),
                           (self.directory / "host.key", "host.key")):
            shutil.copy(path, self.etc / name)
        for name in ("backend.key", "token.key", "relay.key"):
            (self.etc / name).write_text("the-first-%s-is-long-enough" % name)
            (self.etc / name).chmod(0o600)
        (self.tree / "build/dev/api.key").symlink_to(self.etc / "backend.key")
        self.merge('key "file:/etc/confab/backend.key" { tenant = "*" }')
        for name in ("conf", "packaging"):
            (self.tree / name).symlink_to(ROOT / name)
        for path in (ROOT / "web").glob("confab*.js"):
            (self.tree / path.name).symlink_to(path)
        self.tool("sudo", SUDO)
        self.tool("curl", CURL % shutil.which("curl"))
        self.tool("confabd", '#!/bin/sh\nexec %s -c %s "$@"\n' % (
            CONFABD, self.server.config_path))
        self.tool("confabctl", """#!/bin/sh
if [ "$1" = token ]; then
    word=$2
    shift 2
    exec %s token "$word" -c %s "$@"
fi
exec %s -s %s "$@"
""" % (CONFABCTL, self.server.config_path, CONFABCTL,
            self.server.run_dir / "status.sock"))
        for name in LOOKED_AT:
            self.tool(name, LOOK % (name, self.calls))

    def tool(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def ours(self, text):
        """The block with the addresses and the places of this test."""
        text = text.replace("/etc/confab/", "%s/" % self.etc)
        text = text.replace("/etc/systemd/", "%s/systemd/" % self.etc)
        text = text.replace("/run/confab/", "%s/" % self.server.run_dir)
        text = text.replace(" -g confab", "")
        text = re.sub(r"\b10\.0\.0\.(\d+):7100\b", lambda found:
                      "127.0.0.1:%d" % self.relay_port(found[1]), text)
        return re.sub(
            r"\b(127\.0\.0\.1|0\.0\.0\.0|localhost):(\d+)",
            lambda found: "127.0.0.1:%d" % self.port(int(found[2])), text)

    def port(self, number):
        """Those of tests are far above those of documents."""
        if number >= 12000:
            return number
        return self.ports.setdefault(number, free_port())

    def relay_port(self, host):
        return self.ports.setdefault("relay " + host, free_ports(2))

    # The kinds of blocks

    def conf(self, text):
        """Sections take the place of those that are there."""
        number = re.match(r"host_id = (\d+)$", text, re.M)
        if number:
            self.be_host(int(number[1]), text)
            return
        public = re.search(r'^listener public \{.*?:(\d+)"', text,
                           re.M | re.S)
        if public:
            self.ports[int(public[1])] = self.server.port
        self.merge(text)
        before = self.generations()
        self.sh("confabd -t && confabctl reload")
        wait_for("all have the next configuration", lambda:
                 self.generations() == {max(before) + 1})

    def generations(self):
        return {int(one["config"]) for one in self.server.workers()}

    def be_host(self, number, text):
        """The first is the server that is there; what makes them a cluster is
        settled at a start."""
        server = self.server
        if self.hosts:
            server = Server(self.directory / ("host%d" % number))
        else:
            server.stop()
        self.hosts[number] = server
        self.merge(text, server)
        server.start()
        if len(self.hosts) > 1:
            self.meet()

    def meet(self):
        for server in self.hosts.values():
            wait_for("hosts meet", lambda: [
                peer["state"] for peer in server.ask_json("show peers")] == [
                    "up"] * (len(self.hosts) - 1))
        first, *others = self.hosts.values()
        with first.client("ann", "cluster") as ann:
            ann.say("cluster", "hello")
        for server in others:
            with server.client("bob", "cluster") as bob:
                wait_for("what is said here is there", lambda: [
                    one["body"] for one in bob.whole_history("cluster")] == [
                        "hello"])

    def merge(self, text, server=None):
        path = (server or self.server).config_path
        config = path.read_text()
        text = self.ours(text)
        new = sections(text)
        for _, whole in new:
            text = text.replace(whole, "")
        config = text + config
        for name, _ in new:
            for old, whole in sections(config):
                if old == name:
                    config = config.replace(whole, "")
        for _, whole in new:
            config += whole + "\n"
        path.write_text(config)

    def sh(self, text):
        self.answer = self.run(["sh", "-euc", self.ours(text)])

    def surroundings(self):
        return {**os.environ, "HOME": str(self.directory),
                "PATH": "%s:%s" % (self.bin, os.environ["PATH"]),
                "KEY": (self.etc / "backend.key").read_text().strip(),
                "GOCACHE": str(ROOT / "build/go")}

    def run(self, command, guard=4 * GUARD):
        done = subprocess.run(
            command, cwd=self.tree, capture_output=True, text=True,
            timeout=guard, check=False, stdin=subprocess.DEVNULL,
            env=self.surroundings())
        assert done.returncode == 0, "%s\n%s%s" % (
            command[-1], done.stdout, done.stderr)
        return done.stdout

    def json(self, text):
        assert set(json.loads(self.answer)) == set(json.loads(text))

    def console(self, text):
        """Lines of a conversation: `>` is said, `<` must have the shape."""
        client = None
        for line in text.splitlines():
            if line.startswith("$ "):
                assert line.endswith("ws://127.0.0.1:8089/chat")
                client = self.server.client()
            elif line.startswith("> "):
                asked = json.loads(line[2:])
                answer = client.ask(asked["cmd"], **asked.get("data", {}))
            else:
                shown = json.loads(re.sub("(?<=[:[])…", "null", line[2:]))
                assert answer["code"] == shown["code"] == 200
                assert set(answer["data"]) == set(shown["data"])
        client.close()

    def program(self, language, text):
        name, command = PROGRAMS[language]
        command = list(command)
        where = shutil.which(command[0])
        if not where:
            return
        if language == "js" and "Confab(" in text:
            if not self.has_websocket(where):
                return
            command = [where, *self.websocket(where)]
        (self.tree / name).write_text(self.ours(text))
        command.append(name)
        if language == "go":
            command = [self.build_go(name)]
        hears = HELLO.search(text)
        with self.server.client("reader", "lobby") as client:
            self.answer = self.run_until_heard(command, client, hears)

    def build_go(self, name):
        """All that it needs with it, the first time: that takes minutes where
        others are at work."""
        self.run(["go", "build", "-o", "program-go", name], 20 * GUARD)
        return str(self.tree / "program-go")

    def run_until_heard(self, command, client, hears):
        """A program that stays to listen has said its word all the same."""
        log = open(self.directory / "said", "w+", encoding="utf-8")
        process = subprocess.Popen(
            command, cwd=self.tree, stdout=log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, env=self.surroundings())
        try:
            assert hears, "a program says hello from somewhere"
            assert client.push("msg", 4 * GUARD)["body"] == hears[0]
        finally:
            log.seek(0)
            process.kill()
            process.wait(GUARD)
            said = log.read()
            log.close()
        return said

    @staticmethod
    def websocket(node):
        done = subprocess.run([node, "-p", "typeof WebSocket"],
                              capture_output=True, text=True, check=True)
        return [] if "function" in done.stdout else [
            "--experimental-websocket"]

    @staticmethod
    def has_websocket(node):
        return not subprocess.run(
            [node, "--experimental-websocket", "-e", "new WebSocket"],
            capture_output=True, check=False).stderr.startswith(
                b"%s: bad option" % node.encode())

    def end(self):
        self.check_calls()
        self.server.allow("posting events|hook|bot")
        for server in {self.server, *self.hosts.values()}:
            conftest.end(server)

    def kill(self):
        for server in {self.server, *self.hosts.values()}:
            server.kill()

    def check_calls(self):
        """What was only looked at is something that can be done."""
        if not self.calls.exists():
            return
        for line in self.calls.read_text().splitlines():
            name, _, words = line.partition(" ")
            if name == "make":
                subprocess.run(["make", "-n", *words.split()], cwd=ROOT,
                               check=True, capture_output=True)
            else:
                assert re.fullmatch(LOOKED_AT[name], words), line
            for path in re.findall(r" (packaging/\S+)", line):
                assert (ROOT / path).exists(), line
