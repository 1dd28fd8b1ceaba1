/*
 * SQL in the file of an archive or an index, behind the back of its store.
 * Included by one test program each, so everything is static.
 */
#ifndef TESTS_UNIT_ARCHIVE_SQL_H
#define TESTS_UNIT_ARCHIVE_SQL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#define ARCHIVE_GUARD_MS 30000

static inline sqlite3 *
archive_open(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, ARCHIVE_GUARD_MS);
	return db;
}

static inline void
archive_execute(const char *path, const char *sql)
{
	sqlite3 *db = archive_open(path);

	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* False when there is no such table, or no row. */
static inline bool
archive_answers(const char *path, const char *sql, uint64_t *number)
{
	sqlite3 *db = archive_open(path);
	sqlite3_stmt *statement;
	bool has_row = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) ==
			       SQLITE_OK &&
		       sqlite3_step(statement) == SQLITE_ROW;

	*number = has_row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return has_row;
}

static inline uint64_t
archive_ask(const char *path, const char *sql)
{
	uint64_t number;

	assert_true(archive_answers(path, sql, &number));
	return number;
}

/* The same of what may not be there yet, which is 0. */
static inline uint64_t
archive_ask_early(const char *path, const char *sql)
{
	uint64_t number;

	archive_answers(path, sql, &number);
	return number;
}

#endif
