/* What is kept no longer leaves the archive: by number, by age, by its own end,
 * in small steps, with all that hangs on it. */
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>

#include "shared/clock.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "worker/historian/retention.h"

#define NOW_MS 1800000000000ULL
#define SAID_MS 1700000000000ULL /* as message_at() says */

/* The rule of all streams but those whose name begins with x. */
static struct store_rule rule;

static void
rule_of(void *self, unsigned kind, struct text name, struct store_rule *its)
{
	(void)self;
	(void)kind;
	*its = name.at[0] == 'x' ? (struct store_rule){ 0 } : rule;
}

static bool
all_indexed(void *self, unsigned kind, struct text name)
{
	(void)self;
	(void)kind;
	(void)name;
	return true;
}

static struct retention *
retention_of(struct place *place)
{
	return retention_new(&(struct retention_options){
		.store = place->store, .rule_of = rule_of });
}

/* Until nothing is left to do; how many steps that took. */
static unsigned
retire(struct place *place, uint64_t unix_ms)
{
	struct retention *retention = retention_of(place);
	unsigned steps = 1;

	while (retention_step(retention, steps, unix_ms) != RETENTION_DONE)
		steps++;
	retention_free(&retention);
	return steps;
}

#define messages_in(place) ask(place, "SELECT count(*) FROM messages")
#define lowest_in(place)                                                       \
	ask(place, "SELECT min(id & ((1 << 36) - 1)) FROM messages")

static void
the_newest_messages_are_kept(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_BEFORE, 91, 10);

	rule = (struct store_rule){ .keep_messages = 10 };
	add_range(place, 1, 100);
	retire(place, NOW_MS);
	assert_int_equal(messages_in(place), 10);
	assert_int_equal(lowest_in(place), 91);
	add_range(place, 101, 103);
	retire(place, NOW_MS);
	assert_int_equal(lowest_in(place), 94);

	/* Who asks for what went gets nothing, or what is left of it. */
	assert_int_equal(
		store_reader_page(place->reader, &wanted, BIG, &place->page),
		0);
	assert_int_equal(place->page.first, 0);
	wanted = lookup_of(LOOKUP_AFTER, 50, 10);
	assert_int_equal(
		store_reader_page(place->reader, &wanted, BIG, &place->page),
		0);
	assert_int_equal(place->page.first, 94);
}

static void
no_rule_keeps_everything(void **state)
{
	struct place *place = *state;
	struct message other = message_at(1);

	rule = (struct store_rule){ 0 };
	add_range(place, 1, 100);
	retire(place, NOW_MS);
	assert_int_equal(messages_in(place), 100);
	rule.keep_messages = 1;
	other.stream = TEXT_LITERAL("xroom");
	put(place, &other);
	other.offset = 2;
	put(place, &other);
	retire(place, NOW_MS);
	assert_int_equal(messages_in(place), 3);
}

static void
what_is_too_old_goes(void **state)
{
	struct place *place = *state;
	struct message young = message_at(6);

	rule = (struct store_rule){ .keep_ms = 1000 };
	add_range(place, 1, 5);
	young.id_time = (SAID_MS + 500) << 16;
	put(place, &young);
	retire(place, SAID_MS + 1000);
	assert_int_equal(messages_in(place), 6);
	retire(place, SAID_MS + 1001);
	assert_int_equal(messages_in(place), 1);
	assert_int_equal(lowest_in(place), 6);
	retire(place, SAID_MS + 1501);
	assert_int_equal(messages_in(place), 0);
	retire(place, SAID_MS + 1501);
}

static void
what_has_ended_keeps_its_place_and_nothing_else(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 10);
	struct message message = message_at(2), seen;
	struct unpack page, one;

	rule = (struct store_rule){ 0 };
	add_range(place, 1, 1);
	message.until = NOW_MS;
	message.key = TEXT_LITERAL("key");
	put(place, &message);
	add_range(place, 3, 3);
	retire(place, NOW_MS - 1);
	assert_int_equal(ask(place, "SELECT count(*) FROM ends"), 1);
	retire(place, NOW_MS);
	assert_int_equal(ask(place, "SELECT count(*) FROM ends"), 0);

	/* Who recovers finds no gap, and nothing to read there. */
	wanted.changes = 1;
	assert_int_equal(
		store_reader_page(place->reader, &wanted, BIG, &place->page),
		0);
	assert_int_equal(place->page.count, 3);
	page = unpack_of(buffer_text(&place->page.messages));
	unpack_text(&page);
	one = unpack_of(unpack_text(&page));
	assert_true(message_unpack(&one, &seen));
	assert_int_equal(seen.offset, 2);
	assert_true(seen.until == NOW_MS);
	assert_true(text_equal(seen.body, TEXT_LITERAL("null")));
	assert_int_equal(seen.key.length + seen.from.length, 0);
}

