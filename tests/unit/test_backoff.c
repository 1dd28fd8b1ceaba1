#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/backoff.h"

static void
a_healthy_one_is_replaced_at_once(void **state)
{
	struct backoff backoff = { 0 };

	(void)state;
	assert_int_equal(backoff_rest_ms(&backoff, true, 5000), 0);
	assert_int_equal(backoff_rest_ms(&backoff, true, BACKOFF_FIRST_MS), 0);
}

static void
a_healthy_one_starts_at_most_ten_times_a_second(void **state)
{
	struct backoff backoff = { 0 };

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_int_equal(backoff_rest_ms(&backoff, true, 10), 90);
}

static void
one_that_never_served_waits_twice_as_long_each_time(void **state)
{
	struct backoff backoff = { 0 };
	uint64_t expected = BACKOFF_FIRST_MS;

	(void)state;
	for (int i = 0; i < 9; i++) {
		assert_int_equal(
			backoff_rest_ms(&backoff, false, 60000), expected);
		expected *= 2;
	}
}

static void
the_wait_ends_growing_at_thirty_seconds(void **state)
{
	struct backoff backoff = { 0 };
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		uint64_t rest = backoff_rest_ms(&backoff, false, 0);

		assert_true(rest >= last && rest <= BACKOFF_LAST_MS);
		last = rest;
	}
	assert_int_equal(last, 30000);
}

static void
health_ends_the_doubling(void **state)
{
	struct backoff backoff = { 0 };

	(void)state;
	backoff_rest_ms(&backoff, false, 0);
	backoff_rest_ms(&backoff, false, 0);
	backoff_rest_ms(&backoff, true, 1000);
	assert_int_equal(backoff_rest_ms(&backoff, false, 0), BACKOFF_FIRST_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_one_is_replaced_at_once),
		cmocka_unit_test(
			a_healthy_one_starts_at_most_ten_times_a_second),
		cmocka_unit_test(
			one_that_never_served_waits_twice_as_long_each_time),
		cmocka_unit_test(the_wait_ends_growing_at_thirty_seconds),
		cmocka_unit_test(health_ends_the_doubling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
