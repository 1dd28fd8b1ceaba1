#include "shared/ring.h"

#include <string.h>

#include "shared/letter.h"

/*
 * A letter lies in one piece at a multiple of eight bytes. One that would cross
 * the end of the data is put at its beginning, behind a pad of which only the
 * first eight bytes (size and kind) are written; pad and letter are published
 * together, so a ring never ends with a pad.
 *
 * The release store of tail hands letters to the consumer, the release store of
 * head hands their place back. head_seen is always at or before head, so a
 * producer that inherits it may be too careful, never too bold.
 */

#define LETTER_ALIGN 8

static uint64_t
load(const _Atomic uint64_t *word, memory_order order)
{
	return atomic_load_explicit(word, order);
}

static uint64_t
space_of(uint32_t size)
{
	return ((uint64_t)size + LETTER_ALIGN - 1) &
	       ~(uint64_t)(LETTER_ALIGN - 1);
}

static uint8_t *
data_of(const struct ring *ring, uint64_t position)
{
	return (uint8_t *)(uintptr_t)ring + ring->data_at +
	       (position & (ring->capacity - 1));
}

void
ring_init(struct ring *ring, void *data, uint64_t capacity)
{
	uintptr_t at = (uintptr_t)data;

	must(capacity >= 64 && (capacity & (capacity - 1)) == 0);
	must(at > (uintptr_t)ring && at % LETTER_ALIGN == 0);
	ring->capacity = capacity;
	ring->data_at = at - (uintptr_t)ring;
}

size_t
ring_letter_max(const struct ring *ring)
{
	return ring->capacity / 2;
}

static bool
has_room(struct ring *ring, uint64_t tail, uint64_t need)
{
	uint64_t head = load(&ring->head_seen, memory_order_relaxed);

	if (ring->capacity - (tail - head) >= need)
		return true;
	head = load(&ring->head, memory_order_acquire);
	atomic_store_explicit(&ring->head_seen, head, memory_order_relaxed);
	return ring->capacity - (tail - head) >= need;
}

static void
write_pad(uint8_t *at, uint64_t space)
{
	struct letter pad = { .size = (uint32_t)space, .kind = LETTER_PAD };

	memcpy(at, &pad, LETTER_ALIGN);
}

bool
ring_post(struct ring *to, const struct letter *letter)
{
	uint64_t tail = load(&to->tail, memory_order_relaxed);
	uint64_t space = space_of(letter->size);
	uint64_t to_end = to->capacity - (tail & (to->capacity - 1));
	uint64_t pad = space > to_end ? to_end : 0;

	must(letter->size >= sizeof(*letter));
	if (space > ring_letter_max(to) || !has_room(to, tail, pad + space)) {
		atomic_store_explicit(&to->refused, ring_refused(to) + 1,
			memory_order_relaxed);
		return false;
	}
	if (pad)
		write_pad(data_of(to, tail), pad);
	memcpy(data_of(to, tail + pad), letter, letter->size);
	atomic_store_explicit(
		&to->tail, tail + pad + space, memory_order_release);
	return true;
}

void
ring_reader_start(struct ring_reader *reader, struct ring *ring)
{
	uint64_t head = load(&ring->head, memory_order_relaxed);

	*reader = (struct ring_reader){ ring, head, head };
}

const struct letter *
ring_next(struct ring_reader *reader)
{
	if (ring_is_empty(reader))
		return NULL;
	if (reader->position >= reader->tail_seen)
		reader->tail_seen =
			load(&reader->ring->tail, memory_order_acquire);
	while (reader->position < reader->tail_seen) {
		const struct letter *letter =
			(const struct letter *)(void *)data_of(
				reader->ring, reader->position);
		uint64_t space = space_of(letter->size);

		must(space >= LETTER_ALIGN);
		must(space <= reader->tail_seen - reader->position);
		reader->position += space;
		if (letter->kind != LETTER_PAD)
			return letter;
	}
	return NULL;
}

void
ring_release(struct ring_reader *reader, uint64_t position)
{
	uint64_t head = load(&reader->ring->head, memory_order_relaxed);

	must(position >= head && position <= reader->position);
	if (position != head)
		atomic_store_explicit(
			&reader->ring->head, position, memory_order_release);
}

void
ring_decide(struct ring_reader *reader)
{
	atomic_store_explicit(
		&reader->ring->decided, reader->position, memory_order_release);
}

uint64_t
ring_decided(const struct ring *ring)
{
	return load(&ring->decided, memory_order_acquire);
}

void
ring_note(struct ring *to, uint64_t number)
{
	atomic_store_explicit(&to->noted, number, memory_order_release);
}

uint64_t
ring_noted(const struct ring *to)
{
	return load(&to->noted, memory_order_acquire);
}

bool
ring_is_empty(const struct ring_reader *reader)
{
	return reader->position >= reader->tail_seen &&
	       reader->position ==
		       load(&reader->ring->tail, memory_order_acquire);
}

uint64_t
ring_refused(const struct ring *ring)
{
	return load(&ring->refused, memory_order_relaxed);
}

uint64_t
ring_pending(const struct ring *ring)
{
	/* In this order, since head never passes tail. */
	uint64_t head = load(&ring->head, memory_order_acquire);

	return load(&ring->tail, memory_order_acquire) - head;
}
