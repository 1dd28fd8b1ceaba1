/*
 * Bans as the ledger gives and lifts them: who is told, what holds after a
 * kill, a stop and a failed write.
 */
#include "shared/bans.h"
#include "shared/bans_writer.h"
#include "shared/clock.h"
#include "tests/unit/ledger_lives.h"

static void
show_ban(unsigned from, uint64_t request, enum ban_what what, const char *user)
{
	SHOW(BAN, ban, from, 1, .request = request, .connection = 100 + request,
		.what = what, .kind = BAN_USER, .tenant = TEXT_LITERAL("t"),
		.name = text_of(user), .reason = TEXT_LITERAL("noise"));
}

static bool
is_banned(const char *user)
{
	const struct ban_subject subject = { .tenant = TEXT_LITERAL("t"),
		.user = text_of(user) };

	return bans_find(fake.arena, &subject, TEXT_LITERAL(""), NULL);
}

static void
expect_told(const char *user)
{
	for (unsigned slot = GATEWAY_A; slot <= GATEWAY_B; slot++) {
		NEXT(BAN, ban, slot);
		assert_int_equal(ban.what, BAN_SET);
		assert_true(text_equal(ban.name, text_of(user)));
		assert_true(text_equal(ban.reason, TEXT_LITERAL("noise")));
		assert_true(ban.since > 0);
	}
}

static void
expect_banned(unsigned to, uint64_t request)
{
	NEXT(BANNED, banned, to);
	assert_int_equal(banned.request, request);
	assert_int_equal(banned.connection, 100 + request);
}

static void
settle_and_look(void)
{
	expect_announce();
	for (unsigned slot = GATEWAY_A; slot <= GATEWAY_B; slot++) {
		NEXT(BAN, ban, slot);
		assert_int_equal(ban.what, BAN_LOOK);
	}
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	end_turn();
	assert_no_more();
}

static void
script_gives_and_lifts(void)
{
	settle();
	show_ban(GATEWAY_A, 1, BAN_SET, "ann");
	assert_false(is_banned("ann"));
	end_turn();
	assert_true(is_banned("ann"));
	expect_told("ann");
	expect_banned(GATEWAY_A, 1);
	assert_no_more();

	show_ban(GATEWAY_B, 2, BAN_LIFT, "ben");
	show_ban(GATEWAY_B, 3, BAN_LIFT, "ann");
	show_ban(GATEWAY_B, 4, BAN_LIFT, "ann");
	end_turn();
	expect_refused(GATEWAY_B, 2, 1005);
	expect_banned(GATEWAY_B, 3);
	expect_refused(GATEWAY_B, 4, 1005);
	assert_no_more();
	assert_false(is_banned("ann"));
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 0);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 0);
}

static void
gateways_are_told_of_what_is_in_the_journal(void **state)
{
	(void)state;
	play(script_gives_and_lifts);
}

static void
script_in_one_turn(void)
{
	settle();
	show_ban(GATEWAY_A, 1, BAN_SET, "ann");
	show_ban(GATEWAY_A, 2, BAN_LIFT, "ann");
	show_ban(GATEWAY_A, 3, BAN_SET, "ben");
	show_ban(GATEWAY_A, 4, BAN_LIFT, "cleo");
	end_turn();
	expect_told("ann");
	expect_banned(GATEWAY_A, 1);
	expect_banned(GATEWAY_A, 2);
	expect_told("ben");
	expect_banned(GATEWAY_A, 3);
	expect_refused(GATEWAY_A, 4, 1005);
	assert_false(is_banned("ann"));
	assert_true(is_banned("ben"));
}

static void
orders_of_one_turn_are_done_in_their_order(void **state)
{
	(void)state;
	play(script_in_one_turn);
}

static void
script_operator(void)
{
	const struct ban ban = { .what = BAN_SET,
		.kind = BAN_USER,
		.request = 9,
		.tenant = TEXT_LITERAL("t"),
		.name = TEXT_LITERAL("ann"),
		.reason = TEXT_LITERAL("noise") };
	struct buffer wish = { 0 };

	settle();
	ban_pack(&wish, &ban);
	fake.hooks->on_wish(fake.self, buffer_text(&wish));
	end_turn();
	expect_told("ann");
	fake.hooks->on_wish(fake.self, TEXT_LITERAL("nonsense"));
	end_turn();
	assert_no_more();
	assert_true(is_banned("ann"));
	buffer_fini(&wish);
}

static void
an_operator_is_heard_and_not_answered(void **state)
{
	(void)state;
	play(script_operator);
}

static void
script_many(void)
{
	settle();
	show_ban(GATEWAY_A, 0, BAN_SET, "ann");
	show_ban(GATEWAY_A, 0, BAN_SET, "ben");
	show_ban(GATEWAY_A, 0, BAN_LIFT, "ann");
	end_turn();
	fixture_forget_sent();
}

