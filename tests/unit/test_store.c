/* The archive: what is written is found again, page by page, also after a bad
 * end; and the desk that keeps letters until they are answered. */
#include "tests/unit/store_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "shared/journal.h"
#include "worker/historian/desk.h"
#include "worker/historian/intake.h"
#include "worker/historian/store_checkpoint.h"

/* Looks up and checks that the page is dense, ascending and what its head
 * tells. */
static const struct store_page *
look(struct place *place, const struct lookup *wanted, size_t bytes)
{
	struct store_page *page = &place->page;
	struct unpack in;

	assert_int_equal(
		store_reader_page(place->reader, wanted, bytes, page), 0);
	in = unpack_of(buffer_text(&page->messages));
	for (size_t i = 0; i < page->count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message, expected;

		assert_true(message_unpack(&one, &message));
		expected = message_at(page->first + i);
		assert_int_equal(message.offset, expected.offset);
		assert_int_equal(message.id_time, expected.id_time);
		assert_true(text_equal(message.body, expected.body));
		assert_true(text_equal(message.from, expected.from));
		assert_true(text_equal(message.stream, wanted->stream));
		assert_true(message.epoch == wanted->epoch);
	}
	assert_false(in.failed);
	assert_true(in.at == in.end);
	if (page->count)
		assert_int_equal(page->last - page->first + 1, page->count);
	return page;
}

#define assert_page(page, from, to, more)                                      \
	do {                                                                   \
		assert_int_equal((page)->first, (from));                       \
		assert_int_equal((page)->last, (to));                          \
		assert_int_equal((page)->has_more, (more));                    \
	} while (0)

static void
the_newest_page_ends_at_the_last_message(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 10);

	add_range(place, 1, 25);
	assert_page(look(place, &wanted, BIG), 16, 25, true);
	wanted.limit = 25;
	assert_page(look(place, &wanted, BIG), 1, 25, false);
	wanted.limit = 500;
	assert_page(look(place, &wanted, BIG), 1, 25, false);
}

static void
before_and_after_exclude_their_anchor(void **state)
{
	struct place *place = *state;
	struct lookup before = lookup_of(LOOKUP_BEFORE, 20, 5);
	struct lookup after = lookup_of(LOOKUP_AFTER, 20, 5);

	add_range(place, 1, 25);
	assert_page(look(place, &before, BIG), 15, 19, true);
	assert_page(look(place, &after, BIG), 21, 25, false);
	before.anchor = 6;
	assert_page(look(place, &before, BIG), 1, 5, false);
	after.anchor = 0;
	assert_page(look(place, &after, BIG), 1, 5, true);
}

static void
anchors_out_of_all_bounds_find_what_there_is(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_BEFORE, UINT64_MAX, 3);

	add_range(place, 1, 9);
	assert_page(look(place, &wanted, BIG), 7, 9, true);
	wanted.anchor = 0;
	assert_page(look(place, &wanted, BIG), 0, 0, false);
	wanted.mode = LOOKUP_AFTER;
	wanted.anchor = UINT64_MAX;
	assert_page(look(place, &wanted, BIG), 0, 0, false);
	wanted.anchor = STORE_OFFSET_MAX;
	assert_page(look(place, &wanted, BIG), 0, 0, false);
	wanted.anchor = 9;
	assert_page(look(place, &wanted, BIG), 0, 0, false);
}

static void
a_page_is_cut_by_size_and_says_so(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 100);
	const struct store_page *page;

	add_range(place, 1, 50);
	page = look(place, &wanted, 600);
	assert_true(page->count > 1 && page->count < 50);
	assert_true(page->has_more);
	assert_int_equal(page->last, 50);
	assert_true(page->messages.length <= 600);
	page = look(place, &wanted, 1);
	assert_page(page, 50, 50, true);
	wanted.mode = LOOKUP_AFTER;
	assert_page(look(place, &wanted, 1), 1, 1, true);
}

static void
streams_do_not_leak_into_each_other(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 100);
	struct message other;

	add_range(place, 1, 3);
	other = message_at(1);
	assert_int_equal(store_begin(place->store), 0);
	other.stream = TEXT_LITERAL("lobb");
	assert_int_equal(store_add(place->store, &other), 0);
	other.stream = ROOM;
	other.tenant = TEXT_LITERAL("acme");
	assert_int_equal(store_add(place->store, &other), 0);
	other.tenant = TEXT_LITERAL("default");
	other.kind = STREAM_INBOX;
	assert_int_equal(store_add(place->store, &other), 0);
	other.kind = STREAM_ROOM;
	other.epoch = EPOCH + 1;
	assert_int_equal(store_add(place->store, &other), 0);
	assert_int_equal(store_commit(place->store), 0);

	assert_page(look(place, &wanted, BIG), 1, 3, false);
	wanted.epoch = EPOCH + 1;
	assert_page(look(place, &wanted, BIG), 1, 1, false);
	wanted.epoch = 7;
	assert_page(look(place, &wanted, BIG), 0, 0, false);
}

