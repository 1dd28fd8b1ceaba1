"""The profile `client`: browsers listen at /ws?systemId=…, their backends do
all the rest over HTTP on the same port. What is sent and what comes, line by
line."""

import base64
import itertools
import json
import re
import subprocess
import threading
import time

import pytest

import wire
from server import DEATHS, wait_for

OPTIONS = dict(profiles=("confab", "client"), ping_seconds=25)

KEY = b"Adba723b7fe06819"
NO_SYSTEM = ('{"messageId":"","sendUserId":"","code":-1001,'
             '"msg":"系统ID不能为空","data":[]}\n')
SUCCESS = '{"code":0,"msg":"success","data":[]}'
MESSAGE = re.compile(
    r'\{"code":0,"msg":"success","data":\{"messageId":"([0-9a-f]{16})"\}\}')

numbers = itertools.count()


@pytest.fixture(scope="module")
def port(server):
    return server.port


@pytest.fixture
def system(port):
    """The name of a registered system that nobody else uses."""
    name = "shop-%d" % next(numbers)
    assert call(port, "register", {"systemId": name}) == SUCCESS
    return name


class Listener(wire.WebSocket):
    """A browser, behind its greeting."""

    def __init__(self, port, system):
        super().__init__(port, path="/ws?systemId=" + system)
        self.greeting = self.read_text()
        self.id = json.loads(self.greeting)["data"]["clientId"]

    def said(self):
        text = self.read_text()
        assert text.endswith("}\n")
        return json.loads(text)


def post(port, path, body, system=None, method="POST", version="HTTP/1.1",
         header="SystemId"):
    if not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    body = body.encode() if isinstance(body, str) else body
    more = "%s: %s\r\n" % (header, system) if system is not None else ""
    with wire.Socket(port) as one:
        one.send(("%s %s %s\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n" % (
            method, path, version, len(body), more)).encode() + body)
        return one.read_response(head_only=method == "HEAD")


def call(port, verb, body, system=None, **more):
    answer = post(port, "/api/" + verb, body, system, **more)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    return answer.body.decode()


def failure(words):
    return '{"code":-1,"msg":"%s","data":[]}' % words


def data_of(answer):
    answer = json.loads(answer)
    assert (answer["code"], answer["msg"]) == (0, "success")
    return answer["data"]


def bind(port, system, client, group, user="", extend=""):
    assert call(port, "bind_to_group", {
        "clientId": client, "groupName": group, "userId": user,
        "extend": extend}, system) == SUCCESS


def hears_nothing_but(listener, *codes):
    """What comes next is what was said last."""
    for code in codes:
        assert listener.said()["code"] == code


def fence(port, system, *listeners):
    """They hear nothing that was said before this."""
    call(port, "send_to_system", {"code": 77}, system)
    for listener in listeners:
        hears_nothing_but(listener, 77)


def event(client, user="", extend="", code=1001, words="客户端上线"):
    """As it stands on the wire, but for its messageId."""
    data = json.dumps({"clientId": client, "extend": extend, "userId": user},
                      separators=(",", ":"), ensure_ascii=False)
    data = data.replace("<", "\\u003c").replace(">", "\\u003e")
    return ('"sendUserId":"","code":%d,"msg":"%s","data":%s}\n' % (
        code, words, json.dumps(data, ensure_ascii=False)))


def reads_event(listener, *arguments, **more):
    head, text = listener.read_text().split(",", 1)
    assert re.fullmatch(r'\{"messageId":"[0-9a-f]{16}"', head)
    assert text == event(*arguments, **more)


# WebSockets


def test_a_client_is_greeted_with_its_id(port):
    with Listener(port, "any") as one, Listener(port, "any") as other:
        assert one.greeting == ('{"code":0,"msg":"success","data":{"clientId":'
                                '"%s"}}\n' % one.id)
        assert one.id != other.id
        assert len(one.id) == 44


def test_the_id_can_be_decoded_by_who_has_the_key(port):
    with Listener(port, "any") as one:
        raw = base64.b64decode(one.id, validate=True)
        plain = subprocess.run(
            ["openssl", "enc", "-d", "-aes-128-cbc", "-K", KEY.hex(), "-iv",
             raw[:16].hex()], input=raw[16:], capture_output=True, check=True)
        assert re.fullmatch(rb"0\.0\.0\.1:\d+", plain.stdout)


