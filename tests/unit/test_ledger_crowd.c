/*
 * What a room of ten thousand costs the ledger in letters.
 */
#define OPEN_LEDGER open_crowd
#include "tests/unit/ledger_lives.h"

enum {
	CROWD = 10000,
	EVENTS_MAX = 100,
	TURN = 500, /* letters */
};

static size_t answers, events, counts;
static struct presence last_count;

static int
open_crowd(void **state)
{
	open_ledger(state);
	class_of_rooms()->events_max = EVENTS_MAX;
	answers = events = counts = 0;
	return 0;
}

static void
count_sent(void)
{
	for (size_t i = 0; i < fake.sent_count; i++) {
		const struct letter *letter = fake.sent[i].letter;
		struct unpack in = letter_open(letter);
		struct presence presence;

		if (letter->kind != LETTER_PRESENCE) {
			answers++;
			continue;
		}
		assert_true(presence_unpack(&in, &presence));
		if (presence.user.length > 0) {
			events++;
			continue;
		}
		counts++;
		last_count.users = presence.users;
		last_count.connections = presence.connections;
	}
	fixture_forget_sent();
}

/* A turn of the loop and 100 ms. */
static void
pass(void)
{
	end_turn();
	count_sent();
	fake.now_ms += 100;
	fake.hooks->on_tick(fake.self, fake.now_ms);
	count_sent();
}

static void
show_member(unsigned i, unsigned flags)
{
	char user[16];

	snprintf(user, sizeof(user), "u%u", i);
	SHOW(JOIN, join, i % 2 ? GATEWAY_B : GATEWAY_A, 1,
		.request = flags & JOIN_ANNOUNCED ? 0 : i,
		.connection = 100 + i, .tenant = TEXT_LITERAL("t"),
		.room = TEXT_LITERAL("r"), .user = text_of(user),
		.platform = 101, .flags = JOIN_PRESENCE | flags);
}

static void
show_leave(unsigned i, bool lost)
{
	char user[16];

	snprintf(user, sizeof(user), "u%u", i);
	SHOW(LEAVE, leave, i % 2 ? GATEWAY_B : GATEWAY_A, 1,
		.connection = 100 + i, .tenant = TEXT_LITERAL("t"),
		.room = TEXT_LITERAL("r"), .user = text_of(user), .lost = lost);
}

static void
add_rooms(void)
{
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_B, "r");
}

static void
script_joins(void)
{
	unsigned seconds = CROWD / TURN / 10;

	settle();
	fixture_forget_sent();
	add_rooms();
	for (unsigned i = 1; i <= CROWD; i++) {
		show_member(i, 0);
		if (i % TURN == 0)
			pass();
	}
	assert_int_equal(answers, CROWD);
	assert_int_equal(events, 2 * EVENTS_MAX);
	assert_in_range(counts, 2, 2 * (seconds + 1));
	for (unsigned i = 0; i < 10; i++)
		pass();
	assert_int_equal(last_count.users, CROWD);
	assert_int_equal(last_count.connections, CROWD);
}

static void
a_crowd_that_joins_costs_an_answer_each_and_few_pushes(void **state)
{
	(void)state;
	play(script_joins);
}

static void
script_reconnects(void)
{
	script_joins();
	answers = events = counts = 0;
	for (unsigned i = 1; i <= CROWD; i++) {
		show_leave(i, true);
		if (i % TURN == 0)
			pass();
	}
	for (unsigned i = 1; i <= CROWD; i++) {
		show_member(i, 0);
		if (i % TURN == 0)
			pass();
	}
	assert_int_equal(answers, CROWD);
	assert_int_equal(events, 0);
	assert_in_range(counts, 2, 2 * 5);
}

static void
a_crowd_that_comes_back_is_not_told_of_one_by_one(void **state)
{
	(void)state;
	fake.config->grace_seconds = 60000;
	play(script_reconnects);
}

static void
script_leaves(void)
{
	script_joins();
	answers = events = counts = 0;
	for (unsigned i = 1; i <= CROWD; i++) {
		show_leave(i, false);
		if (i % TURN == 0)
			pass();
	}
	assert_int_equal(answers, 0);
	assert_int_equal(events, 2 * (EVENTS_MAX + 1));
	assert_in_range(counts, 2, 2 * 3);
}

static void
the_last_ones_of_a_crowd_are_told_of_again(void **state)
{
	(void)state;
	play(script_leaves);
}

static void
script_gateway_dies(void)
{
	unsigned ticks = 0;

	script_joins();
	answers = events = counts = 0;
	fake.hooks->on_peer(fake.self, GATEWAY_B, 1, false);
	arena_row(fake.arena, GATEWAY_B)->state = CHILD_ABSENT;
	while (last_count.users > CROWD / 2 && ticks++ < 100)
		pass();
	assert_int_equal(last_count.users, CROWD / 2);
	assert_int_equal(last_count.connections, CROWD / 2);
	assert_int_equal(events, 0);
	assert_in_range(counts, 1, 2 * 5);
}

static void
a_gateway_that_dies_costs_counts_and_no_exits(void **state)
{
	(void)state;
	play(script_gateway_dies);
}

static void
script_restart(void)
{
	expect_announce();
	answers = events = counts = 0;
	fixture_forget_sent();
	for (unsigned i = 1; i <= CROWD; i++) {
		show_member(i, JOIN_ANNOUNCED);
		if (i % TURN == 0)
			pass();
	}
	assert_int_equal(answers + events + counts, 0);
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	for (unsigned i = 0; i < 20; i++)
		pass();
	assert_int_equal(events, 0);
	assert_int_equal(counts, 2);
	assert_int_equal(last_count.users, CROWD);
}

static void
a_new_ledger_tells_of_a_crowd_once(void **state)
{
	(void)state;
	play(script_joins);
	next_life();
	fixture_forget_sent();
	play(script_restart);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_crowd_that_joins_costs_an_answer_each_and_few_pushes),
		TEST(a_crowd_that_comes_back_is_not_told_of_one_by_one),
		TEST(the_last_ones_of_a_crowd_are_told_of_again),
		TEST(a_gateway_that_dies_costs_counts_and_no_exits),
		TEST(a_new_ledger_tells_of_a_crowd_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
