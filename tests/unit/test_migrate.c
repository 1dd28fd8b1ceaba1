/* Opening the archive: numbered steps, and databases that cannot be used. What
 * is said of each is read from the log. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/log.h"
#include "shared/records.h"
#include "tests/unit/archive_sql.h"
#include "worker/historian/migrate.h"
#include "worker/historian/store.h"
#include "worker/historian/store_page.h"

struct place {
	char directory[64];
	char sql_dir[80];
	char path[80];
	char log[80];
};

static int
set_up(void **state)
{
	struct place *place = base_alloc_zeroed(1, sizeof(*place));
	const char *directory = place->directory;

	snprintf(place->directory, sizeof(place->directory),
		"/tmp/confab-migrate-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->sql_dir, sizeof(place->sql_dir), "%s/sql", directory);
	snprintf(place->path, sizeof(place->path), "%s/archive.db", directory);
	snprintf(place->log, sizeof(place->log), "%s/log", directory);
	assert_int_equal(mkdir(place->sql_dir, 0700), 0);
	assert_int_equal(
		log_open(place->log, LOG_LEVEL_INFO, LOG_FORMAT_TEXT), 0);
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	assert_int_equal(log_open(NULL, LOG_LEVEL_INFO, LOG_FORMAT_TEXT), 0);
	snprintf(command, sizeof(command), "rm -rf %s", place->directory);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static void
write_bytes(const char *path, const char *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void
write_step(const struct place *place, const char *name, const char *sql)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", place->sql_dir, name);
	write_bytes(path, sql, strlen(sql));
}

static bool
log_tells(const struct place *place, const char *words)
{
	char text[16384];
	FILE *file = fopen(place->log, "r");
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = 0;
	return strstr(text, words) != NULL;
}

/* Migrates with the steps of the place; the version after it, -1 = refused. */
static int
migrated(const struct place *place)
{
	sqlite3 *db = archive_open(place->path);
	bool is_done = migrate(db, place->path, place->sql_dir) == 0;

	sqlite3_close(db);
	if (!is_done)
		return -1;
	return (int)archive_ask(place->path, "PRAGMA user_version");
}

static void
steps_are_applied_once_and_in_order(void **state)
{
	struct place *place = *state;

	write_step(place, "0001-a.sql", "CREATE TABLE a (x);");
	assert_int_equal(migrated(place), 1);
	assert_int_equal(migrated(place), 1);
	write_step(place, "0003-c.sql", "INSERT INTO a (y) VALUES (1);");
	write_step(place, "0002-b.sql", "ALTER TABLE a ADD COLUMN y;");
	write_step(place, "README.md", "no step");
	assert_int_equal(migrated(place), 3);
}

static void
a_step_that_fails_leaves_no_half(void **state)
{
	struct place *place = *state;

	write_step(place, "0001-a.sql", "CREATE TABLE a (x);");
	write_step(place, "0002-b.sql",
		"CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);");
	assert_int_equal(migrated(place), -1);
	assert_true(log_tells(place, "0002-b.sql failed: no such table"));
	write_step(place, "0002-b.sql", "CREATE TABLE b (x);");
	assert_int_equal(migrated(place), 2);
}

static void
a_gap_in_the_numbers_is_refused(void **state)
{
	struct place *place = *state;

	write_step(place, "0001-a.sql", "CREATE TABLE a (x);");
	write_step(place, "0003-c.sql", "CREATE TABLE c (x);");
	assert_int_equal(migrated(place), -1);
	assert_true(log_tells(place, "no step 0002"));
	write_step(place, "0002-b.sql", "CREATE TABLE b (x);");
	write_step(place, "0002-d.sql", "CREATE TABLE d (x);");
	assert_int_equal(migrated(place), -1);
	assert_true(log_tells(place, "two of one number"));
}

static void
a_missing_or_empty_directory_is_refused(void **state)
{
	struct place *place = *state;

	assert_int_equal(migrated(place), -1);
	assert_true(log_tells(place, "holds no step 0001"));
	assert_int_equal(rmdir(place->sql_dir), 0);
	assert_int_equal(migrated(place), -1);
	assert_true(log_tells(place, "cannot be read: No such file"));
}

static void
a_newer_database_is_left_alone(void **state)
{
	struct place *place = *state;
	struct store *store = store_open(place->path, "sql");

	assert_non_null(store);
	store_close(&store);
	archive_execute(place->path, "PRAGMA user_version = 999");
	assert_null(store_open(place->path, "sql"));
	assert_true(log_tells(place, "written by a newer confabd"));
	assert_true(log_tells(place, place->path));
}

