"""web/openapi.json is true: every address of the server stands there, every
answer is as it says, and every limit that it names is one."""

import json
import re
import shutil
import urllib.parse

import pytest

from conftest import end, make_directory
from keyed import Api, key_section
from openapi import Description, routes
from server import Server, wait_for

KEY = "key-of-all"
DESCRIPTION = Description()
OPERATIONS = list(DESCRIPTION.operations())
NAMES = ["%s %s" % (method, path) for method, path, _ in OPERATIONS]


class Scene:
    """A server with something to see: two users in a room, and messages."""

    def __init__(self, server):
        self.server = server
        self.alice = server.client("alice", "lobby")
        self.bob = server.client("bob", "lobby")
        self.id = self.alice.call("say", room="lobby", body="hi")["id"]
        self.api = Api(server.http_port, KEY)
        self.forgotten = set()

    def close(self):
        self.api.close()
        self.alice.close()
        self.bob.close()

    def example(self, method, path, operation):
        """What a good request says: (path, query, body)."""
        query, body = [], {}
        for one in DESCRIPTION.parameters(operation):
            if one["in"] == "path":
                path = path.replace("{%s}" % one["name"], one["example"])
            elif one["in"] == "query" and one.get("required"):
                query.append((one["name"], one["example"]))
        schema = DESCRIPTION.body_schema(operation)
        for name in (schema or {}).get("required", []):
            body[name] = schema["properties"][name].get("example", "x")
        self.add_choice(path, query, body)
        return path, query, body if schema else None

    def add_choice(self, path, query, body):
        """What the description cannot say: one of these is needed."""
        if path == "/v1/history" and not query:
            query.append(("room", "lobby"))
        elif path == "/v1/say":
            body["room"] = "lobby"
        elif path in ("/v1/edit", "/v1/delete"):
            body.update(room="lobby", id=self.id)
        elif path in ("/v1/join", "/v1/leave"):
            body["user"] = "alice"
        elif path in ("/v1/kick", "/v1/ban", "/v1/unban", "/v1/revoke"):
            body["user"] = "nobody-is-called-so"

    def ask(self, method, path, query=(), body=None, raw=None, api=None):
        if query:
            path += "?" + urllib.parse.urlencode(list(query), doseq=True)
        if raw is None and body is not None:
            raw = json.dumps(body).encode()
        return (api or self.api).ask(method, path, raw)


@pytest.fixture(scope="module")
def scene():
    path = make_directory()
    one = Server(path, options=key_section(path, "all", KEY))
    try:
        one.start()
        scene = Scene(one)
        yield scene
        scene.close()
        end(one)
    finally:
        one.kill()
        shutil.rmtree(path, ignore_errors=True)


def check(operation, answer):
    """The answer is one that is described."""
    described = DESCRIPTION.response(operation, answer.status)
    assert described, "%d is not described: %s" % (answer.status, answer.body)
    media, schema = described
    assert answer.headers["Content-Type"].split(";")[0] == media
    if media == "application/json":
        assert not DESCRIPTION.faults(answer.json, schema), answer.json
        return answer.json
    return answer.body.decode()


def refused(operation, answer, *words):
    """As 400, by a sentence with one of the words."""
    said = check(operation, answer)
    assert answer.status == 400, (answer.status, said, words)
    assert said["code"] in (1001, 1002)
    assert any(word in said["error"] for word in words), (said, words)


every_operation = pytest.mark.parametrize("method,path,operation", OPERATIONS,
                                          ids=NAMES)


def test_every_address_of_the_program_stands_there():
    described = {}
    for method, path, _ in OPERATIONS:
        described.setdefault(re.sub(r"\{\w+\}", "{}", path), set()).add(method)
    assert described == routes()


def test_what_it_refers_to_is_there_and_everything_is_used():
    text = json.dumps(DESCRIPTION.all)
    for kind, found in DESCRIPTION.all["components"].items():
        if kind == "securitySchemes":
            continue
        for name in found:
            assert '"#/components/%s/%s"' % (kind, name) in text, name
    for place in re.findall(r'"\$ref": "([^"]+)"', text):
        DESCRIPTION.resolve({"$ref": place})
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(names) == len(set(names))


def test_the_page_is_served(scene):
    answer = Api(scene.server.http_port).get("/openapi.json")
    assert answer.status == 200 and answer.json == DESCRIPTION.all


@every_operation
def test_a_good_request_is_answered_as_described(scene, method, path,
                                                 operation):
    path, query, body = scene.example(method, path, operation)
    answer = scene.ask(method, path, query, body)
    said = check(operation, answer)
    assert answer.status == (404 if path == "/v1/kick" else 200), said


@every_operation
def test_who_shows_no_key_is_refused(scene, method, path, operation):
    path, query, body = scene.example(method, path, operation)
    with Api(scene.server.http_port) as stranger:
        answer = scene.ask(method, path, query, body, api=stranger)
    if "security" not in operation:
        assert answer.status == 401
    check(operation, answer)


