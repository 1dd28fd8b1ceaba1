"""confabctl: its options, its live screen, its completion in bash."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from server import CONFABCTL, GUARD, ROOT, wait_for

COMPLETION = ROOT / "packaging/completion/confabctl"


def run(*arguments, **environment):
    return subprocess.run(
        [str(CONFABCTL), *arguments], capture_output=True, text=True,
        timeout=GUARD, env={**os.environ, **environment}, check=False)


def socket_of(server):
    return str(server.run_dir / "status.sock")


# Options

def test_help_has_the_words_of_the_server_that_is_there(server):
    done = run("-s", socket_of(server), "--help")
    assert done.returncode == 0 and done.stderr == ""
    for words in ("usage:", "--socket", "--json", "--version", "top",
                  "show workers", "gateways N"):
        assert words in done.stdout, done.stdout
    assert "\t" not in done.stdout


def test_help_without_a_server(directory):
    done = run("-h", "-s", str(directory / "none.sock"))
    assert done.returncode == 0 and "usage:" in done.stdout
    assert "none.sock: No such file" in done.stdout


def test_json_may_be_an_option(server):
    done = run("--json", "-s", socket_of(server), "show", "workers")
    assert done.returncode == 0 and len(json.loads(done.stdout)) == 4
    assert json.loads(run("-j", "-s", socket_of(server)).stdout)


def test_the_socket_may_stand_in_the_environment(server, directory):
    done = run("show", "info", CONFAB_SOCKET=socket_of(server))
    assert done.returncode == 0 and "pid: " in done.stdout
    done = run("-s", str(directory / "none"), "show", "info",
               CONFAB_SOCKET=socket_of(server))
    assert done.returncode == 3


def test_without_both_it_is_the_usual_one():
    done = run("--help", CONFAB_SOCKET="")
    assert "/run/confab/status.sock" in done.stdout


def test_an_argument_with_spaces_is_one_for_the_server(server):
    control = server.control
    with server.client("ann") as ann, server.client("ann lee", "a room") as lee:
        assert control("kick", "user", "ann lee", "no more").returncode == 0
        assert lee.push("kick")["reason"] == "no more"
        assert ann.call("ping")["time"] > 0
    with server.client("ann", "a room") as ann:
        assert control("say", "room", "a room", "two words").returncode == 0
        assert ann.push("msg")["body"] == "two words"
        done = control("say", "room", "a room", "more", "\"or\" less")
        assert done.returncode == 0, done.stderr
        assert ann.push("msg")["body"] == "more \"or\" less"
        assert "connections" in control("show", "room", "a room").stdout
        assert control("show", "rooms", "prefix=a room").returncode == 0


# top in a pipe

def top(server, *arguments):
    return run("-s", socket_of(server), "top", *arguments)


def test_top_in_a_pipe_is_plain_text(server):
    with server.client("u", "r"):
        done = top(server, "-n", "2", "-d", "0.1")
    assert done.returncode == 0 and done.stderr == ""
    assert "\x1b" not in done.stdout
    first, second = done.stdout.split("\n\nconfab ")
    assert "messages - " in first and "messages 0 " in second
    assert re.search(r"connections 1  logged in 1", first)
    assert re.search(r"gateway 0 +%d serving +1 " % server.pids("gateway")[0],
                     second)


@pytest.mark.parametrize("wrong", [
    ["-n", "0"], ["-n", "x"], ["-n"], ["-d", "0"], ["-d", "3601"], ["-x"],
    ["more"], ["-d", "1s"]])
def test_top_exits_2_on_bad_usage(server, wrong):
    done = top(server, *wrong)
    assert done.returncode == 2 and "usage:" in done.stderr


def test_top_exits_3_when_nobody_answers(directory):
    done = run("-s", str(directory / "none"), "top", "-n", "1")
    assert done.returncode == 3 and "none" in done.stderr


# top on a terminal

class Screen:
    """What a terminal would show; it knows the escapes that top uses."""

    def __init__(self, server, *arguments, rows=24, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(CONFABCTL, ["confabctl", "-s", socket_of(server), "top",
                                 *arguments])
        self.text = ""
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """False when it has ended."""
        if select.select([self.fd], [], [], 0.05)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.text += data.decode()
            return bool(data)
        return True

    def screens(self):
        """All whole ones so far, as lists of lines."""
        return [[line.replace("\x1b[K", "") for line in re.split("\r+\n", one)]
                for one in re.findall(r"\x1b\[H(.*?)\x1b\[J", self.text,
                                      re.DOTALL)]

    def wait(self, is_right):
        """For a screen of from now on."""
        seen = len(self.screens())

        def found():
            self.read()
            return any(is_right(lines) for lines in self.screens()[seen:])
        wait_for("the screen shows it", found)

    def key(self, key):
        os.write(self.fd, key.encode())

    def end(self):
        """The exit status."""
        limit = time.monotonic() + GUARD
        while self.read():
            assert time.monotonic() < limit, "it does not end"
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def shows(words):
    return lambda lines: words in "\n".join(lines)


def test_top_shows_keys_and_quits(server):
    screen = Screen(server, "-d", "0.2")
    screen.wait(shows("messages 0 "))
    screen.key("h")
    screen.wait(shows("q quits"))
    screen.key("c")
    screen.wait(shows("SLOT"))
    screen.key("q")
    assert screen.end() == 0
    assert screen.text.startswith("\x1b[?1049h")
    assert screen.text.endswith("\x1b[?25h\x1b[?1049l")


def test_top_keeps_to_the_size_of_its_window(server):
    screen = Screen(server, "-d", "0.2", rows=10, columns=40)
    screen.wait(lambda lines: len(lines) == 10 and
                max(map(len, lines)) in (39, 40))
    screen.resize(24, 80)
    screen.wait(lambda lines: 10 < len(lines) <= 24 and
                40 < max(map(len, lines)) <= 80)
    os.kill(screen.pid, signal.SIGTERM)
    assert screen.end() == 0


def test_top_waits_for_a_server_that_comes_back(make_server):
    server = make_server().start()
    screen = Screen(server, "-d", "0.2")
    screen.wait(shows("pid %d" % server.process.pid))
    server.stop()
    screen.wait(shows("OLD: "))
    server.start()
    screen.wait(lambda lines: shows("pid %d" % server.process.pid)(lines) and
                not shows("OLD: ")(lines))
    screen.key("q")
    assert screen.end() == 0


# Completion

def complete(*words):
    """What bash offers for the last word."""
    script = """
        source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        $(complete -p confabctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/') \
            confabctl "${COMP_WORDS[COMP_CWORD]}" \
            "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", str(COMPLETION),
         "confabctl", *words],
        capture_output=True, text=True, timeout=GUARD, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_completion_knows_the_words():
    assert {"show", "top", "stop", "drain", "reload", "help"} <= complete("")
    assert complete("rel") == {"reload"}
    assert complete("show", "wor") == {"workers"}
    assert complete("-s", "x", "show", "inf") == {"info"}
    assert complete("--json", "sh") == {"show"}
    assert complete("json", "show", "inf") == {"info"}
    assert complete("set", "") == {"log"}
    assert complete("set", "log", "d") == {"debug"}
    assert complete("show", "info", "") == set()
    assert complete("token", "m") == {"mint"}


