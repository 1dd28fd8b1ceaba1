"""The examples of the manuals, but for confab-protocol(7), which test_manual.py
holds: commands can be typed, configurations are read, and what is shown as an
answer or a push has the members and the kinds of values of a real one."""

import json
import re
import shutil
import subprocess
import urllib.parse

import pytest

import wire
from backend import Backend, ask_api
from reader import Reader
from server import ROOT, free_port, wait_for

MANUALS = ROOT / "packaging/man"
OPTIONS = """
listener local {
    address = "unix:%(run)s/api.sock"
    role = api
}
listener push { address = "127.0.0.1:%(push)d"  profiles = {"push"} }
listener client { address = "127.0.0.1:%(client)d"  profiles = {"client"} }
listener groupchat {
    address = "127.0.0.1:%(groupchat)d"
    profiles = {"groupchat"}
}
tenant acme { auth = token  token_key_file = {"/etc/confab/token.key"} }
tenant default {
    webhook_url = "%(url)s"
    connect_url = "%(url)s"
    say_url = "%(url)s"
}
room "lobby" { say_hook = true }
bot clerk { rooms = {"lobby"}  url = "%(url)s"  commands = {"/roll"} }
"""
SHELL = re.compile(r"[$#] ")
CONFIG = re.compile(r"(listener|key|room|bot|drain_seconds|host_id)\b")


def examples(name):
    """The text of each example of a manual."""
    text = (MANUALS / name).read_text()
    return [block.replace("\\e", "\\").replace("\\&", "") for block in
            re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text,
                       re.M | re.S)]


def every(kind):
    return [pytest.param(path.name, text, id="%s-%d" % (path.name, number))
            for path in sorted(MANUALS.glob("confab*.[1-9]"))
            for number, text in enumerate(examples(path.name))
            if kind.match(text)]


def shown(text):
    """JSON of a manual, in which ... may stand for more of the same."""
    text = re.sub(r"\n\s*", "", text)
    text = text.replace("{...}", '{"...":0}').replace("[...]", '["..."]')
    text = text.replace('"data":...', '"data":null')
    return json.loads(text.replace(",...}", ',"...":0}'))


def assert_alike(real, wanted):
    if wanted is None or real is None:
        return
    assert isinstance(real, type(wanted)), (real, wanted)
    if isinstance(wanted, dict) and "..." not in wanted:
        assert set(real) == set(wanted), (real, wanted)
    if isinstance(wanted, dict):
        for name in set(real) & set(wanted):
            assert_alike(real[name], wanted[name])
    if isinstance(wanted, list) and wanted and wanted[0] != "...":
        for one in real:
            assert_alike(one, wanted[0])


@pytest.fixture
def backend():
    with Backend() as one:
        yield one


@pytest.fixture
def reader(directory, backend):
    ports = {name: free_port() for name in ("push", "client", "groupchat")}
    one = Reader(directory, api='profiles = {"im"}',
                 profiles=("confab", "im"))
    one.ports.update({3210: ports["push"], 7800: ports["client"],
                      8282: ports["groupchat"]})
    one.named = ports
    one.conf(OPTIONS % {**ports, "run": one.server.run_dir,
                        "url": backend.url()})
    try:
        yield one
        one.end()
    finally:
        one.kill()


def commands(text):
    """(command, what it prints) of each."""
    text = text.replace("\\\n", " ")
    parts = re.split(r"^[$#] (.*)$", text, flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2]))


def fill_lobby(reader, count):
    (reader.tree / "batch").write_text(json.dumps(
        [{"room": "lobby", "body": n} for n in range(count)]))
    reader.sh('curl -H "Authorization: Bearer $KEY" -d @batch '
              "http://127.0.0.1:8080/v1/say")


@pytest.mark.parametrize("name, text", every(SHELL))
def test_a_command_can_be_typed(reader, name, text):
    with reader.server.client("ann", "lobby"):
        for command, printed in commands(text):
            if "before=1000" in command:
                fill_lobby(reader, 1000)
            if not shutil.which("jq"):
                command = command.split("| jq")[0]
            reader.sh(command)
            if printed.strip():
                assert_alike(json.loads(reader.answer), shown(printed))


