/*
 * Who belongs to rooms, as the ledger sees it: who is told, what holds after a
 * kill, a stop, and when the journal is gone.
 */
#include "tests/unit/ledger_lives.h"

static void
show_enrol(unsigned from, uint64_t request, const char *room, const char *user)
{
	SHOW(ENROL, enrol, from, 1, .request = request,
		.connection = 100 + request, .tenant = TEXT_LITERAL("t"),
		.room = text_of(room), .user = text_of(user), .platform = 1);
}

static void
expect_roll(unsigned to, uint64_t request, const char *first, uint64_t count)
{
	NEXT(ROLL, roll, to);
	struct unpack in = unpack_of(roll.names);

	assert_int_equal(roll.request, request);
	assert_int_equal(roll.connection, 100 + request);
	assert_int_equal(roll.count, count);
	if (count > 0)
		assert_true(text_equal(unpack_text(&in), text_of(first)));
}

static void
expect_users(uint64_t request, const char *first, uint64_t count)
{
	SHOW(ROLL_WANTED, roll_wanted, GATEWAY_A, 1, .request = request,
		.connection = 100 + request, .tenant = TEXT_LITERAL("t"),
		.room = TEXT_LITERAL("r"));
	end_turn();
	expect_roll(GATEWAY_A, request, first, count);
}

static void
script_enrols(void)
{
	settle();
	show_enrol(GATEWAY_A, 1, "", "ann");
	show_enrol(GATEWAY_A, 2, "r", "ann");
	show_enrol(GATEWAY_B, 3, "r", "ann");
	show_enrol(GATEWAY_B, 4, "s", "ann");
	show_enrol(GATEWAY_B, 5, "r", "ben");
	end_turn();
	expect_roll(GATEWAY_A, 1, "", 0);
	expect_roll(GATEWAY_A, 2, "r", 1);
	expect_roll(GATEWAY_B, 3, "r", 1);
	expect_roll(GATEWAY_B, 4, "r", 2);
	expect_roll(GATEWAY_B, 5, "r", 1);
	expect_users(6, "ann", 2);
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 0);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 0);
}

static void
who_is_enrolled_is_told_his_rooms(void **state)
{
	(void)state;
	play(script_enrols);
}

static void
script_knows_them(void)
{
	settle();
	expect_users(1, "ann", 2);
	show_enrol(GATEWAY_A, 2, "", "ann");
	end_turn();
	expect_roll(GATEWAY_A, 2, "r", 2);
	assert_no_more();
}

static void
script_enrols_and_stops(void)
{
	script_enrols();
	stop_now();
}

static void
a_roll_survives_a_kill(void **state)
{
	(void)state;
	play(script_enrols);
	play_next(script_knows_them);
	play_next(script_knows_them);
}

static void
a_roll_survives_a_stop(void **state)
{
	(void)state;
	play(script_enrols_and_stops);
	play_next(script_knows_them);
}

static void
script_says_and_stops(void)
{
	settle();
	show_say(GATEWAY_A, 1, "r", "\"m1\"");
	end_turn();
	stop_now();
}

static void
script_begins(void)
{
	fixture_forget_sent();
	show_enrol(GATEWAY_A, 1, "r", "ann");
	end_turn();
	expect_roll(GATEWAY_A, 1, "r", 1);
}

static void
expect_checkpoint_is_read(uint32_t version)
{
	play(script_says_and_stops);
	make_checkpoint_old(version, NULL);
	play_next(script_begins);
	assert_false(exists("journal-0/checkpoint.bad"));
}

static void
a_checkpoint_without_rolls_is_read_too(void **state)
{
	(void)state;
	expect_checkpoint_is_read(CHECKPOINT_VERSION_OF_SYSTEMS);
}

static void
a_checkpoint_without_systems_and_rolls_is_read_too(void **state)
{
	(void)state;
	expect_checkpoint_is_read(CHECKPOINT_VERSION_OF_BANS);
}

static void
script_nonsense(void)
{
	char name[200];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	settle();
	show_enrol(GATEWAY_A, 1, "r", "");
	show_enrol(GATEWAY_A, 2, "r\n", "ann");
	show_enrol(GATEWAY_A, 3, name, "ann");
	show_enrol(GATEWAY_A, 4, "r", name);
	SHOW(ROLL_WANTED, roll_wanted, GATEWAY_A, 1, .request = 5,
		.room = text_of(name));
	end_turn();
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 5);
	assert_int_equal(ledger()->rolls.count, 0);
}

static void
what_makes_no_sense_is_passed_over(void **state)
{
	(void)state;
	play(script_nonsense);
}

static void
script_too_many(void)
{
	char room[16];

	settle();
	for (unsigned i = 0; i <= ROLLS_OF_USER_MAX; i++) {
		snprintf(room, sizeof(room), "r%u", i);
		show_enrol(GATEWAY_A, 0, room, "ann");
		end_turn();
	}
	fixture_forget_sent();
	assert_int_equal(ledger()->rolls.count, ROLLS_OF_USER_MAX);
	show_enrol(GATEWAY_A, 1, "another", "ann");
	show_enrol(GATEWAY_A, 2, "another", "ben");
	end_turn();
	expect_refused(GATEWAY_A, 1, 1012);
	expect_roll(GATEWAY_A, 2, "another", 1);
	assert_no_more();
}

static void
there_is_an_end_to_it(void **state)
{
	(void)state;
	play(script_too_many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_enrolled_is_told_his_rooms),
		TEST(a_roll_survives_a_kill),
		TEST(a_roll_survives_a_stop),
		TEST(a_checkpoint_without_rolls_is_read_too),
		TEST(a_checkpoint_without_systems_and_rolls_is_read_too),
		TEST(what_makes_no_sense_is_passed_over),
		TEST(there_is_an_end_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
