/* What this host has of the journals of others, as its ledgers tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/pack.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/relay/stock.h"

#define ELSEWHERE 2
#define EPOCH 99

static struct stock stock;
static struct buffer out;

static int
set_up(void **state)
{
	(void)state;
	stock_init(&stock, 2);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	stock_fini(&stock);
	buffer_fini(&out);
	return 0;
}

static void
at(unsigned ledger, uint64_t number, uint64_t epoch, uint64_t position,
	uint64_t index)
{
	stock_at(&stock, ledger,
		&(struct haul_place){ .host = ELSEWHERE,
			.ledger = number,
			.epoch = epoch,
			.position = position,
			.index = index });
}

/* How many are told; the first one is *extent. */
static unsigned
told(struct extent *extent)
{
	struct extent one;
	struct unpack in;
	unsigned count = 0;

	buffer_clear(&out, SIZE_MAX);
	stock_pack(&stock, &out);
	in = unpack_of(buffer_text(&out));
	while (in.at < in.end) {
		struct unpack packed = unpack_of(unpack_text(&in));

		assert_true(extent_unpack(&packed, count ? &one : extent));
		count++;
	}
	return count;
}

static void
all_have_told(void)
{
	stock_told(&stock, 0);
	stock_told(&stock, 1);
}

static void
nothing_is_told_before_each_ledger_has(void **state)
{
	struct extent extent;

	(void)state;
	at(0, 0, EPOCH, 10, 0);
	at(1, 0, EPOCH, 10, 0);
	stock_told(&stock, 0);
	assert_int_equal(told(&extent), 0);
	stock_told(&stock, 1);
	assert_int_equal(told(&extent), 1);
	assert_int_equal(extent.host, ELSEWHERE);
	assert_int_equal(extent.ledger, 0);
	assert_int_equal(extent.epoch, EPOCH);
}

static void
the_least_of_the_ledgers_counts(void **state)
{
	struct extent extent;

	(void)state;
	at(0, 1, EPOCH, 10, 3);
	at(1, 1, EPOCH, 10, 2);
	all_have_told();
	assert_int_equal(told(&extent), 1);
	assert_int_equal(extent.ledger, 1);
	assert_int_equal(extent.position, 10);
	assert_int_equal(extent.index, 2);
	at(1, 1, EPOCH, 20, 0);
	told(&extent);
	assert_int_equal(extent.position, 10);
	assert_int_equal(extent.index, 3);
}

static void
what_a_ledger_has_not_or_of_another_epoch_is_none(void **state)
{
	struct extent extent;

	(void)state;
	all_have_told();
	at(1, 0, EPOCH, 10, 0);
	assert_int_equal(told(&extent), 0);
	at(0, 0, EPOCH + 1, 10, 0);
	assert_int_equal(told(&extent), 0);
	at(1, 0, EPOCH + 1, 5, 0);
	assert_int_equal(told(&extent), 1);
	at(0, 0, 0, 0, 0);
	at(1, 0, 0, 0, 0);
	assert_int_equal(told(&extent), 0);
}

static void
a_journal_with_a_hole_is_none_until_that_is_filled(void **state)
{
	struct extent extent;

	(void)state;
	all_have_told();
	at(0, 0, EPOCH, 10, 0);
	at(1, 0, EPOCH, 10, 0);
	at(1, LEDGERS_MAX, EPOCH, 0, 0);
	at(1, 2 * LEDGERS_MAX, EPOCH, 0, 0);
	assert_int_equal(told(&extent), 0);
	at(1, LEDGERS_MAX, EPOCH, HAUL_ARCHIVE_END, 0);
	assert_int_equal(told(&extent), 0);
	at(1, 2 * LEDGERS_MAX, EPOCH, HAUL_ARCHIVE_END, 0);
	assert_int_equal(told(&extent), 1);
}

static void
a_hole_of_a_store_that_is_gone_does_not_count(void **state)
{
	struct extent extent;

	(void)state;
	all_have_told();
	at(0, LEDGERS_MAX, EPOCH - 1, 0, 0);
	at(0, 0, EPOCH, 10, 0);
	at(1, 0, EPOCH, 10, 0);
	assert_int_equal(told(&extent), 1);
}

static void
it_is_bounded(void **state)
{
	struct extent extent;

	(void)state;
	all_have_told();
	for (uint64_t host = 1; host < 1000; host++)
		for (unsigned ledger = 0; ledger < 2; ledger++)
			stock_at(&stock, ledger,
				&(struct haul_place){
					.host = host, .epoch = EPOCH });
	assert_in_range(told(&extent), 256, 300);
	at(0, 1000, EPOCH, 1, 1);
	at(17, 0, EPOCH, 1, 1);
}

#define STOCK_TEST(name)                                                       \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STOCK_TEST(nothing_is_told_before_each_ledger_has),
		STOCK_TEST(the_least_of_the_ledgers_counts),
		STOCK_TEST(what_a_ledger_has_not_or_of_another_epoch_is_none),
		STOCK_TEST(a_journal_with_a_hole_is_none_until_that_is_filled),
		STOCK_TEST(a_hole_of_a_store_that_is_gone_does_not_count),
		STOCK_TEST(it_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
