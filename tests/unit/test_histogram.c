#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/scoreboard.h"

static struct histogram one, other;
static struct histogram_sum sum;

static int
set_up(void **state)
{
	(void)state;
	memset(&one, 0, sizeof(one));
	memset(&other, 0, sizeof(other));
	sum = (struct histogram_sum){ 0 };
	return 0;
}

static void
bounds_rise_and_each_belongs_to_its_bucket(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		assert_true(i == 0 ||
			    histogram_bounds[i] > histogram_bounds[i - 1]);
		histogram_add(&one, histogram_bounds[i]);
		assert_int_equal(one.buckets[i], i == 0 ? 1 : 2);
		histogram_add(&one, histogram_bounds[i] + 1);
		assert_int_equal(one.buckets[i], i == 0 ? 1 : 2);
	}
	assert_int_equal(one.buckets[HISTOGRAM_BOUNDS], 1);
}

static void
those_of_several_processes_add_up(void **state)
{
	(void)state;
	histogram_add(&one, 10);
	histogram_add(&one, 700);
	histogram_add(&other, 700);
	histogram_add_to(&sum, &one);
	histogram_add_to(&sum, &other);
	assert_int_equal(sum.count, 3);
	assert_int_equal(sum.sum_us, 1410);
	assert_int_equal(sum.buckets[0], 1);
	assert_int_equal(sum.buckets[3], 0);
	assert_int_equal(sum.buckets[4], 2);
}

static void
of_nothing_every_quantile_is_0(void **state)
{
	(void)state;
	assert_int_equal(histogram_quantile(&sum, 500), 0);
	assert_int_equal(histogram_quantile(&sum, 1000), 0);
}

static void
quantiles_lie_where_the_buckets_say(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 90; i++)
		histogram_add(&one, 40);
	for (unsigned i = 0; i < 10; i++)
		histogram_add(&one, 8000);
	histogram_add_to(&sum, &one);
	assert_in_range(histogram_quantile(&sum, 500), 1, 50);
	assert_in_range(histogram_quantile(&sum, 900), 1, 50);
	assert_in_range(histogram_quantile(&sum, 950), 5001, 10000);
	assert_in_range(histogram_quantile(&sum, 1000), 9999, 10000);
}

static void
what_took_for_ever_is_as_long_as_the_last_bound(void **state)
{
	(void)state;
	histogram_add(&one, UINT64_MAX / 2);
	histogram_add_to(&sum, &one);
	assert_int_equal(histogram_quantile(&sum, 500),
		histogram_bounds[HISTOGRAM_BOUNDS - 1]);
}

static void
each_kind_is_described_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_COUNT; i++) {
		const struct histogram_info *info = histogram_info(i);

		assert_true(strlen(info->name) > 0 && strlen(info->help) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				info->name, histogram_info(j)->name);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bounds_rise_and_each_belongs_to_its_bucket),
		TEST(those_of_several_processes_add_up),
		TEST(of_nothing_every_quantile_is_0),
		TEST(quantiles_lie_where_the_buckets_say),
		TEST(what_took_for_ever_is_as_long_as_the_last_bound),
		TEST(each_kind_is_described_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
