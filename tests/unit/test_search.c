/* The index and searching in it: what is in the archive is found once, through
 * kills, repeats and an index that was harmed. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/records.h"
#include "shared/words.h"
#include "tests/unit/archive_sql.h"
#include "worker/historian/indexer.h"
#include "worker/historian/store.h"
#include "worker/historian/store_index.h"
#include "worker/historian/store_page.h"
#include "worker/historian/store_search.h"

#define EPOCH 9
#define TIME_MS 1700000000000ULL
#define GUARD_MS 30000

struct place {
	char directory[64];
	char archive[96];
	char path[96];
	struct store *store;
	struct store_index *index;
	struct store_searcher *searcher;
	struct store_search_bounds bounds;
	struct store_page page;
	uint64_t origin;
};

/* Rooms whose names begin with x cannot be searched. */
static bool
is_wanted(void *self, unsigned kind, struct text name)
{
	(void)self;
	return kind == STREAM_ROOM && name.at[0] != 'x';
}

static struct store_index_options
options_of(const struct place *place)
{
	return (struct store_index_options){
		.path = place->path,
		.archive = place->archive,
		.sql_dir = "sql/search",
		.wants = is_wanted,
	};
}

static void
open_index(struct place *place)
{
	struct store_index_options options = options_of(place);

	store_index_close(&place->index);
	place->index = store_index_open(&options);
	assert_non_null(place->index);
}

static int
set_up(void **state)
{
	struct place *place = base_alloc_zeroed(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory),
		"/tmp/confab-search-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->archive, sizeof(place->archive), "%s/archive.db",
		place->directory);
	snprintf(place->path, sizeof(place->path), "%s/search.db",
		place->directory);
	place->store = store_open(place->archive, "sql");
	assert_non_null(place->store);
	store_set_indexed(place->store, is_wanted, NULL);
	place->searcher = store_searcher_open(place->archive, place->path);
	assert_non_null(place->searcher);
	open_index(place);
	place->bounds = (struct store_search_bounds){
		.rows = 100000,
		.soft_ms = GUARD_MS,
		.hard_ms = GUARD_MS,
		.bytes = 1 << 20,
	};
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	store_index_close(&place->index);
	store_searcher_close(&place->searcher);
	store_close(&place->store);
	buffer_fini(&place->page.messages);
	snprintf(command, sizeof(command), "rm -rf %s", place->directory);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static void
put(struct place *place, const char *room, uint64_t offset, const char *body)
{
	struct message message = {
		.id_time = (TIME_MS + offset) << 16,
		.id_origin = place->origin,
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = text_of(room),
		.epoch = EPOCH,
		.offset = offset,
		.from = offset % 2 ? TEXT_LITERAL("anna")
				   : TEXT_LITERAL("berta"),
		.type = TEXT_LITERAL("text"),
		.body = text_of(body),
	};

	assert_int_equal(store_add(place->store, &message), 0);
}

/* Offsets from to to of a room, all with the same body. */
static void
fill(struct place *place, const char *room, uint64_t from, uint64_t to,
	const char *body)
{
	assert_int_equal(store_begin(place->store), 0);
	for (uint64_t i = from; i <= to; i++)
		put(place, room, i, body);
	assert_int_equal(store_commit(place->store), 0);
}

/* One transaction of the index, over all streams; rows that it took. */
static size_t
step(struct place *place, size_t rows)
{
	size_t left = rows;
	uint64_t stream = 0;

	assert_int_equal(store_index_begin(place->index), 0);
	while (left > 0 && store_index_next_stream(place->index, &stream))
		assert_int_not_equal(
			store_index_add(place->index, stream, &left),
			STORE_INDEX_FAILED);
	assert_int_equal(store_index_commit(place->index), 0);
	return rows - left;
}

static struct search
search_of(const char *room, const char *text)
{
	return (struct search){
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = text_of(room),
		.text = text_of(text),
		.before = INT64_MAX,
		.limit = 100,
		.epoch = EPOCH,
	};
}

