/*
 * The journal: a row of append-only segment files with checksummed batches of
 * records. The ledger writes it, the historian follows it. Positions count
 * bytes since the journal began and never repeat; a segment's file name is the
 * position of its first byte.
 *
 * A batch is written by one writev: it is there whole, or it is a torn tail,
 * which the next writer cuts off. Readers stop at the end that the ledger has
 * published (row.journal_end), so they never see a torn one. How the bytes
 * lie: segment.h.
 */
#ifndef SHARED_JOURNAL_H
#define SHARED_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct journal;
struct journal_reader;

enum journal_result {
	JOURNAL_OK,
	JOURNAL_FULL,   /* no room on the disk; nothing was written */
	JOURNAL_FAILED, /* the disk failed; nothing counts as written (logged)
			 */
};

/* Where the writer's letters of one ring end in a batch: read up to position
 * of the ring from slot. */
struct journal_cursor {
	uint32_t slot;
	uint64_t position;
};

/* Opens for writing, makes the directory when it is missing, cuts a torn tail
 * (logged), locks the directory against a second writer. NULL when it cannot
 * be opened, is damaged before its tail, or is in use (logged, a sentence). Of
 * older segments only heads and lengths are checked here, so that a start does
 * not take the longer the more is kept; their batches by who reads them. */
struct journal *journal_open(const char *directory, bool sync_each_batch);
void journal_close(struct journal **journal);

/* Does another process write this journal at the moment? */
bool journal_is_in_use(const char *directory);

/* The position behind the last batch, and of the oldest byte kept. */
uint64_t journal_end(const struct journal *journal);
uint64_t journal_begin(const struct journal *journal);

/* Where the segment begins that holds position, or the oldest one kept. */
uint64_t journal_segment_of(const struct journal *journal, uint64_t position);

/* How large a segment grows before the next one is begun: 64 MiB unless told.
 */
void journal_set_segment_bytes(struct journal *journal, uint64_t bytes);

/* Adds a record to the batch being built; copied. */
void journal_add(struct journal *journal, struct text record);

/* Notes in the batch how far a ring was read. arena: arena_id(). */
void journal_add_cursor(
	struct journal *journal, uint32_t slot, uint64_t position);

/* Records in the batch being built. */
size_t journal_pending(const struct journal *journal);

/* Writes the batch; when it cannot, the batch is forgotten and the file is as
 * before. A batch without records writes nothing. */
enum journal_result journal_commit(struct journal *journal, uint64_t arena);

/* Deletes whole segments that end before position and were last written more
 * than keep_seconds ago. */
void journal_forget(
	struct journal *journal, uint64_t position, uint64_t keep_seconds);

/* Brings to the disk what the segments hold from one position to another, and
 * that the directory names them; may be called by another thread. -1 with
 * errno. */
int journal_sync(const char *directory, uint64_t from, uint64_t to);

/* A reader from a position (that of a batch, or 0 for the oldest kept). The
 * segment need not exist yet. */
struct journal_reader *journal_reader_new(
	const char *directory, uint64_t position);
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
