"""confab-push: the command line of the system that the profile push stands in
for, and its load test as it stands in its documents."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

import wire
from server import (CONFABD, GUARD, ROOT, die_with_parent, free_port,
                    wait_for)

PROGRAM = ROOT / "packaging" / "bin" / "confab-push"

# As in the documents.
POSTDATA = ('{"topic":"all","topic_ids":["1"],"types":"notice",'
            '"msg":"测试消息","timeout":2121325421,'
            '"time":"2019-12-12 12:12:12"}')


def environment(**more):
    return {"CONFABD": str(CONFABD), "CONFAB_SHARE": str(ROOT),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **more}


def refused(*flags):
    done = subprocess.run([PROGRAM, *flags], env=environment(HOME="/nowhere"),
                          capture_output=True, text=True, timeout=GUARD,
                          check=False)
    assert done.returncode == 2 and not done.stdout
    return done.stderr


class Push:
    def __init__(self, directory, *flags, dir_flag=True, **more):
        self.log = directory / "log"
        flags = list(flags)
        if dir_flag:
            flags.append("-dir=%s" % (directory / "push"))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, *flags], env=environment(**more), stdout=log,
                stderr=log, cwd=directory, preexec_fn=die_with_parent)

    def wait_serving(self, port):
        wait_for("every worker serves", lambda: '"msg":"serving"' in ask(
            port, "GET", "/status"), alive=lambda: self.process.poll() is None)
        return self

    def said(self):
        return self.log.read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(GUARD) == 0


def ask(port, method, path, body=""):
    try:
        with wire.Socket(port) as one:
            body = body.encode()
            one.send(b"%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
                     b"\r\n%s" % (method.encode(), path.encode(), len(body),
                                 body))
            return one.read_response().body.decode()
    except OSError:
        return ""


def listen(port, uid):
    """The first ping says that it hears what is pushed."""
    one = wire.WebSocket(port, path="/ws?d={%%22uid%%22:%%22%s%%22}" % uid)
    assert one.read_frame() == (wire.PING, b"\0")
    return one


@pytest.mark.parametrize("flag", ["-port=%d", "-post=%d", "--port=%d",
                                  "-port %d", "--post %d"])
def test_the_port_is_given_by_either_flag(directory, flag):
    port = free_port()
    with Push(directory, *(flag % port).split()) as push:
        push.wait_serving(port)
        with listen(port, "1") as one:
            assert ask(port, "POST", "/send", POSTDATA) == (
                '{"msg":"success."}')
            assert json.loads(one.read_text())["msg"] == "测试消息"


@pytest.mark.parametrize("queue, is_ignored", [
    ("list", False), ("redis/localhost:6379", True),
    ("redis//localhost:6379", True), ("disque/localhost:7711", True),
    ("disque//localhost:7711", True)])
def test_every_queue_is_taken_and_no_other_server_asked(directory, queue,
                                                        is_ignored):
    port = free_port()
    with Push(directory, "-port=%d" % port, "-queue=" + queue) as push:
        push.wait_serving(port)
        assert ("confab-push: -queue=%s: no such server" % queue
                in push.said()) == is_ignored


def test_without_flags_it_is_on_the_port_that_clients_know(directory):
    """And its files are where a user keeps such things."""
    with Push(directory, dir_flag=os.geteuid() == 0, HOME=str(directory),
              XDG_STATE_HOME=str(directory / "state")) as push:
        push.wait_serving(3210)
    if os.geteuid() != 0:
        assert (directory / "state/confab-push/3210/confab.conf").exists()


@pytest.mark.parametrize("flags, why", [
    (["-port=0"], "is no port"), (["-port=65536"], "is no port"),
    (["-port=x"], "is no port"), (["-port"], "needs a value"),
    (["-queue=rabbit/x"], "known are list, redis"),
    (["-nonsense=1"], "usage: confab-push"), (["nonsense"], "is no flag"),
    (["-address=a b"], "is no address"), (['-dir="'], "signs")])
def test_what_makes_no_sense_is_refused(flags, why):
    assert why in refused(*flags)


def test_elsewhere_is_asked_for(directory):
    """Nobody is reached by accident."""
    port = free_port()
    with Push(directory, "-port=%d" % port) as push:
        push.wait_serving(port)
        config = (directory / "push/confab.conf").read_text()
        assert "insecure = false" in config
        assert 'address = "127.0.0.1:%d"' % port in config
    with Push(directory, "-port=%d" % port, "-address=0.0.0.0") as push:
        push.wait_serving(port)
        config = (directory / "push/confab.conf").read_text()
        assert "insecure = true" in config


def commands_of_the_manual(port):
    """The flags of confab-push, and the command of ab, on another port."""
    text = (ROOT / "packaging/man/confab-push.1").read_text()
    lines = [line.strip('" ') for line in
             re.findall(r"^\.Dl (.*)$", text, re.M)]
    start, load = re.findall(
        r"\$ (.*)", " ".join(lines).replace("\\e ", "").replace("$", "\n$"))
    assert start.startswith("confab-push ") and load.startswith("ab ")
    return (start.replace("3210", str(port)).split()[1:],
            load.replace("localhost:3210", "127.0.0.1:%d" % port))


def test_the_load_test_of_the_documents_reaches_every_subscriber(directory):
    """100 requests, 100 at a time, HTTP/1.0 as ab speaks it."""
    if not shutil.which("ab"):
        pytest.fail("ab is not installed (apache2-utils)")
    (directory / "postdata.txt").write_text(POSTDATA)
    port = free_port()
    flags, load = commands_of_the_manual(port)
    with Push(directory, *flags) as push:
        push.wait_serving(port)
        listeners = [listen(port, uid) for uid in ("1", "2", "2", "3")]
        done = subprocess.run(
            load, shell=True, cwd=directory, capture_output=True, text=True,
            timeout=GUARD, check=True)
        assert re.search(r"Complete requests: +100\n", done.stdout)
        assert re.search(r"Failed requests: +0\n", done.stdout)
        assert "Non-2xx" not in done.stdout
        ask(port, "POST", "/send", json.dumps({"topic": "all", "msg": "end"}))
        for one in listeners:
            for _ in range(100):
                assert json.loads(one.read_text()) == {
                    "types": "notice", "msg": "测试消息",
                    "time": "2019-12-12 12:12:12"}
            assert json.loads(one.read_text())["msg"] == "end"
            one.close()
