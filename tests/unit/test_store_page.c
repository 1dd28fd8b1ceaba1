/* Pages of the archive: by id and by time, of the conversation of two, and with
 * rows that are not to be shown. */
#include "tests/unit/store_fixture.h"

#include "shared/clock.h"
#include "shared/mail.h"

#define PAST_MS 1700000000000ULL

/* Offsets of what a page shows, in its order. */
struct shown {
	size_t count;
	uint64_t offsets[1000];
};

static const struct store_page *
look_up(struct place *place, struct lookup wanted, struct shown *shown)
{
	struct store_page *page = &place->page;
	struct unpack in;

	assert_int_equal(
		store_reader_page(place->reader, &wanted, BIG, page), 0);
	in = unpack_of(buffer_text(&page->messages));
	shown->count = 0;
	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		assert_true(message_unpack(&one, &message));
		assert_in_range(message.offset, page->first, page->last);
		shown->offsets[shown->count++] = message.offset;
	}
	assert_int_equal(shown->count, page->count);
	for (size_t i = 1; i < shown->count; i++)
		assert_true(shown->offsets[i] > shown->offsets[i - 1]);
	return page;
}

#define assert_shown(place, wanted, from, to, number, more)                    \
	do {                                                                   \
		struct shown shown_;                                           \
		const struct store_page *page_ =                               \
			look_up(place, wanted, &shown_);                       \
		assert_int_equal(page_->first, (from));                        \
		assert_int_equal(page_->last, (to));                           \
		assert_int_equal(page_->count, (number));                      \
		assert_int_equal(page_->has_more, (more));                     \
	} while (0)

static struct lookup
by_id(enum lookup_mode mode, uint64_t offset, uint64_t limit)
{
	struct message message = message_at(offset);
	struct lookup wanted = lookup_of(mode, message.id_time, limit);

	wanted.anchor_origin = message.id_origin;
	return wanted;
}

static void
ids_are_anchors_that_are_excluded(void **state)
{
	struct place *place = *state;
	struct lookup before = by_id(LOOKUP_BEFORE_ID, 20, 5);
	struct lookup after = by_id(LOOKUP_AFTER_ID, 20, 5);

	add_range(place, 1, 25);
	assert_shown(place, before, 15, 19, 5, true);
	assert_shown(place, after, 21, 25, 5, false);
	assert_shown(place, by_id(LOOKUP_BEFORE_ID, 4, 5), 1, 3, 3, false);
	assert_shown(place, by_id(LOOKUP_AFTER_ID, 25, 5), 0, 0, 0, false);
}

static void
an_id_that_is_not_there_stands_for_its_place(void **state)
{
	struct place *place = *state;
	struct lookup wanted;

	add_range(place, 1, 10);
	add_range(place, 16, 25);
	assert_shown(place, by_id(LOOKUP_BEFORE_ID, 13, 3), 8, 10, 3, true);
	assert_shown(place, by_id(LOOKUP_AFTER_ID, 13, 3), 16, 18, 3, true);
	assert_shown(place, by_id(LOOKUP_BEFORE_ID, 99, 3), 23, 25, 3, true);
	assert_shown(place, by_id(LOOKUP_AFTER_ID, 99, 3), 0, 0, 0, false);
	assert_shown(place, by_id(LOOKUP_AFTER_ID, 0, 3), 1, 3, 3, true);

	/* The same time of another host comes before or after. */
	wanted = by_id(LOOKUP_AFTER_ID, 5, 1);
	wanted.anchor_origin--;
	assert_shown(place, wanted, 5, 5, 1, true);
	wanted.anchor_origin += 2;
	assert_shown(place, wanted, 6, 6, 1, true);
	wanted.anchor = UINT64_MAX;
	assert_shown(place, wanted, 0, 0, 0, false);
}

static void
a_time_finds_the_first_message_from_then_on(void **state)
{
	struct place *place = *state;
	struct lookup wanted = by_id(LOOKUP_FROM_TIME, 7, 3);

	add_range(place, 1, 10);
	assert_shown(place, wanted, 7, 9, 3, true);
	wanted.anchor = 0;
	assert_shown(place, wanted, 1, 3, 3, true);
	assert_shown(place, by_id(LOOKUP_FROM_TIME, 11, 3), 0, 0, 0, false);
}

static void
one_message_is_found_by_its_id(void **state)
{
	struct place *place = *state;
	struct lookup wanted = by_id(LOOKUP_ID, 7, 50);

	assert_shown(place, wanted, 0, 0, 0, false);
	add_range(place, 1, 10);
	for (uint64_t i = 1; i <= 10; i++) {
		assert_shown(place, by_id(LOOKUP_ID, i, 50), i, i, 1, false);
	}
	assert_shown(place, by_id(LOOKUP_ID, 11, 1), 0, 0, 0, false);
	wanted = by_id(LOOKUP_ID, 7, 1);
	wanted.anchor_origin++;
	assert_shown(place, wanted, 0, 0, 0, false);
}

/* The conversation of two */

/* Offset i of anna goes to berta (odd) or carl (even) and is number
 * (i + 1) / 2 in theirs. */
static void
fill_inboxes(struct place *place, uint64_t count)
{
	assert_int_equal(store_begin(place->store), 0);
	for (uint64_t i = 1; i <= count; i++) {
		struct buffer others = { 0 };
		struct message message = message_at(i);
		struct mail_side side = { i % 2 ? TEXT_LITERAL("berta")
						: TEXT_LITERAL("carl"),
			(i + 1) / 2 };

		mail_add_side(&others, &side);
		message.kind = STREAM_INBOX;
		message.stream = TEXT_LITERAL("anna");
		message.others = buffer_text(&others);
		assert_int_equal(store_add(place->store, &message), 0);
		buffer_fini(&others);
	}
	assert_int_equal(store_commit(place->store), 0);
}

