#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/letter.h"
#include "shared/ring.h"
#include "worker/holds.h"
#include "worker/inbox.h"
#include "worker/peers.h"
#include "worker/post.h"

#define SENDER 0u
#define READER 1u
#define OTHER 2u
#define LIFE 5u
#define BODY_BYTES 1000

static struct arena *arena;
static struct post *post;
static struct buffer buffer;

/* What the reader saw, in order. */
static struct {
	uint64_t next;
	unsigned count;
	bool is_wrong;
	uint32_t from_life;
	uint16_t from;
	uint64_t ends[4];
} seen;

static void
set_life(unsigned slot, uint32_t life, bool is_ready)
{
	struct row *row = arena_row(arena, slot);

	atomic_store(&row->life, life);
	atomic_store(&row->state, CHILD_SERVING);
	if (is_ready)
		atomic_store(&row->ready_life, life);
}

static int
set_up(void **state)
{
	static const struct arena_shape shape = { .slots = 3,
		.ring_bytes = 16384,
		.index_connections = 16,
		.index_rooms = 16,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_LEDGER } };

	(void)state;
	arena = arena_create(&shape);
	assert_non_null(arena);
	post = post_new(arena, SENDER, LIFE);
	memset(&seen, 0, sizeof(seen));
	set_life(READER, 1, true);
	set_life(OTHER, 1, true);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	post_free(&post);
	arena_free(&arena);
	buffer_fini(&buffer);
	return 0;
}

/* A letter that says its number. */
static struct letter *
letter_of(uint64_t number)
{
	letter_begin(&buffer, LETTER_SAY);
	buffer_add(&buffer, &number, sizeof(number));
	memset(buffer_reserve(&buffer, BODY_BYTES), (int)number, BODY_BYTES);
	buffer.length += BODY_BYTES;
	return letter_end(&buffer);
}

static unsigned
offer_until_full(unsigned to)
{
	unsigned count = 0;

	while (post_offer(post, to, letter_of(count)))
		count++;
	assert_true(count > 3);
	return count;
}

static void
on_letter(const struct letter *letter, void *self)
{
	uint64_t number;

	memcpy(&number, letter->record, sizeof(number));
	if (number != seen.next++)
		seen.is_wrong = true;
	if (seen.count < 4)
		seen.ends[seen.count] = inbox_letter_end(self);
	seen.count++;
	seen.from = letter->from;
	seen.from_life = letter->from_life;
}

static void
read_all(struct inbox *inbox)
{
	inbox_take(inbox, on_letter, inbox);
	inbox_release_all(inbox);
}

static void
a_letter_carries_its_sender(void **state)
{
	struct inbox *inbox = inbox_new(arena, READER);

	(void)state;
	assert_true(post_offer(post, READER, letter_of(0)));
	read_all(inbox);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.from, SENDER);
	assert_int_equal(seen.from_life, LIFE);
	inbox_free(&inbox);
}

static void
an_offer_to_a_full_ring_comes_back_and_is_counted(void **state)
{
	(void)state;
	offer_until_full(READER);
	assert_int_equal(
		row_read(arena_row(arena, SENDER), COUNTER_LETTERS_REFUSED), 1);
	assert_int_equal(post_waiting(post), 0);
}

static void
what_is_sent_to_a_full_ring_waits_and_arrives_in_order(void **state)
{
	struct inbox *inbox = inbox_new(arena, READER);
	unsigned count = offer_until_full(READER);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		post_send(post, READER, letter_of(count + i));
	assert_true(post_waiting(post) >= 100 * BODY_BYTES);
	assert_int_equal(
		row_read(arena_row(arena, SENDER), COUNTER_OVERFLOW_BYTES),
		post_waiting(post));
	while (post_waiting(post) > 0) {
		uint64_t before = post_waiting(post);

		read_all(inbox);
		post_retry(post);
		assert_true(post_waiting(post) < before);
	}
	read_all(inbox);
	assert_int_equal(seen.count, count + 100);
	assert_false(seen.is_wrong);
	assert_int_equal(
		row_read(arena_row(arena, SENDER), COUNTER_OVERFLOW_BYTES), 0);
	inbox_free(&inbox);
}

