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

#include "shared/journal_reader.h"
#include "shared/text.h"

struct journal;

enum journal_result {
	JOURNAL_OK,
	JOURNAL_FULL,   /* no room on the disk; nothing was written */
	JOURNAL_FAILED, /* the disk failed; nothing counts as written (logged)
			 */
};

/* Opens for writing, makes the directory when it is missing, cuts a torn tail
 * (logged), locks the directory against a second writer. NULL when it cannot
 * be opened, is damaged before its tail, or is in use (logged, a sentence). Of
 * older segments only heads and lengths are checked here, so that a start does
 * not take the longer the more is kept; their batches by who reads them. */
struct journal *journal_open(const char *directory, bool sync_each_batch);
void journal_close(struct journal **journal);

/* From the next batch on. */
void journal_set_sync(struct journal *journal, bool sync_each_batch);

/* Does another process write this journal at the moment? */
bool journal_is_in_use(const char *directory);

/* The position behind the last batch, and of the oldest byte kept. */
uint64_t journal_end(const struct journal *journal);
uint64_t journal_begin(const struct journal *journal);

/* Segments kept. */
size_t journal_segments(const struct journal *journal);

/* Where the segment of this number begins; 0: the oldest one kept. */
uint64_t journal_segment_base(const struct journal *journal, size_t number);

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

#endif
