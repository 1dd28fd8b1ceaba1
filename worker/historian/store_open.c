#include "worker/historian/store_open.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/base.h"
#include "shared/log.h"
#include "worker/historian/migrate.h"

/* The writer waits no longer than this for a stranger who holds the database,
 * an operator's shell say; it tries again later. */
#define BUSY_MS 100

/* A check of the whole file is for small ones only; a restart must be quick. */
#define CHECK_BYTES_MAX (8 * 1024 * 1024)

static int
tell_damage(const char *path, const char *why)
{
	log_error("archive: %s is damaged or no SQLite database (%s): restore "
		  "it from a backup, or move it away and a new one is filled "
		  "as far back as the journal reaches",
		path, why);
	return -1;
}

static int
run_pragmas(sqlite3 *db, const char *path)
{
	static const char *const pragmas[] = {
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = NORMAL",
		"PRAGMA journal_size_limit = 67108864",
		"PRAGMA cache_size = -16384",
	};

	for (size_t i = 0; i < ARRAY_LEN(pragmas); i++) {
		int code = sqlite3_exec(db, pragmas[i], NULL, NULL, NULL);

		if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
			return tell_damage(path, sqlite3_errmsg(db));
		if (code != SQLITE_OK) {
			log_error("archive: %s cannot be used: %s", path,
				sqlite3_errmsg(db));
			return -1;
		}
	}
	return 0;
}

static int
check(sqlite3 *db, const char *path)
{
	sqlite3_stmt *statement = NULL;
	struct stat file;
	int result = 0;

	if (stat(path, &file) < 0 || file.st_size > CHECK_BYTES_MAX)
		return 0;
	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement,
		    NULL) != SQLITE_OK ||
		sqlite3_step(statement) != SQLITE_ROW)
		result = tell_damage(path, sqlite3_errmsg(db));
	else if (strcmp((const char *)sqlite3_column_text(statement, 0),
			 "ok") != 0)
		result = tell_damage(
			path, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return result;
}

struct sqlite3 *
store_open_database(const char *path, const char *sql_dir)
{
	sqlite3 *db = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
		log_error("archive: %s cannot be opened: %s", path,
			sqlite3_errmsg(db));
		goto fail;
	}
	sqlite3_busy_timeout(db, BUSY_MS);
	if (run_pragmas(db, path) < 0 || check(db, path) < 0)
		goto fail;
	if (migrate(db, path, sql_dir) < 0)
		goto fail;
	return db;

fail:
	sqlite3_close(db);
	return NULL;
}
