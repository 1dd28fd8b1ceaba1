"""web/openapi.json, and whether what a server says is what stands there."""

import json
import re

from server import ROOT

METHODS = ("get", "post", "delete", "put", "patch")


class Description:
    def __init__(self):
        text = (ROOT / "web/openapi.json").read_text()
        self.all = json.loads(text, object_pairs_hook=without_repeats)

    def operations(self):
        """(METHOD, path, operation)."""
        for path, item in self.all["paths"].items():
            for method, operation in item.items():
                assert method in METHODS, method
                yield method.upper(), path, operation

    def resolve(self, found):
        while "$ref" in found:
            place = self.all
            for part in found["$ref"].lstrip("#/").split("/"):
                place = place[part]
            found = place
        return found

    def parameters(self, operation):
        return [self.resolve(one) for one in operation.get("parameters", [])]

    def body_schema(self, operation):
        """Of a single object, also where a batch may be sent."""
        if "requestBody" not in operation:
            return None
        schema = operation["requestBody"]["content"]["application/json"][
            "schema"]
        return self.resolve(schema["oneOf"][0] if "oneOf" in schema
                            else schema)

    def response(self, operation, status):
        """Its media type and schema; None when it is not described."""
        found = operation["responses"].get(str(status))
        if not found:
            return None
        (media, content), = self.resolve(found)["content"].items()
        return media, content["schema"]

    def faults(self, value, schema, place="$"):
        """What is wrong with it, in words; strict: what is not described must
        not be there."""
        schema = self.resolve(schema)
        if "oneOf" in schema:
            found = [self.faults(value, one, place)
                     for one in schema["oneOf"]]
            good = sum(not one for one in found)
            return [] if good == 1 else \
                ["%s fits %d of %r" % (place, good, found)]
        if "type" not in schema:
            return []
        if not is_type(value, schema["type"]):
            return ["%s is no %s: %r" % (place, schema["type"], value)]
        if "enum" in schema and value not in schema["enum"]:
            return ["%s is none of %r: %r" % (place, schema["enum"], value)]
        if schema.get("minimum", value) > value if is_number(value) else False:
            return ["%s is too small: %r" % (place, value)]
        if schema["type"] == "array":
            return [fault for i, one in enumerate(value) for fault in
                    self.faults(one, schema["items"], "%s[%d]" % (place, i))]
        if schema["type"] == "object":
            return self.object_faults(value, schema, place)
        return []

    def object_faults(self, value, schema, place):
        found = ["%s.%s is missing" % (place, name)
                 for name in schema.get("required", []) if name not in value]
        for name, one in value.items():
            inner = schema.get("properties", {}).get(
                name, schema.get("additionalProperties"))
            if inner is None:
                found.append("%s.%s is not described" % (place, name))
            elif inner is not True:
                found += self.faults(one, inner, "%s.%s" % (place, name))
        return found


def without_repeats(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_type(value, wanted):
    return {
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "number": is_number(value),
        "integer": isinstance(value, int) and not isinstance(value, bool),
    }[wanted]


def routes():
    """{path: methods} of the table of the program, but for pages."""
    text = (ROOT / "worker/api/routes.c").read_text()
    table = text[text.index("} routes[] = {"):]
    table = table[:table.index("\n};")]
    found = {}
    for methods, path, traits in re.findall(
            r'\{\s*([A-Z_| ]+?),\s*"([^"]+)",\s*([A-Z_| 0]+?),', table):
        if "ROUTE_PAGE" in traits:
            continue
        if "ROUTE_ARGUMENT" in traits:
            path += "{}"
        names = found.setdefault(path, set())
        for method in methods.replace(" ", "").split("|"):
            names |= {"READ": {"GET"}, "WITH_BODY": {"POST"},
                      "EVHTTP_REQ_DELETE": {"DELETE"}}[method]
    return found
