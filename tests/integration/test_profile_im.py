"""The profile `im`: clients log in and listen at /acc, backends and pages ask
and speak by HTTP. What is sent and what comes, line by line."""

import json
import urllib.parse

import pytest

import wire
from server import wait_for

OPTIONS = dict(profiles=("confab", "im"), api='profiles = {"im"}')

NOT_FOUND = b"404 page not found"
JSON_TYPE = "application/json; charset=utf-8"


@pytest.fixture(scope="module")
def port(server):
    return server.port


class Im(wire.WebSocket):
    """A client, logged in if it has a name."""

    def __init__(self, port, user=None, app=101, room=None):
        super().__init__(port, path="/acc")
        self.user = user
        if user:
            data = {"userID": user, "appID": app}
            if room:
                data["roomID"] = room
            self.send(wire.text(json.dumps(
                {"seq": "in", "cmd": "login", "data": data})))
            assert self.read_text() == reply("in", "login")

    def ask(self, text):
        self.send(wire.text(text))
        return self.read_text()

    def push(self):
        return json.loads(self.read_text())

    def until_beat(self):
        """What comes before the answer to a heartbeat."""
        self.send(wire.text('{"seq":"h","cmd":"heartbeat","data":{}}'))
        texts = [self.read_text()]
        while texts[-1] != reply("h", "heartbeat"):
            texts.append(self.read_text())
        return texts

    def hears_nothing(self):
        """What it asks now is answered first."""
        assert self.ask('{"seq":"f","cmd":"ping"}') == reply(
            "f", "ping", data='"pong"')


def reply(seq, cmd, code=200, words="Success", data="null"):
    return ('{"seq":"%s","cmd":"%s","response":{"code":%d,"codeMsg":"%s",'
            '"data":%s}}' % (seq, cmd, code, words, data))


def pushed(seq, msg, user, cmd="msg"):
    return ('{"seq":"%s","cmd":"%s","response":{"code":200,"codeMsg":"Ok",'
            '"data":{"target":"","type":"text","msg":"%s","from":"%s"}}}' % (
                seq, cmd, msg, user))


def ask(port, path, body=None, method=None, version="HTTP/1.1", more=""):
    """A request as it stands on the wire; returns the response."""
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body)
    method = method or ("GET" if body is None else "POST")
    body = (body or "").encode()
    with wire.Socket(port) as one:
        one.send(("%s %s %s\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n" % (
            method, path, version, len(body), more)).encode() + body)
        return one.read_response(head_only=method == "HEAD")


def data_of(answer):
    assert (answer.status, answer.headers["content-type"]) == (200, JSON_TYPE)
    begin = b'{"code":200,"msg":"Success","data":'
    assert answer.body.startswith(begin) and answer.body.endswith(b"}")
    return answer.body[len(begin):-1].decode()


def send_all(port, **form):
    return data_of(ask(port, "/user/sendMessageAll", form))


def send_one(port, **form):
    return data_of(ask(port, "/user/sendMessage", form))


# The WebSocket


