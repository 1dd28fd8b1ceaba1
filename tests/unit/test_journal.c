#include "shared/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/crc32c.h"
#include "shared/log.h"
#include "shared/pack.h"
#include "shared/segment.h"

#define ARENA 77

static char directory[64];
static char log_path[128];

static int
make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_journal.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(log_path, sizeof(log_path), "%s.log", directory);
	return log_open(log_path, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
}

static int
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
static bool
is_logged(const char *words)
{
	char log[16384];
	int fd = open(log_path, O_RDONLY);
	ssize_t got = read(fd, log, sizeof(log) - 1);

	close(fd);
	log[MAX_OF(got, 0)] = 0;
	return strstr(log, words) != NULL;
}

static struct journal *
opened(void)
{
	struct journal *journal = journal_open(directory, false);

	assert_non_null(journal);
	return journal;
}

static void
commit_text(struct journal *journal, const char *text)
{
	journal_add(journal, text_of(text));
	assert_int_equal(journal_commit(journal, ARENA), JOURNAL_OK);
}

static void
close_and_reopen(struct journal **journal)
{
	journal_close(journal);
	*journal = opened();
}

static void
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

static void
assert_next_result(
	struct journal_reader *reader, uint64_t limit, enum journal_read result)
{
	struct journal_batch batch;

	assert_int_equal(journal_reader_next(reader, limit, &batch), result);
}

static off_t
segment_size(uint64_t base)
{
	char path[PATH_MAX];
	struct stat stat_of;

	segment_path(path, directory, base);
	assert_int_equal(stat(path, &stat_of), 0);
	return stat_of.st_size;
}

static void
write_at(uint64_t base, off_t offset, const void *bytes, size_t length)
{
	char path[PATH_MAX];
	int fd;

	segment_path(path, directory, base);
	fd = open(path, O_WRONLY | O_CREAT, 0640);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, length, offset), length);
	close(fd);
}

static void
flip_byte(uint64_t base, off_t offset)
{
	char path[PATH_MAX];
	uint8_t byte;
	int fd;

	segment_path(path, directory, base);
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

static void
both_sums_are_crc32c(void **state)
{
	static const char known[] = "123456789";
	uint8_t bytes[1000];

	(void)state;
	assert_int_equal(crc32c(0, known, 9), 0xe3069283U);
	assert_int_equal(crc32c_by_table(0, known, 9), 0xe3069283U);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i + 7);
	for (size_t cut = 0; cut < 40; cut++) {
		uint32_t whole = crc32c(0, bytes, sizeof(bytes) - cut);
		uint32_t first = crc32c_by_table(0, bytes, cut);

		assert_int_equal(
			whole, crc32c_by_table(0, bytes, sizeof(bytes) - cut));
		assert_int_equal(whole,
			crc32c(first, bytes + cut, sizeof(bytes) - 2 * cut));
	}
}

static void
what_is_committed_is_read_back_in_order(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader = journal_reader_new(directory, 0);
	struct journal_batch batch;
	struct unpack in;

	(void)state;
	assert_int_equal(journal_end(journal), 0);
	assert_next_result(reader, UINT64_MAX, JOURNAL_READ_END);
	journal_add(journal, TEXT_LITERAL("one"));
	journal_add(journal, TEXT_LITERAL(""));
	journal_add_cursor(journal, 3, 1ULL << 40);
	journal_add_cursor(journal, 5, 6);
	assert_int_equal(journal_pending(journal), 2);
	assert_int_equal(journal_commit(journal, ARENA), JOURNAL_OK);
	assert_int_equal(journal_pending(journal), 0);
	commit_text(journal, "two");

	assert_int_equal(journal_reader_next(reader, UINT64_MAX, &batch),
		JOURNAL_READ_BATCH);
	assert_int_equal(batch.position, 0);
	assert_int_equal(batch.arena, ARENA);
	assert_int_equal(batch.count, 2);
	assert_true(batch.time_ms > 1500000000000);
	assert_int_equal(batch.cursor_count, 2);
	assert_int_equal(batch.cursors[0].slot, 3);
	assert_int_equal(batch.cursors[0].position, 1ULL << 40);
	assert_int_equal(batch.cursors[1].slot, 5);
	in = unpack_of(batch.records);
	assert_true(text_equal(unpack_text(&in), TEXT_LITERAL("one")));
	assert_true(text_equal(unpack_text(&in), TEXT_LITERAL("")));
	assert_false(in.failed);
	assert_ptr_equal(in.at, in.end);
	assert_int_equal(journal_reader_position(reader), batch.end);
	assert_next_is(reader, UINT64_MAX, "two");
	assert_next_result(reader, UINT64_MAX, JOURNAL_READ_END);
	assert_int_equal(journal_reader_position(reader), journal_end(journal));
	journal_reader_free(&reader);
	journal_close(&journal);
}