static void
an_end_takes_no_other_message_along(void **state)
{
	struct place *place = *state;
	struct message message = message_at(2);

	rule = (struct store_rule){ 0 };
	message.until = NOW_MS;
	put(place, &message);
	message.id_origin++; /* another one, in its place */
	message.until = NOW_MS * 2;
	put(place, &message);
	retire(place, NOW_MS + 1);
	assert_int_equal(ask(place, "SELECT count(*) FROM messages "
				    "WHERE body = 'null'"),
		0);
	assert_int_equal(ask(place, "SELECT count(*) FROM ends"), 1);
}

static void
steps_are_small_and_a_new_start_goes_on(void **state)
{
	struct place *place = *state;
	struct retention *retention;
	uint64_t left = 10000;

	rule = (struct store_rule){ .keep_messages = 10 };
	add_range(place, 1, left);
	while (left > 10) {
		uint64_t before = left;

		/* As if it was killed after each step. */
		retention = retention_of(place);
		retention_step(retention, 1, NOW_MS);
		retention_free(&retention);
		left = messages_in(place);
		assert_in_range(before - left, 1, 1000);
	}
	assert_int_equal(left, 10);
}

static void
streams_that_got_messages_are_looked_at_soon(void **state)
{
	struct place *place = *state;
	struct retention *retention = retention_of(place);
	const uint64_t *touched;
	size_t count;

	rule = (struct store_rule){ .keep_messages = 5 };
	while (retention_step(retention, 1, NOW_MS) != RETENTION_DONE)
		;
	add_range(place, 1, 20);
	assert_int_equal(retention_step(retention, 2, NOW_MS), RETENTION_DONE);
	assert_int_equal(messages_in(place), 20);
	add_range(place, 21, 21);
	touched = store_touched(place->store, &count);
	retention_note(retention, touched, count);
	assert_int_equal(retention_step(retention, 3, NOW_MS), RETENTION_DONE);
	assert_int_equal(messages_in(place), 5);
	assert_int_equal(retention_retired(retention), 16);
	retention_free(&retention);
}

static void
one_long_stream_does_not_hold_up_the_others(void **state)
{
	struct place *place = *state;
	struct retention *retention = retention_of(place);
	struct message message = message_at(1);
	const uint64_t touched[2] = { 1, 2 };

	rule = (struct store_rule){ .keep_messages = 1 };
	while (retention_step(retention, 1, NOW_MS) != RETENTION_DONE)
		;
	add_range(place, 1, 5000);
	message.stream = TEXT_LITERAL("other");
	put(place, &message);
	message.offset = 2;
	put(place, &message);
	retention_note(retention, touched, 2);
	assert_int_equal(retention_step(retention, 2, NOW_MS), RETENTION_MORE);
	assert_int_equal(retention_step(retention, 3, NOW_MS), RETENTION_MORE);
	assert_int_equal(
		ask(place, "SELECT count(*) FROM messages WHERE id >> 36 = 2"),
		1);
	assert_true(messages_in(place) > 2000);
	retention_free(&retention);
}

static void
ages_are_looked_at_again_and_again(void **state)
{
	struct place *place = *state;
	struct retention *retention = retention_new(&(struct retention_options){
		.store = place->store, .rule_of = rule_of, .has_ages = true });

	rule = (struct store_rule){ .keep_ms = 1000 };
	add_range(place, 1, 5);
	while (retention_step(retention, 1, SAID_MS) != RETENTION_DONE)
		;
	assert_int_equal(messages_in(place), 5);
	while (retention_step(retention, 3600000, NOW_MS) != RETENTION_DONE)
		;
	assert_int_equal(messages_in(place), 0);
	retention_free(&retention);
}

/* Inboxes */

static void
pairs_go_with_their_messages(void **state)
{
	struct place *place = *state;
	struct buffer others = { 0 };

	rule = (struct store_rule){ .keep_messages = 2 };
	mail_add_side(&others, &(struct mail_side){ text_of("xb"), 1 });
	mail_add_side(&others, &(struct mail_side){ text_of("c"), 1 });
	for (uint64_t i = 1; i <= 5; i++) {
		struct message message = message_at(i);

		message.kind = STREAM_INBOX;
		message.stream = TEXT_LITERAL("anna");
		if (i == 1)
			message.others = buffer_text(&others);
		put(place, &message);
	}
	assert_int_equal(ask(place, "SELECT count(*) FROM pairs"), 8);
	retire(place, NOW_MS);

	/* Two to oneself are left, and what the others have. */
	assert_int_equal(ask(place, "SELECT count(*) FROM pairs"), 4);
	assert_int_equal(messages_in(place), 4);
	assert_int_equal(ask(place, "SELECT count(*) FROM pairs WHERE "
				    "NOT EXISTS (SELECT 1 FROM messages "
				    "WHERE id = stream << 36 | offset)"),
		0);
	buffer_fini(&others);
}

/* Notes for the index */

