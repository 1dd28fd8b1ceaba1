"""The profile `groupchat`: people talk over /ws, alone and in groups. What is
sent and what comes, line by line."""

import json
import re
import time

import pytest

import wire
from server import DEATHS, wait_for

OPTIONS = dict(profiles=("confab", "groupchat"), gateways=2, options="""
room "group:1" { say = anyone }
room "group:open" { say = anyone }
""")

OK = (200, "Success")
BAD_DATA = (1001, "参数不合法")
BAD_USER = (1002, "非法的用户Id")
FORBIDDEN = (1003, "未授权")


@pytest.fixture(scope="module")
def port(server):
    return server.port


class Person(wire.WebSocket):
    """A connection whose greeting was read."""

    def __init__(self, port, user=None, **login):
        super().__init__(port, path="/ws?uid=1&to_uid=2&appname=1")
        self.greeting = self.read_text()
        self.seq = 0
        if user is not None:
            assert self.ask("login", login_data(user, **login)) == OK

    def tell(self, action, data=None, **more):
        self.seq += 1
        self.send(wire.text(json.dumps(
            {"seq": str(self.seq), "action": action, "data": data, **more})))

    def reply(self, action):
        """Of the last request; pushes before it are kept."""
        self.pushes = []
        while True:
            text = self.read_text()
            frame = json.loads(text)
            if "response" in frame:
                break
            self.pushes.append(frame["data"])
        response = frame["response"]
        assert text == '{"seq":"%d","action":"%s","response":{"code":%d,' \
            '"msg":"%s","data":null}}' % (self.seq, action, response["code"],
                                          response["msg"])
        return response["code"], response["msg"]

    def ask(self, action, data=None, **more):
        self.tell(action, data, **more)
        return self.reply(action)

    def say(self, message, **more):
        assert self.ask("sendmsg", {"msgType": "text", "message": message,
                                    **more}) == OK

    def push(self):
        """The next one, or of those that came before a reply."""
        if getattr(self, "pushes", None):
            return self.pushes.pop(0)
        return json.loads(self.read_text())["data"]

    def hears(self, content):
        push = self.push()
        assert (push["action"], push["content"]) == ("sendmsg", content)
        return push

    def hears_nothing(self):
        """What comes next is the reply to what is asked now."""
        assert self.ask("heartbeat", {}) == OK
        assert self.pushes == []


def login_data(user, app=1, **more):
    return {"appId": app, "userId": user, **more}


def get(port, path, method="GET"):
    with wire.Socket(port) as one:
        one.send(("%s %s HTTP/1.1\r\nHost: x\r\n\r\n" % (
            method, path)).encode())
        return one.read_response(head_only=method == "HEAD")


def users(port, group):
    answer = get(port, "/user/list?groupsId=" + group)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    data = json.loads(answer.body)
    assert (data["code"], data["msg"]) == OK
    return [row["ID"] for row in data["data"]["userList"]]


def test_who_connects_is_greeted(port):
    begun = time.time()
    with Person(port) as one:
        found = re.fullmatch(
            '{"code":200,"msg":"success","data":{"action":"enter","msgId":'
            '"(\\d{19})","msgType":"text","content":"连接成功","from":"",'
            '"to":"","msgTimestamp":"(\\d{10})"}}', one.greeting)
        assert abs(int(found[1]) / 1e9 - begun) < wire.GUARD
        assert abs(int(found[2]) - begun) < wire.GUARD


@pytest.mark.parametrize("data, expected", [
    (login_data("a"), OK),
    (login_data("a", 2), OK),
    (login_data("a", 1.0), OK),
    ({"APPID": 1, "userid": "a", "more": [1]}, OK),
    (login_data("a", toUid=None, token="x"), OK),
    (login_data("a" * 19), OK),
    (login_data("一二三四五六"), OK),
    (login_data("a", groupsId="0", toUid="b"), OK),
    ([], BAD_DATA), ("x", BAD_DATA), (7, BAD_DATA),
    (login_data("a", toUid=2), BAD_DATA),
    (login_data("a", groupsId=1), BAD_DATA),
    (login_data(5), BAD_DATA),
    (login_data("a", "1"), BAD_DATA),
    (login_data("a", -1), BAD_DATA),
    (login_data("a", 1.5), BAD_DATA),
    (login_data("a", groupsId="g" * 101), BAD_DATA),
    (login_data("a", groupsId="\n"), BAD_DATA),
    (None, BAD_USER), ({}, BAD_USER),
    (login_data(""), BAD_USER),
    (login_data("null"), BAD_USER),
    (login_data("a" * 20), BAD_USER),
    (login_data("一二三四五六七"), BAD_USER),
    (login_data("a", 3), FORBIDDEN),
    (login_data("a", 0), FORBIDDEN),
    ({"userId": "a"}, FORBIDDEN)], ids=lambda value: repr(value)[:40])