static void
an_offer_never_overtakes_what_waits(void **state)
{
	struct inbox *inbox = inbox_new(arena, READER);
	unsigned count = offer_until_full(READER);

	(void)state;
	post_send(post, READER, letter_of(count));
	read_all(inbox);
	assert_false(post_offer(post, READER, letter_of(count + 1)));
	post_retry(post);
	assert_true(post_offer(post, READER, letter_of(count + 1)));
	read_all(inbox);
	assert_int_equal(seen.count, count + 2);
	assert_false(seen.is_wrong);
	inbox_free(&inbox);
}

static void
a_full_ring_does_not_hold_up_another(void **state)
{
	(void)state;
	post_send(post, READER, letter_of(offer_until_full(READER)));
	assert_true(post_offer(post, OTHER, letter_of(0)));
}

static void
overfill(unsigned to)
{
	offer_until_full(to);
	for (uint64_t bytes = 0; bytes <= POST_WAITING_END; bytes += BODY_BYTES)
		post_send(post, to, letter_of(0));
}

static void
one_that_serves_and_takes_nothing_is_reported(void **state)
{
	const struct row *row = arena_row(arena, SENDER);

	(void)state;
	overfill(READER);
	assert_int_equal(atomic_load(&row->stuck_slot), 1 + READER);
	assert_int_equal(atomic_load(&row->stuck_life), 1);
	assert_int_equal(post_waiting(post), 0);
	post_send(post, READER, letter_of(0));
	assert_int_equal(post_waiting(post), 0);
}

static void
the_waiting_never_exceeds_its_bound(void **state)
{
	(void)state;
	offer_until_full(OTHER);
	for (int i = 0; i < 200000; i++) {
		post_send(post, OTHER, letter_of(0));
		assert_true(post_waiting(post) <= POST_WAITING_END);
	}
}

static void
one_that_takes_letters_is_not_stuck_by_a_burst(void **state)
{
	struct inbox *inbox = inbox_new(arena, READER);
	unsigned count = offer_until_full(READER);

	(void)state;
	/* It takes some now and then, however long the burst takes here. */
	while (post_waiting(post) <= POST_WAITING_MAX + 100 * BODY_BYTES) {
		if (count % 1000 == 0) {
			read_all(inbox);
			post_retry(post);
		}
		post_send(post, READER, letter_of(count++));
		assert_int_equal(
			atomic_load(&arena_row(arena, SENDER)->stuck_slot), 0);
	}
	assert_int_equal(post_waiting_for(post, READER), post_waiting(post));
	assert_int_equal(post_waiting_for(post, OTHER), 0);
	while (post_waiting(post) > 0) {
		read_all(inbox);
		post_retry(post);
	}
	read_all(inbox);
	assert_int_equal(seen.count, count);
	assert_false(seen.is_wrong);
	inbox_free(&inbox);
}

/* Time itself is what it waits for. */
static void
one_that_has_taken_nothing_for_long_is_reported_sooner(void **state)
{
	struct inbox *inbox = inbox_new(arena, READER);
	unsigned count = offer_until_full(READER);
	const struct row *row = arena_row(arena, SENDER);

	(void)state;
	post_send(post, READER, letter_of(count++));
	read_all(inbox);
	post_retry(post);
	count += offer_until_full(READER);
	while (post_waiting(post) + 2 * BODY_BYTES <= POST_WAITING_MAX)
		post_send(post, READER, letter_of(count++));
	assert_int_equal(atomic_load(&row->stuck_slot), 0);
	poll(NULL, 0, POST_STILL_MS + 10);
	while (post_waiting(post) > 0 &&
		post_waiting(post) <= POST_WAITING_MAX + 4 * BODY_BYTES)
		post_send(post, READER, letter_of(count++));
	assert_int_equal(atomic_load(&row->stuck_slot), 1 + READER);
	assert_int_equal(post_waiting(post), 0);
	inbox_free(&inbox);
}