def test_completion_knows_options_and_sockets(directory):
    assert complete("--") == {"--socket", "--json", "--version", "--help"}
    (directory / "some.sock").touch()
    assert complete("-s", "%s/so" % directory) == {
        "%s/some.sock" % directory}
    assert {"-d", "-n"} <= complete("top", "-")


def test_completion_knows_what_help_lists(server):
    """The first words of all that the server knows."""
    table = run("-s", socket_of(server), "help").stdout.splitlines()[1:]
    for line in table:
        words = line.split("\t")[0].split()
        known = [w for w in words if re.fullmatch("[a-z]+", w)]
        for i, word in enumerate(known):
            assert word in complete(*known[:i], word), line


# Manuals

def headings(page, macro):
    """What the items of a manual's lists begin with."""
    return set(re.findall(r"^\.It %s (.*)$" % macro,
                          (ROOT / "packaging/man" / page).read_text(), re.M))


def test_the_manual_has_every_word(server):
    words = [line.split("\t")[0] for line in
             run("-s", socket_of(server), "help").stdout.splitlines()[1:]]
    known = headings("confabctl.1", "Ic")
    for word in words:
        plain = re.match("[a-z ]+", word)[0].strip()
        assert any(re.match(r"%s( (Ar|Cm|Oo) |$)" % plain, it)
                   for it in known), word
    for it in known:
        plain = re.split(" (?:Ar|Cm|Oo|Op) ", it)[0]
        assert any(word.startswith(plain) for word in words), it


def test_the_manual_has_every_signal():
    table = (ROOT / "master/signals.c").read_text()
    known = {name for it in headings("confabd.8", "Dv")
             for name in it.split(" , ")}
    assert known == set(re.findall(r"\{ SIG([A-Z0-9]+),", table)) - {"CHLD"}
