#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/repair_world.h"

#define EPOCH 7

/* A taker that notes what it gets, as "10-20 " or, of a hole, "(20-30) ". */
static struct taker {
	char row[256];
	bool is_full;
	unsigned pulls;
	struct point asked;
} taker;

static struct repair *repair;
static struct repair_limits limits;

static struct point
at(uint64_t position)
{
	return (struct point){ position, 0 };
}

static void
note(bool is_hole, struct point from, struct point to)
{
	size_t length = strlen(taker.row);

	snprintf(taker.row + length, sizeof(taker.row) - length, "%s%u-%u%s ",
		is_hole ? "(" : "", (unsigned)from.position,
		(unsigned)to.position, is_hole ? ")" : "");
}

static bool
deliver(void *self, struct point from, struct point to, struct text items)
{
	(void)self;
	(void)items;
	if (taker.is_full)
		return false;
	note(false, from, to);
	return true;
}

static void
pull(void *self, struct point from)
{
	(void)self;
	taker.pulls++;
	taker.asked = from;
}

static void
hole(void *self, struct point from, struct point first)
{
	(void)self;
	note(true, from, first);
}

static const struct repair_hooks hooks = { deliver, pull, hole };

static int
begin(void **state)
{
	(void)state;
	taker = (struct taker){ 0 };
	limits = repair_usual_limits;
	repair = repair_new(&hooks, NULL, &limits);
	repair_tick(repair, 1000);
	repair_reset(repair, EPOCH, at(10));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	repair_free(&repair);
	assert_null(repair);
	return 0;
}

static void
frame(uint64_t from, uint64_t to)
{
	char items[100] = { 0 };
	struct piece piece = { .from = at(from),
		.to = at(to),
		.items = { items, sizeof(items) } };

	repair_frame(repair, EPOCH, &piece);
}

/* Behind a reset it is in haste until it knows that nothing is missing. */
static void
settle_down(void)
{
	frame(5, 10);
}

static void
answer(enum piece_state state, uint64_t from, uint64_t to)
{
	struct piece piece = { .from = at(from),
		.to = state == PIECE_GONE ? at(from) : at(to),
		.first = state == PIECE_GONE ? at(to) : at(0),
		.items = { "12345", 5 } };

	repair_answer(repair, EPOCH, state, &piece);
}

static const struct repair_counts *
counts(void)
{
	return repair_counts(repair);
}

static void
assert_row(const char *row)
{
	assert_string_equal(taker.row, row);
}

static void
thousands_of_schedules_end_whole(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 5000; seed++)
		world_play(seed);
	assert_true(world_totals.delivered > 10000);
	assert_true(world_totals.holes > 100);
	assert_true(world_totals.pulls > 1000);
	assert_true(world_totals.refused > 1000);
	assert_true(world_totals.rewinds > 1000);
	assert_true(world_totals.dropped > 100);
}

static void
what_is_contiguous_goes_on_at_once(void **state)
{
	(void)state;
	frame(10, 20);
	frame(20, 30);
	assert_row("10-20 20-30 ");
	assert_int_equal(taker.pulls, 0);
	assert_int_equal(counts()->frames, 2);
	assert_int_equal(repair_lag_ms(repair), 0);
}

static void
a_repeated_frame_is_known(void **state)
{
	(void)state;
	frame(10, 20);
	frame(10, 20);
	frame(5, 15);
	assert_row("10-20 ");
	assert_int_equal(counts()->known, 2);
}

static void
a_frame_partly_known_goes_on_from_what_is_not(void **state)
{
	(void)state;
	frame(5, 20);
	assert_row("10-20 ");
}