@pytest.mark.parametrize("sent, answer", [
    # The examples of the documents, in both spellings.
    ('{"seq":"1","cmd":"login","data":{"userId":"马远","appId":101}}',
     reply("1", "login")),
    ('{"seq":"1565336219141-266129","cmd":"login","data":{"userID":"马远",'
     '"appID":101,"serviceToken":"t"}}',
     reply("1565336219141-266129", "login")),
    ('{"SEQ":"1","Cmd":"login","DATA":{"USERID":"a1","APPID":101.0}}',
     reply("1", "login")),
    ('{"seq":"<&>","cmd":"ping","data":{}}',
     reply("\\u003c\\u0026\\u003e", "ping", data='"pong"')),
    ('{"seq":"2","cmd":"ping"}', reply("2", "ping", data='"pong"')),
    ('{"cmd":"ping","data":[1]}', reply("", "ping", data='"pong"')),
    ('{"seq":"a","seq":"b","cmd":"ping"}', reply("b", "ping", data='"pong"')),
    ('{"seq":null,"cmd":"ping","more":1}', reply("", "ping", data='"pong"')),
    ('{"seq":"\\u4e2d\\/","cmd":"ping"}', reply("中/", "ping", data='"pong"')),
    ('{"seq":"3","cmd":"heartbeat","data":{}}',
     reply("3", "heartbeat", 1000, "未登录")),
    ('{"seq":"3","cmd":"heartbeat"}', reply("3", "heartbeat", 1000, "未登录")),
    ('{"seq":"3","cmd":"heartbeat","data":"x"}',
     reply("3", "heartbeat", 1001, "参数不合法")),
    ('{"seq":"3","cmd":"heartbeat","data":{"userID":1}}',
     reply("3", "heartbeat", 1001, "参数不合法")),
    ('{"seq":"4","cmd":"join"}', reply("4", "join", 1010, "路由不存在")),
    ('{"seq":"4"}', reply("4", "", 1010, "路由不存在")),
    ("{}", reply("", "", 1010, "路由不存在")),
    ("null", reply("", "", 1010, "路由不存在")),
    # Of a login: data, user, application, in this order.
    ('{"seq":"5","cmd":"login","data":"x"}',
     reply("5", "login", 1001, "参数不合法")),
    ('{"seq":"5","cmd":"login","data":[]}',
     reply("5", "login", 1001, "参数不合法")),
    ('{"seq":"5","cmd":"login","data":{"userID":"u","appID":"101"}}',
     reply("5", "login", 1001, "参数不合法")),
    ('{"seq":"5","cmd":"login","data":{"userID":"u","appID":-1}}',
     reply("5", "login", 1001, "参数不合法")),
    ('{"seq":"5","cmd":"login","data":{"userID":"u","appID":101.5}}',
     reply("5", "login", 1001, "参数不合法")),
    ('{"seq":"5","cmd":"login","data":{"userID":7,"appID":101}}',
     reply("5", "login", 1001, "参数不合法")),
    ('{"seq":"5","cmd":"login"}', reply("5", "login", 1002, "非法的用户ID")),
    ('{"seq":"5","cmd":"login","data":{"userID":"","appID":9}}',
     reply("5", "login", 1002, "非法的用户ID")),
    ('{"seq":"5","cmd":"login","data":{"userID":"%s","appID":101}}' %
     ("x" * 20), reply("5", "login", 1002, "非法的用户ID")),
    ('{"seq":"5","cmd":"login","data":{"userID":"一二三四五六七","appID":101}}',
     reply("5", "login", 1002, "非法的用户ID")),
    ('{"seq":"5","cmd":"login","data":{"userID":"一二三四五六","appID":101}}',
     reply("5", "login")),
    ('{"seq":"5","cmd":"login","data":{"userID":"%s","appID":104}}' %
     ("x" * 19), reply("5", "login")),
    ('{"seq":"5","cmd":"login","data":{"userID":"u","appID":100}}',
     reply("5", "login", 1003, "未授权")),
    ('{"seq":"5","cmd":"login","data":{"userID":"u"}}',
     reply("5", "login", 1003, "未授权")),
    # What is no request is no JSON either.
    ("", "数据不合法"), ("x", "数据不合法"), ("[]", "数据不合法"),
    ('"x"', "数据不合法"), ('{"seq":1,"cmd":"ping"}', "数据不合法"),
    ('{"seq":"1","cmd":2}', "数据不合法"),
    ('{"seq":"1","cmd":"ping"}x', "数据不合法"), ("[" * 500, "数据不合法")])
def test_each_request_has_its_reply(port, sent, answer):
    with Im(port) as one:
        assert one.ask(sent) == answer
        # No greeting before it, nothing behind it, and it stays open.
        one.hears_nothing()
        one.send(wire.frame(wire.BINARY, sent.replace("login", "x").encode()))
        one.read_text()


def test_bytes_that_are_no_text_are_read(port):
    with Im(port) as one:
        one.send(wire.frame(wire.TEXT, b'{"seq":"\xff","cmd":"ping"}'))
        assert one.read_text() == reply("\ufffd", "ping", data='"pong"')


def test_who_is_logged_in_cannot_again(port):
    with Im(port, "twice") as one:
        again = '{"seq":"2","cmd":"login","data":{"userID":"%s","appID":%s}}'
        refused = reply("2", "login", 1009, "操作失败")
        assert one.ask(again % ("twice", 101)) == refused
        assert one.ask(again % ("other", 102)) == refused
        # What is wrong with the request itself comes first.
        assert one.ask(again % ("", 101)) == reply(
            "2", "login", 1002, "非法的用户ID")
        assert one.ask(again % ("u", 5)) == reply(
            "2", "login", 1003, "未授权")
        assert one.ask('{"seq":"3","cmd":"heartbeat","data":{}}') == reply(
            "3", "heartbeat")