def test_a_login_is_answered(port, data, expected):
    with Person(port) as one:
        assert one.ask("login", data) == expected
        assert one.ask("heartbeat", {}) == (
            OK if expected == OK else (1000, "未登录"))


@pytest.mark.parametrize("action", ["ping", "", "LOGIN", "nothing"])
def test_what_is_unknown_has_no_route(port, action):
    with Person(port) as one:
        assert one.ask(action, {}) == (1010, "路由不存在")


@pytest.mark.parametrize("text", [
    "", "nonsense", "[]", "{", '{"seq":1}', '{"seq":"1"} x', '"x"', "7",
    '{"seq":"1","action":2}', "[" * 500])
def test_what_makes_no_sense_is_said_so_and_nothing_more(port, text):
    with Person(port) as one:
        one.send(wire.text(text))
        assert one.read_text() == "数据不合法"
        assert one.ask("login", login_data("noise")) == OK


def test_frames_are_read_as_go_reads_them(port):
    with Person(port, "go") as one:
        one.seq = 7
        one.send(wire.frame(
            wire.BINARY, b'{"SEQ":"7","seq":null,"Action":"heartbeat"}'))
        assert one.reply("heartbeat") == OK
        one.send(wire.text(b'{"seq":"\xff","action":"ping"}'))
        assert json.loads(one.read_text())["seq"] == "\ufffd"


def test_a_heartbeat_is_an_object_or_nothing(port):
    with Person(port, "beat") as one:
        assert one.ask("heartbeat") == OK
        assert one.ask("heartbeat", {"userId": "x"}) == OK
        assert one.ask("heartbeat", [1]) == BAD_DATA


def test_one_to_one(port):
    with Person(port, "ann", toUid="bob", groupsId="0") as ann, \
            Person(port, "bob", toUid="ann", groupsId="0") as bob, \
            Person(port, "bob", app=2, groupsId="0") as other:
        ann.say("hello <b>")
        text = bob.read_text()
        assert re.fullmatch(
            '{"code":200,"msg":"success","data":{"action":"sendmsg","msgId":'
            '"2","msgType":"text","content":"hello \\\\u003cb\\\\u003e",'
            '"from":"ann","to":"bob","msgTimestamp":"\\d{10}"}}', text)
        ann.hears_nothing()
        other.hears_nothing()
        ann.say("to eve", toUid="eve")
        bob.hears_nothing()
        bob.say("image.png", msgType="image")
        push = ann.hears("image.png")
        assert (push["msgType"], push["from"], push["to"]) == (
            "image", "bob", "ann")
        ann.say("to me", toUid="ann")
        assert ann.push()["to"] == "ann"


def test_a_group_hears_itself_and_each_his_own_name(port):
    with Person(port, "g1", groupsId="7") as one, \
            Person(port, "g2", groupsId="7") as two, \
            Person(port, "g3", groupsId="8") as three:
        one.say("all")
        for person, name in ((one, "g1"), (two, "g2")):
            push = person.hears("all")
            assert (push["from"], push["to"], push["msgId"]) == (
                "g1", name, "2")
        three.hears_nothing()
        two.say("to g1 alone", toUid="g1", groupsId="0")
        one.hears("to g1 alone")
        assert three.ask("sendmsg", {"groupsId": "7"}) == FORBIDDEN
        one.hears_nothing()


def test_who_does_not_belong_may_say_where_anyone_may(port):
    with Person(port, "in", groupsId="open") as one, \
            Person(port, "out", groupsId="0") as other:
        other.say("from without", groupsId="open")
        one.hears("from without")
        other.hears_nothing()


def test_who_belongs_to_a_group_hears_it_wherever_he_is(port):
    with Person(port, "far", groupsId="9"):
        pass
    with Person(port, "far", toUid="x", groupsId="0") as far, \
            Person(port, "near", groupsId="9") as near:
        near.say("still there?")
        assert far.hears("still there?")["to"] == "far"


