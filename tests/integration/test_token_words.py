"""confabctl token: made and read without a server."""

import json
import subprocess
import time

import pytest

import tokens
from server import CONFABCTL, GUARD

KINDS = {
    "HS256": None,
    "RS256": ("RSA",),
    "ES256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "EdDSA": ("ED25519",),
}


def token(*arguments, before=(), **more):
    return subprocess.run(
        [str(CONFABCTL), *before, "token", *map(str, arguments)],
        capture_output=True, text=True, timeout=GUARD, check=False, **more)


def refused(*arguments, **more):
    done = token(*arguments, **more)
    assert done.returncode == 1 and done.stdout == "", done
    return done.stderr


@pytest.fixture(scope="module", name="keys")
def make_keys(tmp_path_factory):
    """Of each algorithm, what signs and what verifies."""
    directory = tmp_path_factory.mktemp("keys")
    secret = directory / "secret"
    secret.write_text(tokens.SECRET + "\n")
    return {name: tokens.make_pair(directory, name, *how) if how
            else (secret, secret) for name, how in KINDS.items()}


@pytest.mark.parametrize("algorithm", KINDS)
def test_what_is_minted_is_good(keys, algorithm):
    private, public = keys[algorithm]
    done = token("mint", "-k", private, "-u", "ann", "-e", "2m", "-t", "acme",
                 "-p", 7, "-r", "lobby", "-r", "team:*", "-q", "-j", "id-1",
                 "-K", "main", "-i", '{"name": "Ann"}')
    assert done.returncode == 0 and done.stderr == "", done
    minted = done.stdout.strip()
    done = token("check", "-k", public, minted)
    assert done.returncode == 0, done
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    issued, expires = told.pop("issued"), told.pop("expires")
    assert issued < expires
    assert told == {
        "user": "ann", "tenant": "acme", "platform": "7", "id": "id-1",
        "rooms": "lobby team:*", "say": "false", "info": '{"name":"Ann"}'}
    for other in KINDS.keys() - {algorithm}:
        assert "not signed by" in refused(
            "check", "-k", keys[other][1], minted)


def test_check_reads_what_others_made(keys):
    done = token("check", "-k", keys["HS256"][0], before=["-j"],
                 input=tokens.mint("bob", jti="x") + "\n")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["sub"] == "bob" and told["jti"] == "x"
    made = tokens.mint_rs256(keys["RS256"][0], "bob")
    assert token("check", "-k", keys["ES256"][1], "-k", keys["RS256"][1],
                 made).stdout.startswith("user: bob\n")
    assert "expired" in refused("check", "-k", keys["HS256"][0],
                                tokens.mint("bob", seconds=-1))


def test_a_token_is_for_an_hour_and_has_an_id_of_its_own(keys):
    ids = set()
    for _ in range(2):
        minted = token("mint", "-k", keys["HS256"][0], "-u", "a").stdout
        told = json.loads(token("check", "-k", keys["HS256"][0],
                                before=["--json"], input=minted).stdout)
        assert told["exp"] - told["iat"] == 3600
        assert abs(told["iat"] - time.time()) < 60
        ids.add(told["jti"])
    assert len(ids) == 2


def test_no_token_is_made_that_a_server_would_refuse(keys):
    key = keys["HS256"][0]
    assert "sub" in refused("mint", "-k", key, "-u", "")
    assert "sub" in refused("mint", "-k", key, "-u", "x" * 65)
    assert "rooms" in refused("mint", "-k", key, "-u", "a", "-r", "*x")
    assert "platform" in refused("mint", "-k", key, "-u", "a", "-p", "-1")
    assert "platform" in refused("mint", "-k", key, "-u", "a", "-p", "1,2")
    assert "one value" in refused(
        "mint", "-k", key, "-u", "a", "-p", '1,"say":false')
    assert "info" in refused("mint", "-k", key, "-u", "a", "-i", "no json")
    assert "info" in refused(
        "mint", "-k", key, "-u", "a", "-i", '"%s"' % ("x" * 1024))
    assert "jti" in refused("mint", "-k", key, "-u", "a", "-j", "")


def test_keys_may_stand_in_the_configuration(keys, tmp_path):
    config = tmp_path / "confab.conf"
    secret = tmp_path / "secret"
    secret.write_text(tokens.SECRET + "\n")
    secret.chmod(0o600)
    config.write_text("""
tenant acme { auth = token  token_key_file = "%s" }
tenant rsa { auth = token  token_algorithm = RS256  token_key_file = "%s" }
""" % (secret, keys["RS256"][1]))
    minted = token("mint", "-c", config, "-t", "acme", "-u", "ann").stdout
    done = token("check", "-c", config, "-t", "acme", minted.strip())
    assert done.returncode == 0 and "tenant: acme" in done.stdout, done
    assert "not signed by" in refused(
        "check", "-c", config, "-t", "rsa", minted.strip())
    made = tokens.mint_rs256(keys["RS256"][0], "bob")
    assert token("check", "-c", config, "-t", "rsa", made).returncode == 0
    assert "only what checks" in refused(
        "mint", "-c", config, "-t", "rsa", "-u", "bob")
    assert "no tenant default has tokens" in refused(
        "check", "-c", config, minted.strip())
    secret.chmod(0o644)
    assert "read by everyone" in refused(
        "mint", "-c", config, "-t", "acme", "-u", "ann")


def test_keys_that_are_none(keys, tmp_path):
    private, public = keys["RS256"]
    assert "no private key" in refused("mint", "-k", public, "-u", "a")
    assert "a private key" in refused(
        "check", "-k", private, "-a", "RS256", "x")
    assert "No such file" in refused("mint", "-k", tmp_path / "x", "-u", "a")
    assert "no such algorithm" in refused(
        "mint", "-k", private, "-u", "a", "-a", "none")
    assert "PEM" in refused("mint", "-k", private, "-u", "a", "-a", "HS256")
    (tmp_path / "set").write_text('{"keys": []}')
    assert "no key" in refused("check", "-s", tmp_path / "set", "x")


@pytest.mark.parametrize("arguments", [
    [], ["make"], ["mint"], ["mint", "-k", "k"], ["check", "-r", "x"],
    ["mint", "-k", "k", "-k", "k", "-u", "a"],
    ["mint", "-k", "k", "-u", "a", "-e", "1y"],
    ["mint", "-k", "k", "-u", "a", "-e", "0"],
    ["mint", "-k", "k", "-u", "a", "-e", "-5"],
    ["mint", "-k", "k", "-u", "a", "-e", "99999999999999999999d"],
    ["mint", "-k", "k", "-u", "a", "more"],
    ["check", "-k", "k", "a", "b"], ["check", "-k"], ["check", "-z"],
])
def test_bad_usage(arguments):
    done = token(*arguments)
    assert done.returncode == 2 and "usage:" in done.stderr
    assert done.stdout == ""


def test_token_help():
    done = token("help")
    assert done.returncode == 0 and "token mint" in done.stdout
