#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/pace.h"

static unsigned
taken(struct pace *pace, uint64_t now_ms, int64_t per_second, int64_t burst)
{
	uint64_t retry_ms;
	unsigned count = 0;

	while (count < 1000 &&
		pace_take(pace, now_ms, per_second, burst, &retry_ms))
		count++;
	return count;
}

static void
a_burst_is_taken_at_once_and_then_so_many_a_second(void **state)
{
	struct pace pace = { 0 };

	(void)state;
	assert_int_equal(taken(&pace, 5000, 10, 3), 3);
	assert_int_equal(taken(&pace, 5099, 10, 3), 0);
	assert_int_equal(taken(&pace, 5100, 10, 3), 1);
	assert_int_equal(taken(&pace, 5350, 10, 3), 2);
	/* A long rest gives a burst and no more. */
	assert_int_equal(taken(&pace, 1000000, 10, 3), 3);
}

static void
a_refusal_says_when_it_will_be_possible(void **state)
{
	struct pace pace = { 0 };
	uint64_t retry_ms = 0;

	(void)state;
	assert_int_equal(taken(&pace, 7, 3, 1), 1);
	assert_false(pace_take(&pace, 7, 3, 1, &retry_ms));
	assert_int_equal(retry_ms, 334);
	assert_false(pace_take(&pace, 7 + 333, 3, 1, &retry_ms));
	assert_int_equal(retry_ms, 1);
	assert_true(pace_take(&pace, 7 + 334, 3, 1, &retry_ms));
}

static void
what_counts_more_may_be_owed(void **state)
{
	struct pace pace = { 0 };
	uint64_t retry_ms = 0;

	(void)state;
	assert_true(pace_take(&pace, 1000, 10, 3, &retry_ms));
	pace_charge(&pace, 1000, 10, 9);
	assert_false(pace_take(&pace, 1000, 10, 3, &retry_ms));
	assert_int_equal(retry_ms, 800);
	assert_int_equal(taken(&pace, 1800, 10, 3), 1);
	pace_charge(&pace, 1800, 0, 1000);
	assert_int_equal(taken(&pace, 1900, 10, 3), 1);
}

static void
a_limit_of_zero_is_none(void **state)
{
	struct pace pace = { 0 };

	(void)state;
	assert_int_equal(taken(&pace, 1, 0, 1), 1000);
	assert_int_equal(pace.paid_until_ns, 0);
}

static void
a_new_limit_counts_at_once(void **state)
{
	struct pace pace = { 0 };
	uint64_t retry_ms = 0;

	(void)state;
	assert_int_equal(taken(&pace, 1, 1, 100), 100);
	/* What lies ahead by the old limit is waited for. */
	assert_false(pace_take(&pace, 1, 1000, 1, &retry_ms));
	assert_int_equal(retry_ms, 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_burst_is_taken_at_once_and_then_so_many_a_second),
		cmocka_unit_test(a_refusal_says_when_it_will_be_possible),
		cmocka_unit_test(what_counts_more_may_be_owed),
		cmocka_unit_test(a_limit_of_zero_is_none),
		cmocka_unit_test(a_new_limit_counts_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
