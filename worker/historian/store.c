#include "worker/historian/store.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_open.h"
#include "worker/historian/store_row.h"
#include "worker/historian/store_seek.h"

/*
 * Every statement of the writer stands here. Failures are told once: a full
 * disk is met by every transaction until there is room, and the log needs no
 * line for each.
 */

static const char *const sql[STORE_STATEMENT_COUNT] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_ROLLBACK] = "ROLLBACK",
	[STORE_FIND_STREAM] = STORE_ROW_FIND_STREAM,
	[STORE_ADD_STREAM] = "INSERT INTO streams (name, tenant, kind, epoch) "
			     "VALUES (?1, ?2, ?3, ?4)",
	[STORE_GET_POSITION] =
		"SELECT position FROM positions WHERE ledger = ?1",
	[STORE_SET_POSITION] =
		"INSERT OR REPLACE INTO positions (ledger, position) "
		"VALUES (?1, ?2)",
	[STORE_ADD_HOLE] = "INSERT INTO holes (ledger, position, "
			   "position_after, noted_unix_ms) "
			   "VALUES (?1, ?2, ?3, ?4)",
	[STORE_ADD_MESSAGE] =
		"INSERT INTO messages (id, id_time, id_origin, sender, "
		"platform, type, body, key, until, others, only_platform, "
		"flags, of_time, of_origin, of_offset, changed, placed) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
		"?13, ?14, ?15, ?16, ?17) ON CONFLICT (id) DO NOTHING",
	[STORE_ADD_PAIR] = "INSERT OR IGNORE INTO pairs (stream, other, "
			   "offset) VALUES (?1, ?2, ?3)",
	[STORE_ADD_END] =
		"INSERT OR IGNORE INTO ends (until, id) VALUES (?1, ?2)",
	[STORE_GET_ROW] = STORE_ROW_COLUMNS "WHERE id = ?1",
	[STORE_SEEK_FIRST] = STORE_SEEK_UP,
	[STORE_SEEK_LAST] = STORE_SEEK_DOWN,
	[STORE_SEEK_OF_HOSTS] = STORE_SEEK_CARRIED,
	[STORE_SEEK_SAID] = "SELECT id FROM messages WHERE id >= ?1 "
			    "AND id < ?2 AND id_time <= ?3 "
			    "ORDER BY id DESC LIMIT 1",
	[STORE_HAS_LATER_EDIT] =
		"SELECT 1 FROM edits JOIN messages ON messages.id = edit "
		"WHERE message = ?1 AND (id_time > ?2 OR "
		"(id_time = ?2 AND id_origin > ?3)) LIMIT 1",
	[STORE_OVERTAKE] = "UPDATE messages SET body = "
			   "(SELECT body FROM messages WHERE id = ?2) "
			   "WHERE id = ?1",
	[STORE_CHANGE] = "UPDATE messages SET body = ?2, type = ?3, "
			 "flags = ?4, changed = ?5 WHERE id = ?1",
	[STORE_ADD_EDIT] =
		"INSERT OR IGNORE INTO edits (message, edit) VALUES (?1, ?2)",
	[STORE_SILENCE_EDITS] = "UPDATE messages SET body = 'null' WHERE id IN "
				"(SELECT edit FROM edits WHERE message = ?1)",
	[STORE_FORGET_EDITS] =
		"DELETE FROM edits WHERE message >= ?1 AND message < ?2",
	[STORE_REMOVE] = "DELETE FROM messages WHERE id = ?1",
	[STORE_REMOVE_PAIR] = "DELETE FROM pairs WHERE stream = ?1 "
			      "AND other = ?2 AND offset = ?3",
	[STORE_BLANK] =
		"UPDATE messages SET sender = '', type = '', body = 'null', "
		"key = NULL, others = NULL, "
		"flags = (flags & " STORE_ROW_FLAG_CHANGES
		") | " STORE_ROW_FLAG_DELETED " WHERE id = ?1",
	[STORE_GET_STREAM] = "SELECT kind, tenant, name, epoch, kept_from "
			     "FROM streams WHERE id = ?1",
	[STORE_TRIM] = "UPDATE streams SET kept_from = ?2, trimmed_time = ?3, "
		       "trimmed_origin = ?4 "
		       "WHERE id = ?1 AND kept_from < ?2",
	[STORE_MARK] =
		"INSERT INTO marks (stream, reader, other, offset) "
		"VALUES (?1, ?2, ?3, ?4) "
		"ON CONFLICT (stream, reader, other) DO UPDATE "
		"SET offset = excluded.offset WHERE offset < excluded.offset",
	[STORE_NEXT_STREAM] = "SELECT id FROM streams WHERE id > ?1 "
			      "ORDER BY id LIMIT 1",
	[STORE_REMOVE_RANGE] = "DELETE FROM messages WHERE id >= ?1 "
			       "AND id < ?2",
	[STORE_NEXT_END] = "SELECT until, id FROM ends WHERE until <= ?1 "
			   "ORDER BY until LIMIT 1",
	[STORE_REMOVE_END] = "DELETE FROM ends WHERE until = ?1 AND id = ?2",
	[STORE_WITHDRAW] = "INSERT INTO withdrawn (id, body, body_after) "
			   "VALUES (?1, ?2, ?3)",
	[STORE_WITHDRAWN_SPAN] = "SELECT (SELECT min(number) FROM withdrawn), "
				 "(SELECT max(number) FROM withdrawn)",
	[STORE_HAS_CARRIED] = "SELECT 1 WHERE EXISTS "
			      "(SELECT 1 FROM carried) OR EXISTS "
			      "(SELECT 1 FROM awaiting)",
	[STORE_ADD_CARRIED] = "INSERT OR IGNORE INTO carried "
			      "(id_time, id_origin, id) VALUES (?1, ?2, ?3)",
	[STORE_FORGET_CARRIED] =
		"DELETE FROM carried WHERE (id_time, id_origin, id) IN "
		"(SELECT id_time, id_origin, id FROM messages "
		"WHERE id >= ?1 AND id < ?2 AND placed != 0)",
	[STORE_ADD_AWAITING] = "INSERT OR IGNORE INTO awaiting "
			       "(of_time, of_origin, id) VALUES (?1, ?2, ?3)",
	[STORE_NEXT_AWAITING] =
		"SELECT id FROM awaiting WHERE of_time = ?1 AND "
		"of_origin = ?2 AND id >= ?3 AND id < ?4 ORDER BY id LIMIT 1",
	[STORE_GET_AWAITING] = STORE_ROW_COLUMNS "WHERE id = ?1",
	[STORE_END_AWAITING] = "DELETE FROM awaiting WHERE of_time = ?1 AND "
			       "of_origin = ?2 AND id = ?3",
	[STORE_SET_OF_OFFSET] =
		"UPDATE messages SET of_offset = ?2 WHERE id = ?1",
	[STORE_FORGET_AWAITING] =
		"DELETE FROM awaiting WHERE (of_time, of_origin, id) IN "
		"(SELECT of_time, of_origin, id FROM messages "
		"WHERE id >= ?1 AND id < ?2 AND placed != 0 "
		"AND of_offset = 0)",
	[STORE_FORGET_WITHDRAWN] = "DELETE FROM withdrawn WHERE number <= ?1",
};