@pytest.mark.parametrize("query", ["", "?systemId=", "?x=1", "?systemId=%ff",
                                   "?systemIdx=1"])
def test_without_a_system_it_is_told_and_dropped(make_server, query):
    server = make_server(profiles=("client",)).start()
    with wire.WebSocket(server.port, path="/ws" + query) as one:
        assert one.read_text() == NO_SYSTEM
        assert one.read_to_end() == b""


@pytest.mark.parametrize("query", ["systemId=a", "x=1&systemId=b", "SYSTEMID=c",
                                   "systemId=%E5%95%86+%2F&y", "systemId=/a",
                                   "systemId=" + "x" * 900])
def test_any_name_of_a_system_will_do(port, query):
    with wire.WebSocket(port, path="/ws?" + query) as one:
        assert json.loads(one.read_text())["code"] == 0


def test_what_a_client_sends_is_ignored(port, system):
    with Listener(port, system) as one:
        one.send(wire.text(b"hello") + wire.text(b"\xff\xfe") +
                 wire.frame(wire.BINARY, b"x" * 8192))
        one.send(wire.frame(wire.PING, b"p"))
        assert one.read_frame() == (wire.PONG, b"p")
        fence(port, system, one)


def test_more_than_8192_bytes_close_with_1009(port):
    with Listener(port, "any") as one:
        one.send(wire.text(b"x" * 8193))
        assert one.read_close()[0] == 1009


def test_a_close_is_answered_with_its_code(port):
    with Listener(port, "any") as one:
        one.send(wire.close(1000))
        assert one.read_close() == (1000, "")


def test_clients_are_pinged_and_need_not_answer(make_server):
    server = make_server(profiles=("client",), ping_seconds="200ms").start()
    with Listener(server.port, "any") as one:
        for _ in range(4):
            assert one.read_frame() == (wire.PING, b"")


def test_a_plain_get_is_told_what_go_tells(port):
    answer = post(port, "/ws?systemId=a", "", method="GET")
    assert (answer.status, answer.body) == (
        400, b"Bad Request\n404 page not found\n")
    assert answer.headers["sec-websocket-version"] == "13"


# HTTP: who may ask, and what is wrong


GUARDED = {
    "send_to_client": "ClientId", "send_to_clients": "ClientIds",
    "send_to_group": "GroupName", "bind_to_group": "ClientId",
    "get_online_list": "GroupName", "close_client": "ClientId",
    "is_online": "ClientId", "unbind_from_group": "ClientId",
    "send_to_system": None}


def test_a_system_is_registered_once(port):
    name = "once-%d" % next(numbers)
    for method in ("PUT", "POST", "GET"):
        answer = call(port, "register", {"systemId": name}, method=method)
        assert answer == (SUCCESS if method == "PUT"
                          else failure("该系统ID已被注册"))


@pytest.mark.parametrize("body, status, words", [
    ("", 400, ""), ("nonsense", 400, ""), ("[]", 400, ""),
    ('"a"', 400, ""), ('{"systemId":1}', 400, ""), ("{", 400, ""),
    ("{}", 200, failure("SystemId为必填字段")),
    ("null", 200, failure("SystemId为必填字段")),
    ('{"systemId":null}', 200, failure("SystemId为必填字段")),
    ('{"systemId":""}', 200, failure("SystemId为必填字段"))])
def test_what_cannot_be_registered(port, body, status, words):
    answer = post(port, "/api/register", body)
    assert (answer.status, answer.body.decode()) == (status, words)


@pytest.mark.parametrize("body", [
    '{"SYSTEMID":"%s"}', '{"systemId":"x","systemid":"%s"}',
    '{"systemId":"%s","more":[1]} trailing', '\n{ "systemId" : "%s" }'])
def test_json_is_read_as_go_reads_it(port, body):
    name = "json-%d" % next(numbers)
    assert call(port, "register", body % name) == SUCCESS
    assert call(port, "is_online", {"clientId": "x"}, name) == (
        '{"code":0,"msg":"success","data":{"online":false}}')