/* Searches and checks that the page is in order. */
static const struct store_page *
find(struct place *place, const struct search *wanted)
{
	struct store_page *page = &place->page;
	uint64_t offset = UINT64_MAX;
	struct words words;
	struct unpack in;

	assert_true(words_read(&words, wanted->text));
	assert_int_equal(store_searcher_find(place->searcher, wanted, &words,
				 &place->bounds, page),
		STORE_SEARCH_DONE);
	in = unpack_of(buffer_text(&page->messages));
	for (size_t i = 0; i < page->count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		assert_true(message_unpack(&one, &message));
		assert_true(message.offset < offset);
		assert_true(message.offset >= page->first);
		assert_true(text_equal(message.stream, wanted->stream));
		offset = message.offset;
	}
	assert_false(in.failed);
	assert_true(in.at == in.end);
	words_fini(&words);
	return page;
}

static size_t
count(struct place *place, const char *room, const char *text)
{
	struct search wanted = search_of(room, text);
	size_t all = 0;

	for (;;) {
		const struct store_page *page = find(place, &wanted);

		all += page->count;
		if (!page->has_more)
			return all;
		assert_true(page->first < wanted.before);
		wanted.before = page->first;
	}
}

/* What a statement on the index answers. */
static uint64_t
ask_index(const struct place *place, const char *sql)
{
	return archive_ask_early(place->path, sql);
}

/* How many messages the index has a piece of text for, each time counted. */
static uint64_t
times_indexed(const struct place *place, const char *piece)
{
	char sql[200];
	sqlite3 *db = archive_open(place->path);

	sqlite3_exec(db,
		"CREATE VIRTUAL TABLE IF NOT EXISTS pieces "
		"USING fts5vocab(texts, row)",
		NULL, NULL, NULL);
	sqlite3_close(db);
	snprintf(sql, sizeof(sql), "SELECT doc FROM pieces WHERE term = '%s'",
		piece);
	return ask_index(place, sql);
}

static void
everything_is_found_with_and_without_the_index(void **state)
{
	struct place *place = *state;

	fill(place, "room", 1, 250, "\"some words 世界\"");
	for (int indexed = 0; indexed < 4; indexed++) {
		assert_int_equal(count(place, "room", "words"), 250);
		assert_int_equal(count(place, "room", "世界"), 250);
		assert_int_equal(count(place, "room", "words 世"), 250);
		assert_int_equal(count(place, "room", "nothing"), 0);
		assert_int_equal(count(place, "other", "words"), 0);
		step(place, 100);
	}
	assert_int_equal(step(place, 100), 0);
}

static void
steps_take_each_message_once(void **state)
{
	struct place *place = *state;

	fill(place, "a", 1, 30, "\"alpha\"");
	fill(place, "b", 1, 30, "\"alpha\"");
	assert_int_equal(step(place, 25), 25);
	assert_int_equal(step(place, 25), 25);
	assert_int_equal(step(place, 25), 10);
	assert_int_equal(step(place, 25), 0);
	assert_int_equal(times_indexed(place, "alp"), 60);
}

static void
rooms_that_cannot_be_searched_are_left_out(void **state)
{
	struct place *place = *state;

	fill(place, "xroom", 1, 30, "\"alpha\"");
	assert_int_equal(step(place, 100), 0);
}

/* A child takes steps and is killed in the midst of them. */
static void
kill_while_indexing(struct place *place)
{
	int ready[2];
	char byte;
	pid_t child;

	store_index_close(&place->index);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		open_index(place);
		step(place, 7);
		assert_int_equal(write(ready[1], "x", 1), 1);
		while (step(place, 7) > 0)
			;
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
	open_index(place);
}

static void
a_kill_between_commits_costs_and_doubles_nothing(void **state)
{
	struct place *place = *state;

	fill(place, "room", 1, 2000, "\"alpha\"");
	for (int i = 0; i < 10; i++) {
		kill_while_indexing(place);
		assert_int_equal(count(place, "room", "alpha"), 2000);
	}
	while (step(place, 500) > 0)
		;
	assert_int_equal(times_indexed(place, "alp"), 2000);
	assert_int_equal(count(place, "room", "alpha"), 2000);
}

