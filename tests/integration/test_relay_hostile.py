"""A host that knows the secret and lies, and one that knows nothing: the relay
lives, grows not, and goes on with those who behave."""

import contextlib
import pathlib
import random
import re
import socket
import struct

import pytest

from cluster import SECRET, Cluster
from fake_relay import (BEAT, HELLOED, JOURNAL, LIVE, PULL, PULLED, SNAPSHOT,
                        SNAPSHOT_WANTED, BUS, HELLO, FakeRelay, pack,
                        shake_hands, text, unpack_number)
from server import wait_for

HUGE = 2 ** 64 - 1


@pytest.fixture
def trio(directory):
    """Two hosts that behave, and a third one that the first has as a peer."""
    fake = FakeRelay(3, SECRET)
    cluster = Cluster(directory, 2)
    first, second = cluster
    first.peer_urls = [second.relay_url, fake.relay_url]
    first.rewrite()
    try:
        with cluster:
            first.allow("is refused: |nobody here understands")
            cluster.wait_met()
            fake.wait_up(first)
            relay = first.pids("relay")[0]
            yield first, second, fake
            check_whole(cluster, relay)
    finally:
        fake.close()


def resident_bytes(pid):
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024


def check_whole(cluster, relay):
    first, second = cluster
    assert first.pids("relay") == [relay]
    assert resident_bytes(relay) < 200e6
    with first.client("ann", "whole") as ann, \
            second.client("bob", "whole") as bob:
        said = ann.say("whole", "still here")
        assert bob.push("msg")["id"] == said["id"]
        answer = bob.say("whole", "so am I")
        assert ann.push("msg")["id"] == answer["id"]


def settle(first, fake):
    """All that was said before has been taken."""
    before = int(counter(first, "bus_frames_in"))
    fake.beat()
    wait_for("a beat is taken",
             lambda: int(counter(first, "bus_frames_in")) > before)


def is_met(first, fake):
    """It beats only when told to, so it may have been silent for a moment."""
    return first.peer(fake)["state"] in ("up", "suspect")


def counter(host, name):
    for line in host.ask("show counters"):
        if line.split("\t")[0] == name:
            return line.split("\t")[1]
    return None


def test_bytes_that_are_no_frames_are_refused_and_counted(trio):
    first, _, fake = trio
    chance = random.Random(1)
    good = fake.frame(BEAT, pack(1, 0, b""))
    for length in (0, 1, 43, 44, 75, 76, 77, 1000, 100000):
        fake.say(chance.randbytes(length))
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 1 << chance.randrange(8)
        fake.say(bytes(bad))
        fake.say(good[:place])
    settle(first, fake)
    wait_for("they are counted", lambda: int(
        first.peer(fake)["refused"]) > 100)
    assert is_met(first, fake)


def test_a_length_without_end_costs_only_its_connection(trio):
    first, _, fake = trio
    for port in (first.relay_port, first.relay_port + 1):
        for length in (2 ** 31, 2 ** 40, 2 ** 63 - 1, HUGE):
            with socket.create_connection(("127.0.0.1", port)) as one:
                shake_hands(one, BUS if port == first.relay_port else 0x30)
                with contextlib.suppress(OSError):
                    one.sendall(struct.pack(">Q", length) + bytes(100000))
    settle(first, fake)


def lies():
    """Frames that are signed and wrong."""
    item = pack(5, 1, b"this is no message")
    yield BEAT, b""
    yield BEAT, pack(HUGE, HUGE, b"")
    yield BEAT, pack(1, 2, bytes([200]))
    yield BEAT, pack(1, 2, text(pack(0, HUGE, HUGE)))
    yield BEAT, pack(1, 2, b"".join(
        text(pack(ledger, 1000, 3)) for ledger in range(300)))
    yield BEAT, pack(1, 2, text(b"") * 50)
    for ledger in (0, 1, 17, HUGE):
        yield JOURNAL, pack(ledger, 0, 0, 100, 0, b"")
        yield JOURNAL, pack(ledger, 100, 0, 50, 0, text(item))
        yield JOURNAL, pack(ledger, 0, 0, 10, 0, text(item))
        yield JOURNAL, pack(ledger, 0, 0, 10, 0, text(item)[:-3])
        yield JOURNAL, pack(ledger, HUGE, HUGE, HUGE, HUGE, text(item))
        yield JOURNAL, pack(ledger, 0, 0, HUGE, HUGE, b"\xff" * 100)
    for live in (0, 1, 2, 1000, HUGE):
        yield LIVE, pack(live, b"")
        yield LIVE, pack(live, b"\xff" * 30)
        for kind in range(0, 60):
            yield LIVE, pack(live, text(pack(kind, 0, 0, b"\x01" * 40)))
            yield LIVE, pack(live, text(pack(kind, 1, 3, b"")))
    yield LIVE, pack(3, text(pack(HUGE, HUGE, HUGE, b"x")) * 200)
    for kind in (0, 4, 5, 7, 11, 255):
        yield kind, pack(1, 2, 3)


def test_lies_that_are_signed_change_nothing(trio):
    first, _, fake = trio
    for kind, body in lies():
        if kind == 4:
            continue  # goodbye is no lie
        fake.say(fake.frame(kind, body))
    settle(first, fake)
    assert is_met(first, fake)