@pytest.mark.parametrize("verb, missing", GUARDED.items())
def test_every_door_is_guarded_in_order(port, system, verb, missing):
    path = "/api/" + verb
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS"):
        answer = post(port, path, "{}", system, method=method)
        assert (answer.status, answer.body) == (405, b"")
    assert call(port, verb, "nonsense") == failure("系统ID不能为空")
    assert call(port, verb, "nonsense", "") == failure("系统ID不能为空")
    assert call(port, verb, "nonsense", "nobody") == failure("系统ID无效")
    for body in ("", "nonsense", "[]"):
        answer = post(port, path, body, system, header="SYSTEMID")
        assert (answer.status, answer.body) == (400, b"")
    answer = call(port, verb, "{}", system, header="systemid")
    if missing:
        assert answer == failure(missing + "为必填字段")
    else:
        assert MESSAGE.fullmatch(answer)


@pytest.mark.parametrize("verb, body, status", [
    ("send_to_client", {"clientId": 1}, 400),
    ("send_to_client", {"clientId": "a", "code": "1"}, 400),
    ("send_to_client", {"clientId": "a", "code": 1.5}, 400),
    ("send_to_client", {"clientId": "a", "code": 1e99}, 400),
    ("send_to_client", {"clientId": "a", "msg": []}, 400),
    ("send_to_client", {"clientId": "a", "sendUserId": 5}, 400),
    ("send_to_client", {"clientId": "a", "code": None, "groupName": 5}, 200),
    ("send_to_clients", {"clientIds": "a"}, 400),
    ("send_to_clients", {"clientIds": [1]}, 400),
    ("send_to_clients", {"clientIds": {}}, 400),
    ("send_to_clients", {"clientIds": []}, 200),
    ("send_to_clients", {"clientIds": ["", None, "a"]}, 200),
    ("bind_to_group", {"clientId": "a", "groupName": {}}, 400),
    ("bind_to_group", {"clientId": "a", "groupName": "g", "extend": 1}, 400),
    ("bind_to_group", {"clientId": "a", "groupName": "g"}, 200),
    ("get_online_list", {"groupName": "g", "code": 1, "msg": "m"}, 200)])
def test_types_of_members_are_looked_at(port, system, verb, body, status):
    answer = post(port, "/api/" + verb, body, system)
    assert answer.status == status
    assert status == 200 or answer.body == b""


@pytest.mark.parametrize("verb, body, missing", [
    ("send_to_clients", {"clientIds": None}, "ClientIds"),
    ("send_to_group", {"groupName": ""}, "GroupName"),
    ("bind_to_group", {"clientId": "a"}, "GroupName"),
    ("unbind_from_group", {"clientId": "a"}, "GroupName"),
    ("unbind_from_group", {"groupName": "a"}, "ClientId")])
def test_the_first_missing_member_is_named(port, system, verb, body, missing):
    assert call(port, verb, body, system) == failure(missing + "为必填字段")


def test_other_paths_are_not_found(server, port):
    for path in ("/", "/api", "/api/nothing", "/v1/stats", "/metrics"):
        answer = post(port, path, "", method="GET")
        assert (answer.status, answer.body) == (404, b"404 page not found\n")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_http_1_0_and_100_continue_are_understood(port, system):
    body = json.dumps({"clientId": "x"}).encode()
    head = "POST /api/is_online HTTP/1.%d\r\nSystemId: %s\r\n" \
           "Content-Length: %d\r\n%s\r\n"
    with wire.Socket(port) as one:
        one.send((head % (0, system, len(body), "")).encode() + body)
        assert one.read_response().status == 200
        assert one.is_closed_by_server()
    with wire.Socket(port) as one:
        one.send((head % (1, system, len(body),
                          "Host: x\r\nExpect: 100-continue\r\n")).encode())
        assert one.read_response(head_only=True).status == 100
        one.send(body)
        assert one.read_response().status == 200


# Saying