static void
the_next_life_gets_letters_again(void **state)
{
	struct inbox *inbox;

	(void)state;
	overfill(READER);
	set_life(READER, 2, true);
	post_send(post, READER, letter_of(77));
	assert_true(post_waiting(post) > 0);
	inbox = inbox_new(arena, READER);
	read_all(inbox);
	post_retry(post);
	seen.next = 77;
	seen.is_wrong = false;
	read_all(inbox);
	assert_false(seen.is_wrong);
	assert_int_equal(post_waiting(post), 0);
	inbox_free(&inbox);
}

static void
one_that_does_not_serve_yet_is_not_reported(void **state)
{
	(void)state;
	set_life(READER, 2, false);
	overfill(READER);
	assert_int_equal(atomic_load(&arena_row(arena, SENDER)->stuck_slot), 0);
	post_send(post, READER, letter_of(0));
	assert_true(post_waiting(post) > 0);
}

static void
letters_kept_are_read_again_by_the_next_life(void **state)
{
	struct inbox *inbox = inbox_new(arena, READER);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(post_offer(post, READER, letter_of(i)));
	inbox_take(inbox, on_letter, inbox);
	assert_int_equal(seen.count, 3);
	inbox_release(inbox, SENDER, seen.ends[0]);
	inbox_free(&inbox);

	inbox = inbox_new(arena, READER);
	seen.next = 1;
	read_all(inbox);
	assert_int_equal(seen.count, 5);
	assert_false(seen.is_wrong);
	inbox_free(&inbox);
}

