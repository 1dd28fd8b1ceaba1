"""Users who log in with tokens: what is in them, how long they hold, and who
takes them back."""

import json
import pathlib
import shutil
import tempfile
import time

import pytest

import tokens
from client import Client
from server import Server, wait_for

TENANTS = """
tenant acme {
    auth = token
    token_key_file = {"%(directory)s/old.key", "%(directory)s/secret.key"}
}
tenant rsa {
    auth = token
    token_algorithm = RS256
    token_key_file = "%(directory)s/rsa.pub"
}
tenant set {
    auth = token
    token_jwks_file = "%(directory)s/set.json"
}
room "open:*" { say = anyone  read = anyone }
room "vip:*" { say = token  read = token  join = token }
"""


def key_set(*pairs):
    """Ed25519 keys by kid, as their files have them."""
    keys = []
    for kid, public in pairs:
        der = tokens.openssl("pkey", "-pubin", "-in", str(public),
                             "-pubout", "-outform", "DER")
        keys.append({"kty": "OKP", "crv": "Ed25519", "kid": kid,
                     "use": "sig", "alg": "EdDSA",
                     "x": tokens.b64(der[-32:])})
    return json.dumps({"keys": keys})


def write_keys(directory):
    for name, text in (("old.key", "an older secret of thirty-two bytes"),
                       ("secret.key", tokens.SECRET + "\n")):
        (directory / name).write_text(text)
        (directory / name).chmod(0o600)
    tokens.make_pair(directory, "rsa", "RSA")
    pairs = [(name, tokens.make_pair(directory, name, "ED25519")[1])
             for name in ("one", "two")]
    (directory / "set.json").write_text(key_set(*pairs))


@pytest.fixture(scope="module", name="server")
def make_shared_server():
    path = pathlib.Path(tempfile.mkdtemp(prefix="confab-"))
    write_keys(path)
    server = Server(path, options=TENANTS % {"directory": path}, gateways=2)
    try:
        yield server.start()
        server.stop()
    finally:
        server.kill()
        shutil.rmtree(path, ignore_errors=True)


def log_in(server, token, *rooms, **more):
    client = Client(server.port)
    client.login = client.call("login", token=token, **more)
    for room in rooms:
        client.call("join", room=room)
    return client


def mint_eddsa(server, name, user, **more):
    """By our own program; the others are made by hand."""
    done = server.control(
        "token", "mint", "-k", str(server.directory / (name + ".pem")), "-K",
        more.get("kid", name), "-u", user, "-t", "set")
    assert done.returncode == 0, done
    return done.stdout.strip()


# Who comes in

def test_a_token_is_all_that_a_login_needs(server):
    token = tokens.mint("ann", tenant="acme", platform=7,
                        info={"name": "Ann"}, rooms=["r"])
    with log_in(server, token, "r") as ann:
        assert ann.login["user"] == "ann" and ann.login["platform"] == 7
        assert ann.login["tenant"] == "acme"
        assert 0 < ann.login["expires"] - ann.login["time"] <= 600000
        member = ann.call("members", room="r")["members"][0]
        assert member["info"] == {"name": "Ann"}


def test_every_algorithm_comes_in(server):
    directory = server.directory
    with log_in(server, tokens.mint(
            "a", secret="an older secret of thirty-two bytes"),
            tenant="acme"):
        pass
    with log_in(server, tokens.mint_rs256(
            directory / "rsa.pem", "a", tenant="rsa")):
        pass
    for name in ("one", "two"):
        with log_in(server, mint_eddsa(server, name, "a")):
            pass


def no_entry(server, token, code=1003, **more):
    with Client(server.port) as client:
        return client.refused(code, "login", token=token, **more)