@pytest.mark.parametrize("sent, pushed", [
    ({}, '"sendUserId":"","code":0,"msg":"","data":""'),
    ({"sendUserId": "u", "code": -5, "msg": "m", "data": "d"},
     '"sendUserId":"u","code":-5,"msg":"m","data":"d"'),
    ({"Msg": "<&>", "DATA": "中文"},
     '"sendUserId":"","code":0,"msg":"\\u003c\\u0026\\u003e","data":"中文"'),
    ({"data": {"a": [1, None, "x"]}},
     '"sendUserId":"","code":0,"msg":"","data":{"a":[1,null,"x"]}'),
    ({"data": 7}, '"sendUserId":"","code":0,"msg":"","data":7'),
    ({"data": None}, '"sendUserId":"","code":0,"msg":"","data":""')])
def test_what_is_sent_is_pushed(port, system, sent, pushed):
    with Listener(port, system) as one:
        bind(port, system, one.id, "g")
        assert one.said()["code"] == 1001
        for verb, to in (("send_to_client", {"clientId": one.id}),
                         ("send_to_group", {"groupName": "g"}),
                         ("send_to_system", {})):
            answer = call(port, verb, {**to, **sent}, system)
            message = MESSAGE.fullmatch(answer).group(1)
            assert one.read_text() == '{"messageId":"%s",%s}\n' % (
                message, pushed)


def test_each_of_many_gets_a_message_of_his_own(port, system):
    with Listener(port, system) as one, Listener(port, system) as other, \
            Listener(port, system) as third:
        assert call(port, "send_to_clients", {
            "clientIds": [one.id, other.id, "nobody"], "msg": "m"},
            system) == SUCCESS
        messages = [one.said(), other.said()]
        assert [message["msg"] for message in messages] == ["m", "m"]
        assert messages[0]["messageId"] != messages[1]["messageId"]
        fence(port, system, one, other, third)


@pytest.mark.parametrize("client", ["nobody", "x" * 5000, "a\u0007", "A" * 44])
def test_what_is_sent_to_nobody_is_a_success(port, system, client):
    assert MESSAGE.fullmatch(
        call(port, "send_to_client", {"clientId": client}, system))
    for verb, data in (("bind_to_group", []), ("unbind_from_group", []),
                       ("close_client", {}), ("is_online", {"online": False})):
        assert data_of(call(port, verb, {
            "clientId": client, "groupName": "g"}, system)) == data


def test_a_slash_may_be_escaped(port, system):
    while True:
        with Listener(port, system) as one:
            if "/" not in one.id:
                continue
            call(port, "send_to_client", '{"clientId":"%s","code":9}' %
                 one.id.replace("/", "\\/"), system)
            assert one.said()["code"] == 9
            return


# Groups


def test_who_is_bound_is_seen_to_come_and_go(port, system):
    """The labels of the last binding count."""
    with Listener(port, system) as one, Listener(port, system) as other:
        bind(port, system, one.id, "g", "u1", "<e>")
        reads_event(one, one.id, "u1", "<e>")
        bind(port, system, other.id, "g")
        reads_event(one, other.id)
        reads_event(other, other.id)
        # Once more: new labels and no event.
        bind(port, system, other.id, "g", "u2", "e2")
        fence(port, system, one, other)
        other.close()
        reads_event(one, other.id, "u2", "e2", 1002, "客户端下线")
        fence(port, system, one)


@pytest.mark.parametrize("end", ["close", "reset", "close_client", "1009"])
def test_every_end_is_told_at_once_in_every_group(port, system, end):
    with Listener(port, system) as one, Listener(port, system) as other:
        for group in ("g", "h"):
            bind(port, system, other.id, group, group)
            assert other.said()["code"] == 1001
            bind(port, system, one.id, group, group)
            hears_nothing_but(one, 1001)
            hears_nothing_but(other, 1001)
        if end == "close_client":
            assert call(port, "close_client", {"clientId": other.id},
                        system) == '{"code":0,"msg":"success","data":{}}'
            assert other.read_to_end() == b""  # no close frame
        elif end == "1009":
            other.send(wire.text(b"x" * 9000))
        else:
            getattr(other, end)()
        for _ in range(2):
            reads_event(one, other.id, "h", "", 1002, "客户端下线")
        assert data_of(call(port, "is_online", {"clientId": other.id},
                            system)) == {"online": False}
        assert data_of(call(port, "is_online", {"clientId": one.id},
                            system)) == {"online": True}


