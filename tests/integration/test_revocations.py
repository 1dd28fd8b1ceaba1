"""Tokens that count no more: those who came in with them go, nobody comes in
with them, and nobody stays by them."""

import time

import pytest

import api
import tokens
from client import Client, Refused
from server import wait_for

TENANT = """
tenant acme {
    auth = token
    token_key_file = "%s"
}
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    key = directory / "secret.key"
    key.write_text(tokens.SECRET)
    key.chmod(0o600)
    with api.house(gateways=2, options=TENANT % key) as made:
        yield made


@pytest.fixture
def server(both):
    return both[0]


@pytest.fixture
def backend(both):
    return both[1]


def mint(user, **more):
    return tokens.mint(user, tenant="acme", **more)


def one_on_each(server, token):
    made = []
    for pid in server.pids("gateway"):
        while True:
            client = Client(server.port)
            if server.gateway_of(client) == pid:
                break
            client.close()
        client.call("login", token=token)
        made.append(client)
    return made


def log_in(server, token):
    client = Client(server.port)
    try:
        client.call("login", token=token)
    except Refused:
        client.close()
        raise
    return client


def assert_gone(*clients):
    for client in clients:
        assert client.push("kick")["reason"] == "banned"
        assert client.socket.read_close() == (4003, "banned")


def assert_no_entry(server, token):
    with pytest.raises(Refused) as refused:
        log_in(server, token)
    assert (refused.value.code, refused.value.error) == (
        1003, "you are banned")


def lift(backend, **what):
    backend.post("/v1/unban", {"tenant": "acme", **what})


def test_a_token_is_revoked_by_its_jti(server, backend):
    one, two = mint("ann", jti="one"), mint("ann", jti="two")
    going = one_on_each(server, one)
    with log_in(server, two) as stays:
        backend.post("/v1/revoke", {"token": "one", "tenant": "acme"})
        assert_gone(*going)
        stays.fence()
        assert_no_entry(server, one)
        assert stays.refused(1003, "refresh", token=one) == "you are banned"
        stays.call("refresh", token=two)
    backend.post("/v1/revoke", {"token": "two", "tenant": "default"})
    log_in(server, two).close()
    lift(backend, token="one")
    lift(backend, token="two", tenant="default")
    log_in(server, one).close()


def test_all_older_tokens_of_a_user_are_revoked(server, backend):
    now = time.time()
    old, new = mint("bob", iat=now - 60), mint("bob", iat=now)
    nameless = mint("bob")
    other = mint("cleo", iat=now - 60)
    going = one_on_each(server, old) + [log_in(server, nameless)]
    with log_in(server, new) as fresh, log_in(server, other) as cleo:
        backend.post("/v1/revoke", {"user": "bob", "tenant": "acme",
                                    "issued_before": int(now - 30) * 1000})
        assert_gone(*going)
        fresh.fence()
        cleo.fence()
        assert_no_entry(server, old)
        fresh.refused(1003, "refresh", token=old)
    lift(backend, user="bob", revoked=True)
    log_in(server, old).close()


def test_all_older_tokens_of_a_tenant_are_revoked(server, backend):
    now = time.time()
    going = [log_in(server, mint(user, iat=now - 60)) for user in "abc"]
    server.ask("revoke tenant acme all before %d" % int(now - 30))
    assert_gone(*going)
    with server.client("dan"):  # without a token, elsewhere
        pass
    log_in(server, mint("a", iat=now)).close()
    lift(backend, all=True, revoked=True)


def test_a_refreshed_token_is_what_counts(server, backend):
    """Who has given a new one stays when the old one is revoked."""
    with log_in(server, mint("eve", jti="eve1")) as eve:
        eve.call("refresh", token=mint("eve", jti="eve2"))
        backend.post("/v1/revoke", {"token": "eve1", "tenant": "acme"})
        eve.fence()
        assert eve.seen("kick") == []
        backend.post("/v1/revoke", {"token": "eve2", "tenant": "acme"})
        assert_gone(eve)
    lift(backend, token="eve1")
    lift(backend, token="eve2")


def test_a_revocation_survives_a_restart(make_server, directory):
    key = directory / "secret.key"
    key.write_text(tokens.SECRET)
    key.chmod(0o600)
    server = make_server(options=TENANT % key)
    server.start()
    token = mint("fay", jti="fay1")
    server.ask("ban tenant acme token fay1 3600")
    wait_for("it is revoked", lambda: server.ask_json("bans"))
    server.stop()
    server.start()
    assert_no_entry(server, token)