static void
script_many_and_stop(void)
{
	script_many();
	stop_now();
}

static void
script_many_are_known(void)
{
	assert_true(is_banned("ben"));
	assert_false(is_banned("ann"));
	settle_and_look();
	show_ban(GATEWAY_A, 0, BAN_LIFT, "ben");
	end_turn();
	assert_false(is_banned("ben"));
}

static void
script_none_is_known(void)
{
	settle();
	assert_false(is_banned("ben"));
	assert_false(is_banned("ann"));
}

static void
bans_survive_a_kill_and_gateways_look_at_all(void **state)
{
	(void)state;
	play(script_many);
	play_next(script_many_are_known);
	play_next(script_none_is_known);
}

static void
bans_survive_a_stop(void **state)
{
	(void)state;
	play(script_many_and_stop);
	play_next(script_many_are_known);
	play_next(script_none_is_known);
}

static void
script_segments_and_ban(void)
{
	script_many();
	forget_first_segment();
	fixture_forget_sent();
}

static void
bans_outlive_their_journal(void **state)
{
	(void)state;
	play(script_segments_and_ban);
	play_next(script_many_are_known);
}

static void
script_on_a_full_disk(void)
{
	settle();
	show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	fixture_forget_sent();
	limit_journal(0);
	show_ban(GATEWAY_A, 1, BAN_SET, "ann");
	end_turn();
	expect_refused(GATEWAY_A, 1, 1008);
	assert_no_more();
	assert_false(is_banned("ann"));
	limit_journal(RLIM_INFINITY);
	show_ban(GATEWAY_A, 2, BAN_SET, "ann");
	end_turn();
	expect_told("ann");
	expect_banned(GATEWAY_A, 2);
}

static void
what_cannot_be_stored_is_no_ban(void **state)
{
	(void)state;
	play(script_on_a_full_disk);
}

static void
script_nonsense(void)
{
	settle();
	SHOW(BAN, ban, GATEWAY_A, 1, .request = 1, .what = BAN_LOOK,
		.kind = BAN_USER, .name = TEXT_LITERAL("ann"));
	SHOW(BAN, ban, GATEWAY_A, 1, .request = 1, .what = BAN_SET,
		.kind = BAN_KINDS, .name = TEXT_LITERAL("ann"));
	SHOW(BAN, ban, GATEWAY_A, 1, .request = 1, .what = BAN_SET,
		.kind = BAN_USER, .name = TEXT_LITERAL(""));
	SHOW(BAN, ban, GATEWAY_A, 1, .request = 1, .what = BAN_SET,
		.kind = BAN_ADDRESS, .name = TEXT_LITERAL("ann"));
	end_turn();
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 4);
}

static void
what_makes_no_sense_is_passed_over(void **state)
{
	(void)state;
	play(script_nonsense);
}

static void
script_over(void)
{
	settle();
	SHOW(BAN, ban, GATEWAY_A, 1, .what = BAN_SET, .kind = BAN_USER,
		.tenant = TEXT_LITERAL("t"), .name = TEXT_LITERAL("ann"),
		.until = clock_unix_ms() - 1);
	show_ban(GATEWAY_A, 0, BAN_SET, "ben");
	end_turn();
	fixture_forget_sent();
	assert_int_equal(bans_writer_count(ledger()->bans), 2);
	fake.hooks->on_tick(fake.self, fake.now_ms);
	assert_int_equal(bans_writer_count(ledger()->bans), 1);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_BANS), 1);
}

static void
what_is_over_goes(void **state)
{
	(void)state;
	play(script_over);
}

/* The successor is shown the letter again. */
static void
script_again(void)
{
	fixture_forget_sent();
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	end_turn();
	assert_true(ledger()->taken[GATEWAY_A] > 0);
	fake.positions[GATEWAY_A] = 0;
	show_ban(GATEWAY_A, 3, BAN_LIFT, "ann");
	end_turn();
	expect_banned(GATEWAY_A, 3);
	fake.positions[GATEWAY_A] = ledger()->taken[GATEWAY_A];
	show_ban(GATEWAY_A, 4, BAN_LIFT, "ann");
	end_turn();
	expect_refused(GATEWAY_A, 4, 1005);
}

static void
one_that_an_earlier_life_lifted_is_lifted(void **state)
{
	(void)state;
	play(script_many);
	play_next(script_again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gateways_are_told_of_what_is_in_the_journal),
		TEST(orders_of_one_turn_are_done_in_their_order),
		TEST(an_operator_is_heard_and_not_answered),
		TEST(bans_survive_a_kill_and_gateways_look_at_all),
		TEST(bans_survive_a_stop),
		TEST(bans_outlive_their_journal),
		TEST(what_cannot_be_stored_is_no_ban),
		TEST(what_makes_no_sense_is_passed_over),
		TEST(what_is_over_goes),
		TEST(one_that_an_earlier_life_lifted_is_lifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