def test_who_is_unbound_hears_no_more_and_the_others_of_it(port, system):
    with Listener(port, system) as one, Listener(port, system) as other:
        for listener in (one, other):
            bind(port, system, listener.id, "g")
        hears_nothing_but(one, 1001, 1001)
        hears_nothing_but(other, 1001)
        assert call(port, "unbind_from_group", {
            "clientId": other.id, "groupName": "g"}, system) == SUCCESS
        reads_event(one, other.id, code=1002, words="客户端下线")
        call(port, "send_to_group", {"groupName": "g", "code": 5}, system)
        hears_nothing_but(one, 5)
        fence(port, system, one, other)


def test_who_is_in_a_group_can_be_listed(port, system):
    assert call(port, "get_online_list", {"groupName": "g"}, system) == (
        '{"code":0,"msg":"success","data":{"count":0,"list":[]}}')
    with Listener(port, system) as one, Listener(port, system) as other:
        for listener in (one, other):
            bind(port, system, listener.id, "g")
        assert data_of(call(port, "get_online_list", {"groupName": "g"},
                            system)) == {
            "count": 2, "list": sorted([one.id, other.id])}


def test_a_list_of_many_is_whole(port, system):
    listeners = [Listener(port, system) for _ in range(120)]
    try:
        with wire.Socket(port) as backend:
            for listener in listeners:
                body = json.dumps({"clientId": listener.id, "groupName": "g"})
                backend.send((
                    "POST /api/bind_to_group HTTP/1.1\r\nHost: x\r\nSystemId: "
                    "%s\r\nContent-Length: %d\r\n\r\n%s" % (
                        system, len(body), body)).encode())
                assert backend.read_response().body.decode() == SUCCESS
        listed = data_of(call(port, "get_online_list", {"groupName": "g"},
                              system))
        assert listed["count"] == 120
        assert listed["list"] == sorted(one.id for one in listeners)
    finally:
        for listener in listeners:
            listener.close()


@pytest.mark.parametrize("group", ["中文 /", ":x", "g" * 121, "g" * 122,
                                   "g" * 4000, "\n"])
def test_a_group_may_have_any_name(port, system, group):
    with Listener(port, system) as one:
        bind(port, system, one.id, group)
        hears_nothing_but(one, 1001)
        call(port, "send_to_group", {"groupName": group, "code": 5}, system)
        hears_nothing_but(one, 5)
        call(port, "send_to_group", {"groupName": group + "?"}, system)
        fence(port, system, one)


def test_labels_have_a_limit(port, system):
    with Listener(port, system) as one:
        assert json.loads(call(port, "bind_to_group", {
            "clientId": one.id, "groupName": "g", "extend": "e" * 1100},
            system))["code"] == -1
        fence(port, system, one)


# Tenants


def test_systems_are_kept_apart_in_every_command(port, system):
    other = system + "-other"
    assert call(port, "register", {"systemId": other}) == SUCCESS
    with Listener(port, system) as one, Listener(port, other) as stranger:
        bind(port, system, one.id, "g", "u")
        hears_nothing_but(one, 1001)
        bind(port, other, one.id, "g", "x")
        bind(port, other, one.id, "h", "x")
        for verb, body in (
                ("send_to_client", {"clientId": one.id}),
                ("send_to_clients", {"clientIds": [one.id]}),
                ("send_to_group", {"groupName": "g"}),
                ("send_to_system", {}),
                ("unbind_from_group", {"clientId": one.id, "groupName": "g"}),
                ("close_client", {"clientId": one.id})):
            assert json.loads(call(port, verb, body, other))["code"] == 0
        assert data_of(call(port, "is_online", {"clientId": one.id},
                            other)) == {"online": False}
        assert data_of(call(port, "get_online_list", {"groupName": "g"},
                            other)) == {"count": 0, "list": []}
        fence(port, system, one)
        assert data_of(call(port, "get_online_list", {"groupName": "g"},
                            system))["list"] == [one.id]
        assert stranger.said()["code"] == 0  # its own send_to_system
        fence(port, other, stranger)


@pytest.mark.parametrize("one, other", [
    ("a", "A"), ("/a", "a"), ("/a", "//a"), ("x" * 63, "x" * 64),
    ("x" * 900, "x" * 901), ("default", "/default"), ("a\u0001", "a")])