def test_frames_at_random_change_nothing(trio):
    first, _, fake = trio
    chance = random.Random(7)
    bodies = [body for kind, body in lies() if kind in (BEAT, JOURNAL, LIVE)]
    for _ in range(3000):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.randrange(4)):
            if body:
                body[chance.randrange(len(body))] = chance.randrange(256)
        fake.say(fake.frame(chance.choice((BEAT, JOURNAL, LIVE)), bytes(body)))
    settle(first, fake)


def test_what_was_said_once_is_not_believed_again(trio):
    """Nor what was said to another life, or by somebody else."""
    first, _, fake = trio
    old = fake.frame(BEAT, pack(1, 0, b""))
    fake.say(old)
    settle(first, fake)
    before = int(counter(first, "bus_refused"))
    for _ in range(20):
        fake.say(old)
    fake.say(fake.frame(BEAT, pack(1, 0, b""), secret=b"another secret " * 2))
    fake.say(fake.frame(BEAT, pack(1, 0, b""), epoch=fake.epoch + 1))
    fake.say(fake.frame(BEAT, pack(1, 0, b""), host=2, epoch=7))
    settle(first, fake)
    wait_for("it is counted",
             lambda: int(counter(first, "bus_refused")) > before)
    assert is_met(first, fake)


def wrong_answers():
    """kind of the question, and what is answered: the kind and the body, made
    from the body of the question."""
    def helloed(*more):
        return lambda body: (HELLOED, pack(unpack_number(body)[0], *more))

    for ledgers in (0, 17, HUGE):
        yield HELLO, helloed(9, ledgers, 1)
    yield HELLO, helloed(9)
    yield HELLO, lambda body: (HELLOED, pack(1, 9, 1, 1))
    yield HELLO, lambda body: (SNAPSHOT, pack(1, 9, 1, 1))
    yield HELLO, helloed(0, 1, 1)
    yield SNAPSHOT_WANTED, lambda body: (SNAPSHOT, pack(0, 1, b""))
    yield SNAPSHOT_WANTED, lambda body: (SNAPSHOT, pack(0, HUGE, b""))
    yield SNAPSHOT_WANTED, lambda body: (SNAPSHOT, pack(HUGE, 0, b"\xff"))
    yield SNAPSHOT_WANTED, lambda body: (SNAPSHOT, b"")
    yield SNAPSHOT_WANTED, lambda body: (HELLOED, pack(1, 2, 3, 4))
    for status in (0, 1, 2, 3, 99):
        yield PULL, lambda body, status=status: (PULLED, pack(
            body[0], body[1], status, 0, 0, 5, 0, 2, 0, b"\xff\xff"))
        yield PULL, lambda body, status=status: (PULLED, pack(
            body[0], body[1], status, HUGE, HUGE, HUGE, HUGE, HUGE, HUGE,
            text(b"x") * 1000))
        yield PULL, lambda body, status=status: (PULLED, pack(
            9, 9, status, 0, 0, 0, 0, 0, 0, b""))


@pytest.mark.parametrize("number", range(sum(1 for _ in wrong_answers())))
def test_wrong_answers_change_nothing(trio, number):
    first, _, fake = trio
    question, make = list(wrong_answers())[number]
    fake.asked.clear()
    fake.questions[question] = lambda kind, count, body: fake.frame(
        *make(body), answers=count)
    if question == HELLO:
        fake.epoch += 1
    if question == SNAPSHOT_WANTED:
        fake.epoch += 1

    def is_asked():
        fake.beat(live_head=9, sources=text(pack(0, 1000, 0)))
        return fake.asked.count(question) >= 3

    wait_for("it has asked", is_asked, look_every=0.1)
    del fake.questions[question]


def test_questions_that_make_no_sense_are_answered_or_not(trio):
    first, _, fake = trio
    assert fake.ask(first, fake.frame(HELLO, pack(77)))
    for what in (0, 1, 2, HUGE):
        for ledger in (0, 1, 17, HUGE):
            for place in (0, 1, 10 ** 9, HUGE):
                fake.ask_in_vain(first, fake.frame(
                    PULL, pack(what, ledger, place, place, HUGE)))
    for kind in (HELLO, PULL, SNAPSHOT_WANTED, BEAT, HELLOED, 0, 200):
        fake.ask_in_vain(first, fake.frame(kind, b""))
        fake.ask_in_vain(first, fake.frame(kind, b"\xff" * 20))
    for payload in (b"", b"\0" * 10, b"\xff" * 200):
        assert fake.ask_in_vain(first, payload)


def test_a_peer_with_the_number_of_another_does_not_take_its_place(
        trio, room):
    first, second, fake = trio
    fake.host = 2
    fake.epoch += 1
    wait_for("it is refused", lambda: (fake.beat(), first.peer(fake))[1][
        "reason"] == "has the host_id of another host")
    assert first.sees(second)
    with first.client("ann", room) as ann, second.client("bob", room) as bob:
        ann.say(room, "to the true one")
        assert bob.push("msg")["body"] == "to the true one"
