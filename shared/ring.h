/*
 * Rings: how one process of a host hands letters to one other.
 *
 * There is one ring for each ordered pair of slots, so each end has a single
 * user and nobody waits for anybody. Posting never blocks: a full ring refuses
 * the letter, counts it, and the caller decides what that means for its client.
 * A letter is written first and published by one release store, so a writer
 * that is killed leaves no trace of a half-written one; a reader that is killed
 * leaves those it has not released to its successor.
 */
#ifndef SHARED_RING_H
#define SHARED_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base.h"

struct letter;

/* Positions count bytes since the ring was made and never wrap in practice. */
struct ring {
	/* Constant after ring_init(). */
	_Alignas(CACHE_LINE) uint64_t capacity; /* bytes; a power of two */

	/* Written by the producer. */
	_Alignas(CACHE_LINE) _Atomic uint64_t tail; /* published up to here */
	_Atomic uint64_t refused;

	/* Written by the consumer. */
	_Alignas(CACHE_LINE) _Atomic uint64_t head; /* released up to here */

	_Alignas(CACHE_LINE) uint8_t data[];
};

/* The consumer's place in a ring, in its own memory. */
struct ring_reader {
	struct ring *ring;
	uint64_t position; /* of the next letter */
};

/* Bytes of memory that a ring takes. */
size_t ring_size(uint64_t capacity);

/* memory is zeroed and aligned to a cache line. */
struct ring *ring_init(void *memory, uint64_t capacity);

/* The largest letter that an empty ring always takes. */
size_t ring_letter_max(const struct ring *ring);

/* Copies the letter in and publishes it; false, counted, when there is no room.
 * The caller then wakes the reader if it sleeps: see bell.h. */
bool ring_post(struct ring *to, const struct letter *letter);

/* Starts where the last reader of this ring released. */
void ring_reader_start(struct ring_reader *reader, struct ring *ring);

/* The next letter, or NULL; borrowed, it stays until ring_release(). */
const struct letter *ring_next(struct ring_reader *reader);

/* Gives everything before position back to the producer. */
void ring_release(struct ring_reader *reader, uint64_t position);

bool ring_is_empty(const struct ring_reader *reader);
uint64_t ring_refused(const struct ring *ring);

/* Bytes published and not released. */
uint64_t ring_pending(const struct ring *ring);

#endif
