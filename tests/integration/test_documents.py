"""The examples of the documents of other systems, as they stand there but for
the ports: what people have typed before has to go on working."""

import json
import re
import shlex
import shutil
import subprocess

import pytest

import wire
from server import GUARD, free_port

GROUPCHAT, CLIENT = free_port(), free_port()
OPTIONS = dict(profiles=("confab", "im"), api='profiles = {"im"}', options="""
listener groupchat {
    address = "127.0.0.1:%d"
    role = websocket
    profiles = {"groupchat"}
}
listener client {
    address = "127.0.0.1:%d"
    role = websocket
    profiles = {"client"}
}
""" % (GROUPCHAT, CLIENT))


def sh(command):
    """What it prints."""
    if not shutil.which("curl"):
        pytest.fail("curl is not installed")
    return subprocess.run(command, shell=True, check=True, timeout=GUARD,
                          capture_output=True, text=True).stdout


def ws_send(line):
    return wire.text(re.fullmatch(r"ws\.send\('(.*)'\);", line)[1])


def test_the_lines_of_im(server):
    with wire.WebSocket(server.port, path="/acc") as ws:
        ws.send(ws_send(
            """ws.send('{"seq":"2323","cmd":"login","data":"""
            """{"userId":"11","appId":101}}');"""))
        assert ws.read_text() == (
            '{"seq":"2323","cmd":"login","response":{"code":200,'
            '"codeMsg":"Success","data":null}}')
        ws.send(ws_send(
            """ws.send('{"seq":"2324","cmd":"heartbeat","data":{}}');"""))
        assert ws.read_text() == (
            '{"seq":"2324","cmd":"heartbeat","response":{"code":200,'
            '"codeMsg":"Success","data":null}}')
        ws.send(wire.close())
        assert ws.read_frame()[0] == wire.CLOSE
        assert ws.is_closed_by_server()


@pytest.mark.parametrize("url, title", [
    ("http://127.0.0.1:8080/home/index", "im"),
    ("http://127.0.0.1:8080/home/index?appID=103", "im"),
    ("http://127.0.0.1:8282/home/index?uid=1&to_uid=2", "groupchat"),
    ("http://127.0.0.1:8282/home/index?uid=2&to_uid=1", "groupchat"),
    ("http://127.0.0.1:8282/home/room?uid=1", "groupchat"),
    ("http://127.0.0.1:8282/home/room?uid=2", "groupchat")])
def test_the_addresses_of_pages(server, url, title):
    url = url.replace("8080", str(server.http_port)).replace(
        "8282", str(GROUPCHAT))
    page = sh("curl -sSf -D - %s" % shlex.quote(url))
    assert "200 OK" in page and "<title>%s</title>" % title in page


def api(verb, body, *more):
    """What curl makes of it: no type of JSON, and a body that may wait for a
    word of the server."""
    if not isinstance(body, str):
        body = json.dumps(body)
    command = ["curl", "-sSf", "-H", "SystemId: shop", *more, "-d",
               body, "http://localhost:7800/api/" + verb]
    return json.loads(sh(shlex.join(command).replace("7800", str(CLIENT))))


@pytest.mark.usefixtures("server")
def test_the_calls_of_client():
    assert json.loads(sh(
        """curl -sS -d '{"systemId":"shop"}' """
        "http://localhost:%d/api/register" % CLIENT)) == {
            "code": 0, "msg": "success", "data": []}
    with wire.WebSocket(CLIENT, path="/ws?systemId=shop") as browser:
        greeting = json.loads(browser.read_text())
        client = greeting["data"]["clientId"]
        words = {"sendUserId": "1", "code": 0, "msg": "ok", "data": "hi"}

        def said(data):
            message = json.loads(browser.read_text())
            assert message["data"] == data
            return message

        assert api("bind_to_group", {
            "clientId": client, "groupName": "im", "userId": "7",
            "extend": "x"})["data"] == []
        assert said(json.dumps({"clientId": client, "extend": "x",
                                "userId": "7"}, separators=(",", ":")))[
            "code"] == 1001
        for verb, whom in (("send_to_client", {"clientId": client}),
                           ("send_to_clients", {"clientIds": [client]}),
                           ("send_to_group", {"groupName": "im"}),
                           ("send_to_system", {})):
            answer = api(verb, {**whom, **words})
            assert (answer["code"], answer["msg"]) == (0, "success")
            said("hi")
        # Long, so that curl asks first.
        assert api("send_to_client", {
            "clientId": client, "data": "y" * 5000},
                   "-H", "Expect: 100-continue")["code"] == 0
        said("y" * 5000)
        # Escaped as PHP does it.
        assert api("is_online", json.dumps({"clientId": client}).replace(
            "/", "\\/"))["data"] == {"online": True}
        assert api("get_online_list", {"groupName": "im"})["data"] == {
            "count": 1, "list": [client]}
        assert api("unbind_from_group", {
            "clientId": client, "groupName": "im"})["data"] == []
        assert api("close_client", {"clientId": client})["data"] == {}
        assert browser.is_closed_by_server()
    assert api("is_online", {"clientId": client})["data"] == {"online": False}