@every_operation
def test_the_tenant_may_be_named(scene, method, path, operation):
    if "security" in operation:
        return
    path, query, body = scene.example(method, path, operation)
    answer = scene.ask(method, path, query + [("tenant", "nobody")], body)
    assert answer.status == 403
    assert check(operation, answer)["code"] == 1003
    if body is not None:
        answer = scene.ask(method, path, query, dict(body, tenant="nobody"))
        assert answer.status == 403
        check(operation, answer)


@pytest.mark.parametrize("path", sorted(DESCRIPTION.all["paths"]))
def test_other_methods_are_405(scene, path):
    known = {method.upper() for method in DESCRIPTION.all["paths"][path]}
    if "GET" in known:
        known.add("HEAD")
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - known:
        answer = scene.ask(method, path.replace("{user}", "x"))
        assert answer.status == 405
        allowed = set(answer.headers["Allow"].split(", "))
        assert allowed == known | {"OPTIONS"}
    answer = scene.ask("OPTIONS", path.replace("{user}", "x"))
    assert answer.status == 204


# Bad input, everywhere


def wrong_values(schema):
    """Of other types, and beyond the limits."""
    kind = schema.get("type")
    values = [value for value, known in (
        (None, ()), (True, ("boolean",)), (7, ("integer", "number")),
        (-1, ()), (1.5, ("number",)), ("", ()), ([], ()), ({}, ("object",)),
        (10 ** 30, ()), (1e300, ("number",)), ([[]], ()), ({"a": []}, ()))
        if kind and kind not in known]
    if kind == "string":
        values = [value for value in values if value != "" or
                  "minLength" in schema]
        values += ["x" * (schema["maxLength"] + 1)]
        if "minLength" in schema:
            values += ["\x00", "a\nb", "\x7f", "\x85"]
    if kind == "integer":
        values += [schema["minimum"] - 1, schema["maximum"] + 1, "7"]
    if kind == "array":
        values += [[one] for one in wrong_values(schema["items"])]
        values += [["x"] * (schema["maxItems"] + 1), "x"]
    if kind == "boolean":
        values += ["true", 0]
    return values


@every_operation
def test_members_of_a_body_are_looked_at(scene, method, path, operation):
    schema = DESCRIPTION.body_schema(operation)
    if schema is None:
        return
    path, query, body = scene.example(method, path, operation)
    for name in schema["required"] if "required" in schema else ():
        less = {key: value for key, value in body.items() if key != name}
        refused(operation, scene.ask(method, path, query, less), name)
    for name, one in schema["properties"].items():
        for value in wrong_values(DESCRIPTION.resolve(one)):
            answer = scene.ask(method, path, query, {
                **body, **one.get("x-with", {}), name: value})
            refused(operation, answer, name)


@every_operation
def test_members_may_be_as_big_as_described(scene, method, path, operation):
    schema = DESCRIPTION.body_schema(operation)
    if schema is None:
        return
    path, query, body = scene.example(method, path, operation)
    for name, one in schema["properties"].items():
        for key, value in (("maxLength", "x"), ("maximum", None)):
            if key not in one or name in ("tenant", "id"):
                continue
            value = value * one[key] if value else one[key]
            answer = scene.ask(method, path, query, {**body, name: value})
            said = check(operation, answer)
            assert not said.get("error", "").startswith(name + " must"), said


@every_operation
def test_parameters_are_looked_at(scene, method, path, operation):
    path, query, body = scene.example(method, path, operation)
    for one in DESCRIPTION.parameters(operation):
        if one["in"] != "query":
            continue
        rest = [pair for pair in query if pair[0] != one["name"]]
        if one.get("required"):
            refused(operation, scene.ask(method, path, rest, body),
                    one["name"])
        schema = one["schema"]
        kind = schema["type"]
        bad = ["x" * (schema["maxLength"] + 1)] if kind == "string" else \
            ["", "a\nb", ["x"] * 1001] if kind == "array" else \
            ["", "x", "-1", "+1", "1.0", "1e3", "9" * 30,
             str(schema["minimum"] - 1), str(schema["maximum"] + 1)]
        if "minLength" in schema:
            bad += ["a\nb", "\x7f", ""]
        if kind != "array":
            bad.append(["1", "1"])
        for value in bad:
            answer = scene.ask(method, path, rest + [(one["name"], value)],
                               body)
            refused(operation, answer, one["name"])


@every_operation
def test_a_query_that_cannot_be_read_is_refused(scene, method, path,
                                                operation):
    if "security" in operation:
        return
    path, query, body = scene.example(method, path, operation)
    for bad in ("a=%", "a=%zz", "a=%00", "a=%ff", "=a", "&".join(["a=b"] *
                                                                 1200)):
        answer = scene.ask(method, path + "?" + bad, (), body)
        refused(operation, answer, "query")
    answer = scene.ask(method, path + "?&&", (), body)
    assert answer.status != 400 or query