static void
every_field_comes_back_as_it_went_in(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 1);
	struct message in = message_at(STORE_OFFSET_MAX), out;
	struct unpack page, one;

	in.from = TEXT_LITERAL("\xe5\xbc\xa0\xe4\xb8\x89 'x\" --");
	in.platform = UINT64_MAX;
	in.id_origin = UINT64_MAX;
	in.type = TEXT_LITERAL("");
	in.body = TEXT_LITERAL("null");
	in.key = TEXT_LITERAL("k\0y");
	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_add(place->store, &in), 0);
	assert_int_equal(store_commit(place->store), 0);
	assert_int_equal(
		store_reader_page(place->reader, &wanted, BIG, &place->page),
		0);
	assert_int_equal(place->page.count, 1);
	page = unpack_of(buffer_text(&place->page.messages));
	one = unpack_of(unpack_text(&page));
	assert_true(message_unpack(&one, &out));
	assert_true(out.offset == STORE_OFFSET_MAX);
	assert_true(out.platform == UINT64_MAX);
	assert_true(out.id_origin == UINT64_MAX);
	assert_true(text_equal(out.from, in.from));
	assert_true(text_equal(out.type, in.type));
	assert_true(text_equal(out.body, in.body));
	assert_true(text_equal(out.key, in.key));
}

static void
impossible_offsets_are_left_out(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 100);
	struct message bad = message_at(0);

	add_range(place, 1, 2);
	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_add(place->store, &bad), 0);
	bad.offset = STORE_OFFSET_MAX + 1;
	assert_int_equal(store_add(place->store, &bad), 0);
	assert_int_equal(store_commit(place->store), 0);
	assert_page(look(place, &wanted, BIG), 1, 2, false);
}

static void
an_undone_transaction_leaves_nothing(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 100);
	struct message message = message_at(1);

	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_add(place->store, &message), 0);
	assert_int_equal(store_set_position(place->store, 0, 77), 0);
	store_undo(place->store);
	assert_int_equal(store_position(place->store, 0), 0);
	assert_page(look(place, &wanted, BIG), 0, 0, false);

	/* The id of the stream was undone with it. */
	add_range(place, 1, 4);
	assert_page(look(place, &wanted, BIG), 1, 4, false);
}

static void
positions_survive_and_belong_to_one_ledger(void **state)
{
	struct place *place = *state;

	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_set_position(place->store, 0, 100), 0);
	assert_int_equal(store_set_position(place->store, 3, 1ULL << 40), 0);
	assert_int_equal(store_set_position(place->store, 0, 200), 0);
	assert_int_equal(store_commit(place->store), 0);
	store_close(&place->store);
	place->store = store_open(place->path, "sql");
	assert_non_null(place->store);
	assert_int_equal(store_position(place->store, 0), 200);
	assert_int_equal(store_position(place->store, 1), 0);
	assert_true(store_position(place->store, 3) == 1ULL << 40);
}

static uint64_t
holes_in(const struct place *place)
{
	return ask(place, "SELECT count(*) FROM holes "
			  "WHERE position > 0 AND position_after > position");
}

/* The intake */

static uint64_t
write_journal(struct journal *journal, uint64_t from, uint64_t to)
{
	struct buffer record = { 0 };

	for (uint64_t i = from; i <= to; i++) {
		struct message message = message_at(i);

		record.length = 0;
		message_pack(&record, &message);
		journal_add(journal, buffer_text(&record));
		if (i % 7 == 0 || i == to)
			assert_int_equal(
				journal_commit(journal, 1), JOURNAL_OK);
	}
	buffer_fini(&record);
	return journal_end(journal);
}

static struct journal *
journal_in(const struct place *place)
{
	char directory[96];

	snprintf(
		directory, sizeof(directory), "%s/journal-0", place->directory);
	return journal_open(directory, false);
}

static void
the_intake_follows_the_journal_in_bounded_steps(void **state)
{
	struct place *place = *state;
	struct journal *journal = journal_in(place);
	uint64_t end = write_journal(journal, 1, 2500), none = 0;
	struct intake *intake = intake_new(place->store, place->directory, 1);
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 2);

	assert_int_equal(intake_step(intake, &none, 0), INTAKE_DONE);
	assert_int_equal(intake_step(intake, &end, 0), INTAKE_MORE);
	assert_in_range(intake_rows(intake), INTAKE_ROWS - 1, INTAKE_ROWS);
	assert_true(intake_position(intake, 0) < end);
	while (intake_step(intake, &end, 0) == INTAKE_MORE)
		;
	assert_int_equal(intake_rows(intake), 2500);
	assert_int_equal(intake_commits(intake), 3);
	assert_int_equal(intake_position(intake, 0), end);
	assert_page(look(place, &wanted, BIG), 2499, 2500, true);
	intake_free(&intake);
	journal_close(&journal);
}

