"""Looking up what was said: pages, anchors, limits."""

import threading

import pytest

COUNT = 1234


@pytest.fixture(scope="module")
def full(server):
    """A room with COUNT messages and somebody in it."""
    room = "archive of everything"
    with server.client("writer", room) as writer:
        seqs = [writer.send("say", room=room, body=n)
                for n in range(1, COUNT + 1)]
        assert [writer.reply(seq)["data"]["offset"] for seq in seqs] == list(
            range(1, COUNT + 1))
        yield writer, room


def offsets(page):
    found = [message["offset"] for message in page["messages"]]
    for message in page["messages"]:
        assert message["body"] == message["offset"]
    if found:
        assert (page["first"], page["last"]) == (found[0], found[-1])
    return found


def look(full, **how):
    client, room = full
    return client.call("history", room=room, **how)


def test_without_anchor_come_the_newest(full):
    page = look(full)
    assert offsets(page) == list(range(COUNT - 49, COUNT + 1))
    assert page["more"] is True


@pytest.mark.parametrize("limit", [1, 2, 49, 500])
def test_limit_counts(full, limit):
    page = look(full, limit=limit)
    assert offsets(page) == list(range(COUNT - limit + 1, COUNT + 1))
    assert page["more"] is True


def test_before_gives_the_nearest_below(full):
    page = look(full, before=101, limit=10)
    assert offsets(page) == list(range(91, 101)) and page["more"] is True


def test_after_gives_the_nearest_above(full):
    page = look(full, after=100, limit=10)
    assert offsets(page) == list(range(101, 111)) and page["more"] is True


def test_before_at_the_beginning(full):
    page = look(full, before=6)
    assert offsets(page) == [1, 2, 3, 4, 5] and page["more"] is False
    page = look(full, before=1)
    assert offsets(page) == [] and page["more"] is False


def test_after_at_the_end(full):
    page = look(full, after=COUNT - 3)
    assert offsets(page) == [COUNT - 2, COUNT - 1, COUNT]
    assert page["more"] is False
    page = look(full, after=COUNT)
    assert offsets(page) == [] and page["more"] is False


def test_more_is_exact_at_the_edge(full):
    assert look(full, before=11, limit=10)["more"] is False
    assert look(full, before=12, limit=10)["more"] is True
    assert look(full, after=COUNT - 10, limit=10)["more"] is False
    assert look(full, after=COUNT - 11, limit=10)["more"] is True


def test_an_anchor_beyond_everything(full):
    assert offsets(look(full, after=COUNT + 1000)) == []
    assert offsets(look(full, before=COUNT + 1000, limit=2)) == [
        COUNT - 1, COUNT]


def test_paging_back_sees_everything_once(full):
    before, seen = COUNT + 1, []
    while True:
        page = look(full, before=before, limit=97)
        seen = offsets(page) + seen
        if not page["more"]:
            break
        before = page["first"]
    assert seen == list(range(1, COUNT + 1))


def test_paging_forward_sees_everything_once(full):
    client, room = full
    assert [m["offset"] for m in client.whole_history(room)] == list(
        range(1, COUNT + 1))


def test_ids_and_times_ascend(full):
    client, room = full
    messages = client.whole_history(room)
    ids = [m["id"] for m in messages]
    times = [m["time"] for m in messages]
    assert ids == sorted(set(ids)) and times == sorted(times)


@pytest.mark.parametrize("member,value", [
    ("limit", 0), ("limit", 501), ("limit", -1), ("limit", 1.5),
    ("limit", "50"), ("limit", {}), ("limit", 1 << 62), ("before", -1),
    ("before", "5"), ("before", 2.5), ("before", [1]), ("after", -1),
    ("after", "0"), ("after", 1e30), ("after", True),
])
def test_a_number_out_of_its_limits_is_1001_and_named(full, member, value):
    client, room = full
    assert member in client.refused(1001, "history", room=room,
                                    **{member: value})


def test_two_anchors_are_1001(full):
    client, room = full
    client.refused(1001, "history", room=room, before=5, after=1)


def test_history_needs_membership(server, full):
    with server.client("outsider") as outsider:
        outsider.refused(1003, "history", room=full[1])


def test_an_empty_room_has_an_empty_page(server, room):
    with server.client("alone", room) as alone:
        page = alone.call("history", room=room)
        assert page["messages"] == [] and page["more"] is False
        assert isinstance(page["epoch"], str)


def test_pages_of_large_messages_are_cut_and_still_complete(server, room):
    with server.client("large", room) as large:
        body = "x" * 60000
        for n in range(40):
            large.say(room, [n, body])
        messages, after, pages = [], 0, 0
        while True:
            page = large.call("history", room=room, after=after, limit=500)
            assert page["messages"], "a page must hold one message at least"
            messages += page["messages"]
            after, pages = page["last"], pages + 1
            if not page["more"]:
                break
        assert [m["body"][0] for m in messages] == list(range(40))
        before, back = 41, []
        while True:
            page = large.call("history", room=room, before=before, limit=500)
            back = page["messages"] + back
            before = page["first"]
            if not page["more"]:
                break
        assert back == messages


def test_many_lookups_at_once_are_all_answered(server, full):
    wrong = []

    def reader(number):
        with server.client("reader-%d" % number, full[1]) as client:
            seqs = [(at, client.send("history", room=full[1], after=at,
                                     limit=20)) for at in range(0, 1200, 40)]
            for at, seq in seqs:
                page = client.reply(seq)["data"]
                if offsets(page) != list(range(at + 1, at + 21)):
                    wrong.append((number, at))

    readers = [threading.Thread(target=reader, args=(n,)) for n in range(8)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert wrong == []


def test_a_message_is_in_the_history_as_soon_as_it_is_answered(full):
    client, room = full
    offset = client.say(room, 0)["offset"]
    page = client.call("history", room=room, after=offset - 1)
    assert [m["offset"] for m in page["messages"]] == [offset]
