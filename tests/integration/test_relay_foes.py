"""What the relay bears: from somebody who reaches its ports and knows nothing,
and from a host of the cluster that is not what it says. Processes stay, memory
and log stay small, and the others go on."""

import contextlib
import itertools
import socket
import struct
import threading
import time

import pytest

from cluster import SECRET, Cluster, kill_nine
from fake_relay import (BEAT, BUS, BYE, END, HEAD, HELLO, HELLOED, JOURNAL,
                        LATER, LIVE, PULL, PULLED, REQ, SNAPSHOT,
                        SNAPSHOT_WANTED, FakeRelay, pack, shake_hands, text,
                        unpack_number)
from server import DEATHS, GUARD, wait_for
from test_relay_hostile import counter, is_met, resident_bytes, settle

JOIN, ARRIVE = 1, 40
ROOM, EVENTS_AND_PRESENCE = ord("r"), 3
GONE = 2
YEAR_2200 = 7258118400000
MEGABYTE = 1 << 20
TENANT = b"default"
CHECKS = itertools.count(1)


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
            first.allow("is refused: |nobody here understands|does not fit")
            cluster.wait_met()
            fake.wait_up(first)
            before = processes(cluster)
            lines = len(first.log().splitlines())
            memory = resident_bytes(first.pids("relay")[0])
            yield first, second, fake
            check_whole(cluster)
            assert processes(cluster) == before
            assert len(first.log().splitlines()) < lines + 60
            grown = resident_bytes(first.pids("relay")[0]) - memory
            assert grown < 300e6, grown
    finally:
        fake.close()


def processes(cluster):
    return {(host.number, worker["role"], worker["pid"])
            for host in cluster for worker in host.workers()
            if int(worker["pid"])}


def check_whole(cluster):
    """In a room of its own, so that nothing of before is still on its way."""
    first, second = cluster
    room = "whole %d" % next(CHECKS)
    with first.client("ann", room) as ann, \
            second.client("bob", room) as bob:
        said = ann.say(room, "still here")
        assert bob.push("msg")["id"] == said["id"]
        answer = bob.say(room, "so am I")
        assert ann.push("msg")["id"] == answer["id"]


@contextlib.contextmanager
def beating(fake, live_head=0, sources=None):
    """It goes on while the test does something else."""
    end = threading.Event()

    def beat():
        while not end.wait(0.1):
            fake.beat(live_head, sources)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def wait_closed(connection):
    """By the other side."""
    connection.settimeout(GUARD)
    with contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass


def test_somebody_who_claims_much_on_many_connections_gets_no_memory(trio):
    first, _, _ = trio
    relay = first.pids("relay")[0]
    before = resident_bytes(relay)
    claims = [(first.relay_port, BUS, 10 * MEGABYTE),
              (first.relay_port + 1, REQ, 39 * MEGABYTE)]
    with contextlib.ExitStack() as stack:
        for port, protocol, claim in claims:
            for _ in range(20):
                one = stack.enter_context(
                    socket.create_connection(("127.0.0.1", port)))
                shake_hands(one, protocol)
                with contextlib.suppress(ConnectionError):
                    one.sendall(struct.pack(">Q", claim) + bytes(MEGABYTE))
                wait_closed(one)
        assert resident_bytes(relay) < before + 100e6


def test_many_who_say_nothing_keep_no_host_away(directory):
    """Half of a greeting, a greeting, another protocol, and slow bytes: they
    take all places there are for who dials us, and we dial, too."""
    greetings = [b"", b"\0SP", b"\0SP\0\0\x70\0\0", b"\0SP\0\0\x10\0\0",
                 b"GET / HTTP/1.1\r\n", b"\0SP\0\0\x70\0\0" + bytes(7)]
    with Cluster(directory, 2) as cluster, contextlib.ExitStack() as stack:
        cluster.wait_met()
        first, second = cluster
        second.allow(DEATHS)
        relay = first.pids("relay")
        for index in range(400):
            one = stack.enter_context(socket.create_connection(
                ("127.0.0.1", first.relay_port)))
            with contextlib.suppress(ConnectionError):
                one.sendall(greetings[index % len(greetings)])
        was = kill_nine(second, "relay")
        second.wait_replaced("relay", was)
        cluster.wait_met()
        check_whole(cluster)
        wait_for("those who were too many are counted", lambda: int(
            counter(first, "bus_turned_away")) > 0)
        assert first.pids("relay") == relay