static void
a_new_intake_goes_on_where_the_archive_ends(void **state)
{
	struct place *place = *state;
	struct journal *journal = journal_in(place);
	uint64_t end = write_journal(journal, 1, 10);
	struct intake *intake = intake_new(place->store, place->directory, 1);

	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	intake_free(&intake);
	store_close(&place->store);
	place->store = store_open(place->path, "sql");
	assert_non_null(place->store);
	intake = intake_new(place->store, place->directory, 1);
	assert_int_equal(intake_position(intake, 0), end);
	end = write_journal(journal, 11, 15);
	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	assert_int_equal(intake_rows(intake), 5);
	intake_free(&intake);
	journal_close(&journal);
}

static void
an_archive_ahead_of_the_journal_takes_it_in_anew(void **state)
{
	struct place *place = *state;
	struct journal *journal = journal_in(place);
	uint64_t end = write_journal(journal, 1, 3);
	struct intake *intake;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 100);

	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_set_position(place->store, 0, end + 99), 0);
	assert_int_equal(store_commit(place->store), 0);
	intake = intake_new(place->store, place->directory, 1);
	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	assert_int_equal(intake_position(intake, 0), end);
	assert_int_equal(store_position(place->store, 0), end);
	assert_page(look(place, &wanted, BIG), 1, 3, false);
	intake_free(&intake);
	journal_close(&journal);
}

/* The journal shrank, and grew beyond the position before anybody looked. */
static void
a_position_amid_a_batch_takes_the_journal_in_anew(void **state)
{
	struct place *place = *state;
	struct journal *journal = journal_in(place);
	uint64_t end = write_journal(journal, 1, 30);
	struct intake *intake;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 100);

	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_set_position(place->store, 0, end - 99), 0);
	assert_int_equal(store_commit(place->store), 0);
	intake = intake_new(place->store, place->directory, 1);
	while (intake_step(intake, &end, 0) == INTAKE_MORE)
		;
	assert_int_equal(intake_position(intake, 0), end);
	assert_false(intake_is_stuck(intake, 0));
	assert_page(look(place, &wanted, BIG), 1, 30, false);
	assert_int_equal(holes_in(place), 0);
	intake_free(&intake);
	journal_close(&journal);
}

static void
records_that_are_no_messages_are_passed_over(void **state)
{
	struct place *place = *state;
	struct journal *journal = journal_in(place);
	struct intake *intake = intake_new(place->store, place->directory, 1);
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 100);
	uint64_t end;

	journal_add(journal, TEXT_LITERAL("\xff\xff\xff"));
	end = write_journal(journal, 1, 3);
	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	assert_int_equal(intake_rows(intake), 3);
	assert_int_equal(intake_position(intake, 0), end);
	assert_page(look(place, &wanted, BIG), 1, 3, false);
	intake_free(&intake);
	journal_close(&journal);
}

/* The offset of the first message that the journal still has. */
static uint64_t
oldest_offset(const struct place *place)
{
	char directory[96];
	struct journal_reader *reader;
	struct journal_batch batch;
	struct message message;
	struct unpack records, record;

	snprintf(
		directory, sizeof(directory), "%s/journal-0", place->directory);
	reader = journal_reader_new(directory, 0);
	assert_int_equal(journal_reader_next(reader, UINT64_MAX, &batch),
		JOURNAL_READ_BATCH);
	records = unpack_of(batch.records);
	record = unpack_of(unpack_text(&records));
	assert_true(message_unpack(&record, &message));
	journal_reader_free(&reader);
	return message.offset;
}

static void
a_hole_in_the_journal_is_noted_and_passed(void **state)
{
	struct place *place = *state;
	struct journal *journal = journal_in(place);
	struct intake *intake = intake_new(place->store, place->directory, 1);
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 3);
	struct lookup early = lookup_of(LOOKUP_BEFORE, 100, 3);
	uint64_t end, oldest;

	journal_set_segment_bytes(journal, 4096);
	end = write_journal(journal, 1, 10);
	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	intake_free(&intake);
	end = write_journal(journal, 11, 900);
	journal_forget(journal, end / 2, 0);
	oldest = oldest_offset(place);
	assert_in_range(oldest, 12, 899);

	intake = intake_new(place->store, place->directory, 1);
	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	assert_int_equal(intake_position(intake, 0), end);
	assert_int_equal(intake_rows(intake), 900 + 1 - oldest);
	assert_page(look(place, &wanted, BIG), 898, 900, true);
	assert_page(look(place, &early, BIG), 8, 10, true);
	assert_int_equal(holes_in(place), 1);
	intake_free(&intake);
	journal_close(&journal);
}

