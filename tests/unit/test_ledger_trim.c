/*
 * What is taken away from a stream: who asks sees nothing of it any more, at
 * once, and after a kill.
 */
#include "tests/unit/ledger_lives.h"

static void
show_trim(uint64_t request, const char *room, uint64_t before)
{
	SHOW(TRIM, trim, GATEWAY_A, 1, .request = request,
		.connection = 100 + request, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(room),
		.before = before);
}

static void
expect_trimmed(uint64_t request, uint64_t first)
{
	NEXT(TRIMMED, trimmed, GATEWAY_A);
	assert_int_equal(trimmed.request, request);
	assert_int_equal(trimmed.connection, 100 + request);
	assert_int_equal(trimmed.first, first);
	assert_true(trimmed.epoch != 0);
}

static void
say_some(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		show_say(GATEWAY_A, 50, "r", "1");
	end_turn();
	fixture_forget_sent();
}

/* What memory tells of offsets behind this one. */
static struct page
look_after(uint64_t anchor)
{
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .request = 9, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.mode = LOOKUP_AFTER, .anchor = anchor, .limit = 10);
	end_turn();
	NEXT(PAGE, page, GATEWAY_A);
	return page;
}

static void
assert_page(struct page page, uint64_t first, uint64_t last)
{
	assert_int_equal(page.first, first);
	assert_int_equal(page.last, last);
	assert_false(page.more);
}

static void
script_before(void)
{
	settle();
	say_some(5);
	show_trim(1, "r", 4);
	end_turn();
	expect_trimmed(1, 4);
	assert_page(look_after(0), 4, 5);
	show_trim(2, "r", 2);
	end_turn();
	expect_trimmed(2, 4);
	assert_page(look_after(3), 4, 5);
}

static void
what_stands_before_is_gone_and_stays_gone(void **state)
{
	(void)state;
	play(script_before);
}

static void
script_again(void)
{
	settle();
	assert_page(look_after(0), 4, 5);
	show_say(GATEWAY_A, 1, "r", "1");
	end_turn();
	expect_said(GATEWAY_A, 1, 6);
	assert_page(look_after(0), 4, 6);
}

static void
it_stays_gone_after_a_kill(void **state)
{
	(void)state;
	play(script_before);
	fixture_forget_sent();
	play_next(script_again);
}

static void
script_all(void)
{
	settle();
	say_some(3);
	show_say(GATEWAY_A, 1, "r", "1");
	show_trim(2, "r", 0);
	show_say(GATEWAY_A, 3, "r", "1");
	end_turn();
	expect_said(GATEWAY_A, 1, 4);
	expect_trimmed(2, 5);
	expect_said(GATEWAY_A, 3, 5);
	assert_page(look_after(0), 5, 5);
}

static void
all_is_what_was_said_before(void **state)
{
	(void)state;
	play(script_all);
}

static void
script_beyond(void)
{
	settle();
	say_some(2);
	show_trim(1, "r", 4);
	show_trim(2, "r", 3);
	show_trim(3, "nowhere", 2);
	show_trim(4, "nowhere", 0);
	end_turn();
	expect_refused(GATEWAY_A, 1, 1001);
	expect_trimmed(2, 3);
	expect_refused(GATEWAY_A, 3, 1005);
	expect_trimmed(4, 1);
	assert_page(look_after(0), 0, 0);
}

static void
what_was_not_said_yet_cannot_be_taken_away(void **state)
{
	(void)state;
	play(script_beyond);
}

static void
script_full_disk(void)
{
	settle();
	say_some(2);
	limit_journal(0);
	show_trim(1, "r", 0);
	end_turn();
	limit_journal(RLIM_INFINITY);
	expect_refused(GATEWAY_A, 1, 1008);
	assert_page(look_after(0), 1, 2);
}

static void
what_is_not_in_the_journal_takes_nothing_away(void **state)
{
	(void)state;
	play(script_full_disk);
}

static void
script_killed(void)
{
	settle();
	say_some(2);
	show_trim(1, "r", 0);
	end_turn();
	expect_trimmed(1, 3);
}

/* The letter is shown again: meanwhile something else was said. */
static void
script_shown_again(void)
{
	settle();
	show_say(GATEWAY_A, 5, "r", "\"new\"");
	end_turn();
	expect_said(GATEWAY_A, 5, 3);
	fake.positions[GATEWAY_A] = 0;
	show_trim(1, "r", 0);
	end_turn();
	expect_refused(GATEWAY_A, 1, 1004);
	assert_page(look_after(0), 3, 3);
}

static void
all_is_taken_away_once_at_most(void **state)
{
	(void)state;
	play(script_killed);
	fixture_forget_sent();
	play_next(script_shown_again);
}

static void
script_recovery(void)
{
	struct ledger *self = ledger();

	settle();
	say_some(5);
	show_trim(1, "r", 4);
	end_turn();
	expect_trimmed(1, 4);
	SHOW(JOIN, join, GATEWAY_A, 1, .request = 2, .connection = 102,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.user = TEXT_LITERAL("u"), .flags = JOIN_RECOVER,
		.from_epoch = self->epoch, .from_offset = 3);
	SHOW(JOIN, join, GATEWAY_A, 1, .request = 3, .connection = 103,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.user = TEXT_LITERAL("u"), .flags = JOIN_RECOVER,
		.from_epoch = self->epoch, .from_offset = 2);
	end_turn();
	{
		NEXT(JOINED, joined, GATEWAY_A);
		assert_int_equal(joined.recovery, RECOVERY_WHOLE);
		assert_int_equal(joined.count, 2);
	}
	NEXT(JOINED, joined, GATEWAY_A);
	assert_int_equal(joined.recovery, RECOVERY_LOST);
}

static void
who_missed_what_is_gone_is_told_that_it_is_lost(void **state)
{
	(void)state;
	play(script_recovery);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_stands_before_is_gone_and_stays_gone),
		TEST(it_stays_gone_after_a_kill),
		TEST(all_is_what_was_said_before),
		TEST(what_was_not_said_yet_cannot_be_taken_away),
		TEST(what_is_not_in_the_journal_takes_nothing_away),
		TEST(all_is_taken_away_once_at_most),
		TEST(who_missed_what_is_gone_is_told_that_it_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