static void
frames_that_make_no_sense_are_counted(void **state)
{
	struct piece other = { .from = at(10), .to = at(20) };

	(void)state;
	frame(20, 10);
	frame(10, 10);
	repair_frame(repair, EPOCH + 1, &other);
	repair_head(repair, EPOCH + 1, at(100));
	repair_answer(repair, EPOCH + 1, PIECE_SOME, &other);
	repair_tick(repair, 5000);
	assert_row("");
	assert_int_equal(counts()->strange, 5);
	assert_int_equal(taker.pulls, 0);
}

static void
frames_that_overtake_wait_for_the_gap_to_close(void **state)
{
	(void)state;
	settle_down();
	frame(30, 40);
	frame(20, 30);
	assert_row("");
	repair_tick(repair, 1000 + limits.grace_ms - 1);
	frame(10, 20);
	assert_row("10-20 20-30 30-40 ");
	assert_int_equal(taker.pulls, 0);
	assert_int_equal(counts()->kept_bytes, 0);
}

/* After a reset it is hasty only about what it learns then. */
static void
a_gap_that_stays_is_pulled(void **state)
{
	(void)state;
	frame(10, 20);
	frame(30, 40);
	repair_tick(repair, 1000 + limits.grace_ms - 1);
	assert_int_equal(taker.pulls, 0);
	repair_tick(repair, 1000 + limits.grace_ms);
	assert_int_equal(taker.pulls, 1);
	assert_true(point_is_same(taker.asked, at(20)));
	answer(PIECE_SOME, 20, 35);
	assert_row("10-20 20-35 35-40 ");
	assert_int_equal(taker.pulls, 1);
	assert_int_equal(counts()->repairs, 1);
	assert_int_equal(counts()->pulled_bytes, 5);
}

static void
a_head_without_a_frame_is_pulled_until_it_is_reached(void **state)
{
	(void)state;
	frame(10, 20);
	repair_head(repair, EPOCH, at(50));
	assert_int_equal(taker.pulls, 0);
	repair_tick(repair, 1100);
	assert_int_equal(taker.pulls, 1);
	assert_int_equal(repair_lag_ms(repair), 100);
	answer(PIECE_SOME, 20, 30);
	assert_int_equal(taker.pulls, 2);
	answer(PIECE_END, 30, 50);
	assert_row("10-20 20-30 30-50 ");
	assert_int_equal(taker.pulls, 2);
	assert_int_equal(repair_lag_ms(repair), 0);
}

/* Which millisecond it is when the next pull goes out. */
static uint64_t
next_pull(uint64_t from_ms)
{
	unsigned before = taker.pulls;

	while (taker.pulls == before)
		repair_tick(repair, ++from_ms);
	return from_ms;
}

static void
pulls_in_vain_come_more_and_more_rarely(void **state)
{
	uint64_t now = 1000, wait = limits.backoff_ms;

	(void)state;
	frame(10, 20);
	repair_head(repair, EPOCH, at(50));
	now = next_pull(now);
	for (int i = 0; i < 10; i++) {
		uint64_t next = next_pull(now);

		assert_int_equal(next - now, limits.timeout_ms + wait);
		wait = MIN_OF(2 * wait, limits.backoff_ms_max);
		now = next;
	}
	answer(PIECE_BAD, 20, 20);
	assert_int_equal(next_pull(now) - now, limits.backoff_ms_max);
	answer(PIECE_END, 20, 20);
	repair_wake(repair);
	repair_wake(repair);
	assert_int_equal(counts()->pulls, 14);
	assert_row("10-20 ");
}

static void
a_hole_is_recorded_once_and_the_row_goes_on(void **state)
{
	(void)state;
	repair_head(repair, EPOCH, at(90));
	assert_int_equal(taker.pulls, 1);
	answer(PIECE_GONE, 10, 50);
	assert_int_equal(taker.pulls, 2);
	answer(PIECE_GONE, 10, 50);
	answer(PIECE_GONE, 10, 50);
	answer(PIECE_END, 50, 90);
	assert_row("(10-50) 50-90 ");
	assert_int_equal(counts()->holes, 1);
	assert_int_equal(counts()->lost_bytes, 40);
}

