"""A key names one message of a sender for 12 hours, whatever happens between
its first `say` and the next."""

import threading

import pytest

from server import DEATHS

ROOM = "keyed"


def place(answer):
    return [answer[name] for name in ("id", "time", "epoch", "offset")]


def bodies(client, room=ROOM):
    return [m["body"] for m in client.whole_history(room)]


def say(client, body, key, room=ROOM, **more):
    return place(client.say(room, body, key=key, **more))


def test_a_repeat_is_answered_like_the_first_and_heard_once(server):
    with server.client("ann", ROOM) as ann, server.client("bob", ROOM) as bob:
        first = say(ann, "once", "k1")
        assert say(ann, "once", "k1") == first
        assert say(ann, "other words", "k1", echo=True) == first
        ann.say(ROOM, "end")
        assert bob.push("msg")["body"] == "once"
        assert bob.push("msg")["body"] == "end"
        assert ann.seen("msg") == []
        assert bodies(ann) == ["once", "end"]
        key = [m.get("key") for m in ann.whole_history(ROOM)]
        assert key == ["k1", None]
        assert "key" not in bob.whole_history(ROOM)[0]


def test_a_key_is_the_senders_own(server):
    with server.client("ann", "own") as ann, server.client("bob", "own") as bob:
        first = say(ann, 1, "mine", "own")
        assert say(bob, 2, "mine", "own") != first
        assert bodies(ann, "own") == [1, 2]


def test_a_key_is_the_same_for_all_connections_of_a_user(server):
    with server.client("ann", "both") as one:
        first = say(one, 1, "k", "both")
        with server.client("ann", "both", platform=102) as two:
            assert say(two, 1, "k", "both") == first
    with server.client("ann", "both") as later:
        assert say(later, 1, "k", "both") == first


def test_a_key_used_for_another_room_is_a_conflict(server):
    with server.client("ann", "here", "there") as ann:
        first = say(ann, 1, "k of here", "here")
        assert "key" in ann.refused(1009, "say", room="there", body=1,
                                    key="k of here")
        assert bodies(ann, "there") == []
        assert say(ann, 1, "k of here", "here") == first


@pytest.mark.parametrize("key", ["", "x" * 129, "a\nb", "\u00e9" * 65, 5, []])
def test_a_key_that_is_no_name_is_refused(server, key):
    with server.client("ann", "names") as ann:
        assert "key" in ann.refused(1001, "say", room="names", body=1, key=key)
        assert bodies(ann, "names") == []


@pytest.mark.parametrize("key", ["x" * 128, "\u4e2d\u6587 with spaces"])
def test_a_key_may_be_any_name(server, key):
    room = "any name"
    with server.client("ann", room) as ann:
        assert say(ann, 1, key, room) == say(ann, 1, key, room)


def test_repeats_in_one_burst_are_one_message(server):
    with server.client("ann", "burst") as ann:
        seqs = [ann.send("say", room="burst", body=n, key="burst %d" % (n % 10))
                for n in range(200)]
        places = [place(ann.reply(seq)["data"]) for seq in seqs]
        assert places == places[:10] * 20
        assert bodies(ann, "burst") == list(range(10))


def test_repeats_are_counted(make_server):
    server = make_server().start()
    with server.client("ann", ROOM) as ann:
        for _ in range(5):
            say(ann, 1, "k")
    assert server.info()["repeats"] == "4"


@pytest.fixture
def cluster(make_server):
    server = make_server(gateways=2, grace_seconds="500ms")
    server.allow(DEATHS)
    return server.start()


def on_each_gateway(server, user, room=ROOM):
    return [server.client_on(pid, user, room)
            for pid in server.pids("gateway")]


def test_a_key_is_known_at_every_gateway(cluster):
    one, two = on_each_gateway(cluster, "ann")
    assert say(one, 1, "k") == say(two, 1, "k")
    assert bodies(one) == [1]


def test_the_same_at_once_by_two_gateways_is_one_message(cluster):
    """Both say the same row of keys as fast as they can."""
    talkers = on_each_gateway(cluster, "ann")
    places = [None, None]

    def talk(which):
        client = talkers[which]
        seqs = [client.send("say", room=ROOM, body=n, key="key %d" % n)
                for n in range(500)]
        places[which] = [place(client.reply(seq)["data"]) for seq in seqs]

    threads = [threading.Thread(target=talk, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert places[0] == places[1]
    with cluster.client("eve", ROOM) as eve:
        found = bodies(eve)
        assert sorted(found) == list(range(500))


def test_a_key_survives_a_kill_of_the_ledger(cluster):
    with cluster.client("ann", ROOM) as ann:
        first = say(ann, 1, "k")
        for _ in range(3):
            cluster.kill_one("ledger")
            assert say(ann, 1, "k") == first
        assert bodies(ann) == [1]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_key_survives_a_restart_of_everything(cluster, how):
    with cluster.client("ann", ROOM) as ann:
        first = say(ann, 1, "k")
    for _ in range(2):
        getattr(cluster, how)()
        cluster.start()
        with cluster.client("ann", ROOM) as ann:
            assert say(ann, 1, "k") == first
            assert bodies(ann) == [1]


def test_says_repeated_until_answered_are_one_message_each(cluster):
    """What keys are for: the ledger is killed while somebody talks, the talker
    breaks off and says again what was not answered."""
    done, n = [], 0
    stop = threading.Event()

    def kill():
        for _ in range(4):
            cluster.kill_one("ledger")
        stop.set()

    killer = threading.Thread(target=kill)
    killer.start()
    while not stop.is_set() or n < 300:
        batch = range(n, n + 20)
        with cluster.client("ann", ROOM) as hasty:
            for number in batch:
                hasty.send("say", room=ROOM, body=number, key="n%d" % number)
        with cluster.client("ann", ROOM) as patient:
            done += [say(patient, number, "n%d" % number) for number in batch]
        n += 20
    killer.join()
    with cluster.client("ann", ROOM) as ann:
        found = ann.whole_history(ROOM)
    assert sorted(m["body"] for m in found) == list(range(n))
    assert len({tuple(p) for p in done}) == n
    of_id = {m["id"]: m for m in found}
    for number, (name, _, _, offset) in enumerate(done):
        assert (of_id[name]["body"], of_id[name]["offset"]) == (number, offset)