def test_a_close_is_answered_with_its_code_and_without_a_reason(port):
    with Im(port) as one:
        one.send(wire.close(1000, b"bye"))
        assert one.read_close() == (1000, "")


def test_all_of_an_application_hear_who_comes_and_goes(port):
    with Im(port, "old1", 102) as one, Im(port, "old2", 103) as other, \
            Im(port) as nobody:
        with Im(port, "new", 102) as new:
            push = one.push()
            assert push["seq"].isdecimal() and len(push["seq"]) <= 9
            assert json.dumps(push, ensure_ascii=False, separators=",:") == \
                pushed(push["seq"], "哈喽~", "new", "enter")
            new.hears_nothing()
        push = one.push()
        assert json.dumps(push, ensure_ascii=False, separators=",:") == \
            pushed(push["seq"], "用户已经离开~", "new", "exit")
        other.hears_nothing()
        nobody.hears_nothing()


def test_the_newest_login_takes_over_and_nobody_is_told(port):
    with Im(port, "watch", 104) as watch:
        old = Im(port, "ada", 104)
        assert watch.push()["cmd"] == "enter"
        new = Im(port, "ada", 104)
        assert old.ask('{"seq":"h","cmd":"heartbeat","data":{}}') == reply(
            "h", "heartbeat")
        assert old.ask('{"seq":"l","cmd":"login","data":{"userID":"x",'
                       '"appID":101}}') == reply("l", "login", 1009,
                                                 "操作失败")
        assert send_all(port, appID=104, userID="watch", msgID="take1",
                        message="m") == '{"sendResults":true}'
        assert new.read_text() == pushed("take1", "m", "watch")
        assert send_one(port, appID=104, userID="ada", msgID="take2",
                        message="m") == '{"sendResults":true}'
        assert new.read_text() == pushed("take2", "m", "ada")
        old.hears_nothing()
        old.close()
        watch.hears_nothing()
        assert json.loads(data_of(ask(port, "/user/list?appID=104"))) == {
            "userCount": 2, "userList": ["ada", "watch"]}
        new.close()
        assert watch.push()["cmd"] == "exit"
        watch.hears_nothing()


@pytest.mark.parametrize("gateways", [1, 3])
def test_of_many_logins_at_once_all_are_answered_and_one_hears(
        make_server, gateways):
    server = make_server(profiles=("im",), gateways=gateways).start()
    port = server.port
    login = '{"seq":"%d","cmd":"login","data":{"userID":"storm","appID":103}}'
    beat = '{"seq":"h","cmd":"heartbeat","data":{}}'
    with Im(port, "witness", 103) as witness:
        clients = [Im(port) for _ in range(30)]
        for number, client in enumerate(clients):
            client.send(wire.text(login % number) + wire.text(beat))
        for number, client in enumerate(clients):
            assert client.read_text() == reply(number, "login")
            assert client.read_text() == reply("h", "heartbeat")
        assert witness.push()["cmd"] == "enter"
        assert data_of(ask(port, "/user/list?appID=103")) == \
            '{"userCount":2,"userList":["storm","witness"]}'
        witness.hears_nothing()
        wait_for("one alone is logged in", lambda: '"usersLen":2' in data_of(
            ask(port, "/system/state")))
        assert send_one(port, appID=103, userID="storm", msgID="storm2",
                        message="two") == '{"sendResults":true}'
        heard = wait_for("one of them hears it", lambda: [
            client for client in clients
            if pushed("storm2", "two", "storm") in client.until_beat()])
        assert len(heard) == 1
        for client in clients:
            if client not in heard:
                client.hears_nothing()
                client.close()
        witness.hears_nothing()
        heard[0].close()
        assert witness.push()["cmd"] == "exit"
        witness.hears_nothing()


def test_one_user_on_two_applications_is_two(port):
    with Im(port, "both", 101) as one, Im(port, "both", 102) as other:
        assert send_one(port, appID=102, userID="both", msgID="both1",
                        message="m") == '{"sendResults":true}'
        assert other.read_text() == pushed("both1", "m", "both")
        one.hears_nothing()
        assert send_all(port, appID=101, userID="x", msgID="both2",
                        message="m") == '{"sendResults":true}'
        assert one.read_text() == pushed("both2", "m", "x")
        other.hears_nothing()


