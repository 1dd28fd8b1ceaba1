/* Who comes from another host, with the id of the last message that he saw. */
#include "tests/unit/ledger_hauls.h"

#include "shared/arena.h"
#include "shared/links.h"
#include "worker/ledger/overlap.h"

static uint64_t
later(uint64_t ms)
{
	return message_time_of(clock_unix_ms() + ms);
}

/* The other host tells that it has so much of what was said here. */
static void
tell_extents(uint64_t clock, uint64_t position)
{
	const struct extent extent = {
		.host = (uint64_t)ledger()->config->host_id,
		.epoch = ledger()->epoch,
		.position = position,
	};
	struct buffer items = { 0 }, one = { 0 }, peers = { 0 };

	extent_pack(&one, &extent);
	pack_text(&items, buffer_text(&one));
	pack_number(&peers, ELSEWHERE);
	SHOW(EXTENTS, extents, RELAY, 1, .host = ELSEWHERE, .store = ITS_EPOCH,
		.clock = clock, .items = buffer_text(&items),
		.peers = buffer_text(&peers));
	end_turn();
	assert_no_more();
	buffer_fini(&items);
	buffer_fini(&one);
	buffer_fini(&peers);
}

/* By its clock so many ms from now it had all that has been said here. */
static void
agree(uint64_t ms)
{
	tell_extents(later(ms) - 1, INT64_MAX);
	tell_extents(later(ms), INT64_MAX);
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
script_agreed(void)
{
	say_three();
	agree(0);
	show_return(1, ITS_EPOCH, later(10000));
	end_turn();
	expect_return(3, 0);
	assert_no_more();
}

static void
what_the_other_host_had_is_not_told_again(void **state)
{
	(void)state;
	play(script_agreed);
}

static void
script_lacking(void)
{
	settle();
	agree(0);
	for (uint64_t i = 1; i <= 3; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	tell_extents(later(10000), 0);
	tell_extents(later(20000), 0);
	show_return(1, ITS_EPOCH, later(50000));
	end_turn();
	expect_return(0, 3);
	tell_extents(later(40000), INT64_MAX);
	show_return(2, ITS_EPOCH, later(44000));
	end_turn();
	expect_return(0, 3);
	show_return(3, ITS_EPOCH, later(50000));
	end_turn();
	expect_return(3, 0);
	assert_no_more();
}

static void
what_it_lacked_is_told_whoever_had_said_it(void **state)
{
	(void)state;
	play(script_lacking);
}

static void
script_unknown(void)
{
	say_three();
	agree(0);
	show_return(1, ITS_EPOCH + 1, later(10000));
	show_return(2, ITS_EPOCH, 0);
	show_return(3, 0, later(10000));
	show_return(4, ITS_EPOCH, later(3600000));
	show_return(5, ITS_EPOCH, later(4000));
	end_turn();
	for (int i = 0; i < 5; i++)
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
	agree(0);
	for (uint64_t i = 1; i <= 200; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	show_return(1, ITS_EPOCH, later(10000));
	end_turn();
	{
		NEXT(BEHIND, behind, GATEWAY_A);
		assert_int_equal(behind.is_of_other, 1);
		assert_int_equal(behind.offset, 200);
		assert_int_equal(behind.epoch, ledger()->epoch);
		assert_int_equal(behind.seek, 1);
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
script_nonsense(void)
{
	settle();
	SHOW(EXTENTS, extents, RELAY, 1, .host = ELSEWHERE, .store = ITS_EPOCH,
		.items = TEXT_LITERAL("?"));
	end_turn();
	assert_no_more();
	assert_int_equal(counted(COUNTER_HAULED_BAD), 1);
	assert_int_equal(counted(COUNTER_LETTERS_BAD), 0);
}

static void
nonsense_of_another_host_is_counted(void **state)
{
	(void)state;
	play(script_nonsense);
}

static void
script_before_the_end(void)
{
	say_three();
	agree(0);
	stop_now();
}

static void
script_after_it(void)
{
	settle();
	show_return(1, ITS_EPOCH, later(10000));
	end_turn();
	expect_return(3, 0);
	assert_no_more();
}

static void
the_next_life_knows_it_too(void **state)
{
	(void)state;
	play(script_before_the_end);
	play_next(script_after_it);
}

#define THIRD 3

static void
link_of(unsigned host, uint64_t store, int64_t offset_ms)
{
	const struct link_report report = { .host = host,
		.store = store,
		.state = LINK_UP,
		.clock_offset_ms = offset_ms };

	links_write(arena_links(fake.arena), host, &report);
}

/* Does what was known at 100000 there go for an id of this time? */
static bool
begins(unsigned origin, uint64_t ms)
{
	struct accord accord = { .store = ITS_EPOCH,
		.marks = { { message_time_of(100000), 7 } },
		.count = 1 };
	const struct accords accords = { &accord, 1 };
	const struct overlap_world world = { &accords, arena_links(fake.arena),
		1, 200000 };
	const struct overlap_place place = { ITS_EPOCH, message_time_of(ms),
		message_origin(origin, 0) };
	uint64_t clock;

	if (!overlap_begin(&world, &place, &clock))
		return false;
	assert_int_equal(clock, 8);
	return true;
}

static void
expect_first(unsigned origin, uint64_t ms)
{
	assert_true(begins(origin, ms));
	assert_false(begins(origin, ms - 1));
}

/* The id may be of a host that is ahead of the one where it was seen. */
static void
clocks_of_others_count(void **state)
{
	(void)state;
	link_of(ELSEWHERE, ITS_EPOCH, 0);
	link_of(THIRD, ITS_EPOCH + 1, 0);
	expect_first(ELSEWHERE, 105000);
	link_of(ELSEWHERE, ITS_EPOCH, 7000);
	expect_first(ELSEWHERE, 105000);
	expect_first(1, 105000);
	link_of(ELSEWHERE, ITS_EPOCH, -7000);
	expect_first(ELSEWHERE, 105000);
	expect_first(1, 112000);
	link_of(THIRD, ITS_EPOCH + 1, 3000);
	expect_first(THIRD, 115000);
	expect_first(1, 112000);
	expect_first(77, 115000);
	link_of(THIRD, ITS_EPOCH + 1, INT64_MAX);
	link_of(ELSEWHERE, ITS_EPOCH, INT64_MIN);
	assert_false(begins(THIRD, 200000));
	assert_false(begins(THIRD, 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAUL_TEST(what_the_other_host_had_is_not_told_again),
		HAUL_TEST(what_it_lacked_is_told_whoever_had_said_it),
		HAUL_TEST(who_cannot_be_placed_is_told_so),
		HAUL_TEST(what_memory_does_not_reach_is_to_be_looked_up),
		HAUL_TEST(nonsense_of_another_host_is_counted),
		HAUL_TEST(the_next_life_knows_it_too),
		HAUL_TEST(clocks_of_others_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
