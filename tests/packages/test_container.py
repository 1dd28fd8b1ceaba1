"""The container: made by podman from the Dockerfile, run as compose.yaml says.
Debian's slim image is one that is made here, because no registry is asked."""

import http.client
import json
import shutil
import sys

import pytest

from engine import Engine
from machine import BUILD, ROOT, wait_for

sys.path.insert(0, str(ROOT / "tests/integration"))
from client import Client  # noqa: E402

DOCKER = ROOT / "packaging/docker"
# What a machine without any rights over limits can give.
FEWER = "services: {confab: {ulimits: {nofile: 10000, nproc: 10000}}}\n"


@pytest.fixture(scope="module")
def engine():
    place = BUILD / "engine"
    shutil.rmtree(place, ignore_errors=True)
    one = Engine(place)
    try:
        one.debian()
        one.build("confab", "-f", DOCKER / "Dockerfile", ROOT)
        yield one
    finally:
        one.close()


@pytest.fixture(scope="module")
def compose(engine):
    """What compose.yaml says, with fewer descriptors."""
    fewer = engine.place / "fewer.yaml"
    fewer.write_text(FEWER, encoding="ascii")

    def run(*words):
        engine.compose(*map(str, (
            "-f", DOCKER / "compose.yaml", "-f", fewer, *words)))
    return run


@pytest.fixture(scope="module")
def confab(engine, compose):
    compose("up", "-d")
    name = engine.run("ps", "--format", "{{.Names}}").strip()
    serves(engine, name)
    return name


def serves(engine, name):
    wait_for("the container is healthy", lambda: engine.is_healthy(name))


def inside(engine, name, *words):
    return engine.run("exec", name, *words).strip()


def talker(engine, name, user):
    token = inside(engine, name, "confabctl", "token", "mint", "-u", user,
                   "-e", "1h")
    with engine.network():
        client = Client(8089)
    client.call("login", token=token)
    client.call("join", room="r")
    return client


def ask(engine, path, key=None):
    with engine.network():
        to = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
        to.connect()
    to.request("GET", path,
               headers={"Authorization": "Bearer " + key} if key else {})
    answer = to.getresponse()
    return answer.status, answer.read()


def test_it_is_small_and_no_systemd(engine):
    engine.run("run", "--rm", "--network", "none", "--entrypoint", "sh",
               "confab", "-c", "! command -v systemctl && ! command -v gcc && "
               "test ! -e /packages && test ! -e /confab")


def test_it_runs_as_its_own_user_and_may_nothing(engine, confab):
    status = inside(engine, confab, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Name"] == "confabd"
    assert fields["Uid"].split() == ["808"] * 4
    assert int(fields["CapBnd"], 16) == int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    mounts = inside(engine, confab, "cat", "/proc/mounts").splitlines()
    root = next(line.split() for line in mounts if line.split()[1] == "/")
    assert "ro" in root[3].split(",")


def test_who_has_a_token_talks_and_nobody_else(engine, confab):
    ann, bob = (talker(engine, confab, name) for name in ("ann", "bob"))
    ann.call("say", room="r", body="hello")
    assert bob.push("msg")["body"] == "hello"
    with engine.network():
        eve = Client(8089)
    eve.refused(1003, "login", user="eve")


def test_backends_need_the_key_that_was_made(engine, confab):
    key = inside(engine, confab, "cat", "/etc/confab/keys/api.key")
    assert ask(engine, "/v1/history?room=r")[0] == 401
    status, body = ask(engine, "/v1/history?room=r", key)
    assert status == 200
    assert json.loads(body)["messages"][0]["body"] == "hello"
    assert ask(engine, "/")[0] == 200


def test_its_log_is_the_output_of_the_container(engine, confab):
    assert "serving" in engine.run("logs", confab)


def test_a_stop_is_clean_and_everything_is_there_after_it(engine, confab):
    ann = talker(engine, confab, "ann")
    key = inside(engine, confab, "cat", "/etc/confab/keys/api.key")
    engine.run("stop", "-t", "30", confab)
    assert ann.socket.close_code() == 1001
    assert engine.run("inspect", "-f", "{{.State.ExitCode}}",
                      confab).strip() == "0"
    engine.run("start", confab)
    serves(engine, confab)
    assert inside(engine, confab, "cat", "/etc/confab/keys/api.key") == key
    bob = talker(engine, confab, "bob")
    assert bob.call("history", room="r")["messages"][0]["body"] == "hello"


def test_a_new_container_has_the_volumes_of_the_old_one(engine, compose,
                                                        confab):
    compose("down")
    compose("up", "-d")
    serves(engine, confab)
    bob = talker(engine, confab, "bob")
    assert bob.call("history", room="r")["messages"][0]["body"] == "hello"
    compose("down")