static struct lookup
between(const char *user, const char *other, enum lookup_mode mode,
	uint64_t anchor, uint64_t limit)
{
	struct lookup wanted = lookup_of(mode, anchor, limit);

	wanted.kind = STREAM_INBOX;
	wanted.stream = text_of(user);
	wanted.with = text_of(other);
	return wanted;
}

static void
a_conversation_has_what_was_said_between_two(void **state)
{
	struct place *place = *state;
	struct lookup wanted = between("anna", "berta", LOOKUP_NEWEST, 0, 3);

	fill_inboxes(place, 40);
	assert_shown(place, wanted, 35, 39, 3, true);
	assert_shown(place, between("anna", "berta", LOOKUP_BEFORE, 35, 100), 1,
		33, 17, false);
	assert_shown(place, between("anna", "carl", LOOKUP_AFTER, 35, 100), 36,
		40, 3, false);
	assert_shown(place, between("carl", "anna", LOOKUP_AFTER, 5, 4), 6, 9,
		4, true);
	assert_shown(place, between("carl", "berta", LOOKUP_NEWEST, 0, 4), 0, 0,
		0, false);
	assert_shown(place, between("anna", "nobody", LOOKUP_NEWEST, 0, 4), 0,
		0, 0, false);
	assert_shown(place, between("anna", "", LOOKUP_NEWEST, 0, 4), 37, 40, 4,
		true);
}

static void
ids_and_times_are_anchors_in_a_conversation_too(void **state)
{
	struct place *place = *state;
	struct lookup wanted = by_id(LOOKUP_BEFORE_ID, 20, 2);

	fill_inboxes(place, 40);
	wanted.kind = STREAM_INBOX;
	wanted.stream = TEXT_LITERAL("anna");
	wanted.with = TEXT_LITERAL("berta");
	assert_shown(place, wanted, 17, 19, 2, true);
	wanted.mode = LOOKUP_AFTER_ID;
	assert_shown(place, wanted, 21, 23, 2, true);
	wanted.mode = LOOKUP_FROM_TIME;
	assert_shown(place, wanted, 21, 23, 2, true);
	wanted.mode = LOOKUP_ID;
	assert_shown(place, wanted, 0, 0, 0, false);
	wanted.with = TEXT_LITERAL("carl");
	assert_shown(place, wanted, 20, 20, 1, false);
}

/* What is not to be shown */

/* Offsets from to to, of messages that ended long ago. */
static void
add_ended(struct place *place, uint64_t from, uint64_t to)
{
	assert_int_equal(store_begin(place->store), 0);
	for (uint64_t i = from; i <= to; i++) {
		struct message message = message_at(i);

		message.until = PAST_MS;
		assert_int_equal(store_add(place->store, &message), 0);
	}
	assert_int_equal(store_commit(place->store), 0);
}

static void
what_has_ended_and_changes_are_spanned_and_not_shown(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 3);
	struct message edit = message_at(8);

	add_range(place, 1, 4);
	add_ended(place, 5, 7);
	edit.flags = MESSAGE_EDIT;
	put(place, &edit);
	add_range(place, 9, 9);
	add_ended(place, 10, 10);
	assert_shown(place, wanted, 3, 10, 3, true);
	assert_shown(place, lookup_of(LOOKUP_AFTER, 4, 3), 5, 10, 1, false);
	assert_shown(place, lookup_of(LOOKUP_BEFORE, 9, 50), 1, 8, 4, false);
	assert_shown(place, by_id(LOOKUP_ID, 6, 1), 6, 6, 0, false);

	/* Who recovers gets every row. */
	wanted = lookup_of(LOOKUP_AFTER, 4, 10);
	wanted.changes = 1;
	assert_shown(place, wanted, 5, 10, 6, false);
}

static void
what_ends_later_is_shown(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 3);
	struct message message = message_at(1);

	message.until = clock_unix_ms() + 3600000;
	put(place, &message);
	assert_shown(place, wanted, 1, 1, 1, false);
}

static void
a_walk_ends_though_it_finds_nothing(void **state)
{
	struct place *place = *state;
	struct lookup wanted = lookup_of(LOOKUP_NEWEST, 0, 3);
	uint64_t pages = 0;

	add_range(place, 1, 1);
	add_ended(place, 2, 12000);
	for (;;) {
		struct shown shown;
		const struct store_page *page = look_up(place, wanted, &shown);

		pages++;
		if (!page->has_more)
			break;
		assert_int_equal(page->count, 0);
		assert_true(page->last - page->first < 5000);
		wanted = lookup_of(LOOKUP_BEFORE, page->first, 3);
	}
	assert_int_equal(place->page.count, 1);
	assert_int_equal(place->page.first, 1);
	assert_true(pages > 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(ids_are_anchors_that_are_excluded),
		with_place(an_id_that_is_not_there_stands_for_its_place),
		with_place(a_time_finds_the_first_message_from_then_on),
		with_place(one_message_is_found_by_its_id),
		with_place(a_conversation_has_what_was_said_between_two),
		with_place(ids_and_times_are_anchors_in_a_conversation_too),
		with_place(
			what_has_ended_and_changes_are_spanned_and_not_shown),
		with_place(what_ends_later_is_shown),
		with_place(a_walk_ends_though_it_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
