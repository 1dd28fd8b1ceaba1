"""Backends ban, lift, revoke and list, each in its own tenant."""

import pytest

import api
from server import wait_for
from test_bans import assert_thrown_out, login_refused

CLASSES = """
tenant other { }
key "file:%s" { tenant = other }
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    key = tmp_path_factory.mktemp("keys") / "key"
    key.write_text("of-the-other-tenant")
    key.chmod(0o600)
    with api.house(gateways=2, options=CLASSES % key) as made:
        yield made


@pytest.fixture
def server(both):
    return both[0]


@pytest.fixture
def backend(both):
    return both[1]


class Stranger(api.Backend):
    """With the key of one tenant, over TCP."""

    def __init__(self, server):
        self.server = server

    def ask(self, method, path, data=None, headers=None, raw=None):
        connection = api.http.client.HTTPConnection(
            "127.0.0.1", self.server.http_port, timeout=api.wire.GUARD)
        connection.request(
            method, path, None if data is None else api.json.dumps(data),
            {"Authorization": "Bearer of-the-other-tenant"})
        answer = connection.getresponse()
        got = api.Answer(answer.status, dict(answer.getheaders()),
                         answer.read())
        connection.close()
        return got


@pytest.fixture
def stranger(server):
    return Stranger(server)


def bans(backend, **query):
    return backend.get("/v1/bans", **query)["bans"]


def test_a_ban_holds_when_it_is_answered(server, backend):
    with server.client("ann") as ann:
        ban = backend.post("/v1/ban", {"user": "ann", "seconds": 3600,
                                       "reason": "spam"})
        assert ban["until"] - ban["since"] == 3600000
        assert {"kind": "user", "user": "ann", "tenant": "default",
                "reason": "spam"}.items() <= ban.items()
        login_refused(server, "ann")
        assert_thrown_out(ann, "spam")
    assert [b["user"] for b in bans(backend)] == ["ann"]
    assert backend.post("/v1/unban", {"user": "ann"}) == {}
    assert bans(backend) == []
    server.client("ann").close()
    backend.refused(404, 1005, "POST", "/v1/unban", {"user": "ann"})


def test_from_a_room_and_by_address(server, backend):
    with server.client("bob", "hall") as bob:
        backend.post("/v1/ban", {"user": "bob", "room": "hall"})
        assert bob.push("kick")["room"] == "hall"
        backend.refused(403, 1003, "POST", "/v1/join",
                        {"user": "bob", "room": "hall"})
        backend.refused(403, 1003, "POST", "/v1/say",
                        {"from": "bob", "room": "hall", "body": 1})
        backend.say(**{"from": "bob"}, room="yard", body=1)
        backend.post("/v1/unban", {"user": "bob", "room": "hall"})
        backend.post("/v1/join", {"user": "bob", "room": "hall"})
        backend.post("/v1/ban", {"ip": "127.0.0.9/32", "tenant": "*"})
        bob.fence()
    [ban] = bans(backend)
    assert (ban["kind"], ban["ip"], ban["tenant"]) == ("ip", "127.0.0.9", "*")
    backend.post("/v1/unban", {"ip": "127.0.0.9", "tenant": "*"})


def test_who_is_banned_says_nothing_by_a_backend(backend):
    backend.post("/v1/ban", {"user": "cleo"})
    backend.refused(403, 1003, "POST", "/v1/say",
                    {"from": "cleo", "user": "dan", "body": 1})
    backend.refused(403, 1003, "POST", "/v1/say",
                    {"from": "cleo", "all": True, "body": 1})
    backend.post("/v1/unban", {"user": "cleo"})


def test_revocations_are_given_and_lifted(backend):
    first = backend.post("/v1/revoke", {"user": "eve"})
    assert (first["kind"], first["user"]) == ("issued", "eve")
    assert first["issued_before"] == pytest.approx(first["since"], abs=1000)
    later = backend.post("/v1/revoke", {"all": True, "issued_before": 5000,
                                        "seconds": 60})
    assert later["issued_before"] == 5000 and "user" not in later
    token = backend.post("/v1/revoke", {"token": "jti-7", "seconds": 60})
    assert (token["kind"], token["token"]) == ("token", "jti-7")
    assert len(bans(backend)) == 3
    backend.post("/v1/unban", {"user": "eve", "revoked": True})
    backend.post("/v1/unban", {"all": True, "revoked": True})
    backend.post("/v1/unban", {"token": "jti-7"})
    assert bans(backend) == []


def test_nothing_crosses_the_border(server, backend, stranger):
    with server.client("fay") as fay, server.client() as other:
        other.call("login", user="fay", tenant="other")
        stranger.post("/v1/ban", {"user": "fay"})
        assert_thrown_out(other)
        stranger.post("/v1/ban", {"ip": "127.0.0.1"})
        stranger.post("/v1/revoke", {"all": True})
        fay.fence()
        assert fay.seen("kick") == []
    with server.client("fay"):
        pass
    backend.post("/v1/ban", {"user": "gus"})
    backend.post("/v1/ban", {"user": "hal", "tenant": "*"})
    assert {ban["tenant"] for ban in bans(stranger)} == {"other"}
    assert len(bans(stranger)) == 3
    assert len(bans(backend)) == 5
    assert [b["user"] for b in bans(backend, tenant="*")] == ["hal"]
    for tenant in ("default", "*", "nobody"):
        for path in ("/v1/ban", "/v1/unban", "/v1/revoke"):
            stranger.refused(403, 1003, "POST", path,
                             {"user": "gus", "tenant": tenant})
        stranger.refused(403, 1003, "GET", "/v1/bans?tenant=" + tenant)
    stranger.refused(404, 1005, "POST", "/v1/unban", {"user": "gus"})
    stranger.refused(404, 1005, "POST", "/v1/unban", {"user": "hal"})
    stranger.post("/v1/unban", {"user": "fay"})
    stranger.post("/v1/unban", {"ip": "127.0.0.1"})
    stranger.post("/v1/unban", {"all": True, "revoked": True})
    backend.post("/v1/unban", {"user": "gus"})
    backend.post("/v1/unban", {"user": "hal", "tenant": "*"})
    assert bans(backend) == []


def test_the_list_comes_in_pages(backend):
    users = ["user%d" % n for n in range(7)]
    for user in users:
        backend.post("/v1/ban", {"user": user})
    seen, query = [], {"limit": 3}
    while True:
        page = backend.get("/v1/bans", **query)
        seen += [ban["user"] for ban in page["bans"]]
        if "next" not in page:
            break
        query["after"] = page["next"]
    assert sorted(seen) == users
    for user in users:
        backend.post("/v1/unban", {"user": user})


@pytest.mark.parametrize("data", [
    {}, {"user": ""}, {"user": 7}, {"user": "x" * 65}, {"user": "a\nb"},
    {"user": "a", "ip": "1.2.3.4"}, {"ip": "nowhere"}, {"ip": "1.2.3.4/33"},
    {"ip": 1}, {"token": "x" * 129}, {"token": "a", "room": "r"},
    {"user": "a", "room": ""}, {"user": "a", "room": "x" * 129},
    {"user": "a", "seconds": 0}, {"user": "a", "seconds": -1},
    {"user": "a", "seconds": 1.5}, {"user": "a", "seconds": 315360001},
    {"user": "a", "seconds": "60"}, {"user": "a", "reason": "x" * 257},
    {"user": "a", "reason": "a\nb"}, {"user": "a", "reason": []},
])
def test_what_makes_no_sense_is_refused(backend, data):
    backend.refused(400, 1001, "POST", "/v1/ban", data)
    assert bans(backend) == []


@pytest.mark.parametrize("path, data", [
    ("/v1/revoke", {}), ("/v1/revoke", {"all": False}),
    ("/v1/revoke", {"user": "a", "all": True}),
    ("/v1/revoke", {"user": "a", "issued_before": 0}),
    ("/v1/revoke", {"user": "a", "issued_before": "now"}),
    ("/v1/revoke", {"token": "a", "user": "b"}),
    ("/v1/revoke", {"token": "a", "ip": "192.0.2.1"}),
    ("/v1/revoke", {"token": "a", "room": "r"}),
    ("/v1/revoke", {"token": "a", "all": True}),
    ("/v1/revoke", {"token": "a", "issued_before": 5000}),
    ("/v1/revoke", {"user": "a", "room": "r"}),
    ("/v1/revoke", {"user": "a", "ip": "192.0.2.1"}),
    ("/v1/revoke", {"all": True, "room": "r"}),
    ("/v1/revoke", {"all": True, "ip": "192.0.2.1"}),
    ("/v1/unban", {"user": "a", "revoked": True, "room": "r"}),
    ("/v1/unban", {"all": True, "revoked": True, "token": "t"}),
    ("/v1/unban", {}), ("/v1/unban", {"revoked": True}),
    ("/v1/unban", {"user": "a", "revoked": 1}),
])
def test_so_are_other_orders(backend, path, data):
    backend.refused(400, 1001, "POST", path, data)
    assert bans(backend) == []


@pytest.mark.parametrize("query", [
    "limit=0", "limit=1001", "limit=x", "after=x", "after=-1",
    "after=99999999999999999999"])
def test_so_are_pages(backend, query):
    backend.refused(400, 1001, "GET", "/v1/bans?" + query)


def test_a_killed_ledger_still_answers(server, backend):
    server.allow("ended by signal 9")
    for n in range(3):
        backend.post("/v1/ban", {"user": "ivy%d" % n})
        server.kill_one("ledger")
        wait_for("it serves", server.is_serving)
        backend.post("/v1/unban", {"user": "ivy%d" % n})
    assert bans(backend) == []
