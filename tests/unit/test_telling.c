/* What hosts tell each other of what they have. */
#include "tests/unit/relay_fixture.h"

#include <stdatomic.h>

#include "shared/letter.h"
#include "shared/message.h"

/* What the ledger was sent, and the last of it. */
static unsigned letters;
static struct buffer letter;
static struct extents told;

static bool
take_letter(void *self, unsigned ledger, struct letter *sent)
{
	struct unpack in;

	(void)self;
	if (sent->kind != LETTER_EXTENTS)
		return true;
	assert_int_equal(ledger, 0);
	letters++;
	buffer_clear(&letter, SIZE_MAX);
	buffer_add(&letter, sent, sent->size);
	in = letter_open((const struct letter *)(void *)letter.data);
	assert_true(extents_unpack(&in, &told));
	return true;
}

static int
set_up_letters(void **state)
{
	set_up(state);
	letters = 0;
	relay.office.offer = take_letter;
	return 0;
}

static int
tear_down_letters(void **state)
{
	buffer_fini(&letter);
	return tear_down(state);
}

static bool
hear_extents(struct text extents)
{
	const struct wire_beat beat = {
		.unix_ms = 1, .clock = 99, .extents = extents
	};
	struct buffer frame = { 0 };

	wire_begin(&frame);
	wire_beat_pack(&frame, &beat);
	return hear(far, 5, WIRE_BEAT, &frame);
}

static void
ledgers_are_told_as_it_came_and_who_is_a_peer(void **state)
{
	struct unpack peers;

	(void)state;
	set_peers((char *)(uintptr_t)FAR, (char *)(uintptr_t)OTHER);
	meet();
	assert_true(hear_extents(TEXT_LITERAL("whatever")));
	assert_int_equal(letters, 1);
	assert_int_equal(told.host, 2);
	assert_int_equal(told.store, STORE);
	assert_int_equal(told.clock, 99);
	assert_true(text_equal(told.items, TEXT_LITERAL("whatever")));
	peers = unpack_of(told.peers);
	assert_int_equal(unpack_number(&peers), 2);
	assert_int_equal(unpack_number(&peers), 0);
	assert_true(peers.at == peers.end);
}

static void
who_tells_too_often_or_nothing_is_not_passed_on(void **state)
{
	(void)state;
	meet();
	assert_true(hear_extents(TEXT_LITERAL("")));
	assert_int_equal(letters, 0);
	for (unsigned i = 0; i < 100; i++)
		assert_true(hear_extents(TEXT_LITERAL("a")));
	assert_int_equal(letters, 1);
	worker.now_ms += 500;
	assert_true(hear_extents(TEXT_LITERAL("b")));
	assert_int_equal(letters, 2);
}

static void
what_fits_no_letter_is_not_passed_on(void **state)
{
	static char much[8192];

	(void)state;
	meet();
	assert_true(hear_extents((struct text){ much, sizeof(much) }));
	assert_int_equal(letters, 0);
}

/* The last beat that went out, as the other side reads it; borrowed. */
static struct wire_beat
last_beat(void)
{
	struct wire_frame frame = { 0 };
	struct wire_beat beat;
	struct unpack in;

	wire_open_bus(far, buffer_text(&bus.frame), &frame);
	in = unpack_of(frame.body);
	assert_true(wire_beat_unpack(&in, &beat));
	return beat;
}

static void
turn(uint64_t ms)
{
	worker.now_ms += ms;
	outlet_turn(&relay, worker.now_ms);
}

static void
a_beat_now_and_then_has_our_journals_and_our_clock(void **state)
{
	struct row *row = arena_row(arena, LEDGER);
	uint64_t ahead = message_time_of(UINT64_C(1) << 45);
	struct wire_beat beat;
	struct extent extent;
	struct unpack in, one;

	(void)state;
	has_journal = true;
	journal_end = 5000;
	atomic_store(&row->clock, ahead);
	meet();
	turn(0);
	beat = last_beat();
	assert_true(beat.clock == ahead);
	in = unpack_of(beat.extents);
	one = unpack_of(unpack_text(&in));
	assert_true(extent_unpack(&one, &extent));
	assert_int_equal(extent.host, 1);
	assert_int_equal(extent.position, 5000);
	turn(BEAT_MS);
	assert_int_equal(last_beat().extents.length, 0);
	turn(500);
	assert_true(last_beat().extents.length > 0);
}

#define LETTER_CLAIM(test)                                                     \
	cmocka_unit_test_setup_teardown(test, set_up_letters, tear_down_letters)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LETTER_CLAIM(ledgers_are_told_as_it_came_and_who_is_a_peer),
		LETTER_CLAIM(who_tells_too_often_or_nothing_is_not_passed_on),
		LETTER_CLAIM(what_fits_no_letter_is_not_passed_on),
		LETTER_CLAIM(
			a_beat_now_and_then_has_our_journals_and_our_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
