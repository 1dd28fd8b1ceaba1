#include "worker/historian/migrate.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/log.h"

#define DIGITS 4
#define STEP_BYTES_MAX (1024 * 1024)

/* "0001-words.sql" */
static int
is_step(const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t length = strlen(name);

	if (length < DIGITS + 6 || name[DIGITS] != '-' ||
		strcmp(name + length - 4, ".sql") != 0)
		return 0;
	for (int i = 0; i < DIGITS; i++)
		if (!isdigit((unsigned char)name[i]))
			return 0;
	return 1;
}

static void
free_steps(struct dirent **steps, int count)
{
	for (int i = 0; i < count; i++)
		free(steps[i]);
	free(steps);
}

/* The steps in order, step i numbered i + 1; their count, or -1. */
static int
find_steps(const char *sql_dir, struct dirent ***steps)
{
	int count = scandir(sql_dir, steps, is_step, alphasort);

	if (count < 0) {
		log_error("archive: sql_dir %s cannot be read: %s", sql_dir,
			strerror(errno));
		return -1;
	}
	for (int i = 0; i < count; i++) {
		if (atoi((*steps)[i]->d_name) == i + 1)
			continue;
		log_error("archive: sql_dir %s has no step %04d, or two of one "
			  "number, before %s",
			sql_dir, i + 1, (*steps)[i]->d_name);
		free_steps(*steps, count);
		return -1;
	}
	if (count == 0) {
		log_error("archive: sql_dir %s holds no step 0001-….sql",
			sql_dir);
		free_steps(*steps, count);
		return -1;
	}
	return count;
}

static int
read_file(const char *path, struct buffer *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd < 0)
		goto fail;
	do {
		got = read(fd, buffer_reserve(out, 65536), 65536);
		if (got > 0)
			out->length += (size_t)got;
	} while (got > 0 && out->length < STEP_BYTES_MAX);
	if (got != 0)
		goto fail;
	buffer_add_byte(out, 0);
	close(fd);
	return 0;

fail:
	log_error("archive: %s cannot be read: %s", path,
		got > 0 ? "it is too long" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int
apply(sqlite3 *db, const char *name, const char *path, int number)
{
	struct buffer sql = { 0 };
	char set_version[64];
	int result = -1;

	snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d",
		number);
	if (read_file(path, &sql) < 0)
		goto out;
	if (run(db, "BEGIN IMMEDIATE") && run(db, (const char *)sql.data) &&
		run(db, set_version) && run(db, "COMMIT")) {
		log_info("archive: %s is now at version %d", name, number);
		result = 0;
		goto out;
	}
	log_error("archive: %s: step %s failed: %s", name, path,
		sqlite3_errmsg(db));
	if (!sqlite3_get_autocommit(db))
		run(db, "ROLLBACK");
out:
	buffer_fini(&sql);
	return result;
}

/* -1 (logged) when the database does not even tell its version. */
static int
read_version(sqlite3 *db, const char *name)
{
	sqlite3_stmt *statement = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement,
		    NULL) == SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	else
		log_error("archive: %s tells no version: %s", name,
			sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return version;
}

int
migrate(sqlite3 *db, const char *name, const char *sql_dir)
{
	struct dirent **steps;
	int version = read_version(db, name);
	int count = version < 0 ? -1 : find_steps(sql_dir, &steps);
	int result = 0;

	if (count < 0)
		return -1;
	if (version > count) {
		log_error("archive: %s has version %d and this confabd knows "
			  "versions up to %d: it was written by a newer "
			  "confabd; run that one, or restore a backup",
			name, version, count);
		result = -1;
	}
	for (int i = version; i < count && result == 0; i++) {
		char *path;

		must(asprintf(&path, "%s/%s", sql_dir, steps[i]->d_name) >= 0);
		result = apply(db, name, path, i + 1);
		free(path);
	}
	free_steps(steps, count);
	return result;
}
