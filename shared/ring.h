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

/* Positions count bytes since the ring was made and never wrap in practice. The
 * data lies elsewhere, so that a reader who looks at many idle rings touches
 * two lines of each and no page of data. */
struct ring {
	/* Constant after ring_init(). */
	_Alignas(CACHE_LINE) uint64_t capacity; /* bytes; a power of two */
	uint64_t data_at; /* bytes from this struct to the data */

	/* Written by the producer. */
	_Atomic uint64_t tail;      /* published up to here */
	_Atomic uint64_t head_seen; /* the head as it last saw it */
	_Atomic uint64_t refused;
	_Atomic uint64_t noted; /* see ring_note() */

	/* Written by the consumer. */
	_Alignas(CACHE_LINE) _Atomic uint64_t head; /* released up to here */
	_Atomic uint64_t decided;                   /* see ring_decide() */
};

_Static_assert(sizeof(struct ring) == 128, "rings cross processes");

/* The consumer's place in a ring, in its own memory. */
struct ring_reader {
	struct ring *ring;
	uint64_t position;  /* of the next letter */
	uint64_t tail_seen; /* the tail as it last saw it */
};

/* ring is zeroed; data, behind it in memory, has capacity bytes and is aligned
 * to eight. */
void ring_init(struct ring *ring, void *data, uint64_t capacity);

/* The largest letter that an empty ring takes wherever its positions stand:
 * half of it, since a letter never wraps. A larger one is always refused. */
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

/* Notes that what becomes of all letters read so far is decided, though they
 * may not be released yet: a successor, which is shown them again, must not
 * decide anew. Kept in the ring. */
void ring_decide(struct ring_reader *reader);
uint64_t ring_decided(const struct ring *ring);

/* A number that the producer keeps in the ring for its successor: how far what
 * it sends has come, in its own terms. */
void ring_note(struct ring *to, uint64_t number);
uint64_t ring_noted(const struct ring *to);

bool ring_is_empty(const struct ring_reader *reader);
uint64_t ring_refused(const struct ring *ring);

/* Bytes published and not released. */
uint64_t ring_pending(const struct ring *ring);

#endif
