#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/message.h"

static void
the_clock_of_ids_only_grows(void **state)
{
	uint64_t now = UINT64_C(1700000000000);
	uint64_t first = message_next_time(0, now);
	uint64_t second = message_next_time(first, now);

	(void)state;
	assert_true(second > first);
	assert_int_equal(message_unix_ms(first), now);
	assert_int_equal(message_unix_ms(second), now);
	/* the machine's clock was set back, then far ahead */
	assert_true(message_next_time(second, now - 5000) > second);
	assert_int_equal(message_unix_ms(message_next_time(second, now + 5000)),
		now + 5000);
}

static void
a_burst_in_one_millisecond_runs_ahead_of_the_clock(void **state)
{
	uint64_t last = message_next_time(0, 1000);

	(void)state;
	for (int i = 0; i < 70000; i++) {
		uint64_t next = message_next_time(last, 1000);

		assert_true(next > last);
		last = next;
	}
	assert_int_equal(message_unix_ms(last), 1001);
}

static void
origins_of_all_hosts_and_slots_differ(void **state)
{
	(void)state;
	assert_int_equal(message_origin(1, 0), 1024);
	assert_int_equal(message_origin(1, 1023) + 1, message_origin(2, 0));
	assert_true(message_origin(1023, 1023) < 1 << 20);
}

static void
ids_come_back_as_they_were_written(void **state)
{
	static const uint64_t times[] = { 0, 1, 31, 32,
		UINT64_C(1700000000000) << 16, UINT64_MAX };
	static const uint64_t origins[] = { 0, 1024, (1 << 20) - 1 };
	char id[MESSAGE_ID_LENGTH + 1];
	uint64_t time, origin;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		for (size_t j = 0; j < ARRAY_LEN(origins); j++) {
			message_id_write(id, times[i], origins[j]);
			assert_int_equal(strlen(id), MESSAGE_ID_LENGTH);
			assert_true(
				message_id_read(text_of(id), &time, &origin));
			assert_true(time == times[i]);
			assert_true(origin == origins[j]);
		}
}

static void
ids_sort_as_their_times_do(void **state)
{
	uint64_t time = 1;
	char last[MESSAGE_ID_LENGTH + 1] = "";
	char id[MESSAGE_ID_LENGTH + 1];

	(void)state;
	for (int i = 0; i < 200; i++, time += time / 5 + 1) {
		message_id_write(id, time, (uint64_t)(199 - i));
		assert_true(strcmp(id, last) > 0);
		memcpy(last, id, sizeof(id));
	}
}

static void
what_is_no_id_is_refused(void **state)
{
	static const char *const wrong[] = { "", "0", "0000000000000000",
		"000000000000000000", "0000000000000000w", "0000000000000000V",
		"0000000000000000 ", "g0000000000000000", "vvvvvvvvvvvvv0000" };
	uint64_t time, origin;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(
			message_id_read(text_of(wrong[i]), &time, &origin));
	assert_true(message_id_read(
		TEXT_LITERAL("fvvvvvvvvvvvv0000"), &time, &origin));
	assert_true(time == UINT64_MAX);
}

static void
epochs_come_back_as_they_were_written(void **state)
{
	char epoch[MESSAGE_EPOCH_LENGTH + 1];
	uint64_t value;

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		message_epoch_write(epoch, UINT64_C(1) << bit);
		assert_int_equal(strlen(epoch), MESSAGE_EPOCH_LENGTH);
		assert_true(message_epoch_read(text_of(epoch), &value));
		assert_true(value == UINT64_C(1) << bit);
	}
	assert_false(message_epoch_read(text_of("0"), &value));
	assert_false(message_epoch_read(text_of("000000000000g-"), &value));
	assert_false(message_epoch_read(text_of("00000000000/0"), &value));
}

static void
an_end_comes_at_its_millisecond_and_0_is_none(void **state)
{
	(void)state;
	assert_false(message_is_over(0, UINT64_MAX));
	assert_false(message_is_over(6, 5));
	assert_true(message_is_over(5, 5));
	assert_true(message_is_over(4, 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_of_ids_only_grows),
		cmocka_unit_test(
			a_burst_in_one_millisecond_runs_ahead_of_the_clock),
		cmocka_unit_test(origins_of_all_hosts_and_slots_differ),
		cmocka_unit_test(ids_come_back_as_they_were_written),
		cmocka_unit_test(ids_sort_as_their_times_do),
		cmocka_unit_test(what_is_no_id_is_refused),
		cmocka_unit_test(epochs_come_back_as_they_were_written),
		cmocka_unit_test(an_end_comes_at_its_millisecond_and_0_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
