"""Finding what was said: words, bounds, pages, and an index that may fail."""

import os
import signal
import sqlite3

import pytest

from server import DEATHS, wait_for

SEARCHED = 'room "*" { search = true }\nroom "off:*" { search = false }\n'


OPTIONS = {"options": SEARCHED}


@pytest.fixture
def anna(server, request):
    room = "r " + request.node.name[:100]
    with server.client("anna", room) as client:
        client.room = room
        yield client


def find(client, text, room=None, **how):
    page = client.call("search", room=room or client.room, text=text, **how)
    assert isinstance(page["epoch"], str)
    assert ("next" in page) == page["more"]
    offsets = [message["offset"] for message in page["messages"]]
    assert offsets == sorted(offsets, reverse=True), "newest first"
    return page


def bodies(client, text, **how):
    return [message["body"] for message in find(client, text, **how)[
        "messages"]]


def say(client, *texts):
    return [client.say(client.room, text) for text in texts]


def is_indexed(server):
    """Everything that can be server is in the index."""
    index = sqlite3.connect(str(server.data_dir / "search.db"))
    archive = sqlite3.connect(str(server.data_dir / "archive.db"))
    try:
        known = dict(index.execute("SELECT stream, offset FROM progress"))
        tops = archive.execute(
            "SELECT s.id, (SELECT max(m.id) FROM messages m WHERE "
            "m.id > s.id << 36 AND m.id < (s.id + 1) << 36) & ((1 << 36) - 1) "
            "FROM streams s WHERE s.name NOT LIKE 'off:%'").fetchall()
        return tops and all(known.get(i) == top for i, top in tops)
    except sqlite3.Error:
        return False
    finally:
        index.close()
        archive.close()


def test_what_was_said_is_found_at_once(anna):
    for n in range(200):
        said = anna.say(anna.room, "message number %dx" % n)
        page = find(anna, "number %dx" % n)
        assert [m["offset"] for m in page["messages"]] == [said["offset"]]
        assert page["more"] is False


def test_a_found_message_is_as_in_the_history(anna):
    anna.say(anna.room, "hello there", key="k1", type="greeting")
    history = anna.call("history", room=anna.room)["messages"]
    assert find(anna, "hello")["messages"] == history


def test_a_changed_message_is_found_by_what_it_says_now(server, anna):
    first, second = say(anna, "the old words", "soon gone")
    # What is in the index is taken out of it again.
    wait_for("a filled index", lambda: is_indexed(server))
    anna.call("edit", room=anna.room, id=first["id"], body="the new ones")
    anna.call("delete", room=anna.room, id=second["id"])
    wait_for("the new words",
             lambda: bodies(anna, "the new") == ["the new ones"])
    assert bodies(anna, "old words") == []
    assert bodies(anna, "soon gone") == []


CHINESE = "今天晚上我们去吃火锅吧"


@pytest.mark.parametrize("text", [
    "火锅", "锅", "去吃火锅", "今天", "吧", CHINESE, "火锅 今天"])
def test_chinese_is_found_whole_or_by_one_character(anna, text):
    say(anna, CHINESE, "明天下雨", "no hot pot")
    assert bodies(anna, text) == [CHINESE]


def test_old_and_new_messages_are_found_alike(server, anna):
    say(anna, *["first half 世界 %d" % n for n in range(5)])
    wait_for("the index has it", lambda: is_indexed(server))
    say(anna, *["second half 世界 %d" % n for n in range(5)])
    for text in ("half", "世界", "half 世界", "世"):
        assert len(bodies(anna, text)) == 10
    wait_for("the index has it", lambda: is_indexed(server))
    for text in ("half", "世界", "half 世界", "世"):
        assert len(bodies(anna, text)) == 10


HOSTILE = ['AND', 'a AND', 'x OR y', 'NEAR(a b)', 'NOT NEAR', '"', '""', "'",
           'a"b', '*', 'abc*', '^abc', 'text:abc', '{abc}', '(abc', 'abc)',
           '-abc', '+abc', '%', '___', '\\', '\\u0041', "'; DROP TABLE texts",
           '👍👍👍', '👩‍👩‍👧', 'ﬀ', '\u200b\u200b\u200b', '﷽', 'é' * 100,
           'a' * 256]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("indexed", [False, True])
def test_what_looks_like_syntax_is_text(server, anna, text, indexed):
    say(anna, "abc", "before %s after" % text, "something else")
    if indexed:
        wait_for("the index has it", lambda: is_indexed(server))
    found = bodies(anna, text)
    assert "before %s after" % text in found
    assert "something else" not in found


@pytest.mark.parametrize("text", [
    None, 5, [], {}, "", " ", "\t\n", "\u3000", "a" * 257, " ".join("a" * 17)])
def test_a_text_that_is_none_is_1001(anna, text):
    assert "text" in anna.refused(1001, "search", room=anna.room, text=text)


@pytest.mark.parametrize("text", ["nul\0byte", "bell\x07", "\x7f\x85"])
def test_control_characters_do_no_harm(anna, text):
    say(anna, "bell")
    anna.ask("search", room=anna.room, text=text)
    assert bodies(anna, "bell") == ["bell"]


