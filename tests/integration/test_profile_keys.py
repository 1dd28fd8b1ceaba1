"""The HTTP of profiles on listeners that require a key: who is asked for one,
and how each of them says no."""

import json
import shutil
import signal

import pytest

import wire
from conftest import end, make_directory
from keyed import Api, key_section
from server import Server, free_port, wait_for

PROFILES = ("im", "groupchat", "push", "client")
ROLES = ("websocket", "api")
LISTENER = """
listener %s_%s {
    address = "127.0.0.1:%d"
    role = %s
    profiles = {"%s"}
    require_key = true
}
"""

# The keys that there are; the one of a tenant that no profile speaks for.
ALL, DEFAULT, ACME = "key-of-all", "key-of-default", "key-of-acme"

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SYSTEM = {"SystemId": "shop"}
SAID = b"appID=101&userID=ada&message=hello"
PUSHED = b'{"topic":"all","msg":"hello"}'
BOUND = b'{"clientId":"nobody","groupName":"g"}'

# What may be done with a key of the tenant or of all: profile, method, path,
# body, headers, and how the answer begins.
CALLS = [
    ("im", "GET", "/user/list?appID=101", None, {}, '{"code":200,'),
    ("im", "POST", "/user/list", b"appID=101", FORM, '{"code":200,'),
    ("im", "GET", "/user/online?userID=ada", None, {}, '{"code":200,'),
    ("im", "POST", "/user/sendMessage", SAID, FORM, '{"code":200,'),
    ("im", "POST", "/user/sendMessageAll", SAID, FORM, '{"code":200,'),
    ("im", "POST", "/user/sendRoomMessage", SAID, FORM, '{"code":200,'),
    ("groupchat", "GET", "/user/list?groupsId=1", None, {}, '{"code":200,'),
    ("groupchat", "GET", "/user/groupslist?appId=1", None, {},
     '{"code":200,'),
    ("push", "POST", "/send", PUSHED, {}, '{"msg":"success."}'),
    ("push", "GET", "/send", None, {}, '{"msg":"Body error."}'),
    ("client", "POST", "/api/register", b'{"systemId":"more"}', {},
     '{"code":'),
    ("client", "POST", "/api/send_to_system", b'{"msg":"hello"}', SYSTEM,
     '{"code":0,'),
] + [("client", "POST", "/api/" + path, BOUND, SYSTEM, '{"code":0,')
     for path in ("send_to_client", "send_to_group", "bind_to_group",
                  "unbind_from_group", "get_online_list", "is_online",
                  "close_client")] + [
    ("client", "POST", "/api/send_to_clients", b'{"clientIds":["nobody"]}',
     SYSTEM, '{"code":0,'),
]

# What tells about all tenants, and so is for a key of all.
FIGURES = [
    ("im", "/system/state", '{"code":200,'),
    ("im", "/system/state?isDebug=true", '{"code":200,'),
    ("push", "/status", '{"msg":"serving"'),
]

# What nobody is asked for: pages, paths of WebSockets, paths that are none.
OPEN = [
    ("im", "GET", "/home/index", 200), ("im", "GET", "/home/im.json", 200),
    ("im", "OPTIONS", "/user/list", 204), ("im", "GET", "/nothing", 404),
    ("im", "DELETE", "/user/list", 404),
    ("groupchat", "GET", "/nothing", 404),
    ("push", "GET", "/demo/socket.html", 200),
    ("client", "GET", "/ws?systemId=shop", 400),
    ("client", "GET", "/api/is_online", 405), ("client", "GET", "/x", 404),
]

REFUSED = {
    "im": '{"code":1003,"msg":"未授权","data":{}}',
    "groupchat": '{"code":1003,"msg":"未授权","data":null}',
    "client": '{"code":-1,"msg":"未授权","data":[]}',
}
PUSH_REFUSED = {401: '{"msg":"Unauthorized."}', 403: '{"msg":"Forbidden."}'}


