/* Who comes from another host, with the id of the last message that he saw. */
#include "tests/unit/ledger_hauls.h"

#include "shared/links.h"
#include "worker/ledger/overlap.h"

static void
link_up(uint64_t up_ago_ms, uint64_t down_ago_ms, enum link_state state)
{
	uint64_t now_ms = clock_unix_ms();
	struct link_report report = {
		.host = ELSEWHERE,
		.store = ITS_EPOCH,
		.state = state,
		.up_ms = now_ms - up_ago_ms,
		.down_ms = down_ago_ms ? now_ms - down_ago_ms : 0,
	};

	links_write(arena_links(fake.arena), 0, &report);
}

static void
show_return(uint64_t request, uint64_t epoch, uint64_t time)
{
	SHOW(JOIN, join, GATEWAY_A, 1, .request = request,
		.connection = 100 + request, .tenant = TEXT_LITERAL("t"),
		.room = TEXT_LITERAL("r"), .user = TEXT_LITERAL("u"),
		.flags = JOIN_RECOVER, .from_epoch = epoch, .from_offset = 77,
		.from_time = time);
}

/* In the future: so nothing that was just said is within the ten seconds. */
static uint64_t
later(uint64_t ms)
{
	return message_time_of(clock_unix_ms() + ms);
}

static void
say_three(void)
{
	settle();
	for (uint64_t i = 1; i <= 3; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	assert_no_more();
}

static void
expect_return(uint64_t began, uint64_t count)
{
	NEXT(JOINED, joined, GATEWAY_A);
	assert_int_equal(joined.recovery, RECOVERY_WHOLE);
	assert_int_equal(joined.is_of_other, 1);
	assert_int_equal(joined.began, began);
	assert_int_equal(joined.count, count);
	assert_int_equal(joined.offset, 3);
	assert_int_equal(joined.epoch, ledger()->epoch);
	assert_true(joined.id_time >= ledger()->id_time);
}

static void
expect_lost(void)
{
	NEXT(JOINED, joined, GATEWAY_A);
	assert_int_equal(joined.recovery, RECOVERY_LOST);
	assert_int_equal(joined.is_of_other, 0);
	assert_int_equal(joined.count, 0);
}

static void
script_ten_seconds(void)
{
	say_three();
	link_up(3600000, 0, LINK_UP);
	show_return(1, ITS_EPOCH, later(0));
	show_return(2, ITS_EPOCH, later(30000));
	end_turn();
	expect_return(0, 3);
	expect_return(3, 0);
	assert_no_more();
}

static void
what_came_ten_seconds_before_is_told_again(void **state)
{
	(void)state;
	play(script_ten_seconds);
}

/* A join is done at the end of its turn, so each has one of its own. */
static void
script_breaks(void)
{
	say_three();
	link_up(0, 1000, LINK_DOWN);
	show_return(1, ITS_EPOCH, later(30000));
	end_turn();
	expect_return(0, 3);
	link_up(1000, 2000, LINK_UP);
	show_return(2, ITS_EPOCH, later(30000));
	end_turn();
	expect_return(0, 3);
	link_up(3600000, 3601000, LINK_UP);
	show_return(3, ITS_EPOCH, later(30000));
	end_turn();
	expect_return(3, 0);
	assert_no_more();
}

static void
what_was_said_since_a_break_is_told_again(void **state)
{
	(void)state;
	play(script_breaks);
}

static void
script_unknown(void)
{
	say_three();
	link_up(3600000, 0, LINK_UP);
	show_return(1, ITS_EPOCH + 1, later(0));
	show_return(2, ITS_EPOCH, 0);
	show_return(3, 0, later(0));
	show_return(4, ITS_EPOCH, later(3600000));
	end_turn();
	for (int i = 0; i < 4; i++)
		expect_lost();
	assert_no_more();
}

static void
who_cannot_be_placed_is_told_so(void **state)
{
	(void)state;
	play(script_unknown);
}

static void
script_forgotten(void)
{
	settle();
	for (uint64_t i = 1; i <= 200; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	link_up(3600000, 0, LINK_UP);
	show_return(1, ITS_EPOCH, later(0));
	end_turn();
	{
		NEXT(BEHIND, behind, GATEWAY_A);
		assert_int_equal(behind.is_of_other, 1);
		assert_int_equal(behind.offset, 200);
		assert_int_equal(behind.epoch, ledger()->epoch);
		assert_true(behind.seek <= later(0) - message_time_of(9999));
		assert_true(behind.seek > later(0) - message_time_of(60000));
	}
	assert_no_more();
}

static void
what_memory_does_not_reach_is_to_be_looked_up(void **state)
{
	(void)state;
	play(script_forgotten);
}

static void
clocks_of_others_count(void **state)
{
	uint64_t now_ms = clock_unix_ms(), clock;
	struct link_report report = { .host = ELSEWHERE,
		.store = ITS_EPOCH,
		.state = LINK_UP,
		.up_ms = 1,
		.clock_offset_ms = 7000 };
	struct links *links = arena_links(fake.arena);

	(void)state;
	links_write(links, 3, &report);
	assert_true(overlap_begin(
		links, ITS_EPOCH, message_time_of(now_ms), now_ms, &clock));
	assert_int_equal(clock, message_time_of(now_ms - 17000));
	report.clock_offset_ms = -7000;
	links_write(links, 3, &report);
	assert_true(overlap_begin(
		links, ITS_EPOCH, message_time_of(now_ms), now_ms, &clock));
	assert_int_equal(clock, message_time_of(now_ms - 10000));
	assert_true(overlap_begin(
		links, ITS_EPOCH, message_time_of(5), now_ms, &clock));
	assert_int_equal(clock, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAUL_TEST(what_came_ten_seconds_before_is_told_again),
		HAUL_TEST(what_was_said_since_a_break_is_told_again),
		HAUL_TEST(who_cannot_be_placed_is_told_so),
		HAUL_TEST(what_memory_does_not_reach_is_to_be_looked_up),
		HAUL_TEST(clocks_of_others_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