@pytest.mark.parametrize("member,value", [
    ("limit", 0), ("limit", 101), ("limit", "5"), ("before", 0),
    ("before", -1), ("before", "x"), ("from_time", -1), ("from_time", 1.5),
    ("from", ""), ("from", 7), ("from", "x" * 65)])
def test_a_member_out_of_its_limits_is_1001_and_named(anna, member, value):
    assert member in anna.refused(1001, "search", room=anna.room, text="abc",
                                  **{member: value})


def test_case_and_width_do_not_matter(anna):
    said = ["Grüße aus ÅLESUND", "ＡＢＣ１２３", "ПРИВЕТ мир"]
    say(anna, *said)
    for text, body in [("GRÜSSE", None), ("grüße", 0), ("ålesund", 0),
                       ("abc123", 1), ("ＡＢＣ", 1), ("привет", 2), ("р", 2)]:
        assert bodies(anna, text) == ([] if body is None else [said[body]])


def test_words_are_found_in_any_order_and_inside_of_others(anna):
    say(anna, "the quick brown fox", "a fox is quick", "quicksand")
    assert bodies(anna, "fox quick") == [
        "a fox is quick", "the quick brown fox"]
    assert bodies(anna, "row ox") == ["the quick brown fox"]
    assert len(bodies(anna, "quick")) == 3


def test_all_strings_of_a_body_are_its_text(anna):
    body = {"title": "Grand opening", "n": 12345,
            "parts": ["one needle", {"deep": "zwei\n\"Nadeln\" \\ 北京大学"}]}
    say(anna, body, ["title"], 12345)
    for text in ("opening", "needle", "nadeln", "北京", "大", '"nadeln"', "\\"):
        assert bodies(anna, text) == [body]
    assert bodies(anna, "title") == [["title"]]
    assert bodies(anna, "12345") == []


def test_two_rooms_never_mix(server, anna):
    other = anna.room[:100] + " other"
    with server.client("berta", other) as berta:
        berta.room = other
        say(anna, "shared words of anna", "短句一")
        say(berta, "shared words of berta", "短句二")
        for _ in range(2):
            assert bodies(anna, "shared") == ["shared words of anna"]
            assert bodies(berta, "shared") == ["shared words of berta"]
            assert bodies(anna, "短句") == ["短句一"]
            wait_for("the index has it", lambda: is_indexed(server))
        berta.refused(1003, "search", room=anna.room, text="shared")


def test_from_and_from_time_narrow_it(server, anna):
    with server.client("berta", anna.room) as berta:
        first = anna.say(anna.room, "some words")["time"]
        wait_for("a later time", lambda: anna.call("ping")["time"] > first + 1)
        time = berta.say(anna.room, "some words")["time"]
        wait_for("a later time", lambda: anna.call("ping")["time"] > time + 1)
        later = anna.say(anna.room, "some words")["time"]
    for text in ("some", "so"):
        def senders(**how):
            return [m["from"] for m in find(anna, text, **how)["messages"]]
        assert senders() == ["anna", "berta", "anna"]
        assert senders(**{"from": "berta"}) == ["berta"]
        assert senders(**{"from": "nobody"}) == []
        assert senders(from_time=later) == ["anna"]
        assert senders(from_time=time) == ["anna", "berta"]
        assert senders(from_time=later + 1) == []


@pytest.mark.parametrize("text", ["needle", "针"])
def test_paging_finds_everything_once(server, anna, text):
    seqs = [anna.send("say", room=anna.room,
                      body="%s %d" % ("needle 针" if n % 7 == 0 else "hay", n))
            for n in range(1, 701)]
    for seq in seqs:
        assert anna.reply(seq)["code"] == 200
    for limit in (1, 9, 20, 100):
        seen, more = [], {}
        while True:
            page = find(anna, text, limit=limit, **more)
            seen += [m["offset"] for m in page["messages"]]
            assert len(page["messages"]) <= limit
            if not page["more"]:
                break
            more = {"before": page["next"]}
        assert seen == list(range(700, 0, -7))
        wait_for("the index has it", lambda: is_indexed(server))


def test_more_is_exact_in_a_small_room(anna):
    say(anna, "noise", "a match", "a match", "noise")
    assert find(anna, "match", limit=2)["more"] is False
    page = find(anna, "match", limit=1)
    assert page["more"] is True
    assert find(anna, "match", before=page["next"])["more"] is False


def test_pages_are_cut_where_they_grow_too_large(anna):
    say(anna, *["big %d %s" % (n, "x" * 30000) for n in range(20)])
    seen, more = [], {}
    while True:
        page = find(anna, "big", limit=100, **more)
        seen += [m["body"].split()[1] for m in page["messages"]]
        if not page["more"]:
            break
        more = {"before": page["next"]}
    assert seen == [str(n) for n in range(19, -1, -1)]


