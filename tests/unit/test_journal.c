#include "tests/unit/journal_fixture.h"

#include <sys/time.h>
#include <time.h>

#include "shared/crc32c.h"

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
a_second_writer_is_refused(void **state)
{
	struct journal *journal;

	(void)state;
	assert_false(journal_is_in_use(directory));
	journal = opened();
	assert_true(journal_is_in_use(directory));
	assert_null(journal_open(directory, false));
	assert_true(is_logged("is in use by another process"));
	close_and_reopen(&journal);
	journal_close(&journal);
	assert_false(journal_is_in_use(directory));
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
		TEST(a_second_writer_is_refused),
		TEST(durable_batches_are_as_readable_as_others),
		TEST(only_old_segments_before_the_position_are_forgotten),
		TEST(a_reader_may_come_before_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