def test_the_first_group_is_there_with_its_users(port):
    with Person(port, "1", groupsId="0") as one, \
            Person(port, "2", groupsId="1") as two, Person(port, "3") as three:
        three.say("to the first group")
        one.hears("to the first group")
        two.hears("to the first group")
        three.hears_nothing()
    assert users(port, "1") == [1, 2]
    assert json.loads(get(port, "/user/list").body)["data"] == {
        "userList": [{"ID": 1}, {"ID": 2}]}


@pytest.mark.parametrize("data", [
    {"message": "x"}, {}, None, {"message": "x", "groupsId": "0"}])
def test_before_a_login_a_message_is_taken_and_reaches_nobody(port, data):
    with Person(port, "1", groupsId="1") as one, Person(port) as nobody:
        assert nobody.ask("sendmsg", data) == OK
        one.hears_nothing()


@pytest.mark.parametrize("data", [
    [], "x", {"message": 1}, {"msgType": 2}, {"appId": "1"}, {"userId": 1},
    {"toUid": 2}, {"msgType": "t" * 65}])
def test_a_message_of_another_form_is_refused(port, data):
    with Person(port, "forms") as one:
        assert one.ask("sendmsg", data) == BAD_DATA


def test_who_goes_is_told_to_his_group_once(port):
    with Person(port, "stays", groupsId="10") as stays:
        with Person(port, "goes", groupsId="10"):
            pass
        text = stays.read_text()
        assert re.fullmatch(
            '{"code":200,"msg":"success","data":{"action":"exit","msgId":'
            '"\\d{19}","msgType":"text","content":"用户已经离开","from":'
            '"goes","to":"stays","msgTimestamp":"\\d{10}"}}', text)
        with Person(port, "goes", groupsId="0"):
            pass
        with Person(port, "goes", groupsId="11"):
            pass
        stays.hears_nothing()


def test_the_newest_login_is_heard_and_the_older_one_stays(port):
    with Person(port, "see", groupsId="12") as see, \
            Person(port, "twice", groupsId="12") as old:
        with Person(port, "twice", groupsId="12") as new:
            see.say("whom?")
            new.hears("whom?")
            see.hears("whom?")
            old.hears_nothing()
            old.say("from nobody")
            see.hears_nothing()
            old.close()
            see.hears_nothing()
        assert see.push()["action"] == "exit"


def test_a_replaced_connection_may_log_in_again(port):
    with Person(port, "again", groupsId="13") as old, \
            Person(port, "again", groupsId="13") as new:
        assert old.ask("login", login_data("again", groupsId="13")) == OK
        old.say("back")
        old.hears("back")
        new.hears_nothing()


def test_another_login_binds_anew(port):
    with Person(port, "moves", groupsId="14") as one, \
            Person(port, "sees14", groupsId="14") as left, \
            Person(port, "sees15", groupsId="15") as right:
        assert one.ask("login", login_data("moves", groupsId="15")) == OK
        assert left.push()["action"] == "exit"
        one.say("here now")
        right.hears("here now")
        left.hears_nothing()
        one.hears("here now")
        assert one.ask("login", login_data("moves", groupsId="15")) == OK
        assert one.ask("login", login_data("other", groupsId="15")) == OK
        assert right.push()["from"] == "moves"


def test_the_list_of_a_group_is_that_of_its_users(port):
    for name in ("77", "list", "007"):
        with Person(port, name, groupsId="20"):
            pass
    assert users(port, "20") == [77, "list", "007"]
    assert users(port, "no-such") == []
    answer = json.loads(get(port, "/user/list?GROUPSID=%0a").body)
    assert answer == {"code": 1001, "msg": "参数不合法", "data": None}


@pytest.mark.parametrize("query, body", [
    ("", '{"code":1011,"msg":"appid不存在","data":null}'),
    ("?appId=", '{"code":1011,"msg":"appid不存在","data":null}'),
    ("?appId=null", '{"code":1011,"msg":"appid不存在","data":null}'),
    ("?appId=9", '{"code":200,"msg":"Success","data":[]}'),
    ("?appId=x", '{"code":200,"msg":"Success","data":[]}')])
def test_groups_are_of_an_application(port, query, body):
    answer = get(port, "/user/groupslist" + query)
    assert (answer.status, answer.body.decode()) == (200, body)


