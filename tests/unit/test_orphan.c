#include <stdatomic.h>

#include "shared/heritage.h"
#include "tests/unit/arena_fixture.h"
#include "worker/orphan.h"

#define NOW_MS 1000000

enum {
	GATEWAY,
	API,
	LEDGER,
	HISTORIAN,
	SLOTS
};

static int
set_up(void **state)
{
	static const struct arena_shape shape = {
		.slots = SLOTS,
		.ring_bytes = 16384,
		.index_connections = 16,
		.index_rooms = 16,
		.roles = { ROLE_GATEWAY, ROLE_API, ROLE_LEDGER,
			ROLE_HISTORIAN },
	};

	(void)state;
	arena_fixture_open(&shape);
	for (unsigned i = 0; i < SLOTS; i++)
		atomic_store(&arena_row(arena, i)->heartbeat_ms, NOW_MS);
	return 0;
}

static enum orphan_duty
duty(unsigned slot, uint64_t alone_ms)
{
	struct heritage heritage = { .arena = arena, .slot = slot };

	return orphan_duty(&heritage, alone_ms, NOW_MS);
}

static void
fall_silent(unsigned slot)
{
	atomic_store(&arena_row(arena, slot)->heartbeat_ms, NOW_MS - 1000);
}

static void
edges_drain_for_three_seconds(void **state)
{
	(void)state;
	assert_int_equal(duty(GATEWAY, 2999), ORPHAN_GO_ON);
	assert_int_equal(duty(GATEWAY, 3000), ORPHAN_STOP);
	assert_int_equal(duty(API, 2999), ORPHAN_GO_ON);
	assert_int_equal(duty(API, 3000), ORPHAN_STOP);
}

static void
who_comes_later_waits_for_all_before_it(void **state)
{
	(void)state;
	fall_silent(GATEWAY);
	assert_int_equal(duty(LEDGER, 100), ORPHAN_GO_ON);
	fall_silent(API);
	assert_int_equal(duty(LEDGER, 100), ORPHAN_STOP);
	assert_int_equal(duty(HISTORIAN, 100), ORPHAN_GO_ON);
	fall_silent(LEDGER);
	assert_int_equal(duty(HISTORIAN, 100), ORPHAN_STOP);
}

static void
nobody_is_waited_for_longer_than_seven_seconds(void **state)
{
	(void)state;
	assert_int_equal(duty(LEDGER, 6999), ORPHAN_GO_ON);
	assert_int_equal(duty(LEDGER, 7000), ORPHAN_STOP);
	assert_int_equal(duty(HISTORIAN, 7000), ORPHAN_STOP);
}

static void
after_ten_seconds_all_just_exit(void **state)
{
	(void)state;
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		assert_int_equal(duty(slot, 9999), ORPHAN_STOP);
		assert_int_equal(duty(slot, 10000), ORPHAN_EXIT);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(edges_drain_for_three_seconds),
		TEST(who_comes_later_waits_for_all_before_it),
		TEST(nobody_is_waited_for_longer_than_seven_seconds),
		TEST(after_ten_seconds_all_just_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