static void
what_is_decided_and_noted_outlives_both_ends(void **state)
{
	struct inbox *inbox = inbox_new(arena, READER);

	(void)state;
	assert_int_equal(inbox_decided(inbox, SENDER), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_true(post_offer(post, READER, letter_of(i)));
	ring_note(arena_ring(arena, SENDER, READER), 77);
	inbox_take(inbox, on_letter, inbox);
	inbox_decide(inbox);
	inbox_free(&inbox);
	post_free(&post);

	post = post_new(arena, SENDER, LIFE + 1);
	assert_true(post_offer(post, READER, letter_of(3)));
	assert_int_equal(ring_noted(arena_ring(arena, SENDER, READER)), 77);
	inbox = inbox_new(arena, READER);
	assert_int_equal(inbox_decided(inbox, SENDER), seen.ends[2]);
	assert_int_equal(inbox_decided(inbox, OTHER), 0);
	seen.next = 0;
	inbox_take(inbox, on_letter, inbox);
	assert_int_equal(seen.count, 7);
	assert_true(inbox_letter_end(inbox) > inbox_decided(inbox, SENDER));
	inbox_free(&inbox);
}

/* A letter of READER to us, whose answers find the ring to READER full. */
static void
letters_are_held_until_the_answers_are_in_the_ring(void **state)
{
	struct inbox *own = inbox_new(arena, SENDER);
	struct inbox *asker = inbox_new(arena, READER);
	struct holds *holds = holds_new(own, post, 3);
	struct post *others = post_new(arena, READER, 1);
	const struct ring *ring = arena_ring(arena, READER, SENDER);

	(void)state;
	assert_true(post_offer(others, SENDER, letter_of(0)));
	inbox_take(own, on_letter, own);
	for (unsigned i = 0; i < 30; i++)
		post_send(post, READER, letter_of(i));
	assert_true(post_waiting(post) > 0);
	holds_release(holds);
	assert_true(ring_pending(ring) > 0);

	/* What comes later does not put it off for ever. */
	seen.next = 0;
	while (post_waiting(post) > 0) {
		read_all(asker);
		post_retry(post);
	}
	for (unsigned i = 0; i < 30; i++)
		post_send(post, READER, letter_of(30 + i));
	assert_true(post_waiting(post) > 0);
	holds_release(holds);
	assert_int_equal(ring_pending(ring), 0);
	post_free(&others);
	holds_free(&holds);
	inbox_free(&asker);
	inbox_free(&own);
}

static void
one_that_takes_nothing_holds_up_its_own_letters_alone(void **state)
{
	struct inbox *own = inbox_new(arena, SENDER);
	struct holds *holds = holds_new(own, post, 3);
	struct post *other = post_new(arena, OTHER, 1);
	const struct ring *ring = arena_ring(arena, OTHER, SENDER);

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		post_send(post, READER, letter_of(i));
	assert_true(post_waiting(post) > 0);
	assert_true(post_offer(other, SENDER, letter_of(0)));
	assert_true(ring_pending(ring) > 0);
	inbox_take(own, on_letter, own);
	holds_release(holds);
	assert_int_equal(ring_pending(ring), 0);
	post_free(&other);
	holds_free(&holds);
	inbox_free(&own);
}

/* Peers. */

static struct {
	unsigned slot;
	uint32_t life;
	bool is_alive;
} told[8];
static unsigned told_count;

static void
on_peer(unsigned slot, uint32_t life, bool is_alive, void *self)
{
	(void)self;
	assert_true(told_count < 8);
	told[told_count].slot = slot;
	told[told_count].life = life;
	told[told_count++].is_alive = is_alive;
}

static void
peers_are_told_once_and_a_death_before_the_next_life(void **state)
{
	struct peers *peers = peers_new(arena, SENDER, on_peer, NULL);

	(void)state;
	told_count = 0;
	peers_look(peers);
	assert_int_equal(told_count, 2);
	peers_look(peers);
	assert_int_equal(told_count, 2);

	set_life(READER, 2, false);
	peers_look(peers);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[2].slot, READER);
	assert_int_equal(told[2].life, 1);
	assert_false(told[2].is_alive);

	set_life(READER, 3, true);
	set_life(OTHER, 2, true);
	peers_expect(peers, OTHER, 2);
	assert_int_equal(told_count, 5);
	assert_int_equal(told[3].life, 1);
	assert_false(told[3].is_alive);
	assert_int_equal(told[4].life, 2);
	assert_true(told[4].is_alive);
	peers_look(peers);
	assert_int_equal(told_count, 6);
	assert_int_equal(told[5].life, 3);
	peers_free(&peers);
}

static void
a_life_is_current_while_its_process_is_there(void **state)
{
	struct row *row = arena_row(arena, READER);

	(void)state;
	set_life(READER, 4, false);
	assert_true(peers_is_current(arena, READER, 4));
	assert_false(peers_is_current(arena, READER, 3));
	assert_false(peers_is_current(arena, READER, 0));
	assert_false(peers_is_current(arena, 3, 4));
	atomic_store(&row->state, CHILD_RESTING);
	assert_false(peers_is_current(arena, READER, 4));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_letter_carries_its_sender),
		TEST(an_offer_to_a_full_ring_comes_back_and_is_counted),
		TEST(what_is_sent_to_a_full_ring_waits_and_arrives_in_order),
		TEST(an_offer_never_overtakes_what_waits),
		TEST(a_full_ring_does_not_hold_up_another),
		TEST(one_that_serves_and_takes_nothing_is_reported),
		TEST(the_waiting_never_exceeds_its_bound),
		TEST(one_that_takes_letters_is_not_stuck_by_a_burst),
		TEST(one_that_has_taken_nothing_for_long_is_reported_sooner),
		TEST(the_next_life_gets_letters_again),
		TEST(one_that_does_not_serve_yet_is_not_reported),
		TEST(letters_kept_are_read_again_by_the_next_life),
		TEST(what_is_decided_and_noted_outlives_both_ends),
		TEST(letters_are_held_until_the_answers_are_in_the_ring),
		TEST(one_that_takes_nothing_holds_up_its_own_letters_alone),
		TEST(peers_are_told_once_and_a_death_before_the_next_life),
		TEST(a_life_is_current_while_its_process_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
