#include "worker/historian/store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "shared/table.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_open.h"

/*
 * The ids of streams in use are kept in a table, so that a row costs one
 * insert. They are forgotten all at once when there are too many, and after an
 * undone transaction, which may have given some of them.
 *
 * Failures are told once: a full disk is met by every transaction until there
 * is room, and the log needs no line for each.
 */

#define STREAMS_KEPT 65536

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	FIND_STREAM,
	ADD_STREAM,
	ADD_MESSAGE,
	GET_POSITION,
	SET_POSITION,
	ADD_HOLE,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[FIND_STREAM] = "SELECT id FROM streams WHERE name = ?1 "
			"AND tenant = ?2 AND kind = ?3 AND epoch = ?4",
	[ADD_STREAM] = "INSERT INTO streams (name, tenant, kind, epoch) "
		       "VALUES (?1, ?2, ?3, ?4)",
	[ADD_MESSAGE] = "INSERT OR REPLACE INTO messages (id, id_time, "
			"id_origin, sender, platform, type, body, key) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[GET_POSITION] = "SELECT position FROM positions WHERE ledger = ?1",
	[SET_POSITION] = "INSERT OR REPLACE INTO positions (ledger, position) "
			 "VALUES (?1, ?2)",
	[ADD_HOLE] = "INSERT INTO holes (ledger, position, position_after, "
		     "noted_unix_ms) VALUES (?1, ?2, ?3, ?4)",
};

struct stream_key {
	uint64_t epoch;
	struct stream_name name;
};

struct known_stream {
	struct stream_key key;
	uint64_t id;
	uint64_t transaction; /* that touched it last, and there as which */
	size_t touched;
	UT_hash_handle hh;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct known_stream *streams;
	struct store_touched *touched; /* by this transaction */
	size_t touched_count, touched_room;
	uint64_t transaction; /* counts them, from 1 */
	size_t log_pages;
	int complained; /* the SQLite code that was logged last, 0 = healthy */
	bool has_told_of_misfit;
};

/* Failing */

static int
complain(struct store *store, const char *doing)
{
	int code = sqlite3_extended_errcode(store->db);

	if (code != store->complained)
		log_error("archive: %s failed: %s (SQLite code %d); it is "
			  "tried again, the journal keeps what is missing",
			doing, sqlite3_errmsg(store->db), code);
	store->complained = code;
	return -1;
}

/* Runs a statement that answers no rows. */
static int
run(struct store *store, enum statement which, const char *doing)
{
	int code = sqlite3_step(store->statements[which]);
	int result = code == SQLITE_DONE ? 0 : complain(store, doing);

	sqlite3_reset(store->statements[which]);
	return result;
}

/* Opening */

static int
prepare(struct store *store, const char *path)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		if (sqlite3_prepare_v3(store->db, sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &store->statements[i],
			    NULL) == SQLITE_OK)
			continue;
		log_error("archive: %s lacks what its version promises: %s",
			path, sqlite3_errmsg(store->db));
		return -1;
	}
	return 0;
}

/* Stands in place of SQLite's own checkpoints in the writer's commits. */
static int
on_commit(void *self, sqlite3 *db, const char *name, int pages)
{
	struct store *store = self;

	(void)db;
	(void)name;
	store->log_pages = (size_t)pages;
	return SQLITE_OK;
}

struct store *
store_open(const char *path, const char *sql_dir)
{
	struct store *store = base_alloc_zeroed(1, sizeof(*store));

	store->db = store_open_database(path, sql_dir);
	if (store->db == NULL || prepare(store, path) < 0)
		goto fail;
	sqlite3_wal_hook(store->db, on_commit, store);
	return store;

fail:
	store_close(&store);
	return NULL;
}

static void
forget_streams(struct store *store)
{
	struct known_stream *stream, *next;

	HASH_ITER(hh, store->streams, stream, next)
	{
		HASH_DEL(store->streams, stream);
		free(stream);
	}
}

void
store_close(struct store **pointer)
{
	struct store *store = *pointer;

	*pointer = NULL;
	if (store == NULL)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	forget_streams(store);
	free(store->touched);
	free(store);
}

/* Writing */

uint64_t
store_position(struct store *store, unsigned ledger)
{
	sqlite3_stmt *statement = store->statements[GET_POSITION];
	uint64_t position = 0;

	store_bind_number(statement, 1, ledger);
	if (sqlite3_step(statement) == SQLITE_ROW)
		position = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return position;
}

int
store_begin(struct store *store)
{
	store->transaction++;
	store->touched_count = 0;
	return run(store, BEGIN, "beginning a transaction");
}

static void
bind_stream(sqlite3_stmt *statement, const struct message *message)
{
	store_bind_text(statement, 1, message->stream);
	store_bind_text(statement, 2, message->tenant);
	store_bind_number(statement, 3, message->kind);
	store_bind_number(statement, 4, message->epoch);
}