static void
one_hole_after_the_other_is_asked_for_slowly(void **state)
{
	(void)state;
	repair_head(repair, EPOCH, at(1000));
	answer(PIECE_GONE, 10, 50);
	assert_int_equal(taker.pulls, 2);
	answer(PIECE_GONE, 50, 60);
	frame(60, 70); /* moves, and changes nothing */
	repair_wake(repair);
	repair_tick(repair, 999 + limits.hole_pause_ms);
	assert_int_equal(taker.pulls, 2);
	repair_tick(repair, 1000 + limits.hole_pause_ms);
	assert_int_equal(taker.pulls, 3);
	assert_row("(10-50) (50-60) 60-70 ");
}

static void
what_is_kept_is_no_part_of_a_hole(void **state)
{
	(void)state;
	settle_down();
	frame(30, 40);
	repair_tick(repair, 2000);
	answer(PIECE_GONE, 10, 50);
	assert_row("(10-30) 30-40 ");
}

static void
a_gone_that_goes_nowhere_is_no_hole(void **state)
{
	(void)state;
	repair_head(repair, EPOCH, at(90));
	answer(PIECE_GONE, 10, 10);
	assert_row("");
	assert_int_equal(counts()->holes, 0);
	assert_int_equal(taker.pulls, 1);
	assert_int_equal(next_pull(1000), 1000 + limits.backoff_ms);
}

static void
a_full_taker_is_asked_again_and_nothing_is_skipped(void **state)
{
	(void)state;
	taker.is_full = true;
	frame(10, 20);
	frame(20, 30);
	repair_head(repair, EPOCH, at(40));
	repair_tick(repair, 9000);
	assert_int_equal(taker.pulls, 0);
	repair_room(repair);
	assert_row("");
	taker.is_full = false;
	repair_room(repair);
	assert_row("10-20 20-30 ");
	assert_int_equal(taker.pulls, 1);
	repair_room(repair);
	assert_int_equal(taker.pulls, 1);
}

static void
of_what_is_too_much_the_farthest_goes(void **state)
{
	(void)state;
	limits.kept_bytes = 500;
	frame(50, 60);
	frame(30, 40);
	frame(40, 50);
	frame(20, 30);
	assert_true(counts()->kept_bytes <= limits.kept_bytes);
	assert_true(counts()->dropped > 0);
	frame(10, 20);
	assert_memory_equal(taker.row, "10-20 20-30 30-40 ", 18);
}

static void
what_was_refused_is_kept_however_large_it_is(void **state)
{
	(void)state;
	limits.kept_bytes = 20;
	taker.is_full = true;
	frame(10, 20);
	frame(20, 30);
	assert_int_equal(counts()->dropped, 1);
	taker.is_full = false;
	repair_room(repair);
	assert_row("10-20 ");
	assert_int_equal(taker.pulls, 1);
}

static void
a_rewound_taker_gets_it_again(void **state)
{
	(void)state;
	frame(10, 20);
	frame(20, 30);
	repair_rewind(repair, at(15));
	assert_int_equal(taker.pulls, 1);
	assert_true(point_is_same(taker.asked, at(15)));
	frame(30, 40);
	answer(PIECE_SOME, 15, 30);
	assert_row("10-20 20-30 15-30 30-40 ");
}

static void
late_answers_are_taken_for_what_they_are(void **state)
{
	(void)state;
	repair_head(repair, EPOCH, at(40));
	next_pull(1000);
	answer(PIECE_SOME, 10, 20);
	assert_int_equal(taker.pulls, 3);
	answer(PIECE_SOME, 10, 25);
	answer(PIECE_GONE, 10, 30);
	assert_row("10-20 20-25 ");
	answer(PIECE_SOME, 20, 40);
	assert_row("10-20 20-25 25-40 ");
	assert_int_equal(counts()->holes, 0);
}