static void
a_batch_without_records_writes_nothing(void **state)
{
	struct journal *journal = opened();

	(void)state;
	journal_add_cursor(journal, 1, 2);
	assert_int_equal(journal_commit(journal, ARENA), JOURNAL_OK);
	assert_int_equal(journal_end(journal), 0);
	commit_text(journal, "x");
	assert_int_equal(journal_end(journal), sizeof(struct batch_head) + 2);
	journal_close(&journal);
}

static void
a_new_writer_goes_on_where_the_last_ended(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader;
	uint64_t end;

	(void)state;
	commit_text(journal, "one");
	end = journal_end(journal);
	close_and_reopen(&journal);
	assert_int_equal(journal_end(journal), end);
	commit_text(journal, "two");
	reader = journal_reader_new(directory, end);
	assert_next_is(reader, journal_end(journal), "two");
	journal_reader_free(&reader);
	journal_close(&journal);
}

static void
a_reader_stops_at_its_limit(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader = journal_reader_new(directory, 0);
	uint64_t first;

	(void)state;
	commit_text(journal, "one");
	first = journal_end(journal);
	commit_text(journal, "two");
	assert_next_is(reader, first, "one");
	assert_next_result(reader, first, JOURNAL_READ_END);
	assert_next_result(reader, first + 1, JOURNAL_READ_END);
	assert_next_is(reader, journal_end(journal), "two");
	journal_reader_free(&reader);
	journal_close(&journal);
}

/* A text of 200 to 299 bytes. */
static void
number_text(char text[300], int number)
{
	memset(text, 'x', 200 + (size_t)number);
	snprintf(text + 190 + number, 20, "%09d", number);
}

static void
segments_follow_each_other_and_are_read_across(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader = journal_reader_new(directory, 0);
	char text[300];

	(void)state;
	journal_set_segment_bytes(journal, 500);
	for (int i = 0; i < 50; i++) {
		number_text(text, i);
		commit_text(journal, text);
		if (i == 20)
			close_and_reopen(&journal);
		if (i == 20)
			journal_set_segment_bytes(journal, 500);
		if (i % 3 == 0)
			continue;
		while (journal_reader_position(reader) < journal_end(journal)) {
			struct journal_batch batch;

			assert_int_equal(journal_reader_next(reader,
						 journal_end(journal), &batch),
				JOURNAL_READ_BATCH);
		}
	}
	assert_true(journal_segment_of(journal, UINT64_MAX) > 0);
	assert_int_equal(journal_segment_of(journal, 0), 0);
	assert_int_equal(journal_begin(journal), 0);
	journal_reader_free(&reader);

	reader = journal_reader_new(directory, 0);
	for (int i = 0; i < 50; i++) {
		number_text(text, i);
		assert_next_is(reader,
			i % 2 ? UINT64_MAX : journal_end(journal), text);
	}
	assert_next_result(reader, journal_end(journal), JOURNAL_READ_END);
	journal_reader_free(&reader);
	journal_close(&journal);
}

