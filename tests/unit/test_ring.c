#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/bell.h"
#include "shared/letter.h"
#include "shared/ring.h"
#include "shared/scoreboard.h"

#define CAPACITY 1024

struct box {
	struct ring ring;
	uint8_t data[CAPACITY];
};

static struct box *box;
static struct ring_reader reader;

static int
set_up(void **state)
{
	(void)state;
	box = aligned_alloc(CACHE_LINE, sizeof(*box));
	memset(box, 0, sizeof(*box));
	ring_init(&box->ring, box->data, CAPACITY);
	ring_reader_start(&reader, &box->ring);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(box);
	return 0;
}

/* A letter of so many bytes in all, each of its record made from its number. */
static bool
post(uint32_t number, uint32_t size)
{
	struct letter *letter = malloc(size);
	bool is_posted;

	*letter = (struct letter){
		.size = size, .kind = LETTER_SAY, .begun_us = number
	};
	memset(letter->record, (int)number & 0xff, size - sizeof(*letter));
	is_posted = ring_post(&box->ring, letter);
	free(letter);
	return is_posted;
}

static void
assert_letter(const struct letter *letter, uint32_t number, uint32_t size)
{
	assert_non_null(letter);
	assert_int_equal(letter->kind, LETTER_SAY);
	assert_int_equal(letter->begun_us, number);
	assert_int_equal(letter->size, size);
	assert_int_equal((uintptr_t)letter % 8, 0);
	for (uint32_t i = 0; i < size - sizeof(*letter); i++)
		assert_int_equal(letter->record[i], number & 0xff);
}

static void
letters_come_in_order_and_once(void **state)
{
	(void)state;
	assert_true(ring_is_empty(&reader));
	assert_null(ring_next(&reader));
	assert_true(post(1, 16));
	assert_true(post(2, 17));
	assert_true(post(3, 48));
	assert_false(ring_is_empty(&reader));
	assert_letter(ring_next(&reader), 1, 16);
	assert_letter(ring_next(&reader), 2, 17);
	assert_letter(ring_next(&reader), 3, 48);
	assert_null(ring_next(&reader));
	assert_true(ring_is_empty(&reader));
}

static void
a_full_ring_refuses_and_counts(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CAPACITY / 64; i++)
		assert_true(post(i, 64));
	assert_int_equal(ring_pending(&box->ring), CAPACITY);
	assert_int_equal(ring_refused(&box->ring), 0);
	assert_false(post(99, 16));
	assert_false(post(99, 16));
	assert_int_equal(ring_refused(&box->ring), 2);
	assert_int_equal(ring_pending(&box->ring), CAPACITY);
}

static void
only_what_is_released_gives_room(void **state)
{
	const struct letter *first;

	(void)state;
	for (uint32_t i = 0; i < CAPACITY / 64; i++)
		assert_true(post(i, 64));
	first = ring_next(&reader);
	assert_letter(first, 0, 64);
	assert_false(post(99, 64));
	assert_letter(first, 0, 64);
	ring_release(&reader, reader.position);
	assert_true(post(16, 64));
	assert_false(post(17, 64));
	for (uint32_t i = 1; i <= 16; i++)
		assert_letter(ring_next(&reader), i, 64);
}

static void
a_successor_reads_again_what_was_not_released(void **state)
{
	uint64_t after_first;

	(void)state;
	assert_true(post(1, 32));
	assert_true(post(2, 32));
	assert_true(post(3, 32));
	ring_next(&reader);
	after_first = reader.position;
	ring_next(&reader);
	ring_release(&reader, after_first);
	ring_reader_start(&reader, &box->ring);
	assert_letter(ring_next(&reader), 2, 32);
	assert_letter(ring_next(&reader), 3, 32);
	assert_null(ring_next(&reader));
}

/* The largest letter has to fit at every position an empty ring can have. */
static void
the_largest_letter_fits_wherever_it_stands(void **state)
{
	uint32_t largest = (uint32_t)ring_letter_max(&box->ring);

	(void)state;
	for (uint32_t i = 0; i < 2 * CAPACITY / 8; i++) {
		assert_true(post(i, largest));
		assert_letter(ring_next(&reader), i, largest);
		assert_true(ring_is_empty(&reader));
		ring_release(&reader, reader.position);
		assert_int_equal(ring_pending(&box->ring), 0);
		assert_true(post(i, 24));
		assert_letter(ring_next(&reader), i, 24);
		ring_release(&reader, reader.position);
	}
	assert_false(post(0, largest + 1));
	assert_int_equal(ring_refused(&box->ring), 1);
}

/* A pad is at least eight bytes, less than the head of a letter. */
static void
letters_never_wrap(void **state)
{
	const uint8_t *end = box->data + CAPACITY;
	uint32_t number = 0;

	(void)state;
	for (uint32_t size = 16; size <= CAPACITY / 2; size++, number++) {
		const struct letter *letter;

		assert_true(post(number, size));
		letter = ring_next(&reader);
		assert_letter(letter, number, size);
		assert_true((const uint8_t *)letter >= box->data);
		assert_true((const uint8_t *)letter + size <= end);
		assert_null(ring_next(&reader));
		ring_release(&reader, reader.position);
	}
}

