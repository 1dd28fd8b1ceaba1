"""What /metrics, /v1/stats and /v1/traffic say of a server that works."""

import contextlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from urllib.parse import urlencode

import pytest

from conftest import end, make_directory
from server import ROOT, Server, free_ports, wait_for


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


@pytest.fixture(scope="module")
def server():
    """With an api listener of its own for who is on this machine, and with
    another host that is not there."""
    path = make_directory()
    one = Server(path, gateways=2, outbox_bytes="64K", options="""
room "drop*" { slow = drop }
listener local {
    address = "unix:%s/api"
    role = api
}
relay { listen = "tcp://127.0.0.1:%d" peers = {"tcp://127.0.0.1:%d"} }
""" % (path, free_ports(2), free_ports(2)))
    try:
        yield one.start()
        end(one)
    finally:
        one.kill()
        shutil.rmtree(path, ignore_errors=True)


def get(server, path):
    connection = UnixConnection(server.directory / "api")
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def get_json(server, path):
    status, _, body = get(server, path)
    assert status == 200, body
    return json.loads(body)


def samples(server):
    """{"name{labels}": value} of /metrics."""
    status, headers, body = get(server, "/metrics")
    assert status == 200, body
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line.rsplit(" ", 1) for line in body.splitlines()
             if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def total(found, name):
    return sum(value for sample, value in found.items()
               if sample.split("{")[0] == name)


def settled(server):
    """The samples when all is in the archive."""
    def archived():
        found = samples(server)
        return found if total(found, "confab_archived_total") == total(
            found, "confab_messages_total") else None
    return wait_for("all is in the archive", archived)


def talk(server, room, count):
    with server.client("ann", room) as ann, server.client("bob", room) as bob:
        for n in range(count):
            ann.say(room, n)
            bob.push("msg")


def test_promtool_finds_no_fault(server, room):
    talk(server, room, 3)
    _, _, body = get(server, "/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=body,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stdout + done.stderr, \
        done.stdout + done.stderr


def test_promtool_takes_the_alerts():
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal",
         str(ROOT / "packaging/prometheus/confab.rules.yml")],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_manual_and_the_board_name_metrics_that_are_there(server):
    wait_for("the other host is shown", lambda: any(
        name.startswith("confab_peer_up{") for name in samples(server)))
    found = {name.split("{")[0] for name in samples(server)}
    found |= {name[:-len("_count")] for name in found
              if name.endswith("_count")}
    manual = (ROOT / "packaging/man/confab-metrics.7").read_text()
    board = (ROOT / "packaging/grafana/confab.json").read_text()
    rules = (ROOT / "packaging/prometheus/confab.rules.yml").read_text()
    wanted = set(re.findall(r"\bconfab_[a-z_]*[a-z]\b", manual + board +
                            rules))
    assert len(wanted) > 20
    assert wanted <= found, wanted - found


def test_what_is_done_is_counted(server, room):
    before = settled(server)
    talk(server, room, 20)

    def grown(name):
        return total(after, name) - total(before, name)

    def is_counted():
        """What is done is counted a moment later."""
        nonlocal after
        after = settled(server)
        return grown("confab_archive_lag_seconds_count") >= 20 and \
            grown("confab_delivery_seconds_count") >= 20

    after = before
    wait_for("all is counted", is_counted)
    assert grown("confab_messages_total") == 20
    assert grown("confab_archived_total") == 20
    assert grown("confab_archive_lag_seconds_count") == 20
    # Two gateways may each have one of the two.
    assert grown("confab_delivery_seconds_count") <= 40
    assert grown("confab_delivery_seconds_sum") > 0
    assert grown("confab_journal_commit_seconds_count") == \
        grown("confab_journal_batches_total") > 0
    assert grown("confab_delivered_total") >= 20


def test_metrics_and_stats_and_the_status_socket_agree(server, room):
    def stats_of_one():
        """Users are counted anew now and then."""
        stats = get_json(server, "/v1/stats")
        return stats if stats["users"] == stats["connections"] == 1 else None

    begin = time.monotonic()
    with server.client("ann", room):
        stats = wait_for("one user is there alone", stats_of_one)
        found = samples(server)
        info = server.info()
        counters = server.ask_json("show counters")
        assert total(found, "confab_connections") == 1
        assert stats["connections"] == int(info["connections"]) == 1
        assert stats["users"] == int(info["users"]) == 1
        assert total(found, "confab_users") == 1
        assert stats["pid"] == int(info["pid"]) == server.process.pid
        assert stats["state"] == info["state"] == "serving"
        assert stats["version"] == info["version"]
        assert 0 <= int(info["uptime"]) - stats["uptime"] <= \
            time.monotonic() - begin + 1
        assert set(stats["counters"]) == {c["counter"] for c in counters}
        for counter in counters:
            name = "confab_" + counter["counter"] + (
                "" if counter["kind"] == "gauge" else "_total")
            assert any(s.split("{")[0] == name for s in found), name
    assert {(w["role"], w["slot"]) for w in stats["workers"]} == {
        (w["role"], int(w["slot"])) for w in server.workers()}