@pytest.fixture(scope="module")
def ports():
    """Of each role and profile."""
    directory = make_directory()
    found = {(role, profile): free_port()
             for role in ROLES for profile in PROFILES}
    options = 'tenant acme { }\nclient_systems = {"shop"}\n' + "".join(
        key_section(directory, name, key, name if name != "all" else "*")
        for name, key in (("all", ALL), ("default", DEFAULT), ("acme", ACME)))
    for (role, profile), port in found.items():
        options += LISTENER % (role, profile, port, role, profile)
    server = Server(directory, options=options)
    try:
        server.start()
        yield found
        end(server)
    finally:
        server.kill()
        shutil.rmtree(directory, ignore_errors=True)


def ask(port, method, path, body=None, key=None, **headers):
    with Api(port, key) as api:
        return api.ask(method, path, body, **headers)


def assert_refused(answer, profile, status):
    expected = PUSH_REFUSED[status] if profile == "push" else REFUSED[profile]
    assert (answer.status, answer.body.decode()) == (status, expected)
    challenge = "Bearer" if status == 401 else None
    assert answer.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("profile, method, path, body, headers, begin", CALLS)
def test_a_call_needs_a_key_of_its_tenant(
        ports, role, profile, method, path, body, headers, begin):
    port = ports[role, profile]
    for key in (None, "wrong", ""):
        assert_refused(ask(port, method, path, body, key, **headers),
                       profile, 401)
    assert_refused(ask(port, method, path, body, ACME, **headers),
                   profile, 403)
    for key in (DEFAULT, ALL):
        answer = ask(port, method, path, body, key, **headers)
        assert answer.status == 200
        assert answer.body.decode().startswith(begin)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("profile, path, begin", FIGURES)
def test_figures_of_the_host_need_a_key_of_all(
        ports, role, profile, path, begin):
    port = ports[role, profile]
    assert_refused(ask(port, "GET", path), profile, 401)
    for key in (ACME, DEFAULT):
        assert_refused(ask(port, "GET", path, key=key), profile, 403)
    answer = ask(port, "GET", path, key=ALL)
    assert answer.status == 200
    assert answer.body.decode().startswith(begin)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("profile, method, path, status", OPEN)
def test_what_tells_nothing_asks_nobody(
        ports, role, profile, method, path, status):
    assert ask(ports[role, profile], method, path).status == status


@pytest.mark.parametrize("path, headers, status", [
    ("/send", {"Authorization": "Bearer " + ALL}, 200),
    ("/send", {"Authorization": "bearer  " + ALL}, 200),
    ("/send", {"X_API_Key": ALL}, 200),
    ("/send", {"X_API_Key": ALL[:-1]}, 401),
    ("/send", {"Authorization": "Bearer wrong", "X_API_Key": ALL}, 401),
    ("/send?key=" + ALL, {}, 200),
    ("/send?x=1&key=key%2Dof%2Dall", {}, 200),
    ("/send?key=", {}, 401),
    ("/send?key=wrong", {}, 401),
    ("/send?key=%00" + ALL, {}, 401),
    ("/send?key=wrong&key=" + ALL, {}, 401),
    ("/send?key=" + ALL, {"X_API_Key": "wrong"}, 401),
    ("/send?key=wrong", {"X_API_Key": ALL}, 200),
])
def test_a_key_stands_in_a_header_or_else_in_the_query(
        ports, path, headers, status):
    port = ports["websocket", "push"]
    assert ask(port, "POST", path, PUSHED, **headers).status == status


def test_websockets_of_the_listener_are_as_they_were(ports):
    port = ports["websocket", "push"]
    with wire.WebSocket(port, path="/ws?d=%7B%22uid%22:%22u%22%7D") as one:
        assert one.read_frame() == (wire.PING, b"\0")
        assert ask(port, "POST", "/send", PUSHED, ALL).status == 200
        assert json.loads(one.read_text())["msg"] == "hello"


def test_a_reload_asks_and_asks_no_more(make_server):
    server = make_server()
    key = key_section(server.directory, "all", ALL)

    def reload(websocket):
        server.write_config(key, websocket=websocket, profiles=("push",))
        server.process.send_signal(signal.SIGHUP)

    def status(key=None):
        return ask(server.port, "POST", "/send", PUSHED, key).status

    server.write_config(key, profiles=("push",))
    server.start()
    assert status() == 200
    reload("require_key = true")
    wait_for("a key is needed", lambda: status() == 401)
    assert status(ALL) == 200
    reload("")
    wait_for("none is needed", lambda: status() == 200)