def arrival(secret, user):
    record = pack(5 << 32 | secret & 0xffffffff, secret, TENANT, user, 101,
                  1000, bytes(16), 99, 12345, 0)
    return text(pack(ARRIVE, 0, 0, record))


def entry(secret, room):
    record = pack(0, secret, TENANT, room, b"", 0, 1000, b"{}",
                  EVENTS_AND_PRESENCE, 0, 0, 0)
    return text(pack(JOIN, 0, 0, record))


def answer_pages(fake, pages, number=0):
    """To each question for sessions the next page: items, and what follows."""
    left = iter(pages)

    def answer(kind, count, body):
        items, after = next(left, (b"", 0))
        return fake.frame(SNAPSHOT, pack(number, after, items), answers=count)

    fake.questions[SNAPSHOT_WANTED] = answer


def ask_anew(fake, first):
    """Another life of the relay there begins with a list of its sessions."""
    fake.epoch += 1
    fake.asked.clear()
    with beating(fake):
        wait_for("it is asked", lambda: SNAPSHOT_WANTED in fake.asked)


def test_a_hundred_thousand_sessions_are_cut_to_what_there_is_place_for(trio):
    first, _, fake = trio
    secrets = itertools.count(1)
    pages = [(b"".join(arrival(next(secrets), b"user %d" % index)
                       for index in range(5000)), number + 1)
             for number in range(20)]
    answer_pages(fake, pages)
    ask_anew(fake, first)
    with beating(fake):
        wait_for("all has been told", lambda: fake.asked.count(
            SNAPSHOT_WANTED) > 20)
        check_whole([first, first])
    fake.questions.clear()
    ask_anew(fake, first)
    with beating(fake):
        wait_for("all are gone", lambda: not int(
            counter(first, "remote_sessions")))


def test_sessions_that_are_everywhere_hold_nobody_up(trio):
    first, _, fake = trio
    numbers = itertools.count()
    pages = [(b"".join([arrival(secret, b"user")] + [
        entry(secret, b"absurd %d" % next(numbers)) for _ in range(9000)]),
        secret) for secret in range(1, 30)]
    answer_pages(fake, pages)
    ask_anew(fake, first)
    with beating(fake):
        wait_for("all has been told", lambda: fake.asked.count(
            SNAPSHOT_WANTED) > 29)
        check_whole([first, first])


def test_a_list_without_end_ends(trio):
    """Pages too large, pages that go back, and pages that never stop."""
    first, _, fake = trio
    huge = b"".join(arrival(secret, b"x" * 60) for secret in range(1, 20000))
    answer_pages(fake, [(huge, 1)] * 3)
    ask_anew(fake, first)
    answer_pages(fake, [(arrival(5, b"five"), 7)] * 1000)
    ask_anew(fake, first)
    asked = fake.asked.count(SNAPSHOT_WANTED)
    answer_pages(fake, [(b"", number) for number in range(1, 3000)])
    ask_anew(fake, first)
    assert asked < 100
    check_whole([first, first])


def message(fake, room, body, id_time=None, flags=0, key=b"", **more):
    id_time = id_time or int(time.time() * 1000) << 16
    return pack(id_time, fake.host << 10 | 1, more.get("kind", ROOM),
                more.get("tenant", TENANT), room, fake.store, 1,
                more.get("sender", b"eve"), 0, b"text", body, key, flags,
                0, 0, 0, 0, more.get("until", 0), b"", 0,
                more.get("of_time", 0), more.get("of_origin", 0),
                more.get("of_offset", 0), 0, 0, 0, 0, 0)