static void
what_is_undone_is_taken_again(void **state)
{
	struct place *place = *state;
	size_t rows = 100;

	fill(place, "room", 1, 50, "\"alpha\"");
	assert_int_equal(store_index_begin(place->index), 0);
	assert_int_equal(
		store_index_add(place->index, 1, &rows), STORE_INDEX_DONE);
	store_index_undo(place->index);
	assert_int_equal(step(place, 100), 50);
	assert_int_equal(times_indexed(place, "alp"), 50);
}

static void
messages_that_were_replaced_are_found_by_the_new_ones(void **state)
{
	struct place *place = *state;
	size_t rows = 100;

	fill(place, "room", 1, 50, "\"alpha\"");
	step(place, 100);
	place->origin = 7; /* another message, in the same place */
	fill(place, "room", 40, 45, "\"omega\"");
	assert_int_equal(count(place, "room", "omega"), 6);
	assert_int_equal(store_index_begin(place->index), 0);
	assert_int_equal(
		store_index_take_back(place->index, &rows), STORE_INDEX_DONE);
	assert_int_equal(store_index_commit(place->index), 0);
	assert_int_equal(times_indexed(place, "ome"), 6);
	assert_int_equal(count(place, "room", "alpha"), 44);
	assert_int_equal(count(place, "room", "omega"), 6);
}

static void
an_index_that_was_removed_is_filled_again(void **state)
{
	struct place *place = *state;

	fill(place, "room", 1, 50, "\"alpha\"");
	step(place, 100);
	assert_false(store_index_is_gone(place->index));
	store_index_remove(place->path);
	assert_true(store_index_is_gone(place->index));
	assert_int_equal(count(place, "room", "alpha"), 50);
	assert_int_equal(
		store_searcher_index(place->searcher), STORE_FIND_MISSING);
	open_index(place);
	assert_int_equal(step(place, 100), 50);
	assert_int_equal(count(place, "room", "alpha"), 50);
	assert_int_equal(
		store_searcher_index(place->searcher), STORE_FIND_GOOD);
}

static void
overwrite(const struct place *place, long from)
{
	FILE *file = fopen(place->path, "r+");
	long end;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	end = ftell(file);
	assert_int_equal(fseek(file, from, SEEK_SET), 0);
	for (long at = from; at < end; at++)
		fputc((int)(at * 7 + 3) & 0xff, file);
	assert_int_equal(fclose(file), 0);
}

static void
a_damaged_index_is_told_and_does_not_stop_searches(void **state)
{
	struct place *place = *state;

	fill(place, "room", 1, 500, "\"alpha\"");
	while (step(place, 100) > 0)
		;
	store_index_close(&place->index);
	overwrite(place, 4096);
	assert_int_equal(count(place, "room", "alpha"), 500);
	assert_int_equal(
		store_searcher_index(place->searcher), STORE_FIND_DAMAGED);
}

static void
what_is_no_database_is_replaced(void **state)
{
	struct place *place = *state;

	fill(place, "room", 1, 50, "\"alpha\"");
	step(place, 100);
	store_index_close(&place->index);
	overwrite(place, 0);
	open_index(place);
	assert_int_equal(step(place, 100), 50);
}

static void
an_index_of_another_archive_is_noticed(void **state)
{
	struct place *place = *state;
	size_t rows = 100;

	fill(place, "room", 1, 50, "\"alpha\"");
	step(place, 100);
	store_close(&place->store);
	store_searcher_close(&place->searcher);
	store_index_close(&place->index);
	store_index_remove(place->archive);
	place->store = store_open(place->archive, "sql");
	place->searcher = store_searcher_open(place->archive, place->path);
	fill(place, "other", 1, 20, "\"alpha\"");
	open_index(place);
	assert_int_equal(store_index_begin(place->index), 0);
	assert_int_equal(
		store_index_add(place->index, 1, &rows), STORE_INDEX_FAILED);
	assert_true(store_index_is_useless(place->index));
	store_index_undo(place->index);
}