static void
a_new_epoch_forgets_the_old_one(void **state)
{
	struct piece piece = { .from = at(0), .to = at(5) };

	(void)state;
	settle_down();
	frame(20, 30);
	repair_reset(repair, EPOCH + 1, at(0));
	repair_frame(repair, EPOCH + 1, &piece);
	frame(5, 20);
	repair_tick(repair, 9000);
	assert_row("0-5 ");
	assert_int_equal(taker.pulls, 0);
	assert_int_equal(counts()->kept_bytes, 0);
}

/* A machine that fell without fsync: the origin goes on before our point. */
static void
an_origin_that_lost_its_tail_is_followed(void **state)
{
	(void)state;
	frame(10, 50);
	for (uint64_t ms = 0; ms < limits.lost_tail_ms; ms += 200) {
		repair_tick(repair, 1001 + ms);
		repair_head(repair, EPOCH, at(30));
	}
	assert_int_equal(taker.pulls, 0);
	repair_tick(repair, 1001 + limits.lost_tail_ms);
	repair_head(repair, EPOCH, at(30));
	assert_int_equal(taker.pulls, 1);
	answer(PIECE_END, 50, 30);
	assert_row("10-50 (50-30) ");
	frame(30, 45);
	assert_row("10-50 (50-30) 30-45 ");
	assert_int_equal(counts()->lost_bytes, 0);
	assert_int_equal(repair_lag_ms(repair), 0);
}

static void
a_place_that_is_none_any_more_is_left(void **state)
{
	(void)state;
	repair_head(repair, EPOCH, at(90));
	answer(PIECE_GONE, 10, 8);
	answer(PIECE_SOME, 8, 90);
	assert_row("(10-8) 8-90 ");
}

static void
heads_that_are_a_little_late_mean_nothing(void **state)
{
	(void)state;
	frame(10, 50);
	for (uint64_t ms = 0; ms < 20000; ms += 100) {
		repair_tick(repair, 1000 + ms);
		repair_head(repair, EPOCH, at(ms % 1000 ? 30 : 50));
	}
	assert_int_equal(taker.pulls, 0);
}

#define REPAIR_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousands_of_schedules_end_whole),
		REPAIR_TEST(what_is_contiguous_goes_on_at_once),
		REPAIR_TEST(a_repeated_frame_is_known),
		REPAIR_TEST(a_frame_partly_known_goes_on_from_what_is_not),
		REPAIR_TEST(frames_that_make_no_sense_are_counted),
		REPAIR_TEST(frames_that_overtake_wait_for_the_gap_to_close),
		REPAIR_TEST(a_gap_that_stays_is_pulled),
		REPAIR_TEST(
			a_head_without_a_frame_is_pulled_until_it_is_reached),
		REPAIR_TEST(pulls_in_vain_come_more_and_more_rarely),
		REPAIR_TEST(a_hole_is_recorded_once_and_the_row_goes_on),
		REPAIR_TEST(one_hole_after_the_other_is_asked_for_slowly),
		REPAIR_TEST(what_is_kept_is_no_part_of_a_hole),
		REPAIR_TEST(a_gone_that_goes_nowhere_is_no_hole),
		REPAIR_TEST(a_full_taker_is_asked_again_and_nothing_is_skipped),
		REPAIR_TEST(of_what_is_too_much_the_farthest_goes),
		REPAIR_TEST(what_was_refused_is_kept_however_large_it_is),
		REPAIR_TEST(a_rewound_taker_gets_it_again),
		REPAIR_TEST(late_answers_are_taken_for_what_they_are),
		REPAIR_TEST(a_new_epoch_forgets_the_old_one),
		REPAIR_TEST(an_origin_that_lost_its_tail_is_followed),
		REPAIR_TEST(a_place_that_is_none_any_more_is_left),
		REPAIR_TEST(heads_that_are_a_little_late_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
