#include "worker/historian/store_index.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/log.h"
#include "worker/historian/migrate.h"
#include "worker/historian/store_index_inside.h"
#include "worker/historian/store_row.h"

/*
 * Two connections: one reads the archive, the other writes the index. Only what
 * is committed in the archive is seen here, so the index is never ahead of it.
 *
 * A row that is taken a second time does no harm: the index has it once more
 * under the same number, and what it was before is never shown, because who
 * searches reads the message itself. What is taken back must be what is there:
 * FTS5 is told the text that goes. So each step reads the archive as of one
 * moment, first all notes of what was withdrawn until then, and only then takes
 * what the messages say at that moment.
 */

#define BUSY_MS 5000
static const char *const sql[INDEX_STATEMENT_COUNT] = {
	[INDEX_BEGIN] = "BEGIN IMMEDIATE",
	[INDEX_COMMIT] = "COMMIT",
	[INDEX_ROLLBACK] = "ROLLBACK",
	[INDEX_ADD_TEXT] = "INSERT INTO texts (rowid, text) VALUES (?1, ?2)",
	[INDEX_GET_PROGRESS] = "SELECT offset, id_time FROM progress "
			       "WHERE stream = ?1",
	[INDEX_SET_PROGRESS] = "INSERT OR REPLACE INTO progress "
			       "(stream, offset, id_time) VALUES (?1, ?2, ?3)",
	[INDEX_FORGET_PROGRESS] = "DELETE FROM progress WHERE stream = ?1",
	[INDEX_TAKE_BACK] = "INSERT INTO texts (texts, rowid, text) "
			    "VALUES ('delete', ?1, ?2)",
	[INDEX_GET_TAKEN_BACK] = "SELECT number FROM taken_back",
	[INDEX_SET_TAKEN_BACK] = "UPDATE taken_back SET number = ?1",
	[INDEX_BEGIN_READING] = "BEGIN",
	[INDEX_END_READING] = "COMMIT",
	[INDEX_NEXT_STREAM] = "SELECT id FROM streams WHERE id > ?1 "
			      "ORDER BY id LIMIT 1",
	[INDEX_GET_STREAM] = "SELECT kind, name FROM streams WHERE id = ?1",
	[INDEX_GET_ROW] = "SELECT id_time FROM messages WHERE id = ?1",
	[INDEX_GET_TOP] = "SELECT id FROM messages WHERE id > ?1 AND id <= ?2 "
			  "ORDER BY id DESC LIMIT 1",
	[INDEX_WALK] =
		STORE_ROW_COLUMNS "WHERE id > ?1 AND id <= ?2 ORDER BY id",
	[INDEX_NEXT_WITHDRAWN] = "SELECT number, id, body, body_after "
				 "FROM withdrawn WHERE number > ?1 "
				 "ORDER BY number",
	[INDEX_LAST_WITHDRAWN] =
		"SELECT seq FROM sqlite_sequence WHERE name = 'withdrawn'",
};

static bool
is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

enum store_index_result
store_index_complain(struct store_index *index, sqlite3 *db)
{
	int code = sqlite3_extended_errcode(db);

	if (code != index->complained)
		log_error("search: %s cannot be filled: %s (SQLite code %d); "
			  "it is tried again",
			index->options.path, sqlite3_errmsg(db), code);
	index->complained = code;
	if (db == index->db && is_damage(code))
		index->is_useless = true;
	return STORE_INDEX_FAILED;
}

/* Opening */

void
store_index_remove(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char *name;

		must(asprintf(&name, "%s%s", path, ends[i]) >= 0);
		if (unlink(name) < 0 && errno != ENOENT)
			log_error("search: %s cannot be removed: %s", name,
				strerror(errno));
		free(name);
	}
}

