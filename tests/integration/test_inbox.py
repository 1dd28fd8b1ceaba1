"""Logging in with `inbox`: all direct messages that were missed come with the
answer, in order, none twice, and the pushes go on behind it; whoever was killed
meanwhile."""

import pytest

from server import DEATHS

EPOCH_OF_NOBODY = "0123456789abc"


def offsets(messages):
    return [message["offset"] for message in messages]


def bodies(messages):
    return [message["body"] for message in messages]


def tell(client, user, count, start=0):
    """Tells a user so many numbers at once."""
    seqs = [client.send("say", user=user, body=n, type="t")
            for n in range(start, start + count)]
    for seq in seqs:
        reply = client.reply(seq)
        assert reply["code"] == 200, reply


def place_of(server, user):
    """Where the user's inbox stands."""
    with server.client(user) as client:
        return client.login["inbox"]


def offset_of(place, before):
    """Where a place is; it is one of the same inbox, and not an earlier one."""
    assert place["epoch"] == before["epoch"] and place["id"] >= before["id"]
    return place["offset"]


def come_back(server, user, since):
    client = server.client(user, inbox=since)
    return client, client.login


@pytest.mark.parametrize("missed", [0, 1, 2, 100, 128, 129, 300, 600])
def test_what_was_missed_comes_with_the_login(server, missed):
    user = "missed %d" % missed
    with server.client("ann") as ann:
        tell(ann, user, 7)
        before = place_of(server, user)
        tell(ann, user, missed, 7)
        bob, answer = come_back(server, user, before)
        assert answer["recovered"] is True
        assert offsets(answer["messages"]) == list(range(8, 8 + missed))
        assert bodies(answer["messages"]) == list(range(7, 7 + missed))
        assert offset_of(answer["inbox"], before) == 7 + missed
        page = bob.call("history", inbox=True, after=7, limit=500)
        assert answer["messages"][:400] == page["messages"][:400]
        ann.tell(user, "next")
        assert bob.push("msg")["offset"] == 8 + missed
        bob.close()


def test_since_the_beginning_is_all(server):
    with server.client("ann") as ann:
        epoch = place_of(server, "all of it")["epoch"]
        tell(ann, "all of it", 5)
        bob, answer = come_back(server, "all of it",
                                {"epoch": epoch, "offset": 0})
        assert offsets(answer["messages"]) == [1, 2, 3, 4, 5]
        bob.close()


def test_own_messages_of_another_device_come_with_their_keys(server):
    before = place_of(server, "two devices")
    with server.client("two devices") as web:
        said = web.tell("bob", "from the web", key="k1")
    with server.client("bob") as bob:
        answered = bob.tell("two devices", "hello web")
    phone, answer = come_back(server, "two devices", before)
    assert [m["id"] for m in answer["messages"]] == [
        said["id"], answered["id"]]
    assert [m.get("key") for m in answer["messages"]] == ["k1", None]
    assert [m["to"] for m in answer["messages"]] == ["bob", "two devices"]
    phone.close()


def test_what_was_for_one_platform_is_recovered_there(server):
    """And by its sender; the others find it in the history alone."""
    before = place_of(server, "platforms")
    with server.client("ann") as ann:
        here = ann.login["inbox"]
        ann.tell("platforms", "for all")
        ann.tell("platforms", "for 103", platform=103)
    for user, since, platform, wanted in (
            ("platforms", before, 101, ["for all"]),
            ("platforms", before, 103, ["for all", "for 103"]),
            ("ann", here, 102, ["for all", "for 103"])):
        with server.client(user, inbox=since, platform=platform) as client:
            assert client.login["recovered"] is True
            assert bodies(client.login["messages"]) == wanted
            assert bodies(client.whole_history(inbox=True))[-2:] == [
                "for all", "for 103"]


@pytest.mark.parametrize("since", [
    {"epoch": EPOCH_OF_NOBODY, "offset": 1},
    {"epoch": "", "offset": 1},
    {"epoch": None, "offset": 5000},
    {"epoch": None, "offset": -1},
    {"epoch": None, "offset": 10 ** 30},
    {"epoch": None, "offset": 2 ** 64 - 1},
])
def test_a_place_of_another_life_is_not_recovered(server, since):
    with server.client("ann") as ann:
        tell(ann, "another life", 3)
        here = place_of(server, "another life")
        if since["epoch"] is None:
            since = {**since, "epoch": here["epoch"]}
        bob, answer = come_back(server, "another life", since)
        assert answer["recovered"] is False and answer["messages"] == []
        assert offset_of(answer["inbox"], here) == here["offset"]
        ann.tell("another life", "x")
        assert bob.push("msg")["offset"] == here["offset"] + 1
        bob.close()


