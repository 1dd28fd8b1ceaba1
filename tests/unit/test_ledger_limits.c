/*
 * What rooms refuse: messages over their rate and members over their number.
 */
#include "tests/unit/ledger_lives.h"

static void
set_limits(int64_t rate, int64_t max_members)
{
	class_of_rooms()->rate = rate;
	class_of_rooms()->max_members = max_members;
}

static uint64_t
counted(enum counter counter)
{
	return row_read(worker_row(&fake), counter);
}

static void
expect_too_fast(uint64_t request, uint64_t retry_ms)
{
	NEXT(REFUSED, refused, GATEWAY_A);
	assert_int_equal(refused.request, request);
	assert_int_equal(refused.code, 1012);
	assert_int_equal(refused.retry_ms, retry_ms);
}

static void
script_rate(void)
{
	settle();
	set_limits(4, 0);
	for (uint64_t i = 1; i <= 6; i++)
		show_say(GATEWAY_A, i, "r", "1");
	show_say(GATEWAY_A, 7, "s", "1");
	end_turn();
	for (uint64_t i = 1; i <= 4; i++)
		expect_said(GATEWAY_A, i, i);
	expect_too_fast(5, 250);
	expect_too_fast(6, 250);
	expect_said(GATEWAY_A, 7, 1);
	fake.now_ms += 249;
	show_say(GATEWAY_A, 8, "r", "1");
	end_turn();
	expect_too_fast(8, 1);
	fake.now_ms += 1;
	show_say(GATEWAY_A, 9, "r", "1");
	show_say(GATEWAY_A, 10, "r", "1");
	end_turn();
	expect_said(GATEWAY_A, 9, 5);
	expect_too_fast(10, 250);
	assert_no_more();
	assert_int_equal(counted(COUNTER_REFUSED_ROOM_RATE), 4);
	assert_int_equal(counted(COUNTER_MESSAGES), 6);
}

static void
a_room_takes_so_many_messages_a_second(void **state)
{
	(void)state;
	play(script_rate);
}

static void
show_keyed(uint64_t request)
{
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.from = TEXT_LITERAL("u"), .body = TEXT_LITERAL("1"),
		.key = TEXT_LITERAL("k"), .request = request,
		.connection = 100 + request);
}

static void
script_rate_repeats(void)
{
	settle();
	set_limits(2, 0);
	for (uint64_t i = 1; i <= 5; i++)
		show_keyed(i);
	show_say(GATEWAY_A, 6, "r", "1");
	show_say(GATEWAY_A, 7, "r", "1");
	show_keyed(8);
	end_turn();
	for (uint64_t i = 1; i <= 5; i++)
		expect_said(GATEWAY_A, i, 1);
	expect_said(GATEWAY_A, 6, 2);
	expect_too_fast(7, 500);
	expect_said(GATEWAY_A, 8, 1);
	assert_no_more();
}

static void
repeats_are_answered_and_not_counted(void **state)
{
	(void)state;
	play(script_rate_repeats);
}

static void
script_rate_of_nothing(void)
{
	static char body[60000];

	settle();
	set_limits(1, 0);
	memset(body, '1', sizeof(body) - 1);
	show_say(GATEWAY_A, 1, "r", body);
	end_turn();
	expect_refused(GATEWAY_A, 1, 1012);
	assert_int_equal(
		streams_count(&((struct ledger *)fake.self)->streams), 0);
	assert_no_more();
}

static void
what_is_too_large_leaves_no_room_behind(void **state)
{
	(void)state;
	play(script_rate_of_nothing);
}

static void
script_members(void)
{
	settle();
	set_limits(0, 2);
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	show_join(GATEWAY_A, 2, "r", "bob", JOIN_PRESENCE);
	show_join(GATEWAY_A, 3, "r", "eve", JOIN_PRESENCE);
	show_join(GATEWAY_B, 4, "r", "ann", JOIN_PRESENCE);
	show_join(GATEWAY_A, 5, "s", "eve", JOIN_PRESENCE);
	show_join(GATEWAY_A, 6, "r", "eve", 0);
	show_join(GATEWAY_A, 7, "r", "ann", 0);
	end_turn();
	expect_joined(GATEWAY_A, 1, 0, 1);
	expect_joined(GATEWAY_A, 2, 0, 2);
	expect_refused(GATEWAY_A, 3, 1012);
	expect_joined(GATEWAY_B, 4, 0, 2);
	expect_joined(GATEWAY_A, 5, 0, 1);
	expect_refused(GATEWAY_A, 6, 1003);
	expect_refused(GATEWAY_A, 7, 1003);
	assert_no_more();
	assert_int_equal(counted(COUNTER_REFUSED_MEMBERS), 1);
	SHOW(LEAVE, leave, GATEWAY_A, 1, .connection = 102,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.user = TEXT_LITERAL("bob"));
	show_join(GATEWAY_A, 8, "r", "eve", JOIN_PRESENCE);
	end_turn();
	expect_joined(GATEWAY_A, 8, 0, 2);
	assert_no_more();
}

static void
a_room_has_so_many_users_and_each_any_connections(void **state)
{
	(void)state;
	play(script_members);
}

static void
show_join_since(uint64_t request, const char *user)
{
	SHOW(JOIN, join, GATEWAY_A, 1, .request = request,
		.connection = 100 + request, .tenant = TEXT_LITERAL("t"),
		.room = TEXT_LITERAL("r"), .user = text_of(user),
		.flags = JOIN_PRESENCE | JOIN_RECOVER, .from_epoch = 1);
}

static void
script_members_since(void)
{
	settle();
	set_limits(0, 1);
	show_join_since(1, "ann");
	show_join_since(2, "bob");
	end_turn();
	expect_joined(GATEWAY_A, 1, 0, 1);
	expect_refused(GATEWAY_A, 2, 1012);
	assert_no_more();
}

static void
who_comes_back_is_counted_too(void **state)
{
	(void)state;
	play(script_members_since);
}

static void
script_members_unknown(void)
{
	expect_announce();
	set_limits(0, 1);
	show_join(GATEWAY_A, 0, "r", "ann", JOIN_PRESENCE | JOIN_ANNOUNCED);
	show_join(GATEWAY_B, 0, "r", "bob", JOIN_PRESENCE | JOIN_ANNOUNCED);
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	show_join(GATEWAY_A, 2, "r", "eve", JOIN_PRESENCE);
	show_join(GATEWAY_A, 3, "s", "eve", JOIN_PRESENCE);
	end_turn();
	expect_joined(GATEWAY_A, 1, 0, 2);
	expect_refused(GATEWAY_A, 2, 1004);
	expect_refused(GATEWAY_A, 3, 1004);
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	show_join(GATEWAY_A, 4, "r", "eve", JOIN_PRESENCE);
	show_join(GATEWAY_A, 5, "s", "eve", JOIN_PRESENCE);
	end_turn();
	expect_refused(GATEWAY_A, 4, 1012);
	expect_joined(GATEWAY_A, 5, 0, 1);
	assert_no_more();
	assert_int_equal(counted(COUNTER_REFUSED_MEMBERS), 1);
}

static void
nobody_new_is_let_in_before_members_are_known(void **state)
{
	(void)state;
	play(script_members_unknown);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_room_takes_so_many_messages_a_second),
		TEST(repeats_are_answered_and_not_counted),
		TEST(what_is_too_large_leaves_no_room_behind),
		TEST(a_room_has_so_many_users_and_each_any_connections),
		TEST(who_comes_back_is_counted_too),
		TEST(nobody_new_is_let_in_before_members_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