/* A file as it was before the last steps, with rows. */
static void
make_first_archive(const struct place *place)
{
	char command[256];

	snprintf(command, sizeof(command), "cp sql/0001-*.sql %s/",
		place->sql_dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(migrated(place), 1);
	archive_execute(place->path,
		"INSERT INTO streams VALUES (1, 114, 'default', 'lobby', 9);"
		"INSERT INTO messages VALUES (68719476737, 65536, 1024, "
		"'anna', 101, 'text', '\"old\"', NULL);"
		"INSERT INTO messages VALUES (68719476738, 65537, 1024, "
		"'anna', 101, 'text', '\"older\"', 'key');"
		"INSERT INTO positions VALUES (0, 4711);");
}

static void
an_archive_of_the_first_layout_is_read_and_goes_on(void **state)
{
	struct place *place = *state;
	struct lookup wanted = { .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = TEXT_LITERAL("lobby"),
		.limit = 10,
		.epoch = 9 };
	struct message added = { .id_time = 65538,
		.kind = STREAM_ROOM,
		.tenant = wanted.tenant,
		.stream = wanted.stream,
		.epoch = 9,
		.offset = 3,
		.until = UINT64_MAX >> 1,
		.body = TEXT_LITERAL("1") };
	struct store_page page = { 0 };
	struct store_reader *reader;
	struct unpack messages, one;
	struct message message;
	struct store *store;

	make_first_archive(place);
	store = store_open(place->path, "sql");
	assert_non_null(store);
	assert_int_equal(store_position(store, 0), 4711);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_add(store, &added), 0);
	assert_int_equal(store_commit(store), 0);
	reader = store_reader_open(place->path);
	assert_int_equal(store_reader_page(reader, &wanted, 65536, &page), 0);
	assert_int_equal(page.count, 3);
	messages = unpack_of(buffer_text(&page.messages));
	one = unpack_of(unpack_text(&messages));
	assert_true(message_unpack(&one, &message));
	assert_true(text_equal(message.body, TEXT_LITERAL("\"old\"")));
	assert_int_equal(message.until, 0);
	assert_int_equal(message.flags, 0);
	assert_int_equal(message.others.length, 0);
	buffer_fini(&page.messages);
	store_reader_close(&reader);
	store_close(&store);
}

static void
a_file_that_is_no_database_is_named(void **state)
{
	struct place *place = *state;
	char noise[8192];

	memset(noise, 'x', sizeof(noise));
	write_bytes(place->path, noise, sizeof(noise));
	assert_null(store_open(place->path, "sql"));
	assert_true(log_tells(place, "is damaged or no SQLite database"));
	assert_true(log_tells(place, place->path));
}

static void
a_damaged_database_is_named(void **state)
{
	struct place *place = *state;
	struct store *store = store_open(place->path, "sql");
	char noise[4096];
	int fd;

	assert_non_null(store);
	store_close(&store);
	memset(noise, 0x5a, sizeof(noise));
	fd = open(place->path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, noise, sizeof(noise), 4096), sizeof(noise));
	close(fd);
	assert_null(store_open(place->path, "sql"));
	assert_true(log_tells(place, "is damaged or no SQLite database"));
}

static void
a_database_of_someone_else_is_refused(void **state)
{
	struct place *place = *state;

	archive_execute(place->path, "CREATE TABLE messages (theirs)");
	assert_null(store_open(place->path, "sql"));
	assert_true(log_tells(place, "table messages already exists"));
}

static void
a_directory_that_is_missing_is_named(void **state)
{
	struct place *place = *state;

	assert_null(store_open("/nonexistent/archive.db", "sql"));
	assert_true(log_tells(place, "/nonexistent/archive.db cannot be"));
}

#define with_place(test)                                                       \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(steps_are_applied_once_and_in_order),
		with_place(a_step_that_fails_leaves_no_half),
		with_place(a_gap_in_the_numbers_is_refused),
		with_place(a_missing_or_empty_directory_is_refused),
		with_place(a_newer_database_is_left_alone),
		with_place(an_archive_of_the_first_layout_is_read_and_goes_on),
		with_place(a_file_that_is_no_database_is_named),
		with_place(a_damaged_database_is_named),
		with_place(a_database_of_someone_else_is_refused),
		with_place(a_directory_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
