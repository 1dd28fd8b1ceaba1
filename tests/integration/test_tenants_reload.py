"""Tenants, keys and secrets come, go and change while the server runs."""

import os
import pathlib
import shutil
import signal
import subprocess

import pytest

import tokens
from server import CONFABD, DEATHS, GUARD, ROOT, StatusError, free_port, \
    wait_for

NOBODY = 65534


@pytest.fixture
def own_server(make_server):
    return make_server(gateways=2, options='tenant acme { }\n').start()


def write_secret(server, name, text, mode=0o600):
    path = server.directory / name
    path.write_text(text)
    path.chmod(mode)
    return path


def change(server, old, new):
    text = server.config_path.read_text()
    assert old in text
    server.config_path.write_text(text.replace(old, new))


def reload(server):
    """All processes have the new configuration when it returns."""
    before = max(int(worker["config"]) for worker in server.workers())
    done = server.control("reload")
    assert done.returncode == 0, done
    wait_for("all have the next configuration", lambda: {
        int(worker["config"]) for worker in server.workers()} == {before + 1})


def refused_reload(server, why):
    server.allow("stays as it was")
    server.allow(why)
    assert server.control("reload").returncode == 1
    server.wait_log(why)


def test_tenants_come_and_go(own_server):
    with own_server.client("ann", "r") as here, \
            own_server.client("ann", "r", tenant="acme") as gone, \
            own_server.client() as late:
        late.refused(1003, "login", user="bob", tenant="late")
        change(own_server, "tenant acme { }", "tenant late { }")
        reload(own_server)
        late.call("login", user="bob", tenant="late")
        assert gone.push("kick")["reason"] == "there is no such tenant"
        assert gone.socket.close_code() == 4003
        here.say("r", "still here")
        with own_server.client() as one:
            one.refused(1003, "login", user="ann", tenant="acme")
    own_server.wait_log("tenant late: added")
    own_server.wait_log("tenant acme: removed")


def test_what_a_tenant_kept_is_there_when_it_comes_back(own_server):
    with own_server.client("ann", "r", tenant="acme") as one:
        said = one.say("r", "before")
    change(own_server, "tenant acme { }", "")
    reload(own_server)
    change(own_server, "listener public", "tenant acme { }\nlistener public")
    reload(own_server)
    with own_server.client("ann", "r", tenant="acme") as one:
        page = one.call("history", room="r")
        assert [m["id"] for m in page["messages"]] == [said["id"]]


def test_limits_of_a_tenant_hold_for_those_who_are_there(own_server):
    with own_server.client("ann", tenant="acme") as one, \
            own_server.client("bob", tenant="acme", platform=7) as other, \
            own_server.client() as late:
        change(own_server, "tenant acme { }",
               "tenant acme { max_connections = 1 }")
        reload(own_server)
        late.refused(1012, "login", user="eve", tenant="acme")
        one.call("ping")
        other.call("ping")
        change(own_server, "max_connections = 1", "platforms = {101}")
        reload(own_server)
        assert "platform" in other.push("kick")["reason"]
        assert other.socket.close_code() == 4003
        late.call("login", user="eve", tenant="acme")
        one.call("ping")


def test_keys_of_tokens_change_while_users_are_there(own_server):
    """From no tokens to tokens, then to another key by way of both."""
    one, two = (write_secret(own_server, name, tokens.SECRET + name)
                for name in ("one", "two"))

    def login(client, key):
        return client.ask("login", tenant="acme", token=tokens.mint(
            "ann", secret=tokens.SECRET + key))["code"]

    with own_server.client("ann", tenant="acme") as without, \
            own_server.client("ann") as elsewhere:
        change(own_server, "tenant acme { }", "tenant acme { auth = token "
               "token_key_file = {'%s'} }" % one)
        reload(own_server)
        assert "token" in without.push("kick")["reason"]
        assert without.socket.close_code() == 4003
        elsewhere.call("ping")
    with own_server.client() as early, own_server.client() as late:
        assert login(late, "two") == 1003
        assert login(early, "one") == 200
        change(own_server, "{'%s'}" % one, "{'%s', '%s'}" % (one, two))
        reload(own_server)
        assert login(late, "two") == 200
        change(own_server, "{'%s', '%s'}" % (one, two), "{'%s'}" % two)
        reload(own_server)
        with own_server.client() as third:
            assert login(third, "one") == 1003
            assert login(third, "two") == 200
        early.call("ping")
        late.call("ping")


def secrets_shown(server, secret):
    """Everything that an operator may see of the server, and its logs."""
    texts = [server.log()]
    for word in ("show config", "show log", "show errors", "show tenants",
                 "json show config"):
        texts += server.ask(word)
    for pid in server.processes():
        for name in ("cmdline", "environ", "comm"):
            texts.append(pathlib.Path("/proc/%d/%s" % (pid, name)).read_bytes()
                         .decode("utf-8", "replace"))
    return [text for text in texts
            if secret in text or secret.encode().hex() in text]


def test_a_secret_is_read_anew_and_never_shown(own_server):
    path = write_secret(own_server, "hook", "first-secret\n")
    change(own_server, "tenant acme { }",
           'tenant acme { webhook_secret_file = "%s" }\n'
           'key "file:%s" { tenant = acme }' % (path, path))
    reload(own_server)
    own_server.wait_log("tenant acme: webhook_secret_file: '%s'" % path)
    write_secret(own_server, "hook", "second-secret\n")
    reload(own_server)
    own_server.wait_log("tenant acme: webhook_secret_file: '%s' with other "
                        "content" % path)
    own_server.wait_log("key file:%s: other content" % path)
    for secret in ("first-secret", "second-secret"):
        assert secrets_shown(own_server, secret) == []


