"""Answers that were on their way when a process was killed: each request still
gets exactly one, whatever stood in its way."""

import os
import signal

import pytest

from server import DEATHS, wait_for


@pytest.fixture
def single(make_server):
    server = make_server(gateways=1, outbox_bytes="8M")
    server.allow(DEATHS)
    return server.start()


def row_of(server, role):
    return [w for w in server.workers() if w["role"] == role][0]


def letters_in(server, role):
    return int(row_of(server, role)["letters_in"])


def test_answers_outside_a_full_ring_outlive_their_ledger(single):
    """The gateway is frozen, so that answers fill the ring to it and others
    wait outside, in the memory of the ledger that is then killed."""
    gateway, ledger = single.pids("gateway")[0], single.pids("ledger")[0]
    clients = [single.client("u%d" % n, "r") for n in range(12)]
    for _ in range(60):
        clients[0].say("r", "x" * 10000)
    before = letters_in(single, "ledger")
    os.kill(ledger, signal.SIGSTOP)
    asked, listing = [], []
    for client in clients:
        asked += [(client, client.send("history", room="r", limit=50))
                  for _ in range(2)]
        asked.append((client, client.send("join", room="new")))
        listing.append((client, client.send("members", room="r")))
        asked.append((client, client.send("say", room="r", body=client.user)))
    after = before + len(asked) + len(listing)
    wait_for("the gateway has passed all on", lambda: int(row_of(
        single, "gateway")["letters_out"]) >= after)
    os.kill(gateway, signal.SIGSTOP)
    os.kill(ledger, signal.SIGCONT)
    wait_for("the ledger has read all", lambda: letters_in(
        single, "ledger") == after)
    wait_for("answers wait outside the ring", lambda: int(row_of(
        single, "ledger")["overflow_bytes"]) > 100000)
    os.kill(ledger, signal.SIGKILL)
    wait_for("another ledger", lambda: single.pids("ledger") not in
             ([ledger], []))
    os.kill(gateway, signal.SIGCONT)
    for client, seq in asked:
        assert client.reply(seq)["code"] == 200
    for client, seq in listing:  # a new ledger may not know them yet
        assert client.reply(seq)["code"] in (200, 1004)
    said = [m["body"] for m in clients[0].whole_history("r")[60:]]
    assert sorted(said) == sorted(client.user for client in clients)


def test_the_title_of_the_historian_counts(single):
    with single.client("u", "r") as client:
        for n in range(7):
            client.say("r", n)
    path = "/proc/%d/cmdline" % single.pids("historian")[0]

    def title():
        with open(path, "rb") as file:
            return file.read()

    wait_for("seven messages in the title", lambda: b", 7 messages" in title())
