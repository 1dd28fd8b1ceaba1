"""Who may say, read and join is what the class of the room says."""

OPTIONS = dict(gateways=2, options="""
room "open*" { say = anyone read = anyone search = true }
room "news*" { say = api }
room "wall*" { say = anyone history = false }
room "private*" { join = token }
""")


def test_anyone_says_and_reads_where_anyone_may(server, room):
    room = "open" + room
    with server.client("member", room) as member, \
            server.client("stranger") as stranger:
        said = stranger.say(room, "from outside")
        assert said["offset"] == 1
        got = member.push("msg")
        assert (got["from"], got["offset"]) == ("stranger", 1)
        assert stranger.whole_history(room)[0]["id"] == said["id"]
        assert [m["user"] for m in stranger.call(
            "members", room=room)["members"]] == ["member"]
        found = stranger.call("search", room=room, text="outside")
        assert [m["id"] for m in found["messages"]] == [said["id"]]
        assert stranger.call("rooms")["rooms"] == []


def test_a_stranger_reaches_all_members_of_a_room_without_history(server, room):
    room = "wall" + room
    with server.client("stranger") as stranger:
        members = [server.client_on(pid, "m%d" % n, room)
                   for n, pid in enumerate(server.pids("gateway") * 2)]
        assert stranger.say(room, "hello")["reached"] == 4
        assert members[0].say(room, "all")["reached"] == 3
        for member in members:
            assert member.push("msg")["body"] == "hello"
            member.close()


def test_only_members_say_and_read_by_default(server, room):
    with server.client("member", room), server.client("stranger") as stranger:
        for cmd, more in (("say", {"body": 1}), ("history", {}),
                          ("members", {}), ("search", {"text": "x"})):
            assert "join it first" in stranger.refused(
                1003, cmd, room=room, **more)


def test_what_backends_and_tokens_may_is_refused_to_clients(server, room):
    before = server.ask_json("show limits")["refused_permission"]
    with server.client("u", "news" + room) as u:
        assert "backends" in u.refused(1003, "say", room="news" + room, body=1)
        assert "token" in u.refused(1003, "join", room="private" + room)
        assert u.whole_history("news" + room) == []
    after = server.ask_json("show limits")["refused_permission"]
    assert after == before + 2