static void
pages_go_down_and_tell_of_more(void **state)
{
	struct place *place = *state;
	struct search wanted = search_of("room", "alpha");

	fill(place, "room", 1, 10, "\"alpha\"");
	for (int indexed = 0; indexed < 3; indexed++) {
		wanted.before = INT64_MAX;
		wanted.limit = 4;
		assert_int_equal(find(place, &wanted)->first, 7);
		assert_int_equal(place->page.last, 10);
		assert_true(place->page.has_more);
		wanted.before = 7;
		assert_int_equal(find(place, &wanted)->first, 3);
		wanted.before = 5;
		assert_int_equal(find(place, &wanted)->count, 4);
		assert_false(place->page.has_more);
		wanted.before = 1;
		assert_int_equal(find(place, &wanted)->count, 0);
		assert_false(place->page.has_more);
		step(place, 5);
	}
}

static void
a_bound_ends_a_page_that_the_next_one_continues(void **state)
{
	struct place *place = *state;

	fill(place, "room", 1, 1, "\"alpha 世\"");
	fill(place, "room", 2, 500, "\"hay\"");
	fill(place, "room", 501, 501, "\"alpha 世\"");
	for (size_t rows = 1; rows <= 1000; rows = rows * 10 - 3) {
		place->bounds.rows = rows;
		assert_int_equal(count(place, "room", "世"), 2);
		assert_int_equal(count(place, "room", "alpha"), 2);
		step(place, 400);
	}
	place->bounds.soft_ms = 0;
	assert_int_equal(count(place, "room", "世"), 2);
	assert_int_equal(count(place, "room", "alpha"), 2);
}

static void
a_page_is_cut_where_its_bytes_end(void **state)
{
	struct place *place = *state;
	struct search wanted = search_of("room", "alpha");

	fill(place, "room", 1, 50, "\"alpha\"");
	place->bounds.bytes = 1;
	assert_int_equal(find(place, &wanted)->count, 1);
	assert_true(place->page.has_more);
	place->bounds.bytes = 500;
	assert_true(find(place, &wanted)->count > 1);
	assert_int_equal(count(place, "room", "alpha"), 50);
}

static void
sender_and_time_narrow_it(void **state)
{
	struct place *place = *state;
	struct search wanted = search_of("room", "alpha");

	fill(place, "room", 1, 10, "\"alpha\"");
	for (int indexed = 0; indexed < 2; indexed++) {
		wanted.from = TEXT_LITERAL("anna");
		wanted.from_time = 0;
		assert_int_equal(find(place, &wanted)->count, 5);
		wanted.from_time = TIME_MS + 4;
		assert_int_equal(find(place, &wanted)->count, 3);
		wanted.from = TEXT_LITERAL("");
		assert_int_equal(find(place, &wanted)->count, 7);
		wanted.from_time = TIME_MS + 11;
		assert_int_equal(find(place, &wanted)->count, 0);
		assert_false(place->page.has_more);
		step(place, 100);
	}
}

static void
a_search_that_cannot_begin_in_time_is_slow(void **state)
{
	struct place *place = *state;
	struct search wanted = search_of("room", "zz");
	struct words words;

	fill(place, "room", 1, 5000, "\"alpha\"");
	place->bounds.hard_ms = 0;
	assert_true(words_read(&words, wanted.text));
	wanted.from = TEXT_LITERAL("nobody");
	switch (store_searcher_find(place->searcher, &wanted, &words,
		&place->bounds, &place->page)) {
	case STORE_SEARCH_SLOW:
		break;
	case STORE_SEARCH_DONE:
		assert_true(place->page.has_more);
		break;
	default:
		fail();
	}
	words_fini(&words);
	place->bounds.hard_ms = GUARD_MS;
	assert_int_equal(count(place, "room", "alpha"), 5000);
}

static void
other_epochs_are_other_rooms(void **state)
{
	struct place *place = *state;
	struct search wanted = search_of("room", "alpha");

	fill(place, "room", 1, 10, "\"alpha\"");
	step(place, 100);
	wanted.epoch = EPOCH + 1;
	assert_int_equal(find(place, &wanted)->count, 0);
}

static void
wait_for_progress(const struct place *place, uint64_t offset)
{
	uint64_t end_ms = clock_ms() + GUARD_MS;

	while (ask_index(place, "SELECT sum(offset) FROM progress") != offset) {
		assert_true(clock_ms() < end_ms);
		sched_yield();
	}
}

