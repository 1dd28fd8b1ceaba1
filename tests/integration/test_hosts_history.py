"""What hosts of a cluster keep is the same, changes and marks with it; and who
comes from one host to another neither misses nor is told twice."""

import urllib.parse

from api import Backend
from cluster import place_of
from server import wait_for


def test_who_comes_to_another_host_gets_what_he_missed(pair, room):
    pair.wait_agreed()
    with pair[0].client("ann", room) as ann, pair[1].client("eve", room) as eve:
        bob = pair[0].client("bob")
        joined = bob.call("join", room=room)
        for number in range(5):
            ann.say(room, number)
            eve.say(room, 10 + number)
        seen = [bob.push("msg") for _ in range(10)]
        bob.close()
        for number in range(5, 10):
            ann.say(room, number)
            eve.say(room, 10 + number)
        pair.wait_same(room, 20)
        with pair[1].client("bob") as bob:
            answer = bob.call("join", room=room, since=place_of(joined, seen))
            assert answer["recovered"] is True and answer["overlap"] is True
            assert answer["epoch"] != joined["epoch"]
            known = {one["id"] for one in seen}
            new = [one for one in answer["messages"] if one["id"] not in known]
            assert sorted(one["body"] for one in new) == [
                *range(5, 10), *range(15, 20)]
            assert len({one["id"] for one in answer["messages"]}) == len(
                answer["messages"])
            ann.say(room, "next")
            assert bob.push("msg")["body"] == "next"


def test_who_comes_to_another_host_gets_his_mail(pair):
    pair.wait_agreed()
    with pair[0].client("mail ann") as ann:
        bob = pair[0].client()
        login = bob.call("login", user="mail bob", platform=101)
        ann.call("say", user="mail bob", body=1)
        seen = [bob.push("msg")]
        bob.close()
        ann.call("say", user="mail bob", body=2)
        since = place_of(login["inbox"], seen)

        def come_back():
            with pair[1].client() as again:
                answer = again.call("login", user="mail bob", platform=101,
                                    inbox=since)
                assert answer["recovered"] is True
                assert answer["overlap"] is True
                bodies = [one["body"] for one in answer["messages"]]
                return bodies == [1, 2]

        wait_for("the mail is there", come_back)


def test_who_cannot_be_placed_is_told_so(pair, room):
    with pair[0].client("ann", room) as ann, pair[1].client("bob") as bob:
        joined = ann.call("join", room=room)
        ann.say(room, 1)
        pair.wait_same(room, 1)
        without_id = {"epoch": joined["epoch"], "offset": joined["offset"]}
        answer = bob.call("join", room=room, since=without_id)
        assert answer["recovered"] is False and "overlap" not in answer
        bob.call("leave", room=room)
        stranger = {**place_of(joined), "epoch": "0123456789abc"}
        answer = bob.call("join", room=room, since=stranger)
        assert answer["recovered"] is False and answer["messages"] == []


def bodies(host, room):
    with host.client("reader", room) as reader:
        return [one.get("body") for one in reader.whole_history(room)]


def test_changes_are_everywhere_whoever_makes_them(pair, room):
    with pair[0].client("ann", room) as ann, pair[1].client("ann", room) as two:
        first = ann.say(room, "one")
        second = ann.say(room, "two")
        assert two.push("msg")["id"] == first["id"]
        assert two.push("msg")["id"] == second["id"]
        two.call("edit", room=room, id=first["id"], body="ONE")
        assert ann.push("edit")["of"] == first["id"]
        ann.call("delete", room=room, id=second["id"])
        assert two.push("delete")["of"] == second["id"]
    for host in pair:
        wait_for("the changes are in the history",
                 lambda host=host: bodies(host, room) == ["ONE", None])


def test_marks_are_everywhere(pair, room):
    with pair[0].client("ann", room) as ann, pair[1].client("bob", room) as bob:
        eve = pair[1].client("eve", room)
        eve.say(room, 0)
        assert ann.push("msg")["body"] == 0
        said = ann.say(room, 1)
        heard = [bob.push("msg") for _ in range(2)][-1]
        bob.call("read", room=room, offset=heard["offset"])
        read = ann.push("read")
        assert (read["user"], read["offset"]) == ("bob", said["offset"])
        eve.close()
    with pair[0].client("bob") as bob:
        assert bob.call("join", room=room)["read"] == said["offset"]


def test_what_is_taken_away_goes_everywhere(pair, room):
    with pair[0].client("ann", room) as ann:
        for number in range(3):
            ann.say(room, number)
        pair.wait_same(room, 3)
        backend = Backend(pair[0].directory / "api.sock")
        backend.good(backend.ask("DELETE", "/v1/history?room=%s"
                                 % urllib.parse.quote(room)))
        for host in pair:
            wait_for("it is gone",
                     lambda host=host: bodies(host, room) == [])


def test_a_key_is_one_message_on_all_hosts(pair, room):
    with pair[0].client("ann", room) as ann, pair[1].client("ann", room) as two:
        said = ann.call("say", room=room, body=1, key="k")
        two.push("msg")
        again = two.call("say", room=room, body=1, key="k")
        assert again["id"] == said["id"]
    pair.wait_same(room, 1)
