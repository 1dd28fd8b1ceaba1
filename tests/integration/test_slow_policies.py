"""What a member who does not follow misses is said by the class of the room."""

from server import wait_for

OPTIONS = dict(outbox_bytes="64K", gateways=1, options="""
room "drop*" { slow = drop }
room "newest*" { slow = newest }
""")
COUNT = 300
FILLER = "x" * 8000


def counted(server, name):
    return server.ask_json("show limits")[name]


def talk_to_the_deaf(server, room):
    """COUNT messages to a member who reads nothing meanwhile, and to one who
    reads all; what the deaf one finds when he reads at last."""
    dropped = counted(server, "dropped_slow")
    closed = counted(server, "closed_slow")
    with server.client("deaf", room, receive_bytes=4096) as deaf, \
            server.client("reads", room) as reads, \
            server.client("talks", room) as talks:
        for n in range(1, COUNT + 1):
            talks.say(room, [n, FILLER])
            assert reads.push("msg")["body"][0] == n
        found = []
        while not found or found[-1] < COUNT:
            found.append(deaf.push("msg")["body"][0])
        # Who was deaf is a member like any other.
        talks.say(room, "again")
        assert deaf.push("msg")["body"] == "again"
        assert deaf.call("ping")["time"] > 0
    assert found == sorted(set(found))
    assert counted(server, "closed_slow") == closed
    missed = counted(server, "dropped_slow") - dropped
    assert missed == COUNT - len(found) > 0
    return found


def test_drop_misses_the_oldest_that_wait(server, room):
    found = talk_to_the_deaf(server, "drop" + room)
    # As much as fits waits, without a gap.
    newest = found[-7:]
    assert newest == list(range(COUNT - 6, COUNT + 1))


def test_newest_misses_all_but_the_newest(server, room):
    found = talk_to_the_deaf(server, "newest" + room)
    # What the kernel had taken, and then the last one.
    assert found[-1] == COUNT and len(found) < COUNT / 2


def test_what_must_not_be_missed_closes_in_spite_of_them(server, room):
    """A connection in rooms of every kind: those with drop make room, but one
    with close that goes over the limit ends it."""
    rooms = ["drop" + room, "newest" + room, room]
    closed = counted(server, "closed_slow")
    with server.client("deaf", *rooms, receive_bytes=4096), \
            server.client("talks", *rooms) as talks:
        for n in range(COUNT):
            talks.say(rooms[n % 3], [n, FILLER])
        wait_for("the deaf one is closed",
                 lambda: counted(server, "closed_slow") == closed + 1)