def test_rooms_are_apart(port):
    with Im(port, "r1", 101, "blue") as one, Im(port, "all", 101) as other:
        assert data_of(ask(port, "/user/list?appID=101&roomID=blue")) == \
            '{"userCount":1,"userList":["r1"]}'
        with Im(port, "r2", 101, "blue"):
            assert other.push()["response"]["data"]["from"] == "r2"
            assert one.push()["response"]["data"]["from"] == "r2"
            form = {"appID": 101, "roomID": "blue", "userID": "r2",
                    "msgID": "room1", "message": "m"}
            assert data_of(ask(port, "/user/sendRoomMessage", form)) == \
                '{"sendResults":true}'
            assert one.read_text() == pushed("room1", "m", "r2")
            assert send_all(port, appID=101, userID="r2", msgID="room2",
                            message="a") == '{"sendResults":true}'
            assert one.read_text() == pushed("room2", "a", "r2")
            assert other.read_text() == pushed("room2", "a", "r2")


# HTTP


@pytest.fixture(params=["websocket", "api"])
def http(request, server):
    """Both listeners answer."""
    return server.port if request.param == "websocket" else server.http_port


def test_messages_are_said_once_and_not_to_who_said_them(port, http):
    mark = "m%d-" % http
    with Im(port, "s1", 101) as one, Im(port, "s2", 101) as other:
        assert one.push()["cmd"] == "enter"
        form = dict(appID=101, userID="s1", msgID=mark + "1",
                    message="<哈&喽>")
        assert send_all(http, **form) == '{"sendResults":true}'
        said = pushed(mark + "1", "\\u003c哈\\u0026喽\\u003e", "s1")
        assert other.read_text() == said
        # A msgID counts for both ways and for whomever.
        assert send_all(http, **form) == "{}"
        assert send_all(http, **{**form, "userID": "s2"}) == "{}"
        assert send_one(http, **{**form, "userID": "s2"}) == "{}"
        # Without one nothing is a repeat.
        for _ in range(2):
            assert send_all(http, appID=101, userID="s1", message="n") == \
                '{"sendResults":true}'
            assert other.read_text() == pushed("", "n", "s1")
        one.hears_nothing()
        other.hears_nothing()


@pytest.mark.parametrize("form, answer, said", [
    ({"userID": "one", "appID": "101", "msgID": "o1", "message": "m"},
     '{"sendResults":true}', pushed("o1", "m", "one")),
    ({"userId": "one", "appId": "101", "msgId": "o2", "message": "m"},
     '{"sendResults":true}', pushed("o2", "m", "one")),
    ({"userID": "one", "appID": "101", "msgID": "o3", "message": "m",
      "fromUserID": "two"}, '{"sendResults":true}', pushed("o3", "m", "two")),
    ({"userID": "one", "appID": "102", "msgID": "o4", "message": "m"},
     '{"sendResults":false}', None),
    ({"userID": "one", "appID": "x", "msgID": "o5", "message": "m"},
     '{"sendResults":false}', None),
    ({"userID": "none", "appID": "101", "msgID": "o6", "message": "m"},
     '{"sendResults":false}', None),
    ({}, '{"sendResults":false}', None),
    ({"userID": "one", "appID": "101", "msgID": "x" * 129, "message": "m"},
     '{"sendResults":false,"sendResultsErr":"msgID: at most 128 bytes without '
     'control characters"}', None)])
def test_a_message_to_one(port, http, form, answer, said):
    form = dict(form)
    for name in form:
        if name.lower() == "msgid":
            form[name] += "-%d" % http
            said = said and said.replace('"seq":"o', '"seq":"o', 1).replace(
                '","cmd"', '-%d","cmd"' % http, 1)
    with Im(port, "one") as one, Im(port, "one", 103) as other:
        assert send_one(http, **form) == answer
        if said:
            assert one.read_text() == said
        one.hears_nothing()
        other.hears_nothing()


def test_what_is_sent_is_a_form_or_json(port, http):
    key = "j%d" % http
    with Im(port, "json") as one:
        assert data_of(ask(http, "/user/sendMessage", json.dumps(
            {"appID": 101, "UserID": "json", "msgID": key,
             "message": "m"}))) == '{"sendResults":true}'
        assert one.read_text() == pushed(key, "m", "json")
        # The query of a POST is ignored.
        assert data_of(ask(http, "/user/sendMessage?appID=101&userID=json"
                           "&message=q", "")) == '{"sendResults":false}'
        one.hears_nothing()


