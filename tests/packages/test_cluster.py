"""Three containers that are one server, behind nginx, as cluster/compose.yaml
says. nginx's image is one that is made here of Debian's package."""

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
HOSTS = ("one", "two", "three")
LIMITS = "  %s: {ulimits: {nofile: 5000, nproc: 10000}}\n"
NGINX = """ARG DEBIAN
FROM debian:${DEBIAN}-slim
RUN apt-get update && apt-get install -y --no-install-recommends nginx-light
ENTRYPOINT ["nginx", "-g", "daemon off;"]
"""


@pytest.fixture(scope="module")
def engine():
    place = BUILD / "cluster"
    shutil.rmtree(place, ignore_errors=True)
    one = Engine(place)
    try:
        one.debian()
        one.build("confab", "-f", DOCKER / "Dockerfile", ROOT)
        (place / "nginx").mkdir()
        (place / "nginx/Dockerfile").write_text(NGINX, encoding="ascii")
        one.build("nginx:stable", place / "nginx")
        yield one
    finally:
        one.close()


@pytest.fixture(scope="module")
def hosts(engine):
    """{name: container} of all that serve."""
    fewer = engine.place / "fewer.yaml"
    fewer.write_text("services:\n" + "".join(
        LIMITS % name for name in HOSTS + ("nginx",)), encoding="ascii")
    engine.compose("-f", str(DOCKER / "cluster/compose.yaml"), "-f",
                   str(fewer), "up", "-d")
    names = engine.run("ps", "--format", "{{.Names}}").split()
    found = {host: next(name for name in names if "_%s_" % host in name)
             for host in HOSTS}
    for name in found.values():
        wait_for("%s is healthy" % name, lambda n=name: engine.is_healthy(n))
    return found


def talker(engine, hosts, user, room):
    """Through nginx, which chooses the host; by a token that any host made."""
    token = engine.run("exec", hosts["two"], "confabctl", "token", "mint",
                       "-u", user, "-e", "1h").strip()
    with engine.network():
        client = Client(8080)
    client.login = client.call("login", token=token)
    client.call("join", room=room)
    return client


def peers(engine, name):
    """States of the other hosts, as one sees them."""
    said = json.loads(engine.run("exec", name, "confabctl", "json", "show",
                                 "peers", check=False) or "[]")
    return sorted(peer["state"] for peer in said)


@pytest.fixture(scope="module")
def met(engine, hosts):
    for name in hosts.values():
        wait_for("%s has met the others" % name, lambda n=name: peers(
            engine, n) == ["self", "up", "up"])
    return hosts


def comes_to(engine, hosts, number, room):
    """A client on that host; None when nginx has chosen another."""
    client = talker(engine, hosts, "who", room)
    if client.login["host"] == number:
        return client
    client.close()
    return None


def bodies(client, room):
    return [one["body"] for one in client.call("history",
                                               room=room)["messages"]]


def test_clients_of_three_hosts_talk_in_one_room(engine, met):
    three = [talker(engine, met, name, "r") for name in ("ann", "bob", "cy")]
    assert sorted(one.login["host"] for one in three) == [1, 2, 3]
    for client in three:
        client.call("say", room="r", body="from %s" % client.login["user"])
    for client in three:
        others = {one.login["user"] for one in three} - {client.login["user"]}
        assert {client.push("msg")["body"] for _ in others} == {
            "from " + user for user in others}
    for client in three:
        client.close()


def test_keys_are_the_same_on_all_and_nobody_else_reads_them(engine, met):
    said = {engine.run("exec", name, "sh", "-c", "cd /etc/confab/keys && "
                       "sha256sum *.key && stat -c %a *.key")
            for name in met.values()}
    assert len(said) == 1
    assert said.pop().split()[-3:] == ["600"] * 3


def test_the_world_gets_pages_and_not_what_is_for_backends(engine, met):
    for path, status in (("/", 200), ("/v1/history?room=r", 404),
                         ("/metrics", 404), ("/dashboard/", 404)):
        with engine.network():
            to = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
            to.connect()
        to.request("GET", path)
        assert to.getresponse().status == status, path
        to.close()


def test_a_lost_host_costs_its_clients_one_connect(engine, met):
    three = [talker(engine, met, name, "k") for name in ("ann", "bob", "cy")]
    lost, one, other = sorted(three, key=lambda c: c.login["host"])
    one.call("say", room="k", body="before")
    assert lost.push("msg")["body"] == other.push("msg")["body"] == "before"
    engine.run("kill", met["one"])
    lost.close()
    one.call("say", room="k", body="meanwhile")
    assert other.push("msg")["body"] == "meanwhile"
    again = talker(engine, {"two": met["three"]}, "again", "k")
    assert again.login["host"] != 1
    wait_for("all of it is there", lambda: bodies(again, "k") == [
        "before", "meanwhile"])
    engine.run("start", met["one"])
    wait_for("it has met the others again", lambda: peers(
        engine, met["two"]) == ["self", "up", "up"])
    nginx = next(name for name in engine.run(
        "ps", "--format", "{{.Names}}").split() if "_nginx_" in name)
    engine.run("exec", nginx, "nginx", "-s", "reload")
    back = wait_for("a client comes to it", lambda: comes_to(
        engine, met, 1, "k"))
    wait_for("it has what it missed", lambda: bodies(back, "k") == [
        "before", "meanwhile"])