static void
what_goes_is_noted_for_the_index(void **state)
{
	struct place *place = *state;
	struct message edit = message_at(7);

	rule = (struct store_rule){ .keep_messages = 2 };
	store_set_indexed(place->store, all_indexed, NULL);
	add_range(place, 1, 5);
	edit.flags = MESSAGE_EDIT;
	edit.body = TEXT_LITERAL("\"new\"");
	edit.of_time = message_at(5).id_time;
	edit.of_origin = message_at(5).id_origin;
	put(place, &edit);
	assert_int_equal(ask(place, "SELECT count(*) FROM withdrawn WHERE "
				    "body = '{\"n\":5}' AND "
				    "body_after = '\"new\"'"),
		1);
	assert_int_equal(store_begin(place->store), 0);
	{
		struct store_retirement retirement = {
			.rule_of = rule_of, .unix_ms = NOW_MS, .rows = 100
		};

		assert_int_equal(
			store_retire_stream(place->store, 1, &retirement),
			STORE_RETIRED_ALL);
		assert_int_equal(retirement.retired, 5);
	}
	assert_int_equal(store_commit(place->store), 0);

	/* The edited one as it was last; the edit itself is in no index. */
	assert_int_equal(ask(place, "SELECT count(*) FROM withdrawn"), 6);
	assert_int_equal(ask(place, "SELECT count(*) FROM withdrawn WHERE "
				    "body = '\"new\"' AND body_after IS NULL"),
		1);
	retire(place, NOW_MS);
	assert_int_equal(ask(place, "SELECT count(*) FROM withdrawn"), 0);
}

static void
what_the_archive_cannot_do_is_tried_again(void **state)
{
	struct place *place = *state;
	struct retention *retention = retention_of(place);
	sqlite3 *db;

	rule = (struct store_rule){ .keep_messages = 1 };
	add_range(place, 1, 50);
	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(
		retention_step(retention, 1000, NOW_MS), RETENTION_LATER);
	assert_int_equal(
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(
		retention_step(retention, 1500, NOW_MS), RETENTION_LATER);
	assert_int_equal(messages_in(place), 50);
	while (retention_step(retention, 9000, NOW_MS) != RETENTION_DONE)
		;
	assert_int_equal(messages_in(place), 1);
	retention_free(&retention);
}

static void
trim(struct place *place, uint64_t kept_from)
{
	struct message note = message_at(0);

	note.flags = MESSAGE_TRIM;
	note.of_offset = kept_from;
	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_trim(place->store, &note), 0);
	assert_int_equal(store_commit(place->store), 0);
}

static void
assert_first(struct place *place, struct lookup wanted, uint64_t first)
{
	assert_int_equal(
		store_reader_page(place->reader, &wanted, BIG, &place->page),
		0);
	assert_int_equal(place->page.first, first);
}

static void
what_was_taken_away_is_hidden_at_once_and_goes_then(void **state)
{
	struct place *place = *state;
	struct lookup by_id = lookup_of(LOOKUP_ID, message_at(40).id_time, 1);

	by_id.anchor_origin = message_at(40).id_origin;
	rule = (struct store_rule){ 0 };
	add_range(place, 1, 100);
	assert_first(place, by_id, 40);
	trim(place, 51);
	trim(place, 20); /* less than what is gone already */
	assert_int_equal(messages_in(place), 100);
	assert_first(place, lookup_of(LOOKUP_AFTER, 0, 10), 51);
	assert_first(place, lookup_of(LOOKUP_BEFORE, 60, 100), 51);
	assert_first(place, lookup_of(LOOKUP_BEFORE, 51, 100), 0);
	assert_first(place, by_id, 0);
	retire(place, NOW_MS);
	assert_int_equal(messages_in(place), 50);
	assert_int_equal(lowest_in(place), 51);

	/* Taken in once more, it stays away. */
	add_range(place, 1, 60);
	assert_first(place, lookup_of(LOOKUP_AFTER, 0, 10), 51);
	retire(place, NOW_MS);
	assert_int_equal(lowest_in(place), 51);
}

static void
a_stream_may_go_as_a_whole(void **state)
{
	struct place *place = *state;

	rule = (struct store_rule){ 0 };
	add_range(place, 1, 10);
	trim(place, 11);
	retire(place, NOW_MS);
	assert_int_equal(messages_in(place), 0);
	store_close(&place->store);
	place->store = store_open(place->path, "sql");
	add_range(place, 11, 12);
	assert_first(place, lookup_of(LOOKUP_AFTER, 0, 10), 11);
	retire(place, NOW_MS);
	assert_int_equal(messages_in(place), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(the_newest_messages_are_kept),
		with_place(no_rule_keeps_everything),
		with_place(what_is_too_old_goes),
		with_place(what_has_ended_keeps_its_place_and_nothing_else),
		with_place(an_end_takes_no_other_message_along),
		with_place(steps_are_small_and_a_new_start_goes_on),
		with_place(streams_that_got_messages_are_looked_at_soon),
		with_place(one_long_stream_does_not_hold_up_the_others),
		with_place(ages_are_looked_at_again_and_again),
		with_place(pairs_go_with_their_messages),
		with_place(what_goes_is_noted_for_the_index),
		with_place(what_the_archive_cannot_do_is_tried_again),
		with_place(what_was_taken_away_is_hidden_at_once_and_goes_then),
		with_place(a_stream_may_go_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