@pytest.mark.parametrize("query, data", [
    ("", '{"userCount":0,"userList":[]}'),
    ("?appID=", '{"userCount":0,"userList":[]}'),
    ("?appID=0x65", '{"userCount":0,"userList":[]}'),
    ("?appID=104", '{"userCount":0,"userList":[]}'),
    ("?appID=102", '{"userCount":2,"userList":["l1","l\\u003c2"]}'),
    ("?appid=102", '{"userCount":2,"userList":["l1","l\\u003c2"]}'),
    ("?AppId=+102", '{"userCount":0,"userList":[]}'),
    ("?appID=%2B102", '{"userCount":2,"userList":["l1","l\\u003c2"]}')])
def test_the_list(port, http, query, data):
    with Im(port, "l1", 102), Im(port, "l<2", 102), Im(port):
        assert data_of(ask(http, "/user/list" + query)) == data
        assert data_of(ask(http, "/user/list", query[1:],
                           method="POST")) == data


def test_a_list_of_more_than_a_page_is_whole(make_server):
    server = make_server(profiles=("confab", "im")).start()
    names = ["u%04d" % i for i in range(1100)]
    clients = [server.client(name) for name in names]
    for client in clients:
        client.call("join", room="im:101", events=False)
    answer = json.loads(data_of(ask(server.port, "/user/list?appID=101")))
    assert answer == {"userCount": 1100, "userList": names}
    for client in clients:
        client.close()


@pytest.mark.parametrize("query, data", [
    ("userID=here&appID=101",
     '{"online":true,"userID":"here","userId":"here"}'),
    ("userId=here&appId=101",
     '{"online":true,"userID":"here","userId":"here"}'),
    ("userID=here&appID=102",
     '{"online":false,"userID":"here","userId":"here"}'),
    ("userID=here", '{"online":true,"userID":"here","userId":"here"}'),
    ("userID=here&appID=0", '{"online":true,"userID":"here","userId":"here"}'),
    ("userID=%3C%E4%B8%AD",
     '{"online":false,"userID":"\\u003c中","userId":"\\u003c中"}'),
    ("", '{"online":false,"userID":"","userId":""}')])
def test_is_somebody_online(port, http, query, data):
    with Im(port, "here"):
        assert data_of(ask(http, "/user/online?" + query)) == data
        assert data_of(ask(http, "/user/online", query, "POST")) == data


def test_the_state(make_server):
    server = make_server(profiles=("im",), api='profiles = {"im"}').start()
    with Im(server.port, "st1", 102) as one, Im(server.port):
        wait_for("both are counted", lambda: '"clientsLen":2' in data_of(
            ask(server.port, "/system/state")))
        own = "%s:%d" % one.socket.getsockname()[:2]
        plain = data_of(ask(server.http_port, "/system/state"))
        debug = data_of(ask(server.http_port, "/system/state?isDebug=true"))
        begin = ('{"managerInfo":{"chanBroadcastLen":0,"chanLoginLen":0,'
                 '"chanRegisterLen":0,"chanUnregisterLen":0,')
        assert plain.startswith(begin + '"clientsLen":2,"usersLen":1},'
                                '"numCPU":')
        assert debug.startswith(
            begin + '"clients":["%s"],"clientsLen":2,"users":["102_st1"],'
            '"usersLen":1},"numCPU":' % own)
        assert list(json.loads(plain)) == ["managerInfo", "numCPU",
                                           "numGoroutine"]


@pytest.mark.parametrize("method, path", [
    ("GET", "/user/sendMessage"), ("GET", "/user/sendMessageAll"),
    ("GET", "/user/sendRoomMessage"), ("POST", "/system/state"),
    ("PUT", "/user/list"), ("DELETE", "/user/online"),
    ("POST", "/home/index")])
def test_another_method_is_not_found(server, method, path):
    answer = ask(server.http_port, path, "", method)
    assert (answer.status, answer.body) == (404, NOT_FOUND)
    assert answer.headers["content-type"] == "text/plain"
    answer = ask(server.port, path, "", method)
    assert (answer.status, answer.body) == (404, NOT_FOUND + b"\n")


@pytest.mark.parametrize("path", ["/", "/x", "/v1/stats", "/metrics",
                                  "/chat/app.js", "/healthz", "/ws"])
