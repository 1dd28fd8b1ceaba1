#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "worker/relay/window.h"
#include "worker/relay/wire.h"

#define LOT (1U << 20)

/* Adds frames whose items are their number in words. */
static void
add_frames(struct window *window, unsigned count)
{
	while (count--) {
		char items[32];
		uint64_t number = window_head(window) + 1;

		snprintf(items, sizeof(items), "frame %u", (unsigned)number);
		assert_int_equal(window_add(window, text_of(items)), number);
	}
}

/* The piece holds the frames of these numbers, whole. */
static void
assert_frames(const struct piece *piece, uint64_t first, uint64_t last)
{
	struct unpack in = unpack_of(piece->items);

	for (uint64_t number = first; number <= last; number++) {
		struct unpack inside = unpack_of(unpack_text(&in));
		struct wire_live live;
		char items[32];

		assert_true(wire_live_unpack(&inside, &live));
		snprintf(items, sizeof(items), "frame %u", (unsigned)number);
		assert_int_equal(live.number, number);
		assert_true(text_equal(live.items, text_of(items)));
	}
	assert_false(in.failed);
	assert_ptr_equal(in.at, in.end);
	assert_int_equal(piece->from.position, first - 1);
	assert_int_equal(piece->to.position, last);
	assert_int_equal(piece->to.index, 0);
}

static void
what_was_sent_can_be_read_again(void **state)
{
	struct window *window = window_new(LOT);
	struct piece piece;

	(void)state;
	assert_int_equal(window_head(window), 0);
	assert_int_equal(window_read(window, 0, LOT, &piece), PIECE_END);
	assert_int_equal(piece.items.length, 0);
	add_frames(window, 500);
	assert_int_equal(window_read(window, 0, LOT, &piece), PIECE_END);
	assert_frames(&piece, 1, 500);
	assert_int_equal(window_read(window, 498, LOT, &piece), PIECE_END);
	assert_frames(&piece, 499, 500);
	window_free(&window);
	assert_null(window);
}

static void
an_answer_is_as_long_as_is_wanted_or_one_frame(void **state)
{
	struct window *window = window_new(LOT);
	struct piece piece;

	(void)state;
	add_frames(window, 9);
	assert_int_equal(window_read(window, 2, 1, &piece), PIECE_SOME);
	assert_frames(&piece, 3, 3);
	assert_int_equal(window_read(window, 2, 25, &piece), PIECE_SOME);
	assert_frames(&piece, 3, 4);
	assert_int_equal(window_read(window, 8, 1, &piece), PIECE_END);
	assert_frames(&piece, 9, 9);
	window_free(&window);
}

static void
nothing_is_behind_the_head(void **state)
{
	struct window *window = window_new(LOT);
	struct piece piece;

	(void)state;
	add_frames(window, 3);
	assert_int_equal(window_read(window, 3, LOT, &piece), PIECE_END);
	assert_int_equal(piece.to.position, 3);
	assert_int_equal(window_read(window, 7, LOT, &piece), PIECE_END);
	assert_int_equal(piece.to.position, 3);
	assert_int_equal(
		window_read(window, UINT64_MAX, LOT, &piece), PIECE_END);
	window_free(&window);
}

static void
memory_is_bounded_and_the_oldest_go(void **state)
{
	struct window *window = window_new(5000);
	struct piece piece;
	uint64_t first;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		add_frames(window, 1);
		assert_true(window_bytes(window) <= 5000);
	}
	assert_int_equal(window_read(window, 0, LOT, &piece), PIECE_GONE);
	first = piece.first.position + 1;
	assert_true(first > 800 && first < 1000);
	assert_int_equal(
		window_read(window, first - 2, LOT, &piece), PIECE_GONE);
	assert_int_equal(piece.first.position, first - 1);
	assert_int_equal(
		window_read(window, first - 1, LOT, &piece), PIECE_END);
	assert_frames(&piece, first, 1000);
	window_set_bytes(window, 100);
	assert_true(window_bytes(window) <= 100);
	assert_int_equal(window_read(window, 999, LOT, &piece), PIECE_END);
	assert_frames(&piece, 1000, 1000);
	window_free(&window);
}

static void
the_last_frame_is_kept_whatever_it_weighs(void **state)
{
	static char large[20000];
	struct window *window = window_new(100);
	struct piece piece;

	(void)state;
	add_frames(window, 1);
	memset(large, 'x', sizeof(large));
	window_add(window, (struct text){ large, sizeof(large) });
	assert_int_equal(window_read(window, 0, 10, &piece), PIECE_GONE);
	assert_int_equal(window_read(window, 1, 10, &piece), PIECE_END);
	assert_true(piece.items.length > sizeof(large));
	add_frames(window, 1);
	assert_true(window_bytes(window) <= 100);
	assert_int_equal(window_read(window, 1, 10, &piece), PIECE_GONE);
	window_free(&window);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sent_can_be_read_again),
		cmocka_unit_test(
			an_answer_is_as_long_as_is_wanted_or_one_frame),
		cmocka_unit_test(nothing_is_behind_the_head),
		cmocka_unit_test(memory_is_bounded_and_the_oldest_go),
		cmocka_unit_test(the_last_frame_is_kept_whatever_it_weighs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
