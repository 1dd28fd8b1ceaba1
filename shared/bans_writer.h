/*
 * The one who writes the bans of the arena: ledger 0. It learns them anew at
 * each start, from its checkpoint and journal, while everybody still reads what
 * its predecessor knew, and then publishes them.
 */
#ifndef SHARED_BANS_WRITER_H
#define SHARED_BANS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct arena;
struct ban;
struct bans_writer;
struct buffer;
struct unpack;

/* With no bans, where nobody reads them yet. The arena is borrowed for ever. */
struct bans_writer *bans_writer_new(const struct arena *arena);
void bans_writer_free(struct bans_writer **writer);

/* From now on everybody reads these. */
void bans_writer_publish(struct bans_writer *writer);

size_t bans_writer_count(const struct bans_writer *writer);
bool bans_writer_has(const struct bans_writer *writer, const struct ban *ban);

/* When that one was given or taken away last, unix ms; 0: never, or nobody
 * knows any more. And before which time its tokens count no more; 0: there is
 * none. */
uint64_t bans_writer_since(struct bans_writer *writer, const struct ban *ban);
uint64_t bans_writer_issued(
	const struct bans_writer *writer, const struct ban *ban);

/* What hosts say of one ban comes in any order; the last word counts, see
 * ban_is_later(). Is this one later than what is known? */
bool bans_writer_is_news(struct bans_writer *writer, const struct ban *ban);

/* What changes by a BAN_SET or BAN_LIFT, which is sound. */
enum bans_change {
	BANS_AS_BEFORE, /* it comes late, or there is nothing to be lifted */
	BANS_GIVEN,
	BANS_LIFTED,
	BANS_FULL, /* there are as many as there may be */
};

enum bans_change bans_writer_take(
	struct bans_writer *writer, const struct ban *ban);

/* Whatever is known. In the place of the same one, if there is one. The ban is
 * sound. False: there are as many as there may be. */
bool bans_writer_set(struct bans_writer *writer, const struct ban *ban);

/* False: there is no such ban; but that it is lifted is known now. */
bool bans_writer_lift(struct bans_writer *writer, const struct ban *ban);

/* Takes out those that are over; cheap while none is. */
void bans_writer_expire(struct bans_writer *writer, uint64_t unix_ms);

/* What was lifted or is over, in the order in which it came, behind the one of
 * this number. Its number, 0: there is none; texts live until the next call. */
uint64_t bans_writer_next_lifted(
	struct bans_writer *writer, uint64_t after, struct ban *ban);

/* The parts of a checkpoint. */
void bans_writer_write(const struct bans_writer *writer, struct buffer *out);
void bans_writer_write_lifted(struct bans_writer *writer, struct buffer *out);

/* Into one without bans, then what was lifted; false when it is no such part.
 */
bool bans_writer_read(struct bans_writer *writer, struct unpack *in);
bool bans_writer_read_lifted(struct bans_writer *writer, struct unpack *in);

#endif
