/* The index follows what is changed and removed: new words are found, old ones
 * are not, and nothing is left behind; and searches in inboxes. */
#include "tests/unit/store_fixture.h"

#include <sched.h>

#include "shared/clock.h"
#include "shared/mail.h"
#include "shared/words.h"
#include "worker/historian/indexer.h"
#include "worker/historian/retention.h"
#include "worker/historian/store_index.h"
#include "worker/historian/store_search.h"

#define GUARD_MS 30000

static char index_path[96];
static bool is_on; /* rooms and inboxes can be searched */

static bool
is_wanted(void *self, unsigned kind, struct text name)
{
	(void)self;
	(void)kind;
	(void)name;
	return is_on;
}

static struct store_rule rule;

static void
rule_of(void *self, unsigned kind, struct text name, struct store_rule *its)
{
	(void)self;
	(void)kind;
	(void)name;
	*its = rule;
}

static struct store_index_options
options_of(const struct place *place)
{
	return (struct store_index_options){
		.path = index_path,
		.archive = place->path,
		.sql_dir = "sql/search",
		.wants = is_wanted,
	};
}

static struct store_index *
open_index(const struct place *place)
{
	struct store_index_options options = options_of(place);
	struct store_index *index = store_index_open(&options);

	assert_non_null(index);
	return index;
}

static int
set_up_index(void **state)
{
	struct place *place;

	set_up(state);
	place = *state;
	snprintf(index_path, sizeof(index_path), "%s/search.db",
		place->directory);
	is_on = true;
	rule = (struct store_rule){ 0 };
	store_set_indexed(place->store, is_wanted, NULL);
	return 0;
}

static void
say(struct place *place, uint64_t offset, const char *body)
{
	struct message message = message_at(offset);

	message.body = text_of(body);
	put(place, &message);
}

static void
change(struct place *place, uint64_t offset, uint64_t of,
	enum message_flag flag, const char *body)
{
	struct message message = message_at(offset);

	message.flags = flag;
	message.body = text_of(body);
	message.of_time = message_at(of).id_time;
	message.of_origin = message.id_origin;
	put(place, &message);
}

/* One transaction of the index; false: it has more to take back. */
static bool
step(struct store_index *index, size_t rows)
{
	uint64_t stream = 0;
	enum store_index_result result;

	assert_int_equal(store_index_begin(index), 0);
	result = store_index_take_back(index, &rows);
	assert_int_not_equal(result, STORE_INDEX_FAILED);
	while (result == STORE_INDEX_DONE && rows > 0 &&
		store_index_next_stream(index, &stream))
		assert_int_not_equal(store_index_add(index, stream, &rows),
			STORE_INDEX_FAILED);
	assert_int_equal(store_index_commit(index), 0);
	return result == STORE_INDEX_DONE;
}

static size_t
find_with(struct place *place, const struct search *wanted)
{
	const struct store_search_bounds bounds = { .rows = 100000,
		.soft_ms = GUARD_MS,
		.hard_ms = GUARD_MS,
		.bytes = BIG };
	struct store_searcher *searcher =
		store_searcher_open(place->path, index_path);
	struct words words;

	assert_non_null(searcher);
	assert_true(words_read(&words, wanted->text));
	assert_int_equal(store_searcher_find(searcher, wanted, &words, &bounds,
				 &place->page),
		STORE_SEARCH_DONE);
	words_fini(&words);
	store_searcher_close(&searcher);
	return place->page.count;
}

static struct search
search_of(const char *text)
{
	return (struct search){
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = ROOM,
		.text = text_of(text),
		.before = INT64_MAX,
		.limit = 1000,
		.epoch = EPOCH,
	};
}

static size_t
find(struct place *place, const char *text)
{
	struct search wanted = search_of(text);

	return find_with(place, &wanted);
}

/* What a statement on the index answers. */
static uint64_t
ask_index(const char *sql)
{
	return archive_ask_early(index_path, sql);
}

/* How many messages the index names for these three characters. */
static uint64_t
named(const char *piece)
{
	char sql[120];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM texts WHERE texts MATCH '\"%s\"'", piece);
	return ask_index(sql);
}

static void
an_edit_is_found_at_once_by_its_new_words_only(void **state)
{
	struct place *place = *state;
	struct store_index *index = open_index(place);

	for (uint64_t i = 1; i <= 20; i++)
		say(place, i, "\"alpha beta\"");
	assert_true(step(index, 1000));
	change(place, 21, 3, MESSAGE_EDIT, "\"alpha gamma\"");
	assert_int_equal(find(place, "alpha"), 20);
	assert_int_equal(find(place, "gamma"), 1);
	assert_true(step(index, 1000));
	assert_int_equal(find(place, "gamma"), 1);
	assert_int_equal(place->page.last, 3);
	assert_int_equal(find(place, "beta"), 19);
	assert_int_equal(named("bet"), 19);
	assert_int_equal(named("gam"), 1);

	/* Twice before the index sees it. */
	change(place, 22, 3, MESSAGE_EDIT, "\"delta\"");
	change(place, 23, 3, MESSAGE_EDIT, "\"epsilon\"");
	assert_true(step(index, 1000));
	assert_int_equal(find(place, "gamma"), 0);
	assert_int_equal(find(place, "delta"), 0);
	assert_int_equal(find(place, "epsilon"), 1);
	assert_int_equal(named("gam") + named("del"), 0);
	assert_int_equal(named("alp"), 19);
	store_index_close(&index);
}