def test_a_token_of_another_key_does_not_come_in(server):
    def forged(**header):
        return tokens.mint("ann", tenant="acme", header=header)

    def as_secret(name):
        secret = (server.directory / name).read_text()
        return tokens.mint("ann", tenant="rsa", secret=secret)

    no_entry(server, tokens.mint("ann", tenant="acme", secret="guess"))
    no_entry(server, forged(alg="none"))
    no_entry(server, forged(alg="none").rsplit(".", 1)[0] + ".")
    no_entry(server, forged(alg="RS256"))
    no_entry(server, forged(alg="HS256", crit=["exp"]))
    no_entry(server, as_secret("rsa.pub"))
    no_entry(server, as_secret("set.json").replace("rsa", "set"))
    no_entry(server, tokens.mint_rs256(
        server.directory / "rsa.pem", "ann", tenant="acme"))
    no_entry(server, mint_eddsa(server, "one", "ann", kid="two"))
    no_entry(server, tokens.mint("ann", tenant="acme")[:-2])


def test_a_token_must_be_whole(server):
    for claims in ({"sub": None}, {"exp": None}, {"exp": "soon"},
                   {"exp": time.time() - 1}, {"nbf": time.time() + 60},
                   {"rooms": "*"}, {"say": "no"}, {"platform": -1}):
        error = no_entry(server, tokens.mint(
            claims.pop("sub", "ann"), tenant="acme", **claims))
        assert "token" in error
    no_entry(server, tokens.mint("ann", x="y" * 8192), tenant="acme")
    no_entry(server, 5, code=1001)
    no_entry(server, "", tenant="acme")


def test_a_login_may_not_say_otherwise(server):
    token = tokens.mint("ann", tenant="acme", platform=7)
    no_entry(server, token, user="bob")
    no_entry(server, token, platform=8)
    no_entry(server, token, tenant="set")
    no_entry(server, tokens.mint("ann"), tenant="set")
    with log_in(server, token, user="ann", platform=7, tenant="acme"):
        pass


def test_nothing_but_a_token_opens_a_tenant_that_wants_one(server):
    with Client(server.port) as client:
        client.refused(1003, "login", user="ann", tenant="acme")
        client.refused(1003, "login", user="ann", tenant="acme", token="x")
        client.call("login", user="ann")
        client.call("logout")
        client.refused(1003, "login", user="ann", tenant="acme")
        assert client.socket.close_code() == 4003


# What it allows

def test_rooms_of_a_token(server):
    token = tokens.mint("ann", rooms=["team:*", "vip:1", "r"])
    with log_in(server, token, "team:a", "vip:1", "r",
                tenant="acme") as ann, \
            log_in(server, tokens.mint("bob"), "r", tenant="acme") as bob:
        for room in ("team", "other", "vip:2", "open:1"):
            ann.refused(1003, "join", room=room)
        ann.refused(1003, "say", room="open:1", body=1)
        ann.refused(1003, "history", room="open:1")
        ann.say("vip:1", "hello")
        assert ann.call("history", room="vip:1")["messages"]
        bob.refused(1003, "join", room="vip:1")
        bob.refused(1003, "history", room="vip:1")
        bob.call("say", room="open:1", body=1)
        bob.say("r", "for both")
        assert ann.push("msg")["body"] == "for both"


def test_a_token_for_listeners(server):
    with log_in(server, tokens.mint("ann", say=False), "r",
                tenant="acme") as ann, \
            log_in(server, tokens.mint("bob"), "r", tenant="acme") as bob:
        ann.refused(1003, "say", room="r", body=1)
        ann.refused(1003, "say", room="open:1", body=1)
        ann.refused(1003, "say", user="bob", body=1)
        ann.refused(1003, "say", all=True, body=1)
        said = bob.say("r", "hear")
        assert ann.push("msg")["id"] == said["id"]
        ann.call("read", room="r", offset=said["offset"])


# How long

def test_a_token_that_ends_closes_the_connection(server):
    began = time.time()
    with log_in(server, tokens.mint("ann", seconds=1.2), "r",
                tenant="acme") as ann, \
            log_in(server, tokens.mint("bob"), "r", tenant="acme") as bob:
        assert bob.members("r") == {"ann", "bob"}
        assert ann.push("kick")["reason"] == "the token has expired"
        assert ann.socket.close_code() == 4003
        assert time.time() - began >= 1.2
        assert bob.push("exit")["user"] == "ann"


