"""Limits hold, say when to come again, and count what they refuse."""

import time

from server import wait_for


def refusals(server):
    """show limits: how often each rule held."""
    return server.ask_json("show limits")


def test_a_flood_is_answered_and_contained(make_server, room):
    server = make_server(
        limits={"messages_per_second": 5, "burst": 20}).start()
    with server.client("floods", room) as floods, \
            server.client("reads", room) as reads:
        begin = time.monotonic()
        sent = [floods.send("say", room=room, body=n) for n in range(500)]
        replies = [floods.reply(seq) for seq in sent]
        passed = time.monotonic() - begin
        codes = [reply["code"] for reply in replies]
        assert set(codes) == {200, 1012}
        assert 20 <= codes.count(200) <= 20 + 5 * passed + 1
        late = [reply for reply in replies if reply["code"] == 1012]
        for reply in late:
            assert 1 <= reply["data"]["retry_ms"] <= 200, reply
        assert refusals(server)["refused_rate"] == len(late)
        for _ in range(codes.count(200)):
            said = reads.push("msg")["body"]
            assert codes[said] == 200
        # Another connection pays nothing for it, and reading is not counted.
        reads.say(room, "all well")
        for _ in range(30):
            reads.call("ping")


def test_who_waits_as_told_may_go_on(make_server, room):
    server = make_server(
        limits={"messages_per_second": 10, "burst": 1}).start()
    with server.client("u", room) as u:
        for n in range(10):
            reply = u.ask("say", room=room, body=n)
            while reply["code"] == 1012:
                time.sleep(reply["data"]["retry_ms"] / 1000)
                reply = u.ask("say", room=room, body=n)
            assert reply["code"] == 200
        assert [m["body"] for m in u.whole_history(room)] == list(range(10))


def test_a_connection_is_in_as_many_rooms_as_it_may_be(make_server, room):
    server = make_server(limits={"rooms_per_connection": 2}).start()
    with server.client("u", room + "1", room + "2") as u, \
            server.client("u", room + "3"):
        assert "rooms" in u.refused(1012, "join", room=room + "3")
        u.call("leave", room=room + "1")
        u.call("join", room=room + "3")
        assert {line["room"] for line in u.call("rooms")["rooms"]} == {
            room + "2", room + "3"}
        wait_for("the refusal is counted",
                 lambda: refusals(server)["refused_rooms"] == 1)
