/* What comes over the bus, by whom it is, and what is not believed. */
#include "tests/unit/relay_fixture.h"

static void
a_frame_of_a_life_that_said_no_hello_is_not_taken(void **state)
{
	struct wire *next = wire_of(2, 3003, SECRET);
	struct peer *peer = meet();
	uint64_t heard_ms = peer->heard_ms;

	(void)state;
	no_answer(peer);
	peer->greet_ms = UINT64_MAX;
	worker.now_ms += 1000;
	assert_false(hear_beat(next, 5, 0));
	assert_int_equal(peer->heard_ms, heard_ms);
	assert_int_equal(peer->greet_ms, worker.now_ms);
	wire_free(&next);
}

static void
noise_is_refused_and_ends_no_link(void **state)
{
	struct peer *peer = meet();
	uint8_t noise[300];

	(void)state;
	memset(noise, 0xa5, sizeof(noise));
	for (size_t length = 0; length < sizeof(noise); length++)
		assert_false(taking_frame(
			&relay, 5, (struct text){ (char *)noise, length }));
	assert_int_equal(peer->link.refused, sizeof(noise));
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
noise_of_a_guest_is_counted_and_blamed_on_nobody(void **state)
{
	struct peer *peer = meet();

	(void)state;
	taking_pipe(&relay, 9, NULL, true);
	assert_false(taking_frame(&relay, 9, TEXT_LITERAL("nonsense")));
	assert_int_equal(peer->link.refused, 0);
	assert_int_equal(counted(COUNTER_BUS_REFUSED), 1);
}

static void
a_frame_counts_once(void **state)
{
	const struct wire_beat beat = { .unix_ms = 1 };
	struct peer *peer = meet();
	uint64_t frames = peer->link.frames_in;
	struct buffer frame = { 0 };

	(void)state;
	wire_begin(&frame);
	wire_beat_pack(&frame, &beat);
	wire_seal(far, WIRE_BEAT, 0, 0, &frame);
	assert_true(taking_frame(&relay, 5, buffer_text(&frame)));
	assert_false(taking_frame(&relay, 5, buffer_text(&frame)));
	assert_int_equal(peer->link.frames_in, frames + 1);
	assert_int_equal(peer->link.refused, 0);
	buffer_fini(&frame);
}

static void
bodies_that_are_none_are_refused_and_the_link_stays(void **state)
{
	const enum wire_kind kinds[] = { WIRE_BEAT, WIRE_JOURNAL, WIRE_LIVE,
		WIRE_BYE };
	struct peer *peer = meet();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct buffer frame = { 0 };

		wire_begin(&frame);
		assert_true(hear(far, 5, kinds[i], &frame));
		assert_int_equal(peer->link.refused, i + 1);
	}
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
a_journal_of_a_ledger_that_is_not_there_is_passed_over(void **state)
{
	const uint64_t ledgers[] = { 1, LEDGERS_MAX, UINT64_MAX };
	struct peer *peer = meet();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ledgers); i++) {
		const struct wire_journal journal = { .ledger = ledgers[i],
			.to_position = 100,
			.items = TEXT_LITERAL("") };
		struct buffer frame = { 0 };

		wire_begin(&frame);
		wire_journal_pack(&frame, &journal);
		assert_true(hear(far, 5, WIRE_JOURNAL, &frame));
	}
	assert_int_equal(peer->link.refused, 0);
}

static void
a_live_frame_with_the_number_0_is_refused(void **state)
{
	const struct wire_live live = { 0, TEXT_LITERAL("") };
	struct peer *peer = meet();
	struct buffer frame = { 0 };

	(void)state;
	wire_begin(&frame);
	wire_live_pack(&frame, &live);
	assert_true(hear(far, 5, WIRE_LIVE, &frame));
	assert_int_equal(peer->link.refused, 1);
}

static void
goodbye_ends_the_link_at_once_until_the_next_hello(void **state)
{
	const struct wire_bye bye = { 1 };
	struct peer *peer = meet();
	struct buffer frame = { 0 };

	(void)state;
	wire_begin(&frame);
	wire_bye_pack(&frame, &bye);
	assert_true(hear(far, 5, WIRE_BYE, &frame));
	assert_int_equal(peer->link.state, LINK_DOWN);
	assert_int_equal(peer->link.reason, LINK_SAID_BYE);
	assert_false(hear_beat(far, 5, 0));
	assert_int_equal(peer->link.state, LINK_DOWN);
}

static void
of_two_pipes_the_lower_host_ends_the_one_it_has_dialed(void **state)
{
	struct peer *peer = meet();

	(void)state;
	assert_int_equal(peer->bus->rests, 0);
	taking_pipe(&relay, 9, NULL, true);
	assert_true(hear_beat(far, 9, 0));
	assert_int_equal(peer->bus->rests, 1);
	assert_true(hear_beat(far, 9, 0));
	assert_int_equal(peer->bus->rests, 1);
	taking_pipe(&relay, 9, NULL, false);
	assert_int_equal(peer->bus->redials, 1);
	assert_false(peer->rests);
}

static void
the_higher_host_keeps_the_pipe_it_has_dialed(void **state)
{
	struct peer *peer = meet();

	(void)state;
	relay.host = 3;
	taking_pipe(&relay, 9, NULL, true);
	assert_true(hear_beat(far, 9, 0));
	assert_int_equal(peer->bus->rests, 0);
}

static void
strangers_are_noted_in_so_many_places_as_there_are(void **state)
{
	unsigned noted = 0;

	(void)state;
	for (unsigned host = 10; host < 10 + 3 * STRANGERS_MAX; host++) {
		struct wire *stranger = wire_of(host, host, SECRET);

		worker.now_ms++;
		assert_false(hear_beat(stranger, 5, 0));
		wire_free(&stranger);
	}
	for (unsigned i = 0; i < STRANGERS_MAX; i++)
		noted += relay.strangers[i].host >= 10 + 2 * STRANGERS_MAX;
	assert_int_equal(noted, STRANGERS_MAX);
	assert_int_equal(counted(COUNTER_BUS_REFUSED), 3 * STRANGERS_MAX);
	assert_int_equal(relay.peer_count, 1);
}

static void
more_pipes_than_there_are_places_are_not_known(void **state)
{
	(void)state;
	for (uint32_t id = 1; id <= PIPES_MAX + 10; id++)
		taking_pipe(&relay, id, NULL, true);
	assert_int_equal(relay.pipe_count, PIPES_MAX);
	for (uint32_t id = 1; id <= PIPES_MAX + 10; id++)
		taking_pipe(&relay, id, NULL, false);
	assert_int_equal(relay.pipe_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_frame_of_a_life_that_said_no_hello_is_not_taken),
		CLAIM(noise_is_refused_and_ends_no_link),
		CLAIM(noise_of_a_guest_is_counted_and_blamed_on_nobody),
		CLAIM(a_frame_counts_once),
		CLAIM(bodies_that_are_none_are_refused_and_the_link_stays),
		CLAIM(a_journal_of_a_ledger_that_is_not_there_is_passed_over),
		CLAIM(a_live_frame_with_the_number_0_is_refused),
		CLAIM(goodbye_ends_the_link_at_once_until_the_next_hello),
		CLAIM(of_two_pipes_the_lower_host_ends_the_one_it_has_dialed),
		CLAIM(the_higher_host_keeps_the_pipe_it_has_dialed),
		CLAIM(strangers_are_noted_in_so_many_places_as_there_are),
		CLAIM(more_pipes_than_there_are_places_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