/* The id that the archive has for the stream, or a new one; 0 = failed. */
static uint64_t
find_or_add_stream(struct store *store, const struct message *message)
{
	sqlite3_stmt *find = store->statements[FIND_STREAM];
	uint64_t id = 0;
	int code;

	bind_stream(find, message);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		id = (uint64_t)sqlite3_column_int64(find, 0);
	else if (code != SQLITE_DONE)
		complain(store, "finding a stream");
	sqlite3_reset(find);
	if (code != SQLITE_DONE)
		return id;
	bind_stream(store->statements[ADD_STREAM], message);
	if (run(store, ADD_STREAM, "adding a stream") < 0)
		return 0;
	return (uint64_t)sqlite3_last_insert_rowid(store->db);
}

static struct known_stream *
know_stream(struct store *store, const struct message *message)
{
	struct stream_key key;
	struct known_stream *known;
	uint64_t id;

	memset(&key, 0, sizeof(key));
	key.epoch = message->epoch;
	stream_name_make(&key.name, (unsigned)message->kind, message->tenant,
		message->stream);
	HASH_FIND(hh, store->streams, &key, sizeof(key), known);
	if (known)
		return known;
	id = find_or_add_stream(store, message);
	if (id == 0)
		return NULL;
	if (HASH_COUNT(store->streams) >= STREAMS_KEPT)
		forget_streams(store);
	known = base_alloc_zeroed(1, sizeof(*known));
	known->key = key;
	known->id = id;
	HASH_ADD(hh, store->streams, key, sizeof(key), known);
	return known;
}

static void
touch(struct store *store, struct known_stream *stream, uint64_t offset)
{
	struct store_touched *touched;

	if (stream->transaction != store->transaction) {
		if (store->touched_count == store->touched_room) {
			store->touched_room = 2 * store->touched_room + 64;
			store->touched = base_realloc(store->touched,
				store->touched_room * sizeof(*store->touched));
		}
		stream->transaction = store->transaction;
		stream->touched = store->touched_count++;
		store->touched[stream->touched] =
			(struct store_touched){ stream->id, offset };
	}
	touched = &store->touched[stream->touched];
	touched->lowest = MIN_OF(touched->lowest, offset);
}

static int
leave_out(struct store *store, const struct message *message, const char *why)
{
	if (!store->has_told_of_misfit)
		log_error("archive: a message with offset %llu was left out, "
			  "%s; others like it are not told",
			(unsigned long long)message->offset, why);
	store->has_told_of_misfit = true;
	return 0;
}

int
store_add(struct store *store, const struct message *message)
{
	sqlite3_stmt *add = store->statements[ADD_MESSAGE];
	struct known_stream *stream;

	if (message->offset == 0 || message->offset > STORE_OFFSET_MAX)
		return leave_out(store, message, "no such offset can be");
	if (message->tenant.length > TENANT_BYTES_MAX ||
		message->stream.length > ROOM_BYTES_MAX)
		return leave_out(
			store, message, "its stream's name is too long");
	stream = know_stream(store, message);
	if (stream == NULL)
		return -1;
	if (stream->id > STORE_STREAM_MAX)
		return leave_out(store, message, "there are too many streams");
	store_bind_number(
		add, 1, stream->id << STORE_OFFSET_BITS | message->offset);
	store_bind_number(add, 2, message->id_time);
	store_bind_number(add, 3, message->id_origin);
	store_bind_text(add, 4, message->from);
	store_bind_number(add, 5, message->platform);
	store_bind_text(add, 6, message->type);
	store_bind_text(add, 7, message->body);
	if (message->key.length)
		store_bind_text(add, 8, message->key);
	else
		sqlite3_bind_null(add, 8);
	touch(store, stream, message->offset);
	return run(store, ADD_MESSAGE, "adding a message");
}

int
store_set_position(struct store *store, unsigned ledger, uint64_t position)
{
	sqlite3_stmt *set = store->statements[SET_POSITION];

	store_bind_number(set, 1, ledger);
	store_bind_number(set, 2, position);
	return run(store, SET_POSITION, "noting a position");
}

int
store_note_hole(struct store *store, unsigned ledger, uint64_t position,
	uint64_t position_after)
{
	sqlite3_stmt *add = store->statements[ADD_HOLE];

	store_bind_number(add, 1, ledger);
	store_bind_number(add, 2, position);
	store_bind_number(add, 3, position_after);
	store_bind_number(add, 4, clock_unix_ms());
	return run(store, ADD_HOLE, "noting a hole");
}

int
store_commit(struct store *store)
{
	if (run(store, COMMIT, "committing") < 0)
		return -1;
	if (store->complained)
		log_info("archive: takes messages again");
	store->complained = 0;
	return 0;
}

void
store_undo(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		run(store, ROLLBACK, "undoing a transaction");
	store->touched_count = 0;
	forget_streams(store);
}

const struct store_touched *
store_touched(const struct store *store, size_t *count)
{
	*count = store->touched_count;
	return store->touched;
}

size_t
store_log_pages(const struct store *store)
{
	return store->log_pages;
}
