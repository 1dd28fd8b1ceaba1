#include "worker/post.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/bell.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/ring.h"

/* An emptied tray keeps this much of its memory for the next time. */
#define TRAY_KEEP_BYTES (64 * 1024)

/* What waits for one slot: whole letters, each padded to eight bytes. */
struct tray {
	struct buffer letters;
	size_t sent;         /* bytes at the front that are gone */
	uint64_t moved_ms;   /* when one got into the ring, or the first came */
	uint64_t delayed;    /* bytes ever put in */
	uint32_t stuck_life; /* the life that was given up; 0: none */
};

struct post {
	struct arena *arena;
	struct row *row;
	unsigned slot;
	uint32_t life;
	unsigned slots;
	uint64_t waiting; /* bytes in all trays */
	struct tray trays[];
};

struct post *
post_new(struct arena *arena, unsigned slot, uint32_t life)
{
	unsigned slots = arena_shape(arena)->slots;
	struct post *post = base_alloc_zeroed(
		1, sizeof(*post) + slots * sizeof(struct tray));

	post->arena = arena;
	post->row = arena_row(arena, slot);
	post->slot = slot;
	post->life = life;
	post->slots = slots;
	return post;
}

void
post_free(struct post **post)
{
	if (!*post)
		return;
	for (unsigned i = 0; i < (*post)->slots; i++)
		buffer_fini(&(*post)->trays[i].letters);
	free(*post);
	*post = NULL;
}

uint64_t
post_waiting(const struct post *post)
{
	return post->waiting;
}

static size_t
padded(const struct letter *letter)
{
	return ((size_t)letter->size + 7) & ~(size_t)7;
}

static size_t
tray_waiting(const struct tray *tray)
{
	return tray->letters.length - tray->sent;
}

uint64_t
post_waiting_for(const struct post *post, unsigned to)
{
	return tray_waiting(&post->trays[to]);
}

uint64_t
post_delayed(const struct post *post, unsigned to)
{
	return post->trays[to].delayed;
}

static bool
put_into_ring(struct post *post, unsigned to, const struct letter *letter)
{
	struct ring *ring = arena_ring(post->arena, post->slot, to);

	must(letter->size <= ring_letter_max(ring));
	if (!ring_post(ring, letter))
		return false;
	row_count(post->row, COUNTER_LETTERS_OUT, 1);
	bell_ring_if_asleep(
		arena_row(post->arena, to), arena_bell(post->arena, to));
	return true;
}

bool
post_offer(struct post *post, unsigned to, struct letter *letter)
{
	letter->from = (uint16_t)post->slot;
	letter->from_life = post->life;
	if (tray_waiting(&post->trays[to]) == 0 &&
		put_into_ring(post, to, letter))
		return true;
	row_count(post->row, COUNTER_LETTERS_REFUSED, 1);
	return false;
}

static void
set_waiting(struct post *post, uint64_t waiting)
{
	post->waiting = waiting;
	row_set(post->row, COUNTER_OVERFLOW_BYTES, waiting);
}

static void
tray_empty(struct post *post, struct tray *tray)
{
	set_waiting(post, post->waiting - tray_waiting(tray));
	tray->sent = 0;
	buffer_clear(&tray->letters, TRAY_KEEP_BYTES);
}

static void
tray_add(struct post *post, struct tray *tray, const struct letter *letter)
{
	size_t length = padded(letter);
	uint8_t *place;

	if (tray_waiting(tray) == 0)
		tray->moved_ms = clock_ms();
	if (tray->sent > tray->letters.length / 2) {
		buffer_drop_front(&tray->letters, tray->sent);
		tray->sent = 0;
	}
	place = buffer_reserve(&tray->letters, length);
	memset(place + length - 8, 0, 8);
	memcpy(place, letter, letter->size);
	tray->letters.length += length;
	tray->delayed += length;
	set_waiting(post, post->waiting + length);
}

static uint32_t
life_of(const struct post *post, unsigned slot)
{
	return atomic_load_explicit(
		&arena_row(post->arena, slot)->life, memory_order_acquire);
}

/* Told with each letter that is dropped, as there is one place for the report
 * and another stuck slot may have overwritten it. */
static void
report_stuck(struct post *post, unsigned to, uint32_t life)
{
	atomic_store_explicit(
		&post->row->stuck_life, life, memory_order_relaxed);
	atomic_store_explicit(
		&post->row->stuck_slot, to + 1, memory_order_release);
}

/* One that serves and takes nothing is stuck. One that is dead or just starting
 * is not: it only loses what waited, and is told anew what it must know. */
static void
give_up(struct post *post, unsigned to)
{
	struct tray *tray = &post->trays[to];
	uint32_t life = life_of(post, to);
	uint32_t ready = atomic_load_explicit(
		&arena_row(post->arena, to)->ready_life, memory_order_acquire);

	log_error("slot %u, life %u, takes no letters: %zu bytes dropped", to,
		life, tray_waiting(tray));
	tray_empty(post, tray);
	if (life == 0 || ready != life)
		return;
	tray->stuck_life = life;
	report_stuck(post, to, life);
}

static bool
is_stuck(const struct tray *tray, size_t more)
{
	size_t waiting = tray_waiting(tray) + more;

	return waiting > POST_WAITING_END ||
	       (waiting > POST_WAITING_MAX &&
		       clock_ms() - tray->moved_ms >= POST_STILL_MS);
}

void
post_send(struct post *post, unsigned to, struct letter *letter)
{
	struct tray *tray = &post->trays[to];

	if (post_offer(post, to, letter))
		return;
	if (tray->stuck_life != 0) {
		if (tray->stuck_life == life_of(post, to)) {
			report_stuck(post, to, tray->stuck_life);
			return;
		}
		tray->stuck_life = 0;
	}
	if (is_stuck(tray, padded(letter))) {
		give_up(post, to);
		return;
	}
	tray_add(post, tray, letter);
}

static void
tray_retry(struct post *post, unsigned to)
{
	struct tray *tray = &post->trays[to];

	while (tray_waiting(tray) > 0) {
		const struct letter *letter =
			(const void *)(tray->letters.data + tray->sent);
		size_t length = padded(letter);

		if (!put_into_ring(post, to, letter))
			return;
		tray->moved_ms = clock_ms();
		tray->sent += length;
		set_waiting(post, post->waiting - length);
	}
	tray_empty(post, tray);
}

void
post_retry(struct post *post)
{
	for (unsigned i = 0; post->waiting > 0 && i < post->slots; i++)
		if (tray_waiting(&post->trays[i]) > 0)
			tray_retry(post, i);
}
