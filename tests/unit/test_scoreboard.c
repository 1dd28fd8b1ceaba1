#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/scoreboard.h"

static void
each_role_and_state_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(role_name(ROLE_GATEWAY), "gateway");
	assert_string_equal(role_name(ROLE_HISTORIAN), "historian");
	for (int role = 0; role < ROLE_COUNT; role++)
		assert_string_not_equal(role_name(role), "unknown");
	assert_string_equal(role_name(ROLE_COUNT), "unknown");
	assert_string_equal(child_state_name(CHILD_ABSENT), "absent");
	assert_string_equal(child_state_name(CHILD_RESTING), "resting");
	assert_string_equal(child_state_name(CHILD_RESTING + 1), "unknown");
}

static void
each_counter_is_described_once(void **state)
{
	(void)state;
	assert_string_equal(
		counter_info(COUNTER_CONNECTIONS)->name, "connections");
	assert_true(counter_info(COUNTER_CONNECTIONS)->is_gauge);
	assert_false(counter_info(COUNTER_ACCEPTED)->is_gauge);
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_info *info = counter_info(i);

		assert_true(strlen(info->name) > 0 && strlen(info->help) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				info->name, counter_info(j)->name);
	}
}

static void
counters_go_up_and_down(void **state)
{
	struct row *row = aligned_alloc(CACHE_LINE, sizeof(*row));

	(void)state;
	memset(row, 0, sizeof(*row));
	row_count(row, COUNTER_MEMBERS, 3);
	row_count(row, COUNTER_MEMBERS, -2);
	assert_int_equal(row_read(row, COUNTER_MEMBERS), 1);
	row_set(row, COUNTER_MEMBERS, 77);
	assert_int_equal(row_read(row, COUNTER_MEMBERS), 77);
	assert_int_equal(row_read(row, COUNTER_STREAMS), 0);
	free(row);
}

/* Producers read the flag after every letter; nobody else's writes may take
 * that line away from them. */
static void
the_flag_of_the_sleeper_has_a_line_of_its_own(void **state)
{
	size_t at = offsetof(struct row, is_asleep);

	(void)state;
	assert_int_equal(at % CACHE_LINE, 0);
	assert_true(offsetof(struct row, counters) >= at + CACHE_LINE);
	assert_true(offsetof(struct row, archived) +
			    sizeof(((struct row *)0)->archived) <=
		    at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_and_state_has_its_name),
		cmocka_unit_test(each_counter_is_described_once),
		cmocka_unit_test(counters_go_up_and_down),
		cmocka_unit_test(the_flag_of_the_sleeper_has_a_line_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