def test_a_class_without_search_is_1003(server):
    with server.client("anna", "off:room") as anna:
        anna.say("off:room", "hello")
        assert "search is off" in anna.refused(
            1003, "search", room="off:room", text="hello")


def test_search_needs_login_and_membership(server):
    with server.client() as stranger:
        stranger.refused(1000, "search", room="x", text="hello")
    with server.client("anna") as anna:
        anna.refused(1003, "search", room="x", text="hello")


def test_an_empty_room_finds_nothing(anna):
    page = find(anna, "anything")
    assert page["messages"] == [] and page["more"] is False


def test_search_does_not_hold_up_history(server, anna):
    say(anna, "one two three")
    seqs = [anna.send("search", room=anna.room, text="one")
            for _ in range(300)]
    for seq in seqs:
        assert anna.reply(seq)["code"] in (200, 1004)
    assert bodies(anna, "one") == ["one two three"]


# The index is an optional helper, made from the archive.

def fill(server, room, count):
    with server.client("anna", room) as anna:
        seqs = [anna.send("say", room=room, body="thing %d 物件" % n)
                for n in range(count)]
        for seq in seqs:
            assert anna.reply(seq)["code"] == 200


def count_found(server, room, text):
    with server.client("reader", room) as reader:
        seen, more = [], {}
        while True:
            page = find(reader, text, room=room, limit=100, **more)
            seen += [m["offset"] for m in page["messages"]]
            if not page["more"]:
                assert len(seen) == len(set(seen))
                return len(seen)
            more = {"before": page["next"]}


def test_search_turned_on_later_finds_what_was_there(make_server):
    server = make_server().start()
    fill(server, "old", 3000)
    with server.client("anna", "old") as anna:
        anna.refused(1003, "search", room="old", text="thing")
    server.stop()
    assert not (server.data_dir / "search.db").exists()
    server.write_config(SEARCHED)
    server.start()
    assert count_found(server, "old", "thing") == 3000
    wait_for("the index has it", lambda: is_indexed(server))
    assert count_found(server, "old", "thing") == 3000
    assert count_found(server, "old", "件") == 3000
    server.stop()


def test_a_kill_of_the_historian_costs_nothing(make_server):
    server = make_server(options=SEARCHED)
    server.allow(DEATHS)
    server.start()
    for n in range(4):
        fill(server, "room", 700)
        os.kill(server.pids("historian")[0], signal.SIGKILL)
        assert count_found(server, "room", "thing") == 700 * (n + 1)
    wait_for("the index has it", lambda: is_indexed(server))
    assert count_found(server, "room", "thing") == 2800
    assert count_found(server, "room", "thing 699 物件") == 4
    server.stop()


def harm(server, how):
    for path in server.data_dir.glob("search.db*"):
        if how == "removed":
            path.unlink()
        elif how == "emptied":
            path.write_bytes(b"")
        elif how == "noise":
            path.write_bytes(os.urandom(8192))
        elif path.name == "search.db":
            data = bytearray(path.read_bytes())
            data[4096:] = os.urandom(len(data) - 4096)
            path.write_bytes(data)
        else:
            path.unlink()


@pytest.mark.parametrize("how", ["removed", "emptied", "noise", "damaged"])
def test_an_index_that_was_harmed_is_made_anew(make_server, how):
    server = make_server(options=SEARCHED)
    server.allow("search: ")
    server.start()
    fill(server, "room", 1500)
    wait_for("the index has it", lambda: is_indexed(server))
    server.stop()
    harm(server, how)
    server.start()
    assert count_found(server, "room", "thing") == 1500
    fill(server, "room", 100)
    wait_for("the index has it", lambda: is_indexed(server))
    assert count_found(server, "room", "thing") == 1600
    server.stop()


def test_an_index_taken_away_at_work_is_made_anew(make_server):
    server = make_server(options=SEARCHED).start()
    fill(server, "room", 1500)
    wait_for("the index has it", lambda: is_indexed(server))
    harm(server, "removed")
    assert count_found(server, "room", "thing") == 1500
    wait_for("the index has it", lambda: is_indexed(server))
    assert count_found(server, "room", "thing") == 1500
    server.stop()


def test_an_index_of_another_archive_is_made_anew(make_server):
    server = make_server(options=SEARCHED).start()
    fill(server, "room", 300)
    wait_for("the index has it", lambda: is_indexed(server))
    index = server.data_dir / "search.db"
    server.stop()
    kept = index.read_bytes()
    for path in server.data_dir.iterdir():
        if path.is_file():
            path.unlink()
        else:
            for file in path.iterdir():
                file.unlink()
    server.start()
    fill(server, "other", 400)
    server.stop()
    for path in server.data_dir.glob("search.db*"):
        path.unlink()
    index.write_bytes(kept)
    server.start()
    wait_for("the index has it", lambda: is_indexed(server))
    assert count_found(server, "other", "thing") == 400
    assert "another archive" in server.log()
    server.stop()


def test_a_search_option_without_history_is_refused(make_server):
    server = make_server(
        options='room "live:*" { history = false search = true }')
    code, log = server.run("-t")
    assert code == 1 and "search" in log and "history" in log