static void
what_changes_before_it_is_indexed_is_taken_as_it_is(void **state)
{
	struct place *place = *state;
	struct store_index *index = open_index(place);

	say(place, 1, "\"alpha\"");
	say(place, 2, "\"beta\"");
	change(place, 3, 1, MESSAGE_EDIT, "\"gamma\"");
	change(place, 4, 2, MESSAGE_DELETE, "");
	assert_true(step(index, 1000));
	assert_int_equal(named("alp") + named("bet"), 0);
	assert_int_equal(named("gam"), 1);
	assert_int_equal(find(place, "gamma"), 1);
	assert_int_equal(find(place, "beta"), 0);
	store_index_close(&index);
}

static void
what_is_deleted_or_has_ended_is_not_found(void **state)
{
	struct place *place = *state;
	struct store_index *index = open_index(place);
	struct message ended = message_at(3);

	say(place, 1, "\"alpha\"");
	say(place, 2, "\"alpha\"");
	ended.body = TEXT_LITERAL("\"alpha\"");
	ended.until = 1000;
	put(place, &ended);
	assert_int_equal(find(place, "alpha"), 2);
	assert_true(step(index, 1000));
	assert_int_equal(find(place, "alpha"), 2);
	change(place, 4, 1, MESSAGE_DELETE, "");
	assert_int_equal(find(place, "alpha"), 1);
	assert_int_equal(find(place, "null"), 0);
	assert_true(step(index, 1000));
	assert_int_equal(find(place, "alpha"), 1);
	assert_int_equal(named("alp"), 2);
	store_index_close(&index);
}

/* Until nothing is left to remove. */
static void
retire(struct place *place, struct indexer *indexer)
{
	struct retention *retention = retention_new(
		&(struct retention_options){ .store = place->store,
			.indexer = indexer,
			.rule_of = rule_of });

	while (retention_step(retention, 1, clock_unix_ms()) != RETENTION_DONE)
		;
	retention_free(&retention);
}

static void
wait_until(const char *sql, uint64_t number)
{
	uint64_t end_ms = clock_ms() + GUARD_MS;

	while (ask_index(sql) != number) {
		assert_true(clock_ms() < end_ms);
		sched_yield();
	}
}

/* With the indexer's thread, as the historian does it. */
static void
what_leaves_the_archive_leaves_the_index(void **state)
{
	enum {
		MESSAGES = 3000
	};
	struct place *place = *state;
	struct store_index_options options = options_of(place);
	struct indexer *indexer;
	uint64_t end_ms = clock_ms() + GUARD_MS;

	for (uint64_t i = 1; i <= MESSAGES; i++)
		say(place, i, "\"alpha\"");
	indexer = indexer_new(&options);
	wait_until("SELECT sum(offset) FROM progress", MESSAGES);
	rule.keep_messages = 100;
	retire(place, indexer);
	wait_until("SELECT number FROM taken_back", MESSAGES - 100);
	assert_int_equal(named("alp"), 100);
	assert_int_equal(find(place, "alpha"), 100);

	/* And the notes go, when the index is done with them. */
	while (indexer_taken_back(indexer) != MESSAGES - 100) {
		assert_true(clock_ms() < end_ms);
		sched_yield();
	}
	for (int i = 0; i < 4; i++)
		retire(place, indexer);
	assert_int_equal(store_begin(place->store), 0);
	{
		uint64_t first, last;

		assert_int_equal(
			store_withdrawn(place->store, &first, &last), 0);
	}
	assert_int_equal(store_commit(place->store), 0);
	indexer_free(&indexer);
}

static void
notes_are_taken_in_steps_that_a_kill_may_follow(void **state)
{
	struct place *place = *state;
	struct store_index *index = open_index(place);
	unsigned steps = 0;

	for (uint64_t i = 1; i <= 100; i++)
		say(place, i, "\"alpha\"");
	assert_true(step(index, 1000));
	for (uint64_t i = 1; i <= 100; i++)
		change(place, 100 + i, i, MESSAGE_EDIT, "\"omega\"");
	say(place, 201, "\"omega\"");
	while (!step(index, 30)) {
		steps++;
		assert_int_equal(named("alp") + named("ome"), 100);
		store_index_close(&index);
		index = open_index(place);
	}
	assert_int_equal(steps, 3);
	while (ask_index("SELECT offset FROM progress") < 201)
		step(index, 30);
	assert_int_equal(named("alp"), 0);
	assert_int_equal(named("ome"), 101);
	assert_int_equal(find(place, "omega"), 101);
	store_index_close(&index);
}

