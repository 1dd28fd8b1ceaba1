/*
 * Following a journal: the historian, a new ledger, and whoever checks one read
 * its batches in order, up to the end that the ledger has published. No length
 * in a file is trusted.
 */
#ifndef SHARED_JOURNAL_READER_H
#define SHARED_JOURNAL_READER_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct journal_reader;

/* Where the writer's letters of one ring end in a batch: read up to position
 * of the ring from slot. */
struct journal_cursor {
	uint32_t slot;
	uint64_t position;
};

/* A reader from a position (that of a batch, or 0 for the oldest kept). The
 * segment need not exist yet. */
struct journal_reader *journal_reader_new(
	const char *directory, uint64_t position);

/* The position was named by somebody else: that no batch begins there is
 * JOURNAL_READ_BAD, but no damage that is told of. */
void journal_reader_doubt(struct journal_reader *reader);
void journal_reader_free(struct journal_reader **reader);

struct journal_batch {
	uint64_t position, end; /* of this batch and behind it */
	uint64_t arena;
	uint64_t time_ms;    /* unix */
	size_t count;        /* records */
	struct text records; /* packed texts, one per record */
	const struct journal_cursor *cursors;
	size_t cursor_count;
};

enum journal_read {
	JOURNAL_READ_BATCH,
	JOURNAL_READ_END,  /* nothing whole before limit; ask again later */
	JOURNAL_READ_GONE, /* the position is older than the oldest segment */
	JOURNAL_READ_BAD,  /* damaged (logged) */
};

/* The next batch that ends at or before limit (UINT64_MAX: whatever is whole);
 * borrowed until the next call. */
enum journal_read journal_reader_next(struct journal_reader *reader,
	uint64_t limit, struct journal_batch *batch);
uint64_t journal_reader_position(const struct journal_reader *reader);

#endif
