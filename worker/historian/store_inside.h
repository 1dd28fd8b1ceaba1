/*
 * What the files of the store's writer share among themselves: store.c opens it
 * and has the transactions, store_streams.c knows the streams, store_add.c
 * takes messages in, store_change.c applies edits and deletions, store_carry.c
 * knows what came from other hosts, store_retire.c removes what is kept no
 * longer.
 */
#ifndef WORKER_HISTORIAN_STORE_INSIDE_H
#define WORKER_HISTORIAN_STORE_INSIDE_H

#include <sqlite3.h>

#include "shared/buffer.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "shared/table.h"
#include "worker/historian/store_layout.h"

enum store_statement {
	STORE_BEGIN,
	STORE_COMMIT,
	STORE_ROLLBACK,
	STORE_FIND_STREAM,
	STORE_ADD_STREAM,
	STORE_GET_POSITION,
	STORE_SET_POSITION,
	STORE_ADD_HOLE,
	STORE_ADD_MESSAGE,
	STORE_ADD_PAIR,
	STORE_ADD_END,
	STORE_GET_ROW,
	STORE_SEEK_FIRST,
	STORE_SEEK_LAST,
	STORE_SEEK_OF_HOSTS,
	STORE_SEEK_SAID,
	STORE_CHANGE,
	STORE_HAS_LATER_EDIT,
	STORE_OVERTAKE,
	STORE_ADD_EDIT,
	STORE_SILENCE_EDITS,
	STORE_FORGET_EDITS,
	STORE_REMOVE,
	STORE_REMOVE_PAIR,
	STORE_BLANK,
	STORE_GET_STREAM,
	STORE_TRIM,
	STORE_MARK,
	STORE_NEXT_STREAM,
	STORE_REMOVE_RANGE,
	STORE_NEXT_END,
	STORE_REMOVE_END,
	STORE_WITHDRAW,
	STORE_WITHDRAWN_SPAN,
	STORE_FORGET_WITHDRAWN,
	STORE_HAS_CARRIED,
	STORE_ADD_CARRIED,
	STORE_FORGET_CARRIED,
	STORE_ADD_AWAITING,
	STORE_NEXT_AWAITING,
	STORE_GET_AWAITING,
	STORE_END_AWAITING,
	STORE_SET_OF_OFFSET,
	STORE_FORGET_AWAITING,
	STORE_STATEMENT_COUNT
};

struct stream_key {
	uint64_t epoch;
	struct stream_name name;
};

struct known_stream {
	struct stream_key key;
	uint64_t id;
	uint64_t transaction; /* that touched it last */
	uint64_t top;         /* the highest offset it ever had */
	uint64_t kept_from;   /* what stands before it was taken away */
	bool has_top;         /* that one is known */
	bool is_new;          /* there was no such stream before */
	bool is_indexed;      /* what is said here can be searched */
	UT_hash_handle hh;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
	struct known_stream *streams;
	uint64_t *touched; /* streams, by this transaction */
	size_t touched_count, touched_room;
	size_t written;           /* rows, by this transaction */
	uint64_t transaction;     /* counts them, from 1 */
	store_filter *is_indexed; /* NULL: nothing is */
	void *self;
	size_t log_pages;
	struct buffer others; /* of a view */
	int complained; /* the SQLite code that was logged last, 0 = healthy */
	bool has_told_of_misfit;
	bool has_carried; /* messages of other hosts */
};

/* Logs the first of equal failures; -1. */
int store_complain(struct store *store, const char *doing);

/* Runs a statement that answers no rows, and counts what it wrote. */
int store_run(
	struct store *store, enum store_statement which, const char *doing);

/* One row of a statement: 1, and the statement is to be reset; 0 when there is
 * none; -1 when that failed. */
int store_step(
	struct store *store, enum store_statement which, const char *doing);

/* So many streams are known at the start of a transaction, at most. */
#define STORE_STREAMS_KEPT 65536

/* The stream that the message stands in, made when there is none. Borrowed for
 * the transaction; NULL: failed. */
struct known_stream *store_know_stream(
	struct store *store, const struct message *message);
void store_forget_streams(struct store *store);

/* Notes that the stream got a message. */
void store_touch(struct store *store, struct known_stream *stream);

/* The lowest or the highest offset of a stream, as the statement looks for it;
 * 0: it is empty. */
int store_edge_of(struct store *store, const struct known_stream *stream,
	enum store_statement which, uint64_t *offset);

/* Writes into an edit or a deletion at which offset of the stream the message
 * stands that it changes, 0: nowhere. */
int store_find_changed(struct store *store, const struct known_stream *stream,
	struct message *change);

/* store_carry.c: a message of another host is in the archive now; and a change
 * whose message is not, and which waits for it. Those that waited for the
 * message are applied. */
int store_carry(struct store *store, const struct known_stream *stream,
	const struct message *message);

/* Of the messages from one id up to, but without, another one nothing is known
 * any more by that; before they are removed. */
int store_forget_carried(struct store *store, uint64_t from, uint64_t to);

/* Where what the note says begins to be kept; 0: it says nothing that is here.
 */
int store_find_trimmed(struct store *store, const struct known_stream *stream,
	const struct message *trim, uint64_t *kept_from);

/* Applies one that was found. */
int store_apply_change(struct store *store, const struct known_stream *stream,
	const struct message *change);

/* The stream of that number; NULL: failed, or none. Borrowed as above. */
struct known_stream *store_stream_of(struct store *store, uint64_t id);

/* What the index is to follow, in a stream that can be searched: what the row,
 * which stands in its statement, has said, and what it says now, NULL: nothing.
 * And the same of a message that is new though the index may be beyond it. */
int store_withdraw(struct store *store, const struct known_stream *stream,
	sqlite3_stmt *row, const struct text *after);
int store_note_late(struct store *store, const struct known_stream *stream,
	const struct message *message);

/* Removes a message and all that hangs on it; or leaves its place, with nothing
 * in it. */
int store_remove(
	struct store *store, const struct known_stream *stream, uint64_t id);
int store_blank(
	struct store *store, const struct known_stream *stream, uint64_t id);

/* Of the messages from one id up to, but without, another one: nobody asks any
 * more which events have edited them. */
int store_forget_edits(struct store *store, uint64_t from, uint64_t to);

#endif