static void
the_indexer_takes_old_and_new_messages(void **state)
{
	struct place *place = *state;
	struct store_index_options options = options_of(place);
	struct indexer *indexer;
	size_t touched;

	store_index_close(&place->index);
	fill(place, "room", 1, 1200, "\"alpha\"");
	indexer = indexer_new(&options);
	assert_non_null(indexer);
	wait_for_progress(place, 1200);
	fill(place, "room", 1201, 1300, "\"alpha\"");
	fill(place, "other", 1, 100, "\"alpha\"");
	indexer_note(indexer, &(uint64_t){ 1 }, 1);
	indexer_note(indexer, store_touched(place->store, &touched), 1);
	assert_int_equal(touched, 1);
	wait_for_progress(place, 1400);
	indexer_free(&indexer);
	assert_int_equal(times_indexed(place, "alp"), 1400);
}

/* Each room gets one message while the thread is at work, and is told of once.
 */
static void
the_indexer_loses_no_news_while_it_works(void **state)
{
	enum {
		NEWS = 3000
	};
	struct place *place = *state;
	struct store_index_options options = options_of(place);
	struct indexer *indexer;
	char room[16];

	store_index_close(&place->index);
	indexer = indexer_new(&options);
	for (unsigned i = 0; i < NEWS; i++) {
		size_t touched;

		snprintf(room, sizeof(room), "room %u", i);
		fill(place, room, 1, 1, "\"alpha\"");
		indexer_note(indexer, store_touched(place->store, &touched), 1);
	}
	wait_for_progress(place, NEWS);
	indexer_free(&indexer);
}

static void
the_indexer_makes_a_bad_index_anew(void **state)
{
	struct place *place = *state;
	struct store_index_options options = options_of(place);
	struct indexer *indexer;

	store_index_close(&place->index);
	fill(place, "room", 1, 700, "\"alpha\"");
	indexer = indexer_new(&options);
	wait_for_progress(place, 700);
	store_index_remove(place->path);
	indexer_look(indexer);
	wait_for_progress(place, 700);
	indexer_rebuild(indexer);
	wait_for_progress(place, 700);
	indexer_free(&indexer);
	assert_int_equal(count(place, "room", "alpha"), 700);
}

static void
the_store_tells_what_it_touched(void **state)
{
	struct place *place = *state;
	const uint64_t *touched;
	size_t streams;

	assert_int_equal(store_begin(place->store), 0);
	put(place, "a", 7, "1");
	put(place, "b", 3, "1");
	put(place, "a", 5, "1");
	put(place, "a", 9, "1");
	assert_int_equal(store_commit(place->store), 0);
	touched = store_touched(place->store, &streams);
	assert_int_equal(streams, 2);
	assert_int_equal(touched[0], 1);
	assert_int_equal(touched[1], 2);
	assert_int_equal(store_begin(place->store), 0);
	put(place, "a", 10, "1");
	store_undo(place->store);
	store_touched(place->store, &streams);
	assert_int_equal(streams, 0);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_is_found_with_and_without_the_index),
		TEST(steps_take_each_message_once),
		TEST(rooms_that_cannot_be_searched_are_left_out),
		TEST(a_kill_between_commits_costs_and_doubles_nothing),
		TEST(what_is_undone_is_taken_again),
		TEST(messages_that_were_replaced_are_found_by_the_new_ones),
		TEST(an_index_that_was_removed_is_filled_again),
		TEST(a_damaged_index_is_told_and_does_not_stop_searches),
		TEST(what_is_no_database_is_replaced),
		TEST(an_index_of_another_archive_is_noticed),
		TEST(pages_go_down_and_tell_of_more),
		TEST(a_bound_ends_a_page_that_the_next_one_continues),
		TEST(a_page_is_cut_where_its_bytes_end),
		TEST(sender_and_time_narrow_it),
		TEST(a_search_that_cannot_begin_in_time_is_slow),
		TEST(other_epochs_are_other_rooms),
		TEST(the_indexer_takes_old_and_new_messages),
		TEST(the_indexer_loses_no_news_while_it_works),
		TEST(the_indexer_makes_a_bad_index_anew),
		TEST(the_store_tells_what_it_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