static void
let_files_grow_to(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
a_full_disk_stops_the_intake_and_not_the_lookups(void **state)
{
	struct place *place = *state;
	struct journal *journal = journal_in(place);
	struct intake *intake = intake_new(place->store, place->directory, 1);
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 5);
	uint64_t end = write_journal(journal, 1, 7), before;

	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	before = end;
	end = write_journal(journal, 8, 900);
	signal(SIGXFSZ, SIG_IGN);
	let_files_grow_to(32768);
	assert_int_equal(intake_step(intake, &end, 1000), INTAKE_RESTING);
	assert_int_equal(intake_step(intake, &end, 1500), INTAKE_RESTING);
	assert_true(intake_is_stuck(intake, 0));
	assert_int_equal(intake_position(intake, 0), before);
	assert_page(look(place, &wanted, BIG), 3, 7, true);

	let_files_grow_to(RLIM_INFINITY);
	assert_int_equal(intake_step(intake, &end, 1999), INTAKE_RESTING);
	assert_int_equal(intake_step(intake, &end, 2000), INTAKE_DONE);
	assert_false(intake_is_stuck(intake, 0));
	assert_int_equal(intake_rows(intake), 900);
	assert_page(look(place, &wanted, BIG), 896, 900, true);
	intake_free(&intake);
	journal_close(&journal);
}

/* Checkpoints */

static void
a_long_log_begins_anew_when_the_writer_pauses(void **state)
{
	enum {
		PASS = 8,
		VERY_LONG = 8 * PASS,
		TRANSACTIONS = 2000
	};
	struct place *place = *state;
	struct checkpointer *checkpointer = checkpointer_new(place->path, PASS);
	size_t longest = 0;

	assert_non_null(checkpointer);
	for (uint64_t i = 0; i < TRANSACTIONS; i++) {
		while (checkpointer_wants_quiet(checkpointer))
			sched_yield();
		add_range(place, i * 20 + 1, i * 20 + 20);
		longest = MAX_OF(longest, store_log_pages(place->store));
		checkpointer_note(checkpointer, store_log_pages(place->store));
	}
	assert_in_range(longest, PASS, VERY_LONG + 100);
	checkpointer_free(&checkpointer);
	assert_null(checkpointer);
}

/* The desk */

static void
letters_are_given_back_in_order_only(void **state)
{
	struct desk *desk = desk_new();
	struct open_letter *first = desk_open(desk, 4, 100);
	struct open_letter *second = desk_open(desk, 4, 200);
	struct open_letter *third = desk_open(desk, 4, 300);
	struct open_letter *other = desk_open(desk, 5, 50);
	unsigned from;
	uint64_t end;

	(void)state;
	assert_false(desk_close(desk, second, &from, &end));
	assert_true(desk_close(desk, other, &from, &end));
	assert_int_equal(from, 5);
	assert_int_equal(end, 50);
	assert_true(desk_close(desk, first, &from, &end));
	assert_int_equal(from, 4);
	assert_int_equal(end, 200);
	assert_true(desk_close(desk, third, &from, &end));
	assert_int_equal(end, 300);
	desk_free(&desk);
	assert_null(desk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(the_newest_page_ends_at_the_last_message),
		with_place(before_and_after_exclude_their_anchor),
		with_place(anchors_out_of_all_bounds_find_what_there_is),
		with_place(a_page_is_cut_by_size_and_says_so),
		with_place(streams_do_not_leak_into_each_other),
		with_place(every_field_comes_back_as_it_went_in),
		with_place(impossible_offsets_are_left_out),
		with_place(an_undone_transaction_leaves_nothing),
		with_place(positions_survive_and_belong_to_one_ledger),
		with_place(the_intake_follows_the_journal_in_bounded_steps),
		with_place(a_new_intake_goes_on_where_the_archive_ends),
		with_place(an_archive_ahead_of_the_journal_takes_it_in_anew),
		with_place(a_position_amid_a_batch_takes_the_journal_in_anew),
		with_place(records_that_are_no_messages_are_passed_over),
		with_place(a_hole_in_the_journal_is_noted_and_passed),
		with_place(a_full_disk_stops_the_intake_and_not_the_lookups),
		with_place(a_long_log_begins_anew_when_the_writer_pauses),
		cmocka_unit_test(letters_are_given_back_in_order_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
