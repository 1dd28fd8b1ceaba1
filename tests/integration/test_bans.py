"""Who is banned: by words of the status socket, on all gateways at once, over
kills and restarts."""

import os
import signal
import time

import pytest

from server import StatusError, wait_for
from wire import Socket, upgrade_head

OPTIONS = dict(gateways=2, options="""
tenant other { }
room "open*" { say = anyone read = anyone }
""")


def bans(server, words="bans"):
    return server.ask_json(words)


def names(server):
    return {ban["who"] for ban in bans(server)}


def give(server, words, who):
    """Gives the ban, and waits until all can read it."""
    assert server.ask(words) == ["state: handed on"]
    wait_for("%s is banned" % who, lambda: who in names(server))


def lift(server, words):
    count = len(bans(server))
    assert server.ask(words) == ["state: handed on"]
    wait_for("the ban is lifted", lambda: len(bans(server)) == count - 1)


def one_on_each(server, user, *rooms, **login):
    return [server.client_on(pid, user, *rooms, **login)
            for pid in server.pids("gateway")]


def assert_thrown_out(client, reason="banned"):
    assert client.push("kick") == {"reason": reason}
    assert client.socket.read_close() == (4003, reason)


def login_refused(server, user, **more):
    with server.client() as client:
        return client.refused(1003, "login", user=user, **more)


def test_a_user_is_thrown_out_of_all_gateways_and_not_let_in(server):
    clients = one_on_each(server, "ann")
    with server.client("bob") as bob:
        begun = time.monotonic()
        give(server, "ban user ann Be nice, Ann", "ann")
        for client in clients:
            assert_thrown_out(client, "Be nice, Ann")
        assert time.monotonic() - begun < 20
        assert login_refused(server, "ann") == "you are banned: Be nice, Ann"
        bob.fence()
        with server.client() as other:
            other.call("login", user="ann", tenant="other")
    lift(server, "unban user ann")
    server.client("ann").close()


def test_a_ban_can_hold_in_one_tenant_or_in_all(server):
    with server.client("cleo"), server.client() as other:
        other.call("login", user="cleo", tenant="other")
        give(server, "ban tenant other user cleo", "cleo")
        assert_thrown_out(other)
        server.client("cleo").close()
        lift(server, "unban tenant other user cleo")
    give(server, "ban tenant * user cleo", "cleo")
    login_refused(server, "cleo")
    login_refused(server, "cleo", tenant="other")
    lift(server, "unban tenant * user cleo")


def test_from_one_room_only(server, room):
    room = "open" + room
    clients = one_on_each(server, "dan", room, room + "2")
    with server.client("eve", room) as eve:
        give(server, "ban user dan room %s" % room, "dan")
        for client in clients:
            assert client.push("kick") == {"room": room, "reason": "banned"}
            for cmd, data in (("join", {}), ("say", {"body": 1}),
                              ("history", {}), ("members", {})):
                error = client.refused(1003, cmd, room=room, **data)
                assert error == "you are banned from this room"
            client.say(room + "2", "still here")
        assert eve.push("exit")["user"] == "dan"
        lift(server, "unban user dan room %s" % room)
        clients[0].call("join", room=room)
    for client in clients:
        client.close()


def status_from(server, source):
    with Socket(server.port, source=source) as connection:
        connection.send(upgrade_head(server.port))
        return connection.read_response().status


def test_an_address_is_refused_at_the_door(server):
    near = server.client("fay", source="127.0.0.7")
    nobody = server.client(source="127.0.0.9")
    with server.client("gus", source="127.0.1.7") as far:
        give(server, "ban ip 127.0.0.0/28", "127.0.0.0/28")
        assert_thrown_out(near)
        assert_thrown_out(nobody)
        far.fence()
    assert status_from(server, "127.0.0.3") == 403
    server.client("hal", source="127.0.0.16").close()
    lift(server, "unban ip 127.0.0.5/28")
    server.client("fay", source="127.0.0.7").close()


def is_past(unix_ms):
    return time.time() * 1000 >= unix_ms


def test_a_ban_ends_by_itself(server):
    give(server, "ban user ivy 2 only a moment", "ivy")
    [ban] = [ban for ban in bans(server) if ban["who"] == "ivy"]
    assert 1000 < ban["until"] - ban["since"] <= 2000
    assert ban["reason"] == "only a moment"
    with server.client() as client:
        answer = client.ask("login", user="ivy")
        assert answer["code"] == 1003 or is_past(ban["until"])
    wait_for("it is over", lambda: "ivy" not in names(server))
    assert is_past(ban["until"])
    server.client("ivy").close()


