/*
 * Marks: up to where each user has read each stream; of an inbox, up to where
 * what was said between its user and one other. A mark only grows.
 *
 * A mark is known by its 128 bits (known.h). It is set when it is in the
 * journal, so nothing is ever taken back; the checkpoint holds 24 bytes each,
 * as they were at its position.
 *
 * Memory is bounded: 44 bytes a mark, MARKS_MAX marks (4 million), then those
 * go that were not moved for longest, and are counted: who reads such a stream
 * again has read nothing of it. All calls take O(1).
 */
#ifndef WORKER_LEDGER_MARKS_H
#define WORKER_LEDGER_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "worker/ledger/known.h"

#define MARKS_MAX (4U << 20)

struct mark;
struct message;

struct marks {
	struct known known;
	uint32_t count_max;
	uint32_t picture;   /* how many checkpoints were begun */
	uint32_t writing;   /* the next one for it, 0 when all are */
	bool is_writing;    /* a picture is not complete */
	bool has_begun;     /* and has more than nothing */
	struct buffer left; /* for it: those that were moved too early */
	uint64_t dropped;   /* too many; the owner may set it to 0 */
};

/* Draws secrets; those of a checkpoint take their place. */
void marks_init(struct marks *marks, uint32_t count_max);
void marks_fini(struct marks *marks);

/* Can it be? Of an inbox, its user is who has read. */
bool marks_are_sound(const struct mark *mark);

/* Where the mark with these names stands; 0: there is none. */
uint64_t marks_find(const struct marks *marks, const struct mark *mark);

/* Moves it to mark->offset; false when that is not forward. Of two, it is also
 * kept how far that is in the inbox of the other one. */
bool marks_set(struct marks *marks, const struct mark *mark);

/* Of two: up to where the other one has read, in this inbox; 0: unknown. */
uint64_t marks_find_with(const struct marks *marks, const struct mark *mark);

/* As what a mark lies in the journal. others keeps a part of the message, all
 * else is borrowed; and the other way, false when it is no such message. */
void marks_to_message(const struct mark *mark, struct message *message,
	struct buffer *others);
bool marks_of_message(const struct message *message, struct mark *mark);

/* The part of a checkpoint, written piece by piece while marks are moved: what
 * they were when it begins. At most so many at once; true: that was all. */
void marks_begin_writing(struct marks *marks);
bool marks_write(struct marks *marks, struct buffer *out, size_t most);

/* Into empty marks; false when it is no such part. */
bool marks_read(struct marks *marks, struct unpack *in);

#endif
