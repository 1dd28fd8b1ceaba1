/* What the rows say together. */
#include "shared/letter.h"
#include "shared/overall.h"
#include "shared/ring.h"
#include "tests/unit/arena_fixture.h"

enum {
	GATEWAY,
	OTHER_GATEWAY,
	LEDGER,
	HISTORIAN
};

static int
set_up(void **state)
{
	const struct arena_shape shape = { .slots = 4,
		.ring_bytes = 4096,
		.index_connections = 16,
		.index_rooms = 16,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_LEDGER,
			ROLE_HISTORIAN } };

	(void)state;
	arena_fixture_open(&shape);
	for (unsigned i = 0; i < shape.slots; i++) {
		atomic_store(&arena_row(arena, i)->is_wanted, 1);
		atomic_store(&arena_row(arena, i)->state, CHILD_SERVING);
		atomic_store(&arena_row(arena, i)->pid, 100 + i);
	}
	return 0;
}

static void
become(unsigned slot, enum child_state next)
{
	atomic_store(&arena_row(arena, slot)->state, next);
}

static void
counters_are_summed_over_all_or_one_role(void **state)
{
	(void)state;
	row_count(arena_row(arena, GATEWAY), COUNTER_REQUESTS, 3);
	row_count(arena_row(arena, OTHER_GATEWAY), COUNTER_REQUESTS, 4);
	row_count(arena_row(arena, LEDGER), COUNTER_REQUESTS, 10);
	assert_int_equal(overall_count(arena, COUNTER_REQUESTS), 17);
	assert_int_equal(
		overall_count_role(arena, ROLE_GATEWAY, COUNTER_REQUESTS), 7);
}

static void
histograms_are_summed_over_all(void **state)
{
	struct histogram_sum sum;

	(void)state;
	histogram_add(&arena_row(arena, GATEWAY)->histograms[0], 1);
	histogram_add(&arena_row(arena, LEDGER)->histograms[0], 2);
	histogram_add(&arena_row(arena, LEDGER)->histograms[1], 7);
	overall_histogram(arena, 0, &sum);
	assert_int_equal(sum.count, 2);
	assert_int_equal(sum.sum_us, 3);
}

static void
one_word_tells_the_state(void **state)
{
	(void)state;
	assert_string_equal(overall_state(arena), "serving");
	become(GATEWAY, CHILD_STARTING);
	assert_string_equal(overall_state(arena), "starting");
	become(OTHER_GATEWAY, CHILD_DRAINING);
	assert_string_equal(overall_state(arena), "draining");
	become(LEDGER, CHILD_DRAINING);
	assert_string_equal(overall_state(arena), "stopping");
	become(LEDGER, CHILD_SERVING);
	atomic_store(&arena_row(arena, GATEWAY)->is_wanted, 0);
	atomic_store(&arena_row(arena, OTHER_GATEWAY)->is_wanted, 0);
	assert_string_equal(overall_state(arena), "resting");
	assert_int_equal(overall_wanted(arena), 2);
}

static void
a_slot_is_empty_when_nobody_is_or_shall_be_there(void **state)
{
	struct row *row = arena_row(arena, GATEWAY);

	(void)state;
	assert_false(overall_is_empty(row));
	atomic_store(&row->is_wanted, 0);
	assert_false(overall_is_empty(row));
	become(GATEWAY, CHILD_ABSENT);
	assert_true(overall_is_empty(row));
}

static void
lags_are_what_is_behind_the_journal(void **state)
{
	struct row *row = arena_row(arena, LEDGER);

	(void)state;
	atomic_store(&row->journal_end, 1000);
	atomic_store(&row->delivered, 900);
	atomic_store(&arena_row(arena, HISTORIAN)->archived[0], 400);
	assert_int_equal(overall_undelivered(row), 100);
	assert_int_equal(overall_unarchived(arena, row), 600);
	atomic_store(&row->delivered, 1001);
	assert_int_equal(overall_undelivered(row), 0);
}

static void
the_fullest_ring_is_found_among_the_living(void **state)
{
	union {
		struct letter head;
		uint8_t bytes[1024];
	} letter = { .head = { .size = sizeof(letter), .kind = LETTER_SAY } };

	(void)state;
	assert_int_equal(overall_ring_percent(arena), 0);
	ring_post(arena_ring(arena, GATEWAY, LEDGER), &letter.head);
	assert_int_equal(overall_ring_percent(arena), 25);
	atomic_store(&arena_row(arena, LEDGER)->pid, 0);
	assert_int_equal(overall_ring_percent(arena), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counters_are_summed_over_all_or_one_role),
		TEST(histograms_are_summed_over_all),
		TEST(one_word_tells_the_state),
		TEST(a_slot_is_empty_when_nobody_is_or_shall_be_there),
		TEST(lags_are_what_is_behind_the_journal),
		TEST(the_fullest_ring_is_found_among_the_living),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
