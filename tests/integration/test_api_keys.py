"""Who may use the API, and for which tenant."""

import pathlib
import shutil
import signal

import pytest

from keyed import Api, key_section
from conftest import end, make_directory
from server import Server, wait_for

SECTIONS = """
tenant acme { }
listener local {
    address = "unix:%s/api"
    role = api
}
"""


@pytest.fixture(scope="module")
def server():
    path = make_directory()
    options = SECTIONS % path + key_section(path, "all", "key-of-all") + \
        key_section(path, "acme", "key-of-acme", "acme")
    one = Server(path, options=options)
    try:
        yield one.start()
        end(one)
    finally:
        one.kill()
        shutil.rmtree(path, ignore_errors=True)


def ask(server, key, path="/v1/stats", **headers):
    with Api(server.http_port, key) as api:
        return api.get(path, **headers)


def test_who_shows_a_key_is_a_backend(server):
    assert ask(server, "key-of-all").status == 200
    assert ask(server, None, X_API_Key="key-of-all").status == 200
    assert ask(server, None, Authorization="bearer  key-of-all").status == 200


@pytest.mark.parametrize("headers", [
    {}, {"X_API_Key": "key-of-al"}, {"X_API_Key": "key-of-alll"},
    {"X_API_Key": ""}, {"Authorization": "Bearer"},
    {"Authorization": "Bearer "}, {"Authorization": "Bearer KEY-OF-ALL"},
    {"Authorization": "Basic key-of-all"},
    {"Authorization": "Bearer wrong", "X_API_Key": "key-of-all"},
])
def test_without_one_nobody_comes_in(server, headers):
    answer = ask(server, None, **headers)
    assert answer.status == 401
    assert answer.json["code"] == 1003 and "key" in answer.json["error"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_key_is_ever_told(server):
    answer = ask(server, "some-guess")
    assert b"some-guess" not in answer.body
    assert "key-of" not in "\n".join(server.ask("show config"))


def test_a_unix_peer_of_the_same_user_needs_none(server):
    with Api(path=server.directory / "api") as api:
        assert api.get("/v1/stats").status == 200
        wrong = api.get("/v1/stats", Authorization="Bearer wrong")
        assert wrong.status == 401


def test_a_key_of_one_tenant_speaks_for_no_other(server):
    assert ask(server, "key-of-acme", "/v1/traffic").status == 200
    assert ask(server, "key-of-acme", "/v1/traffic?tenant=acme").status == 200
    for other in ("default", "nobody"):
        answer = ask(server, "key-of-acme", "/v1/traffic?tenant=" + other)
        assert answer.status == 403
        assert answer.json["code"] == 1003


def test_a_key_of_all_speaks_for_those_there_are(server):
    assert ask(server, "key-of-all", "/v1/traffic?tenant=acme").status == 200
    answer = ask(server, "key-of-all", "/v1/traffic?tenant=nobody")
    assert answer.status == 403
    assert answer.json["code"] == 1003


def test_addresses_are_no_secret_but_what_they_say_is(server):
    with Api(server.http_port) as stranger:
        assert stranger.get("/v1/none").status == 404
        assert stranger.ask("DELETE", "/v1/stats").status == 405
        assert stranger.ask("OPTIONS", "/v1/stats").status == 204
        assert stranger.get("/v1/stats").status == 401


def test_a_reload_reads_keys_anew(make_server):
    one = make_server()
    one.write_config(key_section(one.directory, "k", "old-key"))
    one.start()
    assert ask(one, "old-key").status == 200
    key_section(one.directory, "k", "new-key")
    one.process.send_signal(signal.SIGHUP)
    wait_for("the new key is known", lambda: ask(one, "new-key").status == 200)
    assert ask(one, "old-key").status == 401
    pathlib.Path(one.directory / "k.key").chmod(0o644)
    one.allow(r"k\.key|stays as it was")
    one.process.send_signal(signal.SIGHUP)
    one.wait_log(r"k\.key")
    assert ask(one, "new-key").status == 200