/* Failing */

int
store_complain(struct store *store, const char *doing)
{
	int code = sqlite3_extended_errcode(store->db);

	if (code != store->complained)
		log_error("archive: %s failed: %s (SQLite code %d); it is "
			  "tried again, the journal keeps what is missing",
			doing, sqlite3_errmsg(store->db), code);
	store->complained = code;
	return -1;
}

int
store_run(struct store *store, enum store_statement which, const char *doing)
{
	int code = sqlite3_step(store->statements[which]);

	sqlite3_reset(store->statements[which]);
	if (code != SQLITE_DONE)
		return store_complain(store, doing);
	store->written++;
	return 0;
}

int
store_step(struct store *store, enum store_statement which, const char *doing)
{
	int code = sqlite3_step(store->statements[which]);

	if (code == SQLITE_ROW)
		return 1;
	sqlite3_reset(store->statements[which]);
	return code == SQLITE_DONE ? 0 : store_complain(store, doing);
}

/* Opening */

static int
prepare(struct store *store, const char *path)
{
	for (int i = 0; i < STORE_STATEMENT_COUNT; i++) {
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
	if (store_step(store, STORE_HAS_CARRIED,
		    "looking for messages of other hosts") == 1) {
		store->has_carried = true;
		sqlite3_reset(store->statements[STORE_HAS_CARRIED]);
	}
	sqlite3_wal_hook(store->db, on_commit, store);
	return store;

fail:
	store_close(&store);
	return NULL;
}

void
store_close(struct store **pointer)
{
	struct store *store = *pointer;

	*pointer = NULL;
	if (store == NULL)
		return;
	for (int i = 0; i < STORE_STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	store_forget_streams(store);
	buffer_fini(&store->others);
	free(store->touched);
	free(store);
}

/* Writing */

void
store_set_indexed(struct store *store, store_filter *is_indexed, void *self)
{
	store->is_indexed = is_indexed;
	store->self = self;
	store_forget_streams(store);
}

uint64_t
store_position(struct store *store, unsigned ledger)
{
	sqlite3_stmt *statement = store->statements[STORE_GET_POSITION];
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
	int result = store_run(store, STORE_BEGIN, "beginning a transaction");

	if (HASH_COUNT(store->streams) > STORE_STREAMS_KEPT)
		store_forget_streams(store);
	store->transaction++;
	store->touched_count = 0;
	store->written = 0;
	return result;
}

int
store_set_position(struct store *store, unsigned ledger, uint64_t position)
{
	sqlite3_stmt *set = store->statements[STORE_SET_POSITION];

	store_bind_number(set, 1, ledger);
	store_bind_number(set, 2, position);
	return store_run(store, STORE_SET_POSITION, "noting a position");
}

int
store_note_hole(struct store *store, unsigned ledger, uint64_t position,
	uint64_t position_after)
{
	sqlite3_stmt *add = store->statements[STORE_ADD_HOLE];

	store_bind_number(add, 1, ledger);
	store_bind_number(add, 2, position);
	store_bind_number(add, 3, position_after);
	store_bind_number(add, 4, clock_unix_ms());
	return store_run(store, STORE_ADD_HOLE, "noting a hole");
}

int
store_commit(struct store *store)
{
	if (store_run(store, STORE_COMMIT, "committing") < 0)
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
		store_run(store, STORE_ROLLBACK, "undoing a transaction");
	store->touched_count = 0;
	store_forget_streams(store);
}

const uint64_t *
store_touched(const struct store *store, size_t *count)
{
	*count = store->touched_count;
	return store->touched;
}

size_t
store_written(const struct store *store)
{
	return store->written;
}

size_t
store_log_pages(const struct store *store)
{
	return store->log_pages;
}
