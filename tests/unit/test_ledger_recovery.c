/*
 * Joins that want to know what was missed, as the ledger answers them.
 */
#include "tests/unit/ledger_lives.h"

static uint64_t
epoch(void)
{
	return ledger()->epoch;
}

static void
show_recover(uint64_t request, uint64_t from_epoch, uint64_t from_offset)
{
	SHOW(JOIN, join, GATEWAY_A, 1, .request = request,
		.connection = 100 + request, .tenant = TEXT_LITERAL("t"),
		.room = TEXT_LITERAL("r"), .user = TEXT_LITERAL("ann"),
		.flags = JOIN_PRESENCE | JOIN_RECOVER, .from_epoch = from_epoch,
		.from_offset = from_offset);
}

/* Let in at an offset with everything from first on; 0: with nothing. */
static void
expect_recovered(uint64_t request, uint64_t first, uint64_t offset)
{
	NEXT(JOINED, joined, GATEWAY_A);
	struct unpack in = unpack_of(joined.messages);

	assert_int_equal(joined.request, request);
	assert_int_equal(joined.offset, offset);
	assert_int_equal(joined.recovery, RECOVERY_WHOLE);
	assert_int_equal(joined.count, first ? offset - first + 1 : 0);
	for (uint64_t i = 0; i < joined.count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		assert_true(message_unpack(&one, &message));
		assert_int_equal(message.offset, first + i);
	}
	assert_ptr_equal(in.at, in.end);
}

static void
expect_lost(uint64_t request, uint64_t offset)
{
	NEXT(JOINED, joined, GATEWAY_A);
	assert_int_equal(joined.request, request);
	assert_int_equal(joined.offset, offset);
	assert_int_equal(joined.recovery, RECOVERY_LOST);
	assert_int_equal(joined.count, 0);
	assert_int_equal(joined.messages.length, 0);
}

static void
expect_behind(uint64_t request, uint64_t offset)
{
	NEXT(BEHIND, behind, GATEWAY_A);
	assert_int_equal(behind.request, request);
	assert_int_equal(behind.connection, 100 + request);
	assert_int_equal(behind.offset, offset);
}

static void
show_members(unsigned from, uint64_t request)
{
	SHOW(MEMBERS_WANTED, members_wanted, from, 1, .request = request,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.limit = 10);
}

static void
say_many(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		show_say(GATEWAY_A, 0, "r", "1");
}

/* The room is in the index from the first join on, as gateways do it. */
static void
script_in_a_turn(void)
{
	settle();
	say_many(3);
	show_recover(1, epoch(), 1);
	add_room(GATEWAY_A, "r");
	show_say(GATEWAY_A, 0, "r", "\"four\"");
	show_recover(2, epoch(), 0);
	show_recover(3, epoch(), 4);
	show_say(GATEWAY_A, 0, "r", "\"five\"");
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	expect_deliver(GATEWAY_A, 2, "1");
	expect_deliver(GATEWAY_A, 3, "1");
	expect_recovered(1, 2, 3);
	expect_presence(GATEWAY_A, "ann", true, 1);
	expect_deliver(GATEWAY_A, 4, "\"four\"");
	expect_recovered(2, 1, 4);
	expect_recovered(3, 0, 4);
	expect_deliver(GATEWAY_A, 5, "\"five\"");
	assert_no_more();
}

static void
what_was_missed_ends_where_pushes_begin(void **state)
{
	(void)state;
	play(script_in_a_turn);
}

static void
script_lost(void)
{
	settle();
	say_many(3);
	show_recover(1, epoch() + 1, 1);
	show_recover(2, 0, 0);
	show_recover(3, epoch(), 4);
	show_recover(4, epoch(), UINT64_MAX);
	class_of_rooms()->history = false;
	show_recover(5, epoch(), 3);
	end_turn();
	/* The class is looked at when the turn ends. */
	for (uint64_t request = 1; request <= 5; request++)
		expect_lost(request, 3);
	class_of_rooms()->history = true;
	show_recover(6, epoch(), 3);
	end_turn();
	expect_recovered(6, 0, 3);
	assert_no_more();
}

static void
what_is_not_of_this_life_is_lost(void **state)
{
	(void)state;
	play(script_lost);
}

static void
script_behind(void)
{
	settle();
	say_many(300);
	show_recover(1, epoch(), 10);
	show_recover(2, epoch(), 171);
	show_recover(3, epoch(), 172);
	end_turn();
	expect_behind(1, 300);
	expect_behind(2, 300);
	expect_recovered(3, 173, 300);
	assert_no_more();
	/* Only the third one is a member. */
	show_members(GATEWAY_A, 4);
	end_turn();
	{
		NEXT(MEMBERS_PAGE, members_page, GATEWAY_A);
		assert_int_equal(members_page.connections, 1);
	}
}

static void
who_is_behind_is_not_let_in(void **state)
{
	(void)state;
	play(script_behind);
}

static void
script_large(void)
{
	static char body[20000];

	memset(body, '1', sizeof(body) - 1);
	settle();
	show_say(GATEWAY_A, 0, "r", body);
	show_say(GATEWAY_A, 0, "r", "1");
	show_recover(1, epoch(), 0);
	show_recover(2, epoch(), 1);
	end_turn();
	expect_behind(1, 2);
	expect_recovered(2, 2, 2);
	assert_no_more();
}

static void
what_no_letter_takes_is_to_be_looked_up(void **state)
{
	(void)state;
	play(script_large);
}

static void
script_slow(void)
{
	settle();
	say_many(3);
	fake.slow_slot = GATEWAY_A;
	fake.overflow = LEDGER_WAITING_MAX + 1;
	show_recover(1, epoch(), 1);
	show_recover(2, epoch(), 3);
	end_turn();
	expect_refused(GATEWAY_A, 1, 1004);
	expect_recovered(2, 0, 3);
	assert_no_more();
}

static void
a_gateway_far_behind_gets_no_long_answers(void **state)
{
	(void)state;
	play(script_slow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_missed_ends_where_pushes_begin),
		TEST(what_is_not_of_this_life_is_lost),
		TEST(who_is_behind_is_not_let_in),
		TEST(what_no_letter_takes_is_to_be_looked_up),
		TEST(a_gateway_far_behind_gets_no_long_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