def test_who_is_not_let_into_his_group_may_log_in_anew(make_server):
    server = make_server(profiles=("confab", "groupchat"), options="""
room "group:closed" { join = token }
""").start()
    with Person(server.port) as one:
        assert one.ask("login", login_data(
            "a", groupsId="closed")) == FORBIDDEN
        assert one.ask("heartbeat") == (1000, "未登录")
        assert one.ask("login", login_data(
            "a", groupsId="closed")) == FORBIDDEN
        assert one.ask("login", login_data("a", groupsId="2")) == OK
        one.say("in")
        one.hears("in")
    assert users(server.port, "closed") == []


def test_a_new_group_is_listed_with_its_application(port):
    with Person(port, "founder", app=2, groupsId="200"):
        pass
    with Person(port, "later", app=1, groupsId="200"):
        pass
    first, second = (json.loads(get(
        port, "/user/groupslist?appId=%d" % app).body)["data"]
        for app in (1, 2))
    assert first[0] == {"ID": 1} and {"ID": 200} not in first
    assert {"ID": 200} in second and {"ID": 1} not in second


@pytest.mark.parametrize("path, words", [
    ("/home/index?uid=1&to_uid=2", b"groupchat.js"),
    ("/home/index?uid=1&to_uid=2&groups_id=", b"groupchat.js"),
    ("/home/room?uid=1", b"groupchat.js"),
    ("/home/groupchat.js", b"./page.js"),
    ("/home/page.js", b"export"),
    ("/favicon.svg", b"<svg"),
    ("/home/groupchat.css", b"{")])
def test_the_pages_are_there(port, path, words):
    answer = get(port, path)
    assert answer.status == 200 and words in answer.body
    assert b"http://" not in answer.body.replace(b"http://www.w3.org", b"")


@pytest.mark.parametrize("path, method", [
    ("/", "GET"), ("/send", "POST"), ("/v1/stats", "GET"),
    ("/home/other", "GET"), ("/user/list", "POST"), ("/metrics", "GET")])
def test_everything_else_is_not_found(port, path, method):
    answer = get(port, path, method)
    assert (answer.status, answer.body) == (404, b"404 page not found")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "access-control-allow-origin" not in answer.headers


def test_a_request_without_a_handshake_is_a_bad_one(port):
    answer = get(port, "/ws")
    assert (answer.status, answer.body) == (
        400, b"Bad Request\n404 page not found\n")
    assert answer.headers["sec-websocket-version"] == "13"


def test_other_protocols_hear_it_in_their_words(server, port):
    with server.client("nat", "group:30") as native, \
            Person(port, "pro", groupsId="30") as person:
        person.say("hi")
        push = native.push("msg")
        assert (push["from"], push["type"], push["body"]) == (
            "pro", "text", {"msg": "hi", "msgId": "2"})
        person.hears("hi")
        native.call("say", room="group:30", type="note", body="yo")
        push = person.hears("yo")
        assert (push["from"], push["to"], push["msgType"]) == (
            "nat", "pro", "note")
        native.call("say", user="pro", type="text", body={"x": 1})
        assert person.hears('{"x":1}')["to"] == "pro"


def test_members_survive_kills_and_a_restart(make_server):
    server = make_server(profiles=("confab", "groupchat")).start()
    server.allow(DEATHS)
    for name in ("a", "b"):
        with Person(server.port, name, groupsId="5"):
            pass
    server.kill_one("ledger")
    wait_for("they are known again",
             lambda: users(server.port, "5") == ["a", "b"])
    with Person(server.port, "c", app=2, groupsId="5"):
        pass
    server.kill()
    server.start()
    assert users(server.port, "5") == ["a", "b", "c"]
    server.stop()
    server.start()
    with Person(server.port, "a") as one, \
            Person(server.port, "b", groupsId="5") as two:
        two.say("after all that")
        one.hears("after all that")
    assert users(server.port, "5") == ["a", "b", "c"]


def test_who_is_silent_is_dropped_without_a_word(make_server):
    server = make_server(profiles=("groupchat",),
                         websocket='heartbeat_seconds = "1s"').start()
    with Person(server.port, "quiet", groupsId="0") as one:
        one.send(wire.frame(wire.PING, b"x"))
        assert one.read_frame() == (wire.PONG, b"x")
        assert one.read_to_end() == b""