@pytest.mark.parametrize("since, member", [
    (7, "inbox"), ([], "inbox"), ("x", "inbox"), (True, "inbox"),
    ({}, "inbox.epoch"), ({"offset": 1}, "inbox.epoch"),
    ({"epoch": 7, "offset": 1}, "inbox.epoch"),
    ({"epoch": EPOCH_OF_NOBODY}, "inbox.offset"),
    ({"epoch": EPOCH_OF_NOBODY, "offset": 1.5}, "inbox.offset"),
])
def test_an_inbox_that_makes_no_sense_is_refused_by_name(server, since, member):
    with server.client() as stranger:
        error = stranger.refused(1001, "login", user="sense", inbox=since)
        assert error.startswith(member + " ")
        stranger.refused(1000, "rooms")
        stranger.call("login", user="sense")


def test_more_than_1000_messages_are_not_recovered(server):
    with server.client("ann") as ann:
        before = place_of(server, "long away")
        tell(ann, "long away", 1001)
        bob, answer = come_back(server, "long away", before)
        assert answer["recovered"] is False and answer["messages"] == []
        assert answer["inbox"]["offset"] == 1001
        ann.tell("long away", "next")
        assert bob.push("msg")["offset"] == 1002
        assert len(bob.whole_history(inbox=True)) == 1002
        bob.close()


def test_large_messages_are_recovered_up_to_half_an_outbox(server):
    with server.client("ann") as ann:
        before = place_of(server, "large")
        for letter in "abcdefgh":
            ann.tell("large", letter * 30000)
        since = {"epoch": before["epoch"], "offset": 4}
        bob, answer = come_back(server, "large", since)
        assert answer["recovered"] is True
        assert [m["body"][0] for m in answer["messages"]] == list("efgh")
        bob.close()
        bob, answer = come_back(server, "large", {**since, "offset": 3})
        assert answer["recovered"] is False
        bob.close()


@pytest.fixture
def cluster(make_server):
    server = make_server(gateways=2, ledgers=2, grace_seconds="200ms")
    server.allow(DEATHS)
    return server.start()


@pytest.mark.parametrize("role", ["ledger", "historian", "gateway"])
@pytest.mark.parametrize("missed", [50, 400])
def test_it_is_all_there_after_a_kill(cluster, role, missed):
    """50 are in the ledger's memory, 400 only in the archive."""
    before = place_of(cluster, "bob")
    with cluster.client("ann") as ann:
        tell(ann, "bob", missed)
        sent = ann.whole_history(user="bob")
    cluster.kill_one(role)
    bob, answer = come_back(cluster, "bob", before)
    assert answer["recovered"] is True
    assert bodies(answer["messages"]) == list(range(missed))
    assert [m["id"] for m in answer["messages"]] == [m["id"] for m in sent]
    with cluster.client("ann") as ann:
        assert ann.whole_history(user="bob") == sent
        assert ann.tell("bob", "next")["offset"] == missed + 1
    assert bob.push("msg")["offset"] == missed + 1
    bob.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("missed", [50, 400])
def test_it_is_all_there_after_a_restart_of_everything(cluster, how, missed):
    before = place_of(cluster, "bob")
    people = ["bob", "eve"]
    with cluster.client("ann") as ann:
        for n in range(missed):
            ann.send("say", users=people, body=n)
        ann.call("say", user="bob", body="last")
        sent = ann.whole_history(inbox=True)
        assert len(sent) == missed + 1
    getattr(cluster, how)()
    cluster.start()
    bob, answer = come_back(cluster, "bob", before)
    assert answer["inbox"]["epoch"] == before["epoch"]
    assert answer["recovered"] is True
    assert bodies(answer["messages"]) == list(range(missed)) + ["last"]
    bob.close()
    with cluster.client("eve") as eve, cluster.client("ann") as ann:
        assert bodies(eve.whole_history(user="ann")) == list(range(missed))
        assert ann.whole_history(inbox=True) == sent
        assert ann.tell("eve", "after")["offset"] == missed + 2
        assert eve.push("msg")["offset"] == missed + 1


