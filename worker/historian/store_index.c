#include "worker/historian/store_index.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/log.h"
#include "shared/words.h"
#include "worker/historian/migrate.h"
#include "worker/historian/store.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_row.h"

/*
 * Two connections: one reads the archive, the other writes the index. Only what
 * is committed in the archive is seen here, so the index is never ahead of it.
 *
 * A row that is taken a second time does no harm: the index has it once more
 * under the same number, and what it was before is never shown, because who
 * searches reads the message itself.
 */

#define BUSY_MS 5000
#define KEEP_BYTES (1024 * 1024)

/* A step with so much text is full, however few messages that is. */
#define STEP_BYTES (1024 * 1024)

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	ADD_TEXT,
	GET_PROGRESS,
	SET_PROGRESS,
	INDEX_COUNT,
	NEXT_STREAM = INDEX_COUNT,
	GET_STREAM,
	GET_ROW,
	GET_TOP,
	WALK,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[ADD_TEXT] = "INSERT INTO texts (rowid, text) VALUES (?1, ?2)",
	[GET_PROGRESS] = "SELECT offset, id_time FROM progress "
			 "WHERE stream = ?1",
	[SET_PROGRESS] = "INSERT OR REPLACE INTO progress "
			 "(stream, offset, id_time) VALUES (?1, ?2, ?3)",
	[NEXT_STREAM] = "SELECT id FROM streams WHERE id > ?1 "
			"ORDER BY id LIMIT 1",
	[GET_STREAM] = "SELECT kind, name FROM streams WHERE id = ?1",
	[GET_ROW] = "SELECT id_time FROM messages WHERE id = ?1",
	[GET_TOP] = "SELECT id FROM messages WHERE id > ?1 AND id <= ?2 "
		    "ORDER BY id DESC LIMIT 1",
	[WALK] = STORE_ROW_COLUMNS "WHERE id > ?1 AND id <= ?2 ORDER BY id",
};

struct store_index {
	struct store_index_options options;
	sqlite3 *db;
	sqlite3 *archive;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	dev_t device;
	ino_t inode;
	struct buffer text;
	int complained; /* the SQLite code that was logged last, 0 = healthy */
	bool is_useless;
};

struct progress {
	uint64_t offset;
	uint64_t id_time; /* 0: not known */
};

static bool
is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static enum store_index_result
complain(struct store_index *index, sqlite3 *db)
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
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3 *db = i < INDEX_COUNT ? index->db : index->archive;

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
	for (int i = 0; i < INDEX_COUNT; i++) {
		sqlite3_finalize(index->statements[i]);
		index->statements[i] = NULL;
	}
	sqlite3_close(index->db);
	index->db = NULL;
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
		prepare(index) < 0 || stat(options->path, &file) < 0)
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
	for (int i = INDEX_COUNT; i < STATEMENT_COUNT; i++)
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

static int
run(struct store_index *index, enum statement which)
{
	int code = sqlite3_step(index->statements[which]);

	if (code != SQLITE_DONE)
		complain(index, index->db);
	sqlite3_reset(index->statements[which]);
	return code == SQLITE_DONE ? 0 : -1;
}

int
store_index_begin(struct store_index *index)
{
	return run(index, BEGIN);
}

int
store_index_commit(struct store_index *index)
{
	if (run(index, COMMIT) < 0)
		return -1;
	index->complained = 0;
	return 0;
}

void
store_index_undo(struct store_index *index)
{
	if (!sqlite3_get_autocommit(index->db))
		run(index, ROLLBACK);
}

/* Filling. Each answers 1 for a row, 0 for none, -1 when it failed. */