static void
a_torn_tail_is_cut_whereever_it_was_torn(void **state)
{
	struct journal *journal = opened();
	uint64_t keep, end;

	(void)state;
	commit_text(journal, "kept");
	keep = journal_end(journal);
	commit_text(journal, "the last one, which will be torn");
	end = journal_end(journal);
	journal_close(&journal);
	for (uint64_t size = end - 1; size > keep; size--) {
		char path[PATH_MAX];
		struct journal_reader *reader;

		segment_path(path, directory, 0);
		assert_int_equal(
			truncate(path, (off_t)(size + SEGMENT_HEAD_BYTES)), 0);
		journal = opened();
		assert_int_equal(journal_end(journal), keep);
		assert_int_equal(
			segment_size(0), (off_t)(keep + SEGMENT_HEAD_BYTES));
		commit_text(journal, "the last one, which will be torn");
		assert_int_equal(journal_end(journal), end);
		reader = journal_reader_new(directory, 0);
		assert_next_is(reader, end, "kept");
		assert_next_is(reader, end, "the last one, which will be torn");
		journal_reader_free(&reader);
		journal_close(&journal);
	}
	assert_true(is_logged("bytes of an unfinished batch at offset"));
}

static void
zeros_at_the_end_are_a_torn_tail(void **state)
{
	struct journal *journal = opened();
	static const char zeros[10000];
	uint64_t end;

	(void)state;
	commit_text(journal, "kept");
	end = journal_end(journal);
	write_at(0, segment_size(0), zeros, sizeof(zeros));
	close_and_reopen(&journal);
	assert_int_equal(journal_end(journal), end);
	journal_close(&journal);
}

static void
a_segment_without_a_head_is_made_anew(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader;
	uint64_t end;

	(void)state;
	commit_text(journal, "kept");
	end = journal_end(journal);
	write_at(end, 0, "conf", 4);
	close_and_reopen(&journal);
	assert_int_equal(journal_end(journal), end);
	commit_text(journal, "more");
	reader = journal_reader_new(directory, 0);
	assert_next_is(reader, journal_end(journal), "kept");
	assert_next_is(reader, journal_end(journal), "more");
	journal_reader_free(&reader);
	journal_close(&journal);
}

static void
damage_before_whole_batches_is_refused_and_named(void **state)
{
	struct journal *journal = opened();
	char words[128];
	off_t size;

	(void)state;
	commit_text(journal, "one");
	commit_text(journal, "two");
	commit_text(journal, "three");
	journal_close(&journal);
	size = segment_size(0);
	flip_byte(0, SEGMENT_HEAD_BYTES + sizeof(struct batch_head) + 1);
	assert_null(journal_open(directory, false));
	snprintf(words, sizeof(words),
		"0000000000000000.seg is damaged at offset %zu",
		SEGMENT_HEAD_BYTES);
	assert_true(is_logged(words));
	assert_int_equal(segment_size(0), size);
}

static void
an_older_segment_that_is_not_whole_is_refused(void **state)
{
	struct journal *journal = opened();
	char path[PATH_MAX];

	(void)state;
	journal_set_segment_bytes(journal, 1);
	commit_text(journal, "one");
	commit_text(journal, "two");
	journal_close(&journal);
	segment_path(path, directory, 0);
	assert_int_equal(truncate(path, segment_size(0) - 1), 0);
	assert_null(journal_open(directory, false));
	assert_true(is_logged("0000000000000000.seg is damaged at offset"));
}

static void
a_newer_format_is_refused_with_a_sentence(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader = journal_reader_new(directory, 0);
	uint32_t version = SEGMENT_VERSION + 1;

	(void)state;
	commit_text(journal, "one");
	journal_close(&journal);
	write_at(0, offsetof(struct segment_head, version), &version,
		sizeof(version));
	assert_null(journal_open(directory, false));
	assert_true(is_logged("written by a newer confab"));
	assert_next_result(reader, UINT64_MAX, JOURNAL_READ_BAD);
	journal_reader_free(&reader);
}

static void
a_second_writer_is_refused(void **state)
{
	struct journal *journal = opened();

	(void)state;
	assert_null(journal_open(directory, false));
	assert_true(is_logged("is in use by another process"));
	close_and_reopen(&journal);
	journal_close(&journal);
}

static void
a_directory_that_cannot_be_made_is_refused(void **state)
{
	(void)state;
	assert_null(journal_open("/proc/no/such", false));
	assert_true(is_logged("cannot make /proc/no/such"));
}

