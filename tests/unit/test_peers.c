/* The other hosts of the relay: how their links come and go. */
#include "tests/unit/relay_fixture.h"

static void
silence_makes_suspect_then_down_and_dials_anew(void **state)
{
	struct peer *peer = meet();

	(void)state;
	after(SUSPECT_MS);
	assert_int_equal(peer->link.state, LINK_UP);
	after(1);
	assert_int_equal(peer->link.state, LINK_SUSPECT);
	assert_int_equal(peers_up(&relay), 1);
	after(DOWN_MS - SUSPECT_MS);
	assert_int_equal(peer->link.reason, LINK_SILENT);
	assert_int_equal(peers_up(&relay), 0);
	assert_int_equal(peer->bus->redials, 1);
	assert_int_equal(counted(COUNTER_PEERS_UP), 0);
}

static void
a_suspect_that_is_heard_is_up_again(void **state)
{
	struct peer *peer = meet();
	uint64_t up_ms = peer->link.up_ms;

	(void)state;
	after(SUSPECT_MS + 1);
	assert_true(hear_beat(far, 5, 0));
	assert_int_equal(peer->link.state, LINK_UP);
	assert_int_equal(peer->link.up_ms, up_ms);
	assert_int_equal(peer->bus->redials, 0);
}

static void
who_was_down_is_up_by_a_hello_and_a_beat_alone(void **state)
{
	struct peer *peer = meet();
	struct wire_helloed helloed;

	(void)state;
	after(SUSPECT_MS + 1);
	after(DOWN_MS);
	assert_true(hear_beat(far, 5, 0));
	assert_int_not_equal(peer->link.state, LINK_UP);
	assert_int_equal(asked(peer).kind, WIRE_HELLO);
	helloed = helloed_of(peer);
	say_hello(far, peer, &helloed);
	assert_true(hear_beat(far, 5, 0));
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
who_says_hello_and_is_not_heard_is_dialed_anew(void **state)
{
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	(void)state;
	after(0);
	helloed = helloed_of(peer);
	say_hello(far, peer, &helloed);
	after(DOWN_MS);
	assert_int_equal(peer->bus->redials, 0);
	after(1);
	assert_int_equal(peer->bus->redials, 1);
}

static void
a_refusal_passes_when_nothing_is_refused_any_more(void **state)
{
	struct peer *peer = peer_at(FAR);

	(void)state;
	peers_refuse(peer, WIRE_BAD_SIGNATURE);
	assert_int_equal(peer->link.state, LINK_REFUSED);
	after(3000);
	assert_int_equal(peer->link.state, LINK_REFUSED);
	after(1);
	assert_int_not_equal(peer->link.state, LINK_REFUSED);
	assert_int_equal(peer->link.reason, LINK_BAD_SECRET);
}

static void
a_certificate_that_is_not_believed_once_is_nothing(void **state)
{
	struct peer *peer = peer_at(FAR);

	(void)state;
	peer->bus->is_away = true;
	peer->bus->distrust = 1;
	after(100);
	assert_int_equal(peer->link.state, LINK_DOWN);
	assert_int_equal(peer->link.refused, 0);
	peer->bus->distrust = 3;
	after(1000);
	assert_int_equal(peer->link.state, LINK_REFUSED);
	assert_int_equal(peer->link.reason, LINK_BAD_CERTIFICATE);
	assert_int_equal(peer->link.refused, 3);
	assert_int_equal(counted(COUNTER_BUS_REFUSED), 3);
}

static void
who_is_met_stays_so_whatever_is_refused(void **state)
{
	struct peer *peer = meet();

	(void)state;
	peers_refuse(peer, WIRE_BAD_SIGNATURE);
	assert_int_equal(peer->link.state, LINK_UP);
	assert_int_equal(peer->link.refused, 1);
}

static void
another_life_begins_its_streams_anew(void **state)
{
	struct wire *next = wire_of(2, 3003, SECRET);
	struct peer *peer = meet();
	struct wire_helloed helloed;

	(void)state;
	assert_true(peer->live_is_open);
	no_answer(peer);
	peer->greet_ms = 0;
	after(0);
	helloed = helloed_of(peer);
	say_hello(next, peer, &helloed);
	assert_false(peer->live_is_open);
	assert_int_equal(peer->snapshot, SNAPSHOT_DUE);
	assert_int_equal(peer->epoch, 3003);
	assert_false(hear_beat(far, 5, 0));
	assert_true(hear_beat(next, 5, 0));
	wire_free(&next);
}

static void
another_host_at_the_address_takes_the_place(void **state)
{
	struct wire *third = wire_of(3, 3003, SECRET);
	struct peer *peer = meet();
	struct wire_helloed helloed;

	(void)state;
	no_answer(peer);
	peer->greet_ms = 0;
	after(0);
	helloed = helloed_of(peer);
	say_hello(third, peer, &helloed);
	assert_null(peers_of_host(&relay, 2));
	assert_ptr_equal(peers_of_host(&relay, 3), peer);
	assert_non_null(peers_hauler(&relay, 3, 0));
	assert_null(peers_hauler(&relay, 3, 1));
	wire_free(&third);
}

static void
the_configuration_says_who_is_a_peer(void **state)
{
	(void)state;
	meet();
	set_peers((char *)(uintptr_t)FAR, (char *)(uintptr_t)OTHER);
	assert_int_equal(relay.peer_count, 2);
	assert_int_not_equal(peer_at(FAR)->place, peer_at(OTHER)->place);
	set_peers((char *)(uintptr_t)OTHER, NULL);
	assert_int_equal(relay.peer_count, 1);
	assert_null(peers_of_host(&relay, 2));
	assert_false(hear_beat(far, 5, 0));
	set_peers((char *)(uintptr_t) "nowhere", NULL);
	assert_int_equal(relay.peer_count, 0);
}

static void
no_host_has_the_number_0(void **state)
{
	(void)state;
	assert_int_equal(peer_at(FAR)->host, 0);
	assert_null(peers_of_host(&relay, 0));
	assert_null(peers_hauler(&relay, 0, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(silence_makes_suspect_then_down_and_dials_anew),
		CLAIM(a_suspect_that_is_heard_is_up_again),
		CLAIM(who_was_down_is_up_by_a_hello_and_a_beat_alone),
		CLAIM(who_says_hello_and_is_not_heard_is_dialed_anew),
		CLAIM(a_refusal_passes_when_nothing_is_refused_any_more),
		CLAIM(a_certificate_that_is_not_believed_once_is_nothing),
		CLAIM(who_is_met_stays_so_whatever_is_refused),
		CLAIM(another_life_begins_its_streams_anew),
		CLAIM(another_host_at_the_address_takes_the_place),
		CLAIM(the_configuration_says_who_is_a_peer),
		CLAIM(no_host_has_the_number_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