@pytest.mark.parametrize("name, text", every(CONFIG))
def test_a_configuration_is_read(reader, name, text):
    (reader.etc / "local.conf").write_text("# more\n")
    reader.merge(text)
    reader.sh("confabd -t")


def test_the_configuration_of_prometheus_is_one(directory):
    text = examples("confab-metrics.7")[0]
    (directory / "prometheus.yml").write_text(text)
    subprocess.run(["promtool", "check", "config", "--syntax-only",
                    directory / "prometheus.yml"], check=True,
                   capture_output=True)


# What is told to backends

def hook(word):
    """The one example of confab-hooks(7) with this word."""
    found, = [text for text in examples("confab-hooks.7") if word in text]
    return found


def test_what_hooks_are_told_is_as_shown(reader, backend):
    def posted(word):
        return wait_for("a post with " + word, lambda: next(
            (one.json for one in backend.asked if word in one.json), None))

    with reader.server.client() as ann:
        ann.call("login", user="ann", info={"nick": "Ann"})
        ann.call("join", room="lobby")
        ann.say("lobby", "hello", key="k1")
        backend.wait_event(event="enter")
        backend.wait_event(event="message")
        ann.say("lobby", "/roll 20", key="k2")
    asked = {one["hook"]: one for one in
             (asked.json for asked in list(backend.asked)) if "hook" in one}
    assert_alike(asked["connect"], shown(hook('"hook":"connect"')))
    assert_alike(asked["say"], shown(hook('"hook":"say"')))
    assert_alike(posted("bot"), shown(hook('"bot":"clerk"')))
    assert_alike(posted("events")["tenant"], "default")
    for event in shown(hook('"number":17'))["events"]:
        assert_alike(backend.wait_event(event=event["event"]), event)
    address, answer = hook("GET /v1/events").split("\n", 1)
    status, events = ask_api(reader.server.run_dir / "api.sock",
                             *address.replace("after=16", "after=0").split())
    assert status == 200
    assert_alike(events, shown(answer))


def test_the_header_of_signatures_is_as_shown(directory, backend):
    wanted = re.sub(r"[0-9a-f.]+$", "", re.sub(
        r"\d+", "0", hook("X-Confab-Signature").split(": ")[1].strip()))
    secret = directory / "hooks.secret"
    secret.write_text("a secret of hooks")
    secret.chmod(0o600)
    one = Reader(directory / "reader", """tenant default {
    webhook_url = "%s"
    webhook_secret_file = "%s"
}
""" % (backend.url(), secret))
    try:
        with one.server.client("ann"):
            backend.wait_event(event="online")
        signature = backend.asked[0].headers["X-Confab-Signature"]
        assert re.sub(r"[0-9a-f]+$", "", re.sub(r"t=\d+", "t=0", signature)) \
            == re.sub(r"v0=", "v1=", wanted)
        one.end()
    finally:
        one.kill()


# Profiles

def conversation(socket, text):
    """Lines with > are said, lines with < must come, in any order."""
    lines = re.split(r"^(?=[<>] )", text, flags=re.M)[1:]
    expected = []
    for line in lines:
        if line[0] == ">":
            socket.send(wire.text(re.sub(r"\n\s*", "", line[2:])))
        else:
            expected.append(shown(line[2:]))
    while expected:
        real = json.loads(socket.read_text())
        found = next((one for one in expected if real.get("seq") ==
                      one.get("seq") or "seq" not in one), None)
        assert found, (real, expected)
        expected.remove(found)
        assert_alike(real, found)


def get(reader, address, body=None):
    reader.sh("curl %s 'http://127.0.0.1:%s'" % (
        "" if body is None else "-d '%s'" % body, address))
    return json.loads(reader.answer)