def changes_told(server, **more):
    done = subprocess.run([str(CONFABD), "-t", "-c", str(server.config_path)],
                          capture_output=True, text=True, timeout=GUARD,
                          check=False, **more)
    assert done.returncode == 0, done
    return done.stdout.splitlines()[1:]


def test_a_trial_tells_of_tenants_and_contents(own_server):
    path = write_secret(own_server, "hook", "first-secret")
    change(own_server, "tenant acme { }",
           'tenant acme { webhook_secret_file = "%s" }' % path)
    assert changes_told(own_server) == [
        "live: tenant acme: webhook_secret_file: '' -> '%s'" % path]
    reload(own_server)
    assert changes_told(own_server) == []
    write_secret(own_server, "hook", "second-secret")
    assert changes_told(own_server) == ["live: %s: other content" % path]
    change(own_server, "tenant acme", "tenant more { }\ntenant acme")
    assert changes_told(own_server) == ["live: tenant more: added",
                                        "live: %s: other content" % path]


def test_the_question_behind_a_trial_is_read_with_care(own_server):
    for words in ("same", "same a b c", "same %s %s" % ("0" * 32, "0" * 16),
                  "same %s %s /x" % ("0" * 31, "0" * 16),
                  "same %s %s /x" % ("g" * 32, "0" * 16),
                  "same %s %s /x" % ("0" * 33, "0" * 16)):
        with pytest.raises(StatusError):
            own_server.ask(words)
    answer = own_server.ask("same %s %s /etc/passwd" % ("0" * 32, "0" * 16))
    assert answer == ["content: unknown"]


def test_a_secret_that_became_open_to_all_changes_nothing(own_server):
    path = write_secret(own_server, "hook", "a-secret\n")
    change(own_server, "tenant acme { }",
           'tenant acme { webhook_secret_file = "%s" }' % path)
    reload(own_server)
    path.chmod(0o644)
    change(own_server, "tenant acme", "tenant more { }\ntenant acme")
    refused_reload(own_server, "webhook_secret_file: %s can be read by "
                   "everyone" % path)
    with own_server.client() as one:
        one.refused(1003, "login", user="u", tenant="more")
        one.call("login", user="u", tenant="acme")
    path.unlink()
    refused_reload(own_server, "webhook_secret_file: %s cannot be read: "
                   "No such file" % path)
    own_server.allow(DEATHS)
    for role in ("gateway", "api", "ledger"):
        own_server.kill_one(role)
    with own_server.client("u", tenant="acme"):
        pass


def test_an_upgrade_needs_the_secrets_too(own_server):
    path = write_secret(own_server, "hook", "a-secret\n")
    change(own_server, "tenant acme { }",
           'tenant acme { webhook_secret_file = "%s" }' % path)
    reload(own_server)
    old = set(own_server.pids("gateway"))
    path.rename(path.with_suffix(".gone"))
    own_server.allow("cannot take over|webhook_secret_file")
    own_server.process.send_signal(signal.SIGUSR2)
    own_server.wait_log("cannot take over, so this one stays")
    assert set(own_server.pids("gateway")) == old
    path.with_suffix(".gone").rename(path)
    own_server.process.send_signal(signal.SIGUSR2)
    own_server.wait_replaced("gateway", *old)
    path.unlink()
    own_server.allow(DEATHS)
    own_server.kill_one("gateway")
    with own_server.client("u", tenant="acme"):
        pass


def test_a_listener_opens_to_all_only_when_every_tenant_needs_tokens(
        own_server):
    port = free_port()
    change(own_server, 'address = "127.0.0.1:%d"\n    role = websocket'
           % own_server.port,
           'address = "0.0.0.0:%d"\n    role = websocket' % port)
    refused_reload(own_server, "can be reached from elsewhere and nobody "
                   "needs a token there for tenant acme")
    key = write_secret(own_server, "key", "k" * 32)
    token = 'auth = token token_key_file = "%s"' % key
    change(own_server, "tenant acme { }", "tenant acme { %s }" % token)
    refused_reload(own_server, "for tenant default")
    change(own_server, "tenant acme {", "tenant default { %s }\n"
           "tenant acme {" % token)
    reload(own_server)


@pytest.fixture
def nobody_may_be_used():
    mapped = pathlib.Path("/proc/self/uid_map").read_text().split()
    if os.getuid() != 0 or int(mapped[2]) <= NOBODY:
        pytest.skip("cannot become nobody here")


def test_a_secret_of_root_reaches_children_of_another_user(
        make_server, directory, nobody_may_be_used):
    program = directory / "program"
    program.mkdir()
    shutil.copy(CONFABD, program / "confabd")
    for name in ("sql", "web"):
        shutil.copytree(ROOT / name, program / name)
    for path in [program, *program.rglob("*")]:
        path.chmod(0o755)
    server = make_server(user="nobody", group="nogroup",
                         sql_dir=program / "sql", web_dir=program / "web")
    path = write_secret(server, "hook", "of-root\n")
    change(server, "listener public",
           'tenant acme { webhook_secret_file = "%s" }\nlistener public'
           % path)
    server.launch(command=[str(program / "confabd"), "-f", "-c",
                           str(server.config_path)])
    server.wait_serving()
    server.allow(DEATHS)
    server.kill_one("gateway")
    server.kill_one("api")
    with server.client("u", tenant="acme"):
        pass
    refused_reload(server, "webhook_secret_file: %s cannot be read: "
                   "Permission denied" % path)
    os.chown(path, 0, NOBODY)
    path.chmod(0o640)
    reload(server)