def test_the_list_comes_in_pages_and_shows_all(server):
    given = {"pager%d" % n for n in range(7)}
    for name in given:
        server.ask("ban tenant other user %s" % name)
    server.ask("ban tenant other token some-jti 1000")
    server.ask("revoke tenant other user pager1 before 2026-01-31T12:00:00Z")
    server.ask("revoke tenant other all before 1000000000")
    wait_for("all are there",
             lambda: len(bans(server, "bans tenant other")) == 10)
    seen, after = [], ""
    while True:
        page = bans(server, "bans tenant other %s limit=3" % after)
        assert len(page) <= 3
        if not page:
            break
        seen += page
        after = "after=%d" % page[-1]["ban"]
    assert {ban["who"] for ban in seen if ban["kind"] == "user"} == given
    assert len(seen) == 10
    by_kind = {(ban["kind"], ban["who"]): ban for ban in seen}
    assert by_kind["token", "some-jti"]["until"] > 0
    assert by_kind["issued", "pager1"]["before"] == 1769860800000
    assert by_kind["issued", None]["before"] == 1000000000000
    assert by_kind["user", "pager1"]["until"] is None
    for name in given:
        server.ask("unban tenant other user %s" % name)
    server.ask("unban tenant other token some-jti")
    server.ask("unban tenant other issued user pager1")
    server.ask("unban tenant other issued all")
    wait_for("none is left", lambda: not bans(server, "bans tenant other"))


@pytest.mark.parametrize("words", [
    "ban", "ban user", "ban ann", "ban ip", "ban ip ann", "ban ip 1.2.3.4/33",
    "ban token", "ban user %s" % ("x" * 65), "ban token %s" % ("x" * 129),
    "ban user ann room", "ban user ann 0", "ban user ann 99999999999999999999",
    "ban user ann %s" % ("x" * 257), "ban tenant nobody user ann",
    "ban tenant", "unban", "unban user nobody", "unban ip 9.9.9.9",
    "unban issued", "unban issued all", "unban user ann and more", "revoke",
    "revoke user", "revoke everybody", "revoke all before", "revoke all then",
    "revoke all before yesterday", "revoke all before 0",
    "revoke all before 2026-13-01T00:00:00Z",
    "revoke all before 2026-01-01T00:00:00Z more",
    "bans limit=0", "bans limit=1001", "bans after=x", "bans more",
])
def test_what_makes_no_sense_is_refused(server, words):
    before = bans(server)
    with pytest.raises(StatusError):
        server.ask(words)
    assert bans(server) == before


def behind_proxy(server):
    """It is the address of the client that counts."""
    with server.client("ann", X_Forwarded_For="2001:db9::1"):
        pass
    with pytest.raises(AssertionError, match="403"):
        server.client("ann", X_Forwarded_For="2001:db8::1")


def test_bans_survive_kills_and_restarts(make_server):
    server = make_server(
        gateways=1, ledgers=2, drain_seconds=1,
        websocket='trusted_proxies = {"127.0.0.0/8"}')
    server.start()
    stays = server.client("stays")
    give(server, "ban user kim 3600 for an hour", "kim")
    give(server, "ban ip 127.0.0.7", "127.0.0.7")
    give(server, "ban ip 2001:db8::/32", "2001:db8::/32")
    behind_proxy(server)
    server.kill_one("ledger")
    login_refused(server, "kim")
    assert status_from(server, "127.0.0.7") == 403
    stays.fence()

    server.kill()
    server.start()
    login_refused(server, "kim")
    assert names(server) == {"kim", "127.0.0.7", "2001:db8::/32"}
    behind_proxy(server)
    lift(server, "unban ip 127.0.0.7")
    lift(server, "unban ip 2001:db8::/32")

    old = server.pids("ledger")
    server.process.send_signal(signal.SIGUSR2)
    server.wait_replaced("ledger", *old)
    login_refused(server, "kim")
    assert names(server) == {"kim"}

    server.stop()
    server.start()
    assert status_from(server, "127.0.0.7") == 101
    assert login_refused(server, "kim") == "you are banned: for an hour"
    assert names(server) == {"kim"}


def test_who_is_on_the_list_goes_even_if_the_ledger_is_killed(make_server):
    """Whenever it dies: either the ban is lost whole, or all hear of it."""
    server = make_server(gateways=1)
    server.allow("ended by signal 9")
    server.start()
    for n in range(4):
        user = "leo%d" % n
        [ledger] = server.pids("ledger")
        with server.client(user) as client:
            server.ask("ban user %s" % user)
            time.sleep(0.001 * n)  # not the event, but another moment
            os.kill(ledger, signal.SIGKILL)
            server.wait_replaced("ledger", ledger)
            # What was asked before has been done when this is.
            give(server, "ban user behind-%s" % user, "behind-" + user)
            if user in names(server):
                assert_thrown_out(client)
            else:
                client.fence()
                assert client.seen("kick") == []