def test_the_port_of_websockets_has_nothing_else(port, path):
    answer = ask(port, path)
    assert (answer.status, answer.body) == (404, NOT_FOUND + b"\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_acc_without_a_handshake(port, server):
    answer = ask(port, "/acc?x=1")
    assert (answer.status, answer.body) == (
        400, b"Bad Request\n404 page not found\n")
    assert answer.headers["sec-websocket-version"] == "13"
    assert ask(server.http_port, "/acc").status == 404


def test_pages_of_other_sites_may_ask(http):
    for answer in (ask(http, "/user/list?appID=101"),
                   ask(http, "/user/sendMessageAll", "", "OPTIONS")):
        assert answer.status in (200, 204)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["access-control-allow-methods"] == \
            "POST, GET, OPTIONS, PUT, DELETE,UPDATE"


def test_http_as_proxies_and_libraries_speak_it(http):
    answer = ask(http, "/user/online?userID=x", version="HTTP/1.0")
    assert '"online":false' in data_of(answer)
    with wire.Socket(http) as one:
        body = b"appID=101&userID=x&message=m"
        one.send(b"POST /user/sendMessage HTTP/1.1\r\nHost: x\r\nExpect: "
                 b"100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert one.read_response(head_only=True).status == 100
        one.send(body)
        assert data_of(one.read_response()) == '{"sendResults":false}'
        one.send(b"GET /user/list HTTP/1.1\r\nHost: x\r\n\r\n")
        assert '"userCount":0' in data_of(one.read_response())


def test_the_page_and_what_it_needs(http, server):
    page = ask(http, "/home/index?appID=101")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"http:" not in page.body and b"//" not in page.body
    assert ask(http, "/home/im.js").headers["content-type"] == \
        "text/javascript; charset=utf-8"
    for path in ("/home/page.js", "/home/im.css", "/favicon.svg"):
        assert ask(http, path).status == 200
    assert json.loads(ask(http, "/home/im.json").body) == {
        "port": 0 if http == server.port else server.port, "path": "/acc",
        "tls": False, "apps": [101, 102, 103, 104]}


def test_applications_are_those_of_the_configuration(make_server):
    server = make_server(profiles=("im",), im_apps=("7", "2147483647"),
                         api='profiles = {"im"}').start()
    with Im(server.port) as one:
        for app, answer in ((101, reply("1", "login", 1003, "未授权")),
                            (2147483647, reply("1", "login"))):
            assert one.ask(json.dumps({
                "seq": "1", "cmd": "login",
                "data": {"userID": "u", "appID": app}})) == answer
        assert data_of(ask(
            server.http_port, "/user/list?appID=2147483647")) == \
            '{"userCount":1,"userList":["u"]}'
    assert json.loads(ask(server.http_port, "/home/im.json").body)[
        "apps"] == [7, 2147483647]


# Heartbeats, the native protocol, and what may not be


def test_who_sends_no_heartbeat_is_dropped_without_a_word(make_server):
    server = make_server(profiles=("im",),
                         websocket='heartbeat_seconds = 4').start()
    with Im(server.port) as idle, Im(server.port, "beats") as beats:
        for number in range(100):
            assert beats.ask('{"seq":"%d","cmd":"heartbeat","data":{}}' %
                             number) == reply(number, "heartbeat")
            # A ping is none, and is answered as long as it can be.
            try:
                idle.ask('{"seq":"p","cmd":"ping"}')
            except (wire.Closed, OSError):
                break
            beats.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                beats.socket.recv(1)
            beats.socket.settimeout(wire.GUARD)
        else:
            raise AssertionError("pings kept it alive")
        beats.hears_nothing()


def test_the_native_protocol_is_in_the_same_rooms(server, port):
    with Im(port, "classic") as one, server.client("native") as native:
        native.call("join", room="im:101")
        push = one.push()
        assert (push["cmd"], push["response"]["data"]["from"]) == (
            "enter", "native")
        native.say("im:101", "hello")
        push = one.push()
        assert push["response"]["data"] == {
            "target": "", "type": "text", "msg": "hello", "from": "native"}
        assert send_all(port, appID=101, userID="classic", msgID="nat1",
                        message="back") == '{"sendResults":true}'
        push = native.push("msg")
        assert (push["room"], push["from"], push["body"]) == (
            "im:101", "classic", "back")
        native.tell("classic", "you")
        assert one.push()["response"]["data"]["msg"] == "you"


def test_a_listener_may_have_another_rule_of_logins(make_server):
    server = make_server(profiles=("im",),
                         websocket="login_policy = replace").start()
    with Im(server.port, "k") as old, Im(server.port, "k") as new:
        push = old.push()
        assert (push["cmd"], push["response"]["data"]["from"]) == (
            "kick", "system")
        assert old.read_close()[0] == 1000
        new.hears_nothing()