@every_operation
def test_a_body_that_is_no_object_is_refused(scene, method, path, operation):
    schema = DESCRIPTION.body_schema(operation)
    if schema is None:
        return
    path, query, body = scene.example(method, path, operation)
    good = json.dumps(body)[1:-1]
    for raw, word in (
            ("", "must be"),
            ("7", "body"), ("null", "body"), ('"x"', "body"),
            ("[7]", "body"), ("{", "no JSON"), ("{%s}}" % good, "no JSON"),
            ("{%s,%s}" % (good, good), "repeats the member"),
            ("{%s,}" % good, "no JSON"), ("{%s,\"x\":1e999}" % good, "JSON"),
            ("{%s,\"x\":NaN}" % good, "no JSON"),
            ("{%s,\"x\":%s}" % (good, "[" * 40 + "]" * 40), "deeper"),
            ("[" * 100000, "deeper"), ('{"a":' * 100000, "deeper"),
            ("{%s,\"x\":\"\\ud800\"}" % good, "no JSON"),
            ("{%s,\"x\":\"\x01\"}" % good, "no JSON")):
        answer = scene.ask(method, path, query, raw=raw.encode())
        refused(operation, answer, word, "body", "one of")
    for raw in (b"\xff", b'{"\xff":1}', b'{"x":"\xc3"}', b'{"x":"\xed\xa0'
                b'\x80"}', b"\xef\xbb\xbf{}", b'{"x":"\xc0\xaf"}'):
        answer = scene.ask(method, path, query, raw=raw)
        refused(operation, answer, "UTF-8", "no JSON")


@every_operation
def test_what_nobody_knows_is_ignored(scene, method, path, operation):
    path, query, body = scene.example(method, path, operation)
    scene.ask(method, path, query, body)
    plain = scene.ask(method, path, query, body)
    more = scene.ask(method, path, query + [("no-such-thing", "1")],
                     body if body is None else
                     {**body, "no such thing": [{}], "": 10 ** 40})
    check(operation, more)
    assert more.status == plain.status


def test_the_path_of_a_user_is_looked_at(scene):
    operation = DESCRIPTION.all["paths"]["/v1/users/{user}"]["get"]
    for bad in ("%", "%zz", "%00", "%ff", "x" * 65, "a%0ab", "%C2%85"):
        refused(operation, scene.ask("GET", "/v1/users/" + bad), "path")
    assert scene.ask("GET", "/v1/users/").status == 404
    for good in ("a%2Fb", "a/b", "%E4%B8%AD", "a+b", "%3F", "."):
        answer = scene.ask("GET", "/v1/users/" + good)
        assert answer.status in (200, 404)
        check(operation, answer)


def test_no_body_is_left_unread(scene):
    """Else a room named in the query and what to leave of it in the body
    would take away all."""
    operation = DESCRIPTION.all["paths"]["/v1/history"]["delete"]
    answer = scene.ask("DELETE", "/v1/history", [("room", "lobby")],
                       body={"before": 1})
    refused(operation, answer, "room")
    answer = scene.ask("DELETE", "/v1/history", body={
        "room": "lobby", "before": 1})
    assert check(operation, answer)["first"] == 1


def test_a_batch_tells_what_is_wrong_in_its_place(scene):
    operation = DESCRIPTION.all["paths"]["/v1/say"]["post"]
    good = {"room": "lobby", "body": 1}
    answer = scene.ask("POST", "/v1/say", body=[
        good, {"room": "lobby"}, {**good, "tenant": "nobody"},
        {"rooms": ["lobby", "den"], "body": 2}, {**good, "ttl": 0}, good])
    said = check(operation, answer)
    assert [one.get("code") for one in said] == [
        None, 1001, 1003, None, 1001, None]
    assert "ttl" in said[4]["error"]
    assert scene.ask("POST", "/v1/say", body=[]).json == []
    for bad in ([7], [good, None], [[good]]):
        refused(operation, scene.ask("POST", "/v1/say", body=bad), "objects")


def test_a_key_of_all_may_ban_everywhere(scene):
    operation = DESCRIPTION.all["paths"]["/v1/ban"]["post"]
    everywhere = {"user": "mallory", "tenant": "*"}
    answer = scene.ask("POST", "/v1/ban", body=everywhere)
    assert check(operation, answer)["tenant"] == "*"
    assert scene.ask("POST", "/v1/unban", body=everywhere).status == 200
    assert scene.ask("POST", "/v1/say", body={
        "all": True, "body": 1, "tenant": "*"}).status == 403


def test_after_all_that_everything_works(scene):
    server = scene.server
    assert server.get("/readyz").status == 200
    assert len(server.ask("show errors")) <= 1
    carol = server.client("carol", "lobby")
    carol.call("say", room="lobby", body="fine")
    carol.close()
    wait_for("she is gone", lambda: not scene.api.get(
        "/v1/users/carol").json.get("connections"))