static void
an_index_that_is_ahead_of_the_notes_is_of_no_use(void **state)
{
	struct place *place = *state;
	struct store_index *index = open_index(place);
	size_t rows = 10;

	say(place, 1, "\"alpha\"");
	assert_true(step(index, 1000));
	store_index_close(&index);
	archive_execute(index_path, "UPDATE taken_back SET number = 7");
	index = open_index(place);
	assert_int_equal(store_index_begin(index), 0);
	assert_int_equal(
		store_index_take_back(index, &rows), STORE_INDEX_FAILED);
	assert_true(store_index_is_useless(index));
	store_index_undo(index);
	store_index_close(&index);
}

static void
what_is_searched_again_is_taken_in_anew(void **state)
{
	struct place *place = *state;
	struct store_index *index = open_index(place);

	say(place, 1, "\"alpha\"");
	assert_true(step(index, 1000));
	is_on = false;
	store_set_indexed(place->store, is_wanted, NULL);
	assert_true(step(index, 1000));
	change(place, 2, 1, MESSAGE_EDIT, "\"omega\"");
	is_on = true;
	store_set_indexed(place->store, is_wanted, NULL);
	assert_true(step(index, 1000));
	assert_int_equal(find(place, "omega"), 1);
	assert_int_equal(find(place, "alpha"), 0);
	store_index_close(&index);
}

static void
an_index_that_never_follows_is_made_anew(void **state)
{
	enum {
		MESSAGES = 18000,
		LATER = 100000
	};
	struct place *place = *state;
	struct retention *retention = retention_new(&(struct retention_options){
		.store = place->store, .rule_of = rule_of });
	struct store_index_options options = options_of(place);
	struct indexer *indexer;
	uint64_t first, last;

	rule.keep_messages = 10;
	add_range(place, 1, MESSAGES);
	retention_free(&retention);

	/* There is a thread, but no index can be opened. */
	options.sql_dir = "/none";
	indexer = indexer_new(&options);
	retention = retention_new(
		&(struct retention_options){ .store = place->store,
			.indexer = indexer,
			.rule_of = rule_of });
	for (int i = 0; i < 40; i++)
		retention_step(retention, 1, 1);
	assert_in_range(
		store_withdrawn(place->store, &first, &last), 16384, 17500);
	for (int i = 0; i < 60; i++)
		retention_step(retention, LATER + (uint64_t)i, 1);
	assert_in_range(store_withdrawn(place->store, &first, &last), 0, 2000);
	retention_free(&retention);
	indexer_free(&indexer);
}

/* Inboxes */

/* Offset i of anna goes to berta (odd) or carl (even). */
static void
fill_inbox(struct place *place, uint64_t count)
{
	for (uint64_t i = 1; i <= count; i++) {
		struct buffer others = { 0 };
		struct message message = message_at(i);

		mail_add_side(&others,
			&(struct mail_side){
				i % 2 ? text_of("berta") : text_of("carl"),
				(i + 1) / 2 });
		message.kind = STREAM_INBOX;
		message.stream = TEXT_LITERAL("anna");
		message.others = buffer_text(&others);
		message.body = TEXT_LITERAL("\"alpha 世界\"");
		put(place, &message);
		buffer_fini(&others);
	}
}

static void
a_conversation_is_searched_alone(void **state)
{
	struct place *place = *state;
	struct store_index *index = open_index(place);
	struct search wanted = search_of("alpha");

	wanted.kind = STREAM_INBOX;
	wanted.stream = TEXT_LITERAL("anna");
	fill_inbox(place, 21);
	for (int indexed = 0; indexed < 3; indexed++) {
		wanted.text = TEXT_LITERAL("alpha");
		wanted.with = TEXT_LITERAL("");
		assert_int_equal(find_with(place, &wanted), 21);
		wanted.with = TEXT_LITERAL("carl");
		assert_int_equal(find_with(place, &wanted), 10);
		wanted.text = TEXT_LITERAL("世界");
		assert_int_equal(find_with(place, &wanted), 10);
		wanted.with = TEXT_LITERAL("berta");
		assert_int_equal(find_with(place, &wanted), 11);
		wanted.with = TEXT_LITERAL("nobody");
		assert_int_equal(find_with(place, &wanted), 0);
		step(index, 10);
	}
	wanted.stream = TEXT_LITERAL("berta");
	wanted.with = TEXT_LITERAL("anna");
	assert_int_equal(find_with(place, &wanted), 11);
	store_index_close(&index);
}

#define TEST(claim)                                                            \
	cmocka_unit_test_setup_teardown(claim, set_up_index, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_edit_is_found_at_once_by_its_new_words_only),
		TEST(what_changes_before_it_is_indexed_is_taken_as_it_is),
		TEST(what_is_deleted_or_has_ended_is_not_found),
		TEST(what_leaves_the_archive_leaves_the_index),
		TEST(notes_are_taken_in_steps_that_a_kill_may_follow),
		TEST(an_index_that_is_ahead_of_the_notes_is_of_no_use),
		TEST(what_is_searched_again_is_taken_in_anew),
		TEST(an_index_that_never_follows_is_made_anew),
		TEST(a_conversation_is_searched_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