static int
open_archive(struct store_index *index)
{
	const char *path = index->options.archive;

	if (sqlite3_open_v2(path, &index->archive,
		    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK) {
		log_error("search: %s cannot be read: %s", path,
			sqlite3_errmsg(index->archive));
		return -1;
	}
	sqlite3_busy_timeout(index->archive, BUSY_MS);
	return 0;
}

static int
prepare(struct store_index *index)
{
	for (int i = 0; i < INDEX_STATEMENT_COUNT; i++) {
		sqlite3 *db = i < INDEX_OWN_COUNT ? index->db : index->archive;

		if (sqlite3_prepare_v3(db, sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &index->statements[i],
			    NULL) == SQLITE_OK)
			continue;
		log_error("search: %s lacks what its version promises: %s",
			index->options.path, sqlite3_errmsg(db));
		return -1;
	}
	return 0;
}

static void
close_index(struct store_index *index)
{
	for (int i = 0; i < INDEX_OWN_COUNT; i++) {
		sqlite3_finalize(index->statements[i]);
		index->statements[i] = NULL;
	}
	sqlite3_close(index->db);
	index->db = NULL;
}

static int
read_taken_back(struct store_index *index)
{
	sqlite3_stmt *get = index->statements[INDEX_GET_TAKEN_BACK];
	int code = sqlite3_step(get);

	if (code == SQLITE_ROW)
		index->taken_back = store_row_number(get, 0);
	sqlite3_reset(get);
	return code == SQLITE_ROW ? 0 : -1;
}

static int
open_index(struct store_index *index)
{
	const struct store_index_options *options = &index->options;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX;
	struct stat file;

	if (sqlite3_open_v2(options->path, &index->db, flags, NULL) !=
			SQLITE_OK ||
		sqlite3_busy_timeout(index->db, BUSY_MS) != SQLITE_OK ||
		sqlite3_exec(index->db,
			"PRAGMA journal_mode = WAL;"
			"PRAGMA synchronous = NORMAL;"
			"PRAGMA journal_size_limit = 16777216;",
			NULL, NULL, NULL) != SQLITE_OK) {
		log_warning("search: %s cannot be used: %s", options->path,
			sqlite3_errmsg(index->db));
		index->is_useless = is_damage(sqlite3_errcode(index->db));
		return -1;
	}
	index->is_useless = true;
	if (migrate(index->db, options->path, options->sql_dir) < 0 ||
		prepare(index) < 0 || read_taken_back(index) < 0 ||
		stat(options->path, &file) < 0)
		return -1;
	index->is_useless = false;
	index->device = file.st_dev;
	index->inode = file.st_ino;
	return 0;
}

struct store_index *
store_index_open(const struct store_index_options *options)
{
	struct store_index *index = base_alloc_zeroed(1, sizeof(*index));

	index->options = *options;
	if (open_archive(index) < 0)
		goto fail;
	if (open_index(index) == 0)
		return index;
	close_index(index);
	if (index->is_useless) {
		log_warning("search: %s is built anew", options->path);
		store_index_remove(options->path);
		if (open_index(index) == 0)
			return index;
	}

fail:
	store_index_close(&index);
	return NULL;
}

void
store_index_close(struct store_index **pointer)
{
	struct store_index *index = *pointer;

	*pointer = NULL;
	if (index == NULL)
		return;
	close_index(index);
	for (int i = INDEX_OWN_COUNT; i < INDEX_STATEMENT_COUNT; i++)
		sqlite3_finalize(index->statements[i]);
	sqlite3_close(index->archive);
	buffer_fini(&index->text);
	free(index);
}

bool
store_index_is_gone(const struct store_index *index)
{
	struct stat file;

	return stat(index->options.path, &file) < 0 ||
	       file.st_dev != index->device || file.st_ino != index->inode;
}

bool
store_index_is_useless(const struct store_index *index)
{
	return index->is_useless;
}

/* Transactions */

int
store_index_run(struct store_index *index, enum index_statement which)
{
	sqlite3_stmt *statement = index->statements[which];
	int code = sqlite3_step(statement);

	if (code != SQLITE_DONE)
		store_index_complain(index, sqlite3_db_handle(statement));
	sqlite3_reset(index->statements[which]);
	return code == SQLITE_DONE ? 0 : -1;
}

static void
end_reading(struct store_index *index)
{
	sqlite3_stmt *end = index->statements[INDEX_END_READING];

	if (sqlite3_get_autocommit(index->archive))
		return;
	sqlite3_step(end);
	sqlite3_reset(end);
}

int
store_index_begin(struct store_index *index)
{
	index->taking_back = index->taken_back;
	if (store_index_run(index, INDEX_BEGIN_READING) < 0)
		return -1;
	return store_index_run(index, INDEX_BEGIN);
}

int
store_index_commit(struct store_index *index)
{
	end_reading(index);
	if (store_index_run(index, INDEX_COMMIT) < 0)
		return -1;
	index->taken_back = index->taking_back;
	index->complained = 0;
	return 0;
}

void
store_index_undo(struct store_index *index)
{
	end_reading(index);
	if (!sqlite3_get_autocommit(index->db))
		store_index_run(index, INDEX_ROLLBACK);
}

uint64_t
store_index_taken_back(const struct store_index *index)
{
	return index->taken_back;
}