def test_im_says_what_is_shown(reader):
    login, msg, listed, online = [text for text in examples("confab-im.7")
                                  if text[0] in "<>{"]
    with wire.WebSocket(reader.server.port, path="/acc") as one:
        conversation(one, login)
        get(reader, "8080/user/sendMessage",
            "appID=101&userID=ada&msgID=1&message=hello")
        assert_alike(json.loads(one.read_text()), shown(msg[2:]))
        assert_alike(get(reader, "8080/user/list?appID=101")["data"],
                     shown(listed))
        assert_alike(get(reader, "8080/user/online?userID=ada")["data"],
                     shown(online))


def profile_examples(first, last):
    """Those of confab-profiles(7) between two headings."""
    text = (MANUALS / "confab-profiles.7").read_text()
    text = text[text.index(".Sh " + first):text.index(".Sh " + last)]
    return [block for block in examples("confab-profiles.7") if block in
            text.replace("\\e", "\\").replace("\\&", "")]


def test_groupchat_says_what_is_shown(reader):
    greeting, talk, users, groups = profile_examples("THE PROFILE GROUPCHAT",
                                                     "THE PROFILE PUSH")
    with wire.WebSocket(reader.named["groupchat"], path="/ws") as one:
        conversation(one, greeting)
        conversation(one, talk)
        assert_alike(get(reader, "8282/user/list?groupsId=1"), shown(users))
        assert_alike(get(reader, "8282/user/groupslist?appId=1"),
                     shown(groups))


def test_push_says_what_is_shown(reader):
    text = (MANUALS / "confab-profiles.7").read_text()
    wish = re.search(r"/ws\?d=(\{.*\})$", text, re.M)[1]
    pushed, post, status = profile_examples("THE PROFILE PUSH",
                                            "THE PROFILE CLIENT")
    head, body = post.split("\n", 1)
    assert head == "POST /send"
    with wire.WebSocket(reader.named["push"], path="/ws?d=" +
                        urllib.parse.quote(wish)) as one:
        assert one.read_frame() == (wire.PING, b"\0")
        answer = get(reader, "3210/send", re.sub(r"\n\s*", "", body))
        assert answer == {"msg": "success."}
        assert json.loads(one.read_text()) == shown(pushed)
        assert_alike(get(reader, "3210/status"), shown(status))


def test_client_says_what_is_shown(reader):
    _, greeting, nameless, pushed, group = profile_examples(
        "THE PROFILE CLIENT", "SEE ALSO")
    port = reader.named["client"]
    with wire.WebSocket(port, path="/ws") as one:
        assert json.loads(one.read_text()) == shown(nameless)
    reader.sh("curl http://localhost:7800/api/register "
              "-d '{\"systemId\":\"shop\"}'")
    with wire.WebSocket(port, path="/ws?systemId=shop") as one:
        hello = json.loads(one.read_text())
        assert_alike(hello, shown(greeting))
        for verb, members in (
                ("send_to_client", '"code":200,"msg":"hello","data":"x",'
                                   '"sendUserId":"ann"'),
                ("bind_to_group", '"groupName":"g","userId":"7"')):
            reader.sh("curl -H 'SystemId: shop' http://localhost:7800/api/%s "
                      "-d '{\"clientId\":\"%s\",%s}'" % (
                          verb, hello["data"]["clientId"], members))
        assert_alike(json.loads(one.read_text()), shown(pushed))
        event, wanted = json.loads(one.read_text()), shown(group)
        assert_alike(event, wanted)
        assert event["msg"] == wanted["msg"]
        assert_alike(json.loads(event["data"]), json.loads(wanted["data"]))


def test_every_example_is_tried():
    tried = {param.values for kind in (SHELL, CONFIG) for param in every(kind)}
    by_hand = {"confab-hooks.7": 6, "confab-im.7": 4, "confab-metrics.7": 1,
               "confab-profiles.7": 12}
    for path in MANUALS.glob("confab*.[1-9]"):
        left = [text for text in examples(path.name)
                if (path.name, text) not in tried]
        if path.name != "confab-protocol.7":
            assert len(left) == by_hand.get(path.name, 0), left
