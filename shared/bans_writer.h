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

/* When that one was given, unix ms; 0: there is none. */
uint64_t bans_writer_since(
	const struct bans_writer *writer, const struct ban *ban);

/* In the place of the same one, if there is one; of two times before which
 * tokens were issued the later one counts. The ban is sound. False: there are
 * as many as there may be. */
bool bans_writer_set(struct bans_writer *writer, const struct ban *ban);

/* False: there is no such ban. */
bool bans_writer_lift(struct bans_writer *writer, const struct ban *ban);

/* Takes out those that are over; cheap while none is. */
void bans_writer_expire(struct bans_writer *writer, uint64_t unix_ms);

/* The part of a checkpoint. */
void bans_writer_write(const struct bans_writer *writer, struct buffer *out);

/* Into one without bans; false when it is no such part. */
bool bans_writer_read(struct bans_writer *writer, struct unpack *in);

#endif