/* As if every letter before had used up positions for years. */
static void
positions_may_be_huge(void **state)
{
	uint64_t far = (UINT64_C(1) << 63) + 1016;

	(void)state;
	atomic_store(&box->ring.tail, far);
	atomic_store(&box->ring.head_seen, far);
	atomic_store(&box->ring.head, far);
	ring_reader_start(&reader, &box->ring);
	for (uint32_t i = 0; i < 100; i++) {
		assert_true(post(i, 100));
		assert_letter(ring_next(&reader), i, 100);
		ring_release(&reader, reader.position);
	}
}

/* What a producer wrote before it was killed, without publishing it. */
static void
a_letter_that_was_not_published_leaves_no_trace(void **state)
{
	(void)state;
	assert_true(post(1, 64));
	memset(box->data + 64, 0xa5, CAPACITY - 64);
	assert_letter(ring_next(&reader), 1, 64);
	assert_null(ring_next(&reader));
	assert_true(post(2, 128));
	assert_letter(ring_next(&reader), 2, 128);
}

/* The handshake of bell.h between two threads that share nothing else. */

#define LETTERS 50000
#define GUARD_MS 30000

struct pair {
	struct row row; /* of the consumer */
	int bell;
	struct row producer; /* the same in the other direction */
	int answer_bell;
};

static void
sleep_on(struct row *row, int bell, bool (*has_news)(void))
{
	struct pollfd waits = { .fd = bell, .events = POLLIN };

	bell_fall_asleep(row);
	if (!has_news())
		must(poll(&waits, 1, GUARD_MS) == 1);
	bell_wake_up(row);
	bell_answer(bell);
}

static bool
has_letters(void)
{
	return !ring_is_empty(&reader);
}

static bool
has_space(void)
{
	return ring_pending(&box->ring) <= CAPACITY / 2;
}

static void *
produce(void *self)
{
	struct pair *pair = self;
	uint32_t size = 16;

	for (uint32_t i = 0; i < LETTERS; i++) {
		while (!post(i, size))
			sleep_on(&pair->producer, pair->answer_bell, has_space);
		bell_ring_if_asleep(&pair->row, pair->bell);
		size = 16 + (size * 7 + i) % 200;
	}
	return NULL;
}

static void
consume(struct pair *pair)
{
	uint32_t size = 16;

	for (uint32_t i = 0; i < LETTERS;) {
		const struct letter *letter = ring_next(&reader);

		if (!letter) {
			sleep_on(&pair->row, pair->bell, has_letters);
			continue;
		}
		assert_letter(letter, i, size);
		ring_release(&reader, reader.position);
		bell_ring_if_asleep(&pair->producer, pair->answer_bell);
		size = 16 + (size * 7 + i) % 200;
		i++;
	}
}

static void
threads_neither_lose_nor_oversleep_a_letter(void **state)
{
	struct pair *pair = aligned_alloc(CACHE_LINE, sizeof(*pair));
	pthread_t producer;

	(void)state;
	memset(pair, 0, sizeof(*pair));
	pair->bell = eventfd(0, EFD_NONBLOCK);
	pair->answer_bell = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(pthread_create(&producer, NULL, produce, pair), 0);
	consume(pair);
	assert_int_equal(pthread_join(producer, NULL), 0);
	assert_true(ring_is_empty(&reader));
	close(pair->bell);
	close(pair->answer_bell);
	free(pair);
}

static bool
is_ringing(int bell)
{
	struct pollfd waits = { .fd = bell, .events = POLLIN };

	return poll(&waits, 1, 0) == 1;
}

static void
a_bell_rings_for_a_sleeper_until_answered(void **state)
{
	struct row *row = aligned_alloc(CACHE_LINE, sizeof(*row));
	int bell = eventfd(0, EFD_NONBLOCK);

	(void)state;
	memset(row, 0, sizeof(*row));
	bell_ring_if_asleep(row, bell);
	assert_false(is_ringing(bell));
	bell_answer(bell);
	bell_fall_asleep(row);
	bell_ring_if_asleep(row, bell);
	bell_ring_if_asleep(row, bell);
	assert_true(is_ringing(bell));
	bell_answer(bell);
	assert_false(is_ringing(bell));
	bell_wake_up(row);
	bell_ring_if_asleep(row, bell);
	assert_false(is_ringing(bell));
	bell_ring(bell);
	assert_true(is_ringing(bell));
	close(bell);
	free(row);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(letters_come_in_order_and_once),
		RING_TEST(a_full_ring_refuses_and_counts),
		RING_TEST(only_what_is_released_gives_room),
		RING_TEST(a_successor_reads_again_what_was_not_released),
		RING_TEST(the_largest_letter_fits_wherever_it_stands),
		RING_TEST(letters_never_wrap),
		RING_TEST(positions_may_be_huge),
		RING_TEST(a_letter_that_was_not_published_leaves_no_trace),
		RING_TEST(threads_neither_lose_nor_oversleep_a_letter),
		cmocka_unit_test(a_bell_rings_for_a_sleeper_until_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