static void
limit_file_size(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
a_full_disk_refuses_and_later_commits_work_again(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader;
	uint64_t end;
	char kept[4000] = "";
	off_t size;

	(void)state;
	/* Long, so that the limit does not hit the log. */
	memset(kept, 'k', sizeof(kept) - 1);
	commit_text(journal, kept);
	end = journal_end(journal);
	size = segment_size(0);
	limit_file_size((rlim_t)size + 20);
	for (int i = 0; i < 3; i++) {
		journal_add(journal, TEXT_LITERAL("does not fit"));
		journal_add_cursor(journal, 1, 1);
		assert_int_equal(journal_commit(journal, ARENA), JOURNAL_FULL);
		assert_int_equal(journal_pending(journal), 0);
		assert_int_equal(journal_end(journal), end);
		assert_int_equal(segment_size(0), size);
	}
	limit_file_size(RLIM_INFINITY);
	assert_true(is_logged("messages are refused"));
	commit_text(journal, "fits");
	assert_true(is_logged("can be written again"));
	reader = journal_reader_new(directory, 0);
	assert_next_is(reader, journal_end(journal), kept);
	assert_next_is(reader, journal_end(journal), "fits");
	assert_next_result(reader, UINT64_MAX, JOURNAL_READ_END);
	journal_reader_free(&reader);
	journal_close(&journal);
}

static void
a_new_segment_that_does_not_fit_refuses_and_heals(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader;

	(void)state;
	journal_set_segment_bytes(journal, 1);
	commit_text(journal, "one");
	limit_file_size(10);
	journal_add(journal, TEXT_LITERAL("no"));
	assert_int_equal(journal_commit(journal, ARENA), JOURNAL_FULL);
	limit_file_size(RLIM_INFINITY);
	commit_text(journal, "two");
	reader = journal_reader_new(directory, 0);
	assert_next_is(reader, journal_end(journal), "one");
	assert_next_is(reader, journal_end(journal), "two");
	journal_reader_free(&reader);
	close_and_reopen(&journal);
	journal_close(&journal);
}

static void
durable_batches_are_as_readable_as_others(void **state)
{
	struct journal *journal = journal_open(directory, true);
	struct journal_reader *reader = journal_reader_new(directory, 0);

	(void)state;
	assert_non_null(journal);
	commit_text(journal, "synced");
	assert_next_is(reader, journal_end(journal), "synced");
	journal_reader_free(&reader);
	journal_close(&journal);
}

static void
make_older(uint64_t base, time_t seconds)
{
	char path[PATH_MAX];
	struct timeval times[2] = { { time(NULL) - seconds, 0 },
		{ time(NULL) - seconds, 0 } };

	segment_path(path, directory, base);
	assert_int_equal(utimes(path, times), 0);
}

static void
only_old_segments_before_the_position_are_forgotten(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *late = journal_reader_new(directory, 0);
	struct journal_reader *reader;
	uint64_t ends[3];

	(void)state;
	journal_set_segment_bytes(journal, 1);
	for (int i = 0; i < 3; i++) {
		commit_text(journal, "abc");
		ends[i] = journal_end(journal);
	}
	make_older(0, 100);
	make_older(ends[0], 100);
	make_older(ends[1], 100);
	journal_forget(journal, ends[0] - 1, 50);
	assert_int_equal(journal_begin(journal), 0);
	journal_forget(journal, ends[2], 200);
	assert_int_equal(journal_begin(journal), 0);
	assert_next_is(late, ends[2], "abc");
	journal_forget(journal, ends[0], 50);
	assert_int_equal(journal_begin(journal), ends[0]);
	reader = journal_reader_new(directory, ends[0] - 1);
	assert_next_result(reader, ends[2], JOURNAL_READ_GONE);
	journal_reader_free(&reader);
	assert_next_is(late, ends[2], "abc");

	journal_forget(journal, UINT64_MAX, 0);
	assert_int_equal(journal_begin(journal), ends[1]);
	close_and_reopen(&journal);
	assert_int_equal(journal_begin(journal), ends[1]);
	assert_int_equal(journal_end(journal), ends[2]);
	reader = journal_reader_new(directory, 0);
	assert_next_is(reader, ends[2], "abc");
	assert_int_equal(journal_reader_position(reader), ends[2]);
	journal_reader_free(&reader);
	journal_reader_free(&late);
	journal_close(&journal);
}

static void
a_committed_batch_that_is_damaged_is_bad(void **state)
{
	struct journal *journal = opened();
	struct journal_reader *reader = journal_reader_new(directory, 0);

	(void)state;
	commit_text(journal, "one");
	for (off_t at = SEGMENT_HEAD_BYTES; at < segment_size(0); at++) {
		flip_byte(0, at);
		assert_next_result(
			reader, journal_end(journal), JOURNAL_READ_BAD);
		assert_next_result(reader, UINT64_MAX, JOURNAL_READ_END);
		flip_byte(0, at);
	}
	assert_next_is(reader, journal_end(journal), "one");
	assert_next_result(reader, journal_end(journal) + 1, JOURNAL_READ_BAD);
	journal_reader_free(&reader);
	journal_close(&journal);
}

static void
a_reader_may_come_before_the_journal(void **state)
{
	char path[128];
	struct journal_reader *reader;

	(void)state;
	snprintf(path, sizeof(path), "%s/not-yet", directory);
	reader = journal_reader_new(path, 0);
	assert_next_result(reader, UINT64_MAX, JOURNAL_READ_END);
	journal_reader_free(&reader);
}

/* A writer is killed at any moment, often: what it said was committed is there
 * for the next one, and nothing is there in halves. */
static void
a_killed_writer_loses_nothing_that_it_committed(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, 'k', sizeof(text) - 1);
	for (int round = 0; round < 20; round++) {
		int pipe_fds[2];
		uint64_t told = 0, word;
		struct journal *journal;
		pid_t child;

		assert_int_equal(pipe(pipe_fds), 0);
		child = fork();
		if (child == 0) {
			journal = journal_open(directory, false);
			journal_set_segment_bytes(journal, 200000);
			for (;;) {
				journal_add(journal, text_of(text));
				if (journal_commit(journal, ARENA) !=
					JOURNAL_OK)
					_exit(1);
				word = journal_end(journal);
				if (write(pipe_fds[1], &word, sizeof(word)) < 0)
					_exit(1);
			}
		}
		close(pipe_fds[1]);
		for (int i = 0; i < 3 + round; i++)
			if (read(pipe_fds[0], &word, sizeof(word)) ==
				sizeof(word))
				told = word;
		kill(child, SIGKILL);
		while (read(pipe_fds[0], &word, sizeof(word)) == sizeof(word))
			told = word;
		waitpid(child, NULL, 0);
		close(pipe_fds[0]);
		journal = opened();
		assert_true(told > 0);
		assert_true(journal_end(journal) >= told);
		journal_close(&journal);
	}
	assert_false(is_logged("damaged"));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sums_are_crc32c),
		TEST(what_is_committed_is_read_back_in_order),
		TEST(a_batch_without_records_writes_nothing),
		TEST(a_new_writer_goes_on_where_the_last_ended),
		TEST(a_reader_stops_at_its_limit),
		TEST(segments_follow_each_other_and_are_read_across),
		TEST(a_torn_tail_is_cut_whereever_it_was_torn),
		TEST(zeros_at_the_end_are_a_torn_tail),
		TEST(a_segment_without_a_head_is_made_anew),
		TEST(damage_before_whole_batches_is_refused_and_named),
		TEST(an_older_segment_that_is_not_whole_is_refused),
		TEST(a_newer_format_is_refused_with_a_sentence),
		TEST(a_second_writer_is_refused),
		TEST(a_directory_that_cannot_be_made_is_refused),
		TEST(a_full_disk_refuses_and_later_commits_work_again),
		TEST(a_new_segment_that_does_not_fit_refuses_and_heals),
		TEST(durable_batches_are_as_readable_as_others),
		TEST(only_old_segments_before_the_position_are_forgotten),
		TEST(a_committed_batch_that_is_damaged_is_bad),
		TEST(a_reader_may_come_before_the_journal),
		TEST(a_killed_writer_loses_nothing_that_it_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
