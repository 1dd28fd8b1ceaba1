/*
 * Journals after bad days: killed writers, damaged files, full disks.
 */
#include "tests/unit/journal_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
a_torn_tail_is_cut_wherever_it_was_torn(void **state)
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
	assert_true(is_logged("is refused until that is mended"));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_torn_tail_is_cut_wherever_it_was_torn),
		TEST(zeros_at_the_end_are_a_torn_tail),
		TEST(a_segment_without_a_head_is_made_anew),
		TEST(damage_before_whole_batches_is_refused_and_named),
		TEST(an_older_segment_that_is_not_whole_is_refused),
		TEST(a_newer_format_is_refused_with_a_sentence),
		TEST(a_directory_that_cannot_be_made_is_refused),
		TEST(a_full_disk_refuses_and_later_commits_work_again),
		TEST(a_new_segment_that_does_not_fit_refuses_and_heals),
		TEST(a_committed_batch_that_is_damaged_is_bad),
		TEST(a_killed_writer_loses_nothing_that_it_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
