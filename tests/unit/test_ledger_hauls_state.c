/* What ledger 0 keeps for all hosts, as other hosts say it. */
#include "tests/unit/ledger_hauls.h"

#include "shared/ban.h"
#include "shared/bans_writer.h"
#include "shared/systems.h"

#define SHOW_BAN(order)                                                        \
	SHOW(BAN, ban, GATEWAY_A, 1, .what = order.what, .kind = order.kind,   \
		.tenant = order.tenant, .issued = order.issued)

static struct message
ban_there(struct buffer *body, unsigned what, uint64_t since)
{
	struct message note = note_of(MESSAGE_BAN, NULL);

	buffer_clear(body, SIZE_MAX);
	ban_pack(body, &(struct ban){ .what = what,
			       .kind = BAN_USER,
			       .tenant = TEXT_LITERAL("t"),
			       .name = TEXT_LITERAL("eve"),
			       .since = since });
	note.kind = STREAM_TENANT;
	note.body = buffer_text(body);
	return note;
}

static void
script_bans(void)
{
	struct buffer body = { 0 };
	struct message note = ban_there(&body, BAN_SET, 1);

	haul_reached = 0;
	settle_with_source();
	haul_next(&note);
	next_sent(GATEWAY_A, LETTER_BAN);
	next_sent(GATEWAY_B, LETTER_BAN);
	expect_at();
	assert_int_equal(bans_writer_count(ledger()->bans), 1);
	note = ban_there(&body, BAN_LIFT, 2);
	haul_next(&note);
	expect_at();
	assert_int_equal(bans_writer_count(ledger()->bans), 0);
	haul_next(&note);
	expect_at();
	note = ban_there(&body, BAN_SET, 3);
	haul_next(&note);
	next_sent(GATEWAY_A, LETTER_BAN);
	next_sent(GATEWAY_B, LETTER_BAN);
	expect_at();
	SHOW(BAN, ban, GATEWAY_A, 1, .what = BAN_SET, .kind = BAN_USER,
		.tenant = TEXT_LITERAL("t"), .name = TEXT_LITERAL("eve"));
	end_turn();
	next_sent(GATEWAY_A, LETTER_BAN);
	next_sent(GATEWAY_B, LETTER_BAN);
	note = ban_there(&body, BAN_LIFT, 4);
	haul_next(&note); /* that was before ours */
	expect_at();
	assert_int_equal(bans_writer_count(ledger()->bans), 1);
	note = ban_there(&body, BAN_LOOK, 5);
	haul_next(&note);
	expect_at();
	assert_no_more();
	assert_int_equal(counted(COUNTER_HAULED_BAD), 1);
	buffer_fini(&body);
}

static void
bans_of_other_hosts_hold_here(void **state)
{
	(void)state;
	play(script_bans);
}

static void
script_lift_first(void)
{
	struct buffer body = { 0 };
	struct message note = ban_there(&body, BAN_LIFT, 5);

	settle_with_source();
	haul_begin(ELSEWHERE, 0, 0);
	haul_reached = 100;
	haul_add(haul_reached, 0, &note);
	haul_show(haul_reached, 0);
	end_turn();
	expect_at();
	buffer_fini(&body);
}

static void
script_its_ban_comes(void)
{
	struct buffer body = { 0 };
	struct message note = ban_there(&body, BAN_SET, 4);

	settle();
	haul_next(&note);
	expect_at();
	assert_int_equal(bans_writer_count(ledger()->bans), 0);
	haul_begin(ELSEWHERE, haul_reached, 0);
	note = ban_there(&body, BAN_LIFT, 8);
	haul_add(haul_reached, 1, &note);
	note = ban_there(&body, BAN_SET, 7);
	haul_add(haul_reached, 2, &note);
	haul_show(haul_reached + 100, 0);
	haul_reached += 100;
	end_turn();
	expect_at();
	assert_int_equal(bans_writer_count(ledger()->bans), 0);
	assert_no_more();
	buffer_fini(&body);
}

static void
a_ban_that_is_overtaken_by_its_lift_does_not_hold(void **state)
{
	(void)state;
	play(script_lift_first);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = UINT64_MAX;
	play_next(script_its_ban_comes);
}

static void
script_lift_and_stop(void)
{
	script_lift_first();
	stop_now();
}

static void
nor_after_a_stop(void **state)
{
	(void)state;
	play(script_lift_and_stop);
	play_next(script_its_ban_comes);
}

static void
script_revoke(void)
{
	struct ban ban = { .what = BAN_SET,
		.kind = BAN_ISSUED,
		.tenant = TEXT_LITERAL("t"),
		.issued = 4000 };

	settle();
	SHOW_BAN(ban);
	ban.issued = 2000;
	SHOW_BAN(ban);
	end_turn();
	assert_int_equal(bans_writer_issued(ledger()->bans, &ban), 4000);
	ban.issued = 3000;
	SHOW_BAN(ban);
	end_turn();
	assert_int_equal(bans_writer_issued(ledger()->bans, &ban), 4000);
	ban.what = BAN_LIFT;
	SHOW_BAN(ban);
	ban.what = BAN_SET;
	SHOW_BAN(ban);
	end_turn();
	assert_int_equal(bans_writer_issued(ledger()->bans, &ban), 3000);
	fixture_forget_sent();
}

static void
of_two_times_the_later_one_counts_until_it_is_lifted(void **state)
{
	(void)state;
	play(script_revoke);
}

static void
script_ledger_0(void)
{
	char system[TENANT_BYTES_MAX];
	struct message note = note_of(MESSAGE_SYSTEM, NULL);

	haul_reached = 0;
	settle_with_source();
	note.tenant = systems_tenant(system, TEXT_LITERAL("s"));
	note.kind = STREAM_TENANT;
	haul_next(&note);
	assert_true(systems_has(fake.arena, note.tenant));
	note = note_of(MESSAGE_ENROL, NULL);
	haul_next(&note);
	assert_int_equal(ledger()->rolls.count, 1);
	haul_next(&note);
	assert_int_equal(ledger()->rolls.count, 1);
	assert_int_equal(counted(COUNTER_HAULED_BAD), 0);
	assert_int_equal(counted(COUNTER_HAULED), 2);
	fixture_forget_sent();
}

static void
systems_and_rolls_of_other_hosts_are_here(void **state)
{
	(void)state;
	play(script_ledger_0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAUL_TEST(bans_of_other_hosts_hold_here),
		HAUL_TEST(a_ban_that_is_overtaken_by_its_lift_does_not_hold),
		HAUL_TEST(nor_after_a_stop),
		HAUL_TEST(of_two_times_the_later_one_counts_until_it_is_lifted),
		HAUL_TEST(systems_and_rolls_of_other_hosts_are_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