def tell_journal(fake, messages):
    """All of them are the journal; each one a batch of 1000 bytes."""
    end = 1000 * len(messages)

    def answer(kind, count, body):
        what, rest = unpack_number(body)
        ledger, rest = unpack_number(rest)
        position, rest = unpack_number(rest)
        index, rest = unpack_number(rest)
        items, to = b"", position
        while to < end and len(items) < 400000:
            items += text(pack(to + 1000, 0, messages[to // 1000]))
            to += 1000
        if what:
            to, items = position, b""
        return fake.frame(PULLED, pack(
            what, ledger, END, position, index, to, 0, 0, 0, items),
            answers=count)

    fake.questions[PULL] = answer
    return text(pack(0, end, 0))


def test_absurd_messages_are_refused_or_shown_and_nobody_waits(trio):
    first, second, fake = trio
    bodies = [b"1", b'"a"', b"x" * 1000, b"{", b"\xff\xfe", b"\0"]
    names = [b"", b"\xff", b"x" * 128, b"x" * 129, b"x" * 5000, b"..", b"/",
             b"a\0b", b"\n", b"whole\x7f", "ü".encode() * 64]
    absurd = [message(fake, name, body) for name in names for body in bodies]
    absurd += [message(fake, b"whole", b'"a"', kind=kind)
               for kind in (0, 1, ord("i"), ord("t"), ord("u"), 2 ** 63)]
    absurd += [message(fake, b"whole", b'"a"', flags=1 << bit,
                       of_time=bit, of_origin=2 ** 63, of_offset=bit)
               for bit in range(40)]
    absurd += [message(fake, b"whole", b'"a"', tenant=tenant)
               for tenant in (b"", b"\xff", b"x" * 65, b"nobody")]
    absurd += [b"", b"\xff" * 50, bytes(100)]
    absurd += [message(fake, b"large", b'"%s"' % (b"x" * (15 * MEGABYTE)))]
    absurd += [message(fake, b"last", b'"I am the last"')]
    with first.client("ann", "last") as ann:
        with beating(fake, sources=tell_journal(fake, absurd)):
            assert ann.push("msg")["body"] == "I am the last"
    assert int(counter(first, "hauled_bad")) > 20


def test_ids_of_the_future_take_no_clock_along(trio):
    first, second, fake = trio
    times = [YEAR_2200 << 16, 2 ** 63 - 1, 1, 2 ** 62]
    told = [message(fake, b"clock", b'"%d"' % index, id_time=id_time,
                    key=b"key %d" % index)
            for index, id_time in enumerate(times)]
    with first.client("ann", "clock") as ann, \
            second.client("bob", "clock") as bob:
        before = ann.say("clock", "before", key="k")
        with beating(fake, sources=tell_journal(fake, told)):
            assert [ann.push("msg")["body"] for _ in told] == [
                "0", "1", "2", "3"]
            after = ann.say("clock", "after")
            again = ann.say("clock", "before", key="k")
        assert again["id"] == before["id"]
        assert clock_of(after["id"]) < time.time() * 1000 + 61000
        assert bob.push("msg")["body"] == "before"
        assert bob.push("msg")["body"] == "after"
        assert [one["body"] for one in ann.whole_history("clock")] == [
            "before", "0", "1", "2", "3", "after"]


def clock_of(written):
    """The unix ms of an id, which is base32hex of 13 and 4 digits."""
    return int(written[:13], 32) >> 16


def test_holes_without_end_are_few(trio):
    """A host whose journal and live stream are gone again and again."""
    first, _, fake = trio
    places = itertools.count(1000, 1000)

    def gone(kind, count, body):
        what, rest = unpack_number(body)
        ledger, rest = unpack_number(rest)
        position, rest = unpack_number(rest)
        index, rest = unpack_number(rest)
        return fake.frame(PULLED, pack(
            what, ledger, GONE, position, index, position, index,
            position + 1000, 0, b""), answers=count)

    def holes():
        return int(first.peer(fake)["holes"])

    fake.questions[PULL] = gone
    with first.client("ann", "whole") as ann:
        begin = time.monotonic()
        while time.monotonic() < begin + 3 or not holes():
            place = next(places)
            fake.beat(place * 1000, text(pack(0, place * 1000, 0)))
            time.sleep(0.002)  # more often than anybody looks
        ann.fence()
        seconds = time.monotonic() - begin
        assert len(ann.seen("moved")) < 3 * seconds + 1
    assert holes() < 4 * seconds


def test_lives_that_change_with_each_beat_are_borne(trio):
    first, second, fake = trio
    end = time.monotonic() + 1
    while time.monotonic() < end:
        fake.epoch += 1
        fake.beat()
        fake.say(fake.frame(BYE, pack(1)))
        fake.store += 1
        fake.ledgers = fake.ledgers % 16 + 1
    fake.wait_up(first)


def test_who_is_refused_for_another_reason_each_time_is_logged_once(trio):
    first, _, fake = trio
    lies = itertools.cycle([
        lambda count, body: fake.frame(HELLOED, body, answers=count,
                                       secret=b"another"),
        lambda count, body: b"\xff" * 100,
        lambda count, body: fake.frame(HELLOED, body, answers=count, host=1)])
    fake.questions[HELLO] = lambda kind, count, body: next(lies)(count, body)
    fake.epoch += 1
    for _ in range(100):
        fake.beat(secret=b"another")
        fake.say(b"\xff" * 100)
        fake.beat(host=1)
        time.sleep(0.01)
    wait_for("they are counted",
             lambda: int(first.peer(fake)["refused"]) > 150)
    fake.questions.clear()
    fake.wait_up(first)


def test_who_never_reads_costs_little(trio):
    first, second, fake = trio
    relay = first.pids("relay")[0]
    before = resident_bytes(relay)
    with contextlib.ExitStack() as stack:
        for port, protocol in ((first.relay_port, BUS),
                               (first.relay_port + 1, REQ)):
            for _ in range(10):
                one = stack.enter_context(
                    socket.create_connection(("127.0.0.1", port)))
                shake_hands(one, protocol)
                one.settimeout(0.5)
                question = b"\x80\0\0\1" + fake.frame(
                    PULL, pack(0, 0, 0, 0, 2 ** 40))
                with contextlib.suppress(OSError):
                    for _ in range(200 if protocol == REQ else 0):
                        one.sendall(struct.pack(
                            ">Q", len(question)) + question)
        with first.client("ann", "big") as ann, \
                second.client("bob", "big") as bob, beating(fake):
            for index in range(100):
                ann.say("big", "x" * 30000)
                bob.push("msg")
        assert resident_bytes(relay) < before + 100e6


def test_what_another_life_of_a_relay_said_is_old(trio):
    """Who can read along repeats everything: frames, questions, answers."""
    first, second, fake = trio
    heard = [fake.frame(BEAT, pack(1, 0, b"")) for _ in range(50)]
    heard += [fake.frame(LIVE, pack(1, arrival(1, b"old"))),
              fake.frame(JOURNAL, pack(0, 0, 0, 5, 0, b"")),
              fake.frame(BYE, pack(1))]
    question = fake.frame(PULL, pack(0, 0, 0, 0, 100))
    assert fake.ask(first, question)
    assert fake.ask_in_vain(first, question)
    fake.epoch += 1
    assert fake.ask(first, fake.frame(HELLO, pack(1)))
    fake.wait_up(first)
    for frame in heard:
        fake.say(frame)
    settle(first, fake)
    assert is_met(first, fake)
    assert told_later(fake.ask(first, question))
    assert int(counter(first, "remote_sessions")) <= 1


def told_later(answer):
    """To a pull of a journal: nothing but that."""
    body = answer[HEAD.size:-32]
    numbers = []
    while len(numbers) < 9:
        number, body = unpack_number(body)
        numbers.append(number)
    return numbers[2] == LATER and not any(numbers[5:]) and \
        body == pack(b"", 0)
