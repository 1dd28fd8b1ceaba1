/*
 * A directory for a journal, its log, and what tests of the journal keep
 * saying. Included by one test program each, so everything is static.
 */
#ifndef TESTS_UNIT_JOURNAL_FIXTURE_H
#define TESTS_UNIT_JOURNAL_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/pack.h"
#include "shared/segment.h"

#define ARENA 77

static char directory[64];
static char log_path[128];

static inline int
make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_journal.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(log_path, sizeof(log_path), "%s.log", directory);
	return log_open(log_path, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
}

static inline int
remove_directory(void **state)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	(void)state;
	while ((entry = readdir(dir)) != NULL) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(dir);
	log_open(NULL, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	unlink(log_path);
	return rmdir(directory);
}

/* Was a line with these words logged? */
static inline bool
is_logged(const char *words)
{
	char log[16384];
	int fd = open(log_path, O_RDONLY);
	ssize_t got = read(fd, log, sizeof(log) - 1);

	close(fd);
	log[MAX_OF(got, 0)] = 0;
	return strstr(log, words) != NULL;
}

static inline struct journal *
opened(void)
{
	struct journal *journal = journal_open(directory, false);

	assert_non_null(journal);
	return journal;
}

static inline void
commit_text(struct journal *journal, const char *text)
{
	journal_add(journal, text_of(text));
	assert_int_equal(journal_commit(journal, ARENA), JOURNAL_OK);
}

static inline void
close_and_reopen(struct journal **journal)
{
	journal_close(journal);
	*journal = opened();
}

static inline void
assert_next_is(struct journal_reader *reader, uint64_t limit, const char *text)
{
	struct journal_batch batch;
	struct unpack in;
	struct text record;

	assert_int_equal(
		journal_reader_next(reader, limit, &batch), JOURNAL_READ_BATCH);
	assert_int_equal(batch.count, 1);
	in = unpack_of(batch.records);
	record = unpack_text(&in);
	assert_false(in.failed);
	assert_true(text_equal(record, text_of(text)));
}

static inline void
assert_next_result(
	struct journal_reader *reader, uint64_t limit, enum journal_read result)
{
	struct journal_batch batch;

	assert_int_equal(journal_reader_next(reader, limit, &batch), result);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

#endif