def test_stats_tell_how_long_things_take(server, room):
    talk(server, room, 5)
    stats = get_json(server, "/v1/stats")
    delivery = stats["latency"]["delivery"]
    assert len(delivery["buckets"]) == len(stats["bounds_ms"]) + 1
    assert sum(delivery["buckets"]) == delivery["count"] >= 5
    assert 0 < delivery["p50_ms"] <= delivery["p90_ms"] <= \
        delivery["p99_ms"] <= delivery["p999_ms"]
    assert 0 < delivery["mean_ms"]


def test_who_shows_no_key_sees_nothing(server):
    for path in ("/metrics", "/v1/stats", "/v1/traffic"):
        answer = server.get(path)
        assert answer.status == 401, path
        assert b"confab_" not in answer.body and b"rooms" not in answer.body


def test_rooms_by_traffic_and_who_does_not_follow(server, room):
    """A busy room, a quiet one, and a member that reads nothing."""
    busy, quiet = "drop-busy" + room, "quiet" + room
    with server.client("deaf", busy, receive_bytes=4096), \
            server.client("bob", quiet), \
            server.client("ann", busy, quiet) as ann:
        for _ in range(100):
            ann.say(busy, "x" * 8000)

        def found():
            ann.say(busy, "x" * 8000)
            ann.say(quiet, "hush")
            traffic = get_json(server, "/v1/traffic")
            rooms = {one["room"]: one for one in traffic["rooms"]}
            return traffic if {busy, quiet} <= set(rooms) and any(
                slow["user"] == "deaf" for slow in traffic["slow"]) else None

        traffic = wait_for("both rooms are told of", found, look_every=0.2)
        rooms = {one["room"]: one for one in traffic["rooms"]}
        names = list(rooms)
        assert names.index(busy) < names.index(quiet)
        assert rooms[busy]["bytes"] > 8000 * rooms[busy]["messages"]
        assert rooms[busy]["pushes"] > rooms[busy]["messages"] > 0
        assert rooms[busy]["tenant"] == "default"
        deaf = [s for s in traffic["slow"] if s["user"] == "deaf"][0]
        assert deaf["state"] == "behind"
        assert deaf["waiting_bytes"] > 8000 and deaf["dropped"] > 0
        assert deaf["address"].startswith("127.0.0.1:")
        # The status socket says the same.
        clients = {c["client"] for c in server.ask_json("show slow")}
        assert deaf["client"] in clients
        assert server.ask_json("show client " + deaf["client"])[
            "user"] == "deaf"
        shown = [one["room"] for one in server.ask_json("show traffic")]
        assert shown[0] in (busy, quiet)
        assert len(server.ask_json("show traffic limit=1")) == 1
        assert get(server, "/v1/traffic?tenant=nobody")[0] == 403
        assert not server.ask_json("show traffic tenant=nobody")
        assert not server.ask_json("show slow tenant=nobody")
        assert server.ask_json("show slow tenant=default limit=1")
        assert len(get_json(server, "/v1/traffic?limit=1")["rooms"]) == 1
        assert get(server, "/v1/traffic?limit=0")[0] == 400


def listed(server, **data):
    """The users of all pages."""
    found, after = [], ""
    for _ in range(100):
        page = get_json(server, "/v1/users?" + urlencode(
            {**data, "after": after} if after else data))
        found += page["users"]
        after = page.get("next")
        if not after:
            return found
    raise AssertionError("the list does not end")


def test_who_is_here_is_listed_page_by_page(server, room):
    names = ["%s %d" % (room, n) for n in range(25)]
    with contextlib.ExitStack() as stack:
        for name in names + names[:3]:
            stack.enter_context(server.client(name))
        for limit in (1, 7, 100):
            found = listed(server, limit=limit, prefix=room)
            assert sorted(one["user"] for one in found) == sorted(names)
        connections = {one["user"]: one["connections"] for one in found}
        assert connections[names[0]] == 2 and connections[names[20]] == 1
        assert all(one["since"] > 1600000000000 for one in found)
        assert not listed(server, prefix=room + "none")
    for wrong in ("limit=0", "limit=1001", "limit=x", "after=%01",
                  "tenant=nobody"):
        assert get(server, "/v1/users?" + wrong)[0] in (400, 403), wrong
    wait_for("all are gone", lambda: not listed(server, prefix=room))


def test_a_killed_gateway_loses_no_count(server, room):
    server.allow("ended by signal 9")
    talk(server, room, 5)
    before = samples(server)
    server.kill_one("gateway")
    after = samples(server)
    for name in ("confab_messages_total", "confab_delivered_total",
                 "confab_delivery_seconds_count", "confab_accepted_total"):
        assert total(after, name) >= total(before, name) > 0
    assert total(after, "confab_process_restarts_total") == total(
        before, "confab_process_restarts_total") + 1
    assert total(after, "confab_process_up") == len(server.workers())
