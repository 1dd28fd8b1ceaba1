/*
 * The store: the archive in SQLite, as its one writer sees it. Used by the
 * historian's main thread; see store_page.h for those who read.
 *
 * Rows and the positions of the journals they came from go in by the same
 * transaction, so a historian that is killed at any instruction goes on exactly
 * where the archive ends. Commits do not sync: what the machine may forget is
 * still in the journal, and the position is forgotten with it.
 */
#ifndef WORKER_HISTORIAN_STORE_H
#define WORKER_HISTORIAN_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "worker/historian/store_layout.h"

struct message;
struct store;

/* Opens or makes the database and brings it to the newest layout. NULL (logged,
 * a sentence) when it is damaged, newer than this program, or out of reach. */
struct store *store_open(const char *path, const char *sql_dir);
void store_close(struct store **store);

/* What these streams say is in the index, so what is changed or removed there
 * is noted for it; NULL, as after opening: nothing is. */
void store_set_indexed(
	struct store *store, store_filter *is_indexed, void *self);

/* How far the journal of a ledger is in the archive; 0 when it never was. */
uint64_t store_position(struct store *store, unsigned ledger);

/* One transaction: store_begin(), any of the five below, store_commit(). Each
 * answers -1 when it failed; the first of equal failures is logged, and the
 * caller then calls store_undo() and may begin again later. */
int store_begin(struct store *store);

/* A direct message goes into all inboxes that it stands in, a change also into
 * what it changes. A message that stands in the archive already, by its id, is
 * left as it is; another one in its place is replaced: the journal is the
 * truth. One without a possible place (offset 0 or out of bounds) is logged and
 * left out. */
int store_add(struct store *store, const struct message *message);

/* Everything before of_offset of the stream is taken away: told to nobody from
 * the commit on, and removed by the retirement, which comes to touched streams.
 */
int store_trim(struct store *store, const struct message *trim);

/* How far a user has read, for other hosts. */
int store_mark(struct store *store, const struct message *mark);
int store_set_position(struct store *store, unsigned ledger, uint64_t position);
int store_note_hole(struct store *store, unsigned ledger, uint64_t position,
	uint64_t position_after);
int store_commit(struct store *store);
void store_undo(struct store *store);

/* The numbers of the streams that the last transaction added messages to.
 * Borrowed until the next one; none when it was undone. */
const uint64_t *store_touched(const struct store *store, size_t *count);

/* Rows that this transaction has written, to keep it bounded. */
size_t store_written(const struct store *store);

/* Pages of the write-ahead log after the last commit. */
size_t store_log_pages(const struct store *store);

#endif