def test_a_refresh_puts_it_off(server):
    with log_in(server, tokens.mint("ann", seconds=1), tenant="acme") as ann, \
            log_in(server, tokens.mint("bob", seconds=1),
                   tenant="acme") as bob:
        told = ann.call("refresh", token=tokens.mint("ann", seconds=60))
        assert told["expires"] > ann.login["expires"] + 50000
        assert bob.socket.close_code() == 4003
        ann.call("ping")
        ann.refused(1003, "refresh", token=tokens.mint("bob"))
        ann.refused(1003, "refresh", token=tokens.mint("ann", seconds=-1))
        ann.refused(1003, "refresh")
        assert ann.socket.close_code() == 4003


def test_a_refresh_may_narrow_the_rooms(server):
    with log_in(server, tokens.mint("ann", rooms=["a", "b"]), "a", "b",
                tenant="acme") as ann:
        ann.call("refresh", token=tokens.mint("ann", rooms=["b", "c"]))
        kick = ann.push("kick")
        assert kick["room"] == "a" and "token" in kick["reason"]
        ann.refused(1003, "join", room="a")
        ann.refused(1003, "say", room="a", body=1)
        ann.say("b", 1)
        ann.call("join", room="c")


# Taken back

def test_a_token_is_revoked_everywhere(server):
    def token(jti, **more):
        return tokens.mint("eve", tenant="acme", jti=jti, **more)

    many = [log_in(server, token("bad")) for _ in range(6)]
    with log_in(server, token("good")) as good:
        assert server.control("ban", "tenant", "acme", "token",
                              "bad").returncode == 0
        for one in many:
            assert one.socket.close_code() == 4003
            one.close()
        no_entry(server, token("bad"))
        good.refused(1003, "refresh", token=token("bad"))
        good.call("refresh", token=token("new"))
        assert server.control("unban", "tenant", "acme", "token",
                              "bad").returncode == 0
        good.call("refresh", token=token("bad"))


def test_all_tokens_from_before_are_revoked(server):
    now = int(time.time())
    old = tokens.mint("joe", tenant="acme", iat=now - 100)
    new = tokens.mint("joe", tenant="acme", iat=now)
    undated = tokens.mint("joe", tenant="acme")
    with log_in(server, old) as first, log_in(server, new) as second, \
            log_in(server, undated) as third:
        assert server.control("revoke", "tenant", "acme", "user", "joe",
                              "before", str(now - 50)).returncode == 0
        assert first.socket.close_code() == 4003
        assert third.socket.close_code() == 4003
        second.call("ping")
        no_entry(server, old)
        no_entry(server, undated)


# Keys change

def reload(server):
    before = {int(worker["config"]) for worker in server.workers()}
    assert server.control("reload").returncode == 0
    wait_for("all have the next configuration", lambda: {
        int(worker["config"]) for worker in server.workers()
    } == {max(before) + 1})


def test_keys_change_and_nobody_goes(server):
    path = server.directory / "secret.key"
    fresh = "a new secret, long enough for HS256, really"
    with log_in(server, tokens.mint("ann"), tenant="acme") as ann:
        path.write_text(fresh)
        reload(server)
        ann.call("ping")
        no_entry(server, tokens.mint("ann"), tenant="acme")
        ann.refused(1003, "refresh", token=tokens.mint("ann"))
        ann.call("refresh", token=tokens.mint("ann", secret=fresh))
        server.allow("token_jwks_file|stays as it was")
        keys = (server.directory / "set.json").read_text()
        (server.directory / "set.json").write_text('{"keys": []}')
        assert server.control("reload").returncode == 1
        (server.directory / "set.json").write_text(keys)
        path.write_text(tokens.SECRET)
        reload(server)
        ann.call("refresh", token=tokens.mint("ann"))


def test_what_is_refused_and_ended_is_counted(server):
    def counted():
        counters = {row["counter"]: int(row["value"])
                    for row in server.ask_json("show counters")}
        return counters["refused_token"], counters["tokens_expired"]

    refused, expired = counted()
    no_entry(server, tokens.mint("ann", secret="not the one of the server"),
             tenant="acme")
    with log_in(server, tokens.mint("ann", seconds=1), tenant="acme") as ann:
        assert ann.socket.close_code() == 4003
    assert counted() == (refused + 1, expired + 1)