def test_names_that_look_alike_are_different_systems(port, one, other):
    begin = "alike-%d" % next(numbers) if not one.startswith("/") else ""
    for name in (begin + one, begin + other):
        answer = call(port, "register", {"systemId": name})
        assert answer in (SUCCESS, failure("该系统ID已被注册"))
        if begin:
            assert answer == SUCCESS


@pytest.mark.parametrize("tenant", ["/shop", "//x"])
def test_nobody_else_logs_in_with_the_tenant_of_a_system(server, tenant):
    with server.client() as client:
        client.refused(1003, "login", user="ann", tenant=tenant)


def test_a_tenant_that_wants_tokens_and_platforms_does_not_close_systems(
        make_server, tmp_path):
    (tmp_path / "key").write_bytes(b"k" * 32)
    (tmp_path / "key").chmod(0o600)
    server = make_server(profiles=("client",), options="""
tenant default { auth = token token_key_file = "%s"  platforms = {"7"} }
""" % (tmp_path / "key")).start()
    with Listener(server.port, "a") as one:
        server.process.send_signal(1)
        server.wait_log("configuration")
        call(server.port, "register", {"systemId": "a"})
        fence(server.port, "a", one)


# What lasts


def register_many(port, name, count):
    return [call(port, "register", {"systemId": "%s-%d" % (name, i)})
            for i in range(count)]


def test_systems_outlive_every_kill_and_restart(make_server):
    server = make_server(profiles=("client",), gateways=2).start()
    assert set(register_many(server.port, "s", 20)) == {SUCCESS}
    server.allow(DEATHS)
    server.kill_one("ledger")
    known = {failure("该系统ID已被注册")}
    assert set(register_many(server.port, "s", 20)) == known
    server.kill()
    server.start()
    assert set(register_many(server.port, "s", 20)) == known
    assert register_many(server.port, "t", 1) == [SUCCESS]
    server.stop()  # with a checkpoint
    server.start()
    assert set(register_many(server.port, "s", 20)) == known
    assert set(register_many(server.port, "t", 1)) == known
    with Listener(server.port, "s-7") as one:
        fence(server.port, "s-7", one)


def test_of_many_at_once_one_gets_the_name(port):
    name, answers = "race-%d" % next(numbers), []

    def ask():
        answers.append(call(port, "register", {"systemId": name}))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(
        [SUCCESS] + 7 * [failure("该系统ID已被注册")])


def test_clients_of_a_killed_gateway_are_told_of_as_gone(make_server):
    server = make_server(profiles=("client",), gateways=2,
                         grace_seconds="100ms").start()
    call(server.port, "register", {"systemId": "s"})
    groups = {}
    listeners = [Listener(server.port, "s") for _ in range(16)]
    for listener in listeners:
        bind(server.port, "s", listener.id, "g", "u")
    before = data_of(call(server.port, "get_online_list", {"groupName": "g"},
                          "s"))
    assert before["count"] == 16
    server.allow(DEATHS)
    server.kill_one("gateway")
    deadline = time.monotonic() + 20

    def listed():
        groups.update(data_of(call(
            server.port, "get_online_list", {"groupName": "g"}, "s")))
        return groups["count"] < 16 or time.monotonic() > deadline

    wait_for("they are gone", listed)
    alive = [one for one in listeners if one.id in groups["list"]]
    gone = {one.id for one in listeners} - set(groups["list"])
    assert alive and gone
    seen = set()
    while seen != gone:
        push = alive[0].said()
        if push["code"] == 1002:
            assert json.loads(push["data"])["userId"] == "u"
            seen.add(json.loads(push["data"])["clientId"])
    for listener in listeners:
        listener.close()


def test_a_system_of_the_configuration_need_not_register(make_server):
    server = make_server(profiles=("client",),
                         client_systems=("shop", "系统")).start()
    port = server.port
    assert call(port, "register", {"systemId": "shop"}) == failure(
        "该系统ID已被注册")
    with Listener(port, "shop") as one:
        assert data_of(call(port, "is_online", {"clientId": one.id},
                            system="shop")) == {"online": True}
    assert call(port, "is_online", {"clientId": "x"}, system="sho") == failure(
        "系统ID无效")
