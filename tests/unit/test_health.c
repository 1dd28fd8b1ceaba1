/*
 * Whom the master cannot help any more: for such a one the watchdog is not fed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/child.h"
#include "master/health.h"

#define NOW_MS 1000000
#define STOP_MS 10000

/* Has been in this state for so long, and its heart was silent for so long. */
static bool
is_lost(enum child_state state, uint64_t for_ms, uint64_t silent_ms)
{
	static struct row row;
	const struct child child = {
		.row = &row, .state = state, .since_ms = NOW_MS - for_ms
	};

	atomic_store(&row.heartbeat_ms, NOW_MS - silent_ms);
	return health_is_lost(&child, NOW_MS, 0, STOP_MS);
}

static void
one_whose_heart_beats_is_not_lost(void **state)
{
	(void)state;
	assert_false(is_lost(CHILD_SERVING, 900000, 0));
	assert_false(is_lost(CHILD_SERVING, 900000, 5000));
	assert_false(is_lost(CHILD_SERVING, 0, 900000));
}

static void
one_that_was_killed_has_time_to_go(void **state)
{
	(void)state;
	assert_false(is_lost(CHILD_SERVING, 900000, 20000));
	assert_true(is_lost(CHILD_SERVING, 900000, 20001));
}

static void
one_that_never_serves_is_lost_behind_its_time(void **state)
{
	(void)state;
	assert_false(is_lost(CHILD_STARTING, 45000, 900000));
	assert_true(is_lost(CHILD_STARTING, 45001, 0));
}

static void
one_that_should_end_has_the_time_of_a_stop(void **state)
{
	(void)state;
	assert_false(is_lost(CHILD_DRAINING, 25000, 900000));
	assert_true(is_lost(CHILD_DRAINING, 25001, 0));
}

static void
one_that_will_be_started_is_not_lost(void **state)
{
	(void)state;
	assert_false(is_lost(CHILD_RESTING, 900000, 900000));
	assert_false(is_lost(CHILD_ABSENT, 900000, 900000));
}

static void
time_in_which_the_master_slept_does_not_count(void **state)
{
	struct row row = { 0 };
	const struct child child = { .row = &row, .state = CHILD_SERVING };

	(void)state;
	assert_true(health_is_lost(&child, NOW_MS, 0, STOP_MS));
	assert_false(health_is_lost(&child, NOW_MS, NOW_MS - 1, STOP_MS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_whose_heart_beats_is_not_lost),
		cmocka_unit_test(one_that_was_killed_has_time_to_go),
		cmocka_unit_test(one_that_never_serves_is_lost_behind_its_time),
		cmocka_unit_test(one_that_should_end_has_the_time_of_a_stop),
		cmocka_unit_test(one_that_will_be_started_is_not_lost),
		cmocka_unit_test(time_in_which_the_master_slept_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