def test_without_an_archive_the_recent_ones_are_recovered(make_server):
    server = make_server(history=False).start()
    before = place_of(server, "bob")
    with server.client("ann") as ann:
        tell(ann, "bob", 60)
        bob, answer = come_back(server, "bob", before)
        assert bodies(answer["messages"]) == list(range(60))
        assert bodies(bob.call("history", user="ann", limit=100)[
            "messages"]) == list(range(60))
        bob.close()


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_without_an_archive_they_survive_a_restart(make_server, how):
    server = make_server(history=False).start()
    before = place_of(server, "bob")
    with server.client("ann") as ann:
        tell(ann, "bob", 20)
        said = ann.tell("bob", "helo")
        ann.call("edit", user="bob", id=said["id"], body="hello")
    for _ in range(2):
        getattr(server, how)()
        server.start()
    bob, answer = come_back(server, "bob", before)
    assert answer["recovered"] is True
    assert offsets(answer["messages"]) == list(range(1, 23))
    page = bob.call("history", user="ann")["messages"]
    assert bodies(page) == list(range(20)) + ["hello"]
    bob.close()


def test_an_inbox_is_not_a_room_of_the_same_name(server):
    """A room may be named as a user is; they have nothing in common."""
    with server.client("ann", "namesake") as ann, \
            server.client("namesake") as user:
        ann.say("namesake", "to the room")
        ann.tell("namesake", "to the user")
        assert user.push("msg")["to"] == "namesake"
        user.fence()
        assert user.seen("msg") == []
        assert bodies(user.whole_history(inbox=True)) == ["to the user"]
        assert bodies(ann.whole_history("namesake")) == ["to the room"]


# Keys

PLACE = ("id", "time", "epoch", "offset")


def say(client, target, body, key):
    answer = client.call("say", body=body, key=key, **target)
    return [answer[name] for name in PLACE]


TARGETS = [{"user": "keyed bob"}, {"users": ["keyed bob", "keyed eve"]},
           {"user": "keyed ann"}]


@pytest.mark.parametrize("target", TARGETS, ids=["user", "users", "self"])
def test_a_key_makes_a_direct_message_one(cluster, target):
    first, second = cluster.pids("gateway")
    with cluster.client_on(first, "keyed ann") as ann, \
            cluster.client("keyed bob") as bob:
        place = say(ann, target, 1, "k")
        assert say(ann, target, "other words", "k") == place
        with cluster.client_on(second, "keyed ann", platform=102) as twin:
            assert say(twin, target, 1, "k") == place
        cluster.kill_one("ledger")
        assert say(ann, target, 1, "k") == place
        ann.tell("keyed bob", "fence")
        seen = []
        while "fence" not in seen:
            seen.append(bob.push("msg")["body"])
        assert seen == ([1] if "ann" not in str(target) else []) + ["fence"]
        assert bodies(ann.whole_history(inbox=True)) == [1, "fence"]
    cluster.kill()
    cluster.start()
    with cluster.client("keyed ann") as ann:
        assert say(ann, target, 1, "k") == place
        assert bodies(ann.whole_history(inbox=True)) == [1, "fence"]


def test_a_key_is_of_the_same_people_in_any_order(cluster):
    with cluster.client("ann") as ann:
        place = say(ann, {"users": ["bob", "eve"]}, 1, "k")
        assert say(ann, {"users": ["eve", "bob", "eve"]}, 1, "k") == place
        one = say(ann, {"user": "bob"}, 1, "k2")
        assert say(ann, {"users": ["bob"]}, 1, "k2") == one
        assert bodies(ann.whole_history(inbox=True)) == [1, 1]


def test_a_key_used_for_another_target_is_a_conflict(cluster):
    with cluster.client("ann", "room") as ann:
        place = say(ann, {"user": "bob"}, 1, "k")
        for other in ({"user": "eve"}, {"room": "room"},
                      {"users": ["bob", "eve"]}, {"user": "ann"}):
            assert "key" in ann.refused(1009, "say", body=1, key="k", **other)
        assert say(ann, {"user": "bob"}, 1, "k") == place
        assert bodies(ann.whole_history(inbox=True)) == [1]
        assert ann.whole_history("room") == []
        ann.say("room", 1, key="of the room")
        ann.refused(1009, "say", user="bob", body=1, key="of the room")


def test_repeats_in_one_burst_are_one_direct_message(cluster):
    with cluster.client("ann") as ann, cluster.client("bob") as bob:
        seqs = [ann.send("say", user="bob", body=n % 10, key="b%d" % (n % 10))
                for n in range(200)]
        answers = [ann.reply(seq)["data"] for seq in seqs]
        places = [[answer[name] for name in PLACE] for answer in answers]
        assert places == places[:10] * 20
        assert [bob.push("msg")["body"] for _ in range(10)] == list(range(10))
        assert bodies(bob.whole_history(inbox=True)) == list(range(10))