static int
first_row(struct store_index *index, enum statement which)
{
	sqlite3_stmt *statement = index->statements[which];
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		complain(index, sqlite3_db_handle(statement));
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

bool
store_index_next_stream(struct store_index *index, uint64_t *stream)
{
	sqlite3_stmt *next = index->statements[NEXT_STREAM];

	store_bind_number(next, 1, *stream);
	if (first_row(index, NEXT_STREAM) != 1)
		return false;
	*stream = store_row_number(next, 0);
	sqlite3_reset(next);
	return true;
}

static int
is_wanted(struct store_index *index, uint64_t stream)
{
	sqlite3_stmt *get = index->statements[GET_STREAM];
	int found;

	store_bind_number(get, 1, stream);
	found = first_row(index, GET_STREAM);
	if (found == 1)
		found = index->options.wants(index->options.self,
			(unsigned)store_row_number(get, 0),
			store_row_text(get, 1));
	sqlite3_reset(get);
	return found;
}

static int
read_progress(
	struct store_index *index, uint64_t stream, struct progress *progress)
{
	sqlite3_stmt *get = index->statements[GET_PROGRESS];
	int found;

	*progress = (struct progress){ 0 };
	store_bind_number(get, 1, stream);
	found = first_row(index, GET_PROGRESS);
	if (found == 1) {
		progress->offset = store_row_number(get, 0);
		progress->id_time = store_row_number(get, 1);
	}
	sqlite3_reset(get);
	return found;
}

/* Is the last message that was taken the one that stands in the archive? When
 * it is not there, old messages may have been dropped, but not newer ones. */
static int
is_same_archive(struct store_index *index, uint64_t stream,
	const struct progress *progress)
{
	sqlite3_stmt *get = index->statements[GET_ROW];
	sqlite3_stmt *top = index->statements[GET_TOP];
	uint64_t base = stream << STORE_OFFSET_BITS;
	int found;

	if (progress->id_time == 0)
		return 1;
	store_bind_number(get, 1, base + progress->offset);
	found = first_row(index, GET_ROW);
	if (found == 1)
		found = store_row_number(get, 0) == progress->id_time;
	else if (found == 0) {
		store_bind_number(top, 1, base);
		store_bind_number(top, 2, base + STORE_OFFSET_MAX);
		found = first_row(index, GET_TOP);
		if (found == 1)
			found = store_row_number(top, 0) >
				base + progress->offset;
		else if (found == 0)
			found = 1;
		sqlite3_reset(top);
	}
	sqlite3_reset(get);
	return found;
}

static int
take_row(struct store_index *index, sqlite3_stmt *row)
{
	sqlite3_stmt *add = index->statements[ADD_TEXT];
	size_t before = index->text.length;

	words_of_body(&index->text, store_row_text(row, STORE_ROW_BODY));
	store_bind_number(add, 1, store_row_number(row, STORE_ROW_ID));
	store_bind_text(add, 2,
		(struct text){ (const char *)index->text.data + before,
			index->text.length - before });
	return run(index, ADD_TEXT);
}

static enum store_index_result
take_rows(struct store_index *index, uint64_t stream, struct progress *progress,
	size_t *rows)
{
	sqlite3_stmt *walk = index->statements[WALK];
	uint64_t base = stream << STORE_OFFSET_BITS;
	enum store_index_result result = STORE_INDEX_DONE;
	int code;

	store_bind_number(walk, 1, base + progress->offset);
	store_bind_number(walk, 2, base + STORE_OFFSET_MAX);
	while ((code = sqlite3_step(walk)) == SQLITE_ROW) {
		if (*rows == 0) {
			result = STORE_INDEX_MORE;
			break;
		}
		if (take_row(index, walk) < 0) {
			result = STORE_INDEX_FAILED;
			break;
		}
		progress->offset = store_row_offset(walk);
		progress->id_time = store_row_number(walk, STORE_ROW_ID_TIME);
		--*rows;
		if (index->text.length > STEP_BYTES)
			*rows = 0;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		result = complain(index, index->archive);
	sqlite3_reset(walk);
	return result;
}

static int
write_progress(struct store_index *index, uint64_t stream,
	const struct progress *progress)
{
	sqlite3_stmt *set = index->statements[SET_PROGRESS];

	store_bind_number(set, 1, stream);
	store_bind_number(set, 2, progress->offset);
	store_bind_number(set, 3, progress->id_time);
	return run(index, SET_PROGRESS);
}

enum store_index_result
store_index_add(struct store_index *index, uint64_t stream, uint64_t lowest,
	size_t *rows)
{
	enum store_index_result result;
	struct progress progress;
	int wanted = is_wanted(index, stream);
	uint64_t before;
	int same;

	if (wanted <= 0)
		return wanted == 0 ? STORE_INDEX_DONE : STORE_INDEX_FAILED;
	if (read_progress(index, stream, &progress) < 0)
		return STORE_INDEX_FAILED;
	before = progress.offset;
	if (lowest > 0 && progress.offset >= lowest)
		progress = (struct progress){ lowest - 1, 0 };
	same = is_same_archive(index, stream, &progress);
	if (same <= 0) {
		index->is_useless |= same == 0;
		return STORE_INDEX_FAILED;
	}
	buffer_clear(&index->text, KEEP_BYTES);
	result = take_rows(index, stream, &progress, rows);
	if (result != STORE_INDEX_FAILED && progress.offset != before &&
		write_progress(index, stream, &progress) < 0)
		return STORE_INDEX_FAILED;
	return result;
}
