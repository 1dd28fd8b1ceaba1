/*
 * Pages out of memory: by id and by time, of a pair, and without what is not to
 * be seen.
 */
#include "worker/ledger/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/mail.h"
#include "shared/records.h"
#include "worker/ledger/places.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/streams.h"

/* Unix ms; messages are said one second after the other up to about now. */
#define NOW 10000000ULL
#define REMEMBERED 8

static struct room_class class = { .pattern = (char *)(uintptr_t) "*" };
static const struct config config = { .room_classes = &class,
	.room_class_count = 1 };
static struct streams streams;
static struct recent recent;
static uint64_t said;

static int
set_up(void **state)
{
	(void)state;
	class.keep_messages = class.keep_seconds = 0;
	said = 0;
	streams_init(&streams, &config);
	recent_init(&recent, &config, 1000000, REMEMBERED);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	recent_fini(&recent);
	assert_int_equal(recent.bytes, 0);
	streams_fini(&streams);
	return 0;
}

static uint64_t
id_time_at(uint64_t unix_ms)
{
	return message_next_time(0, unix_ms);
}

/* Ids of messages in the order in which they were said, from 1 on. */
static uint64_t
id_of(uint64_t number)
{
	return id_time_at(NOW - 1000 * (100 - number));
}

static struct stream *
stream_of(unsigned kind, struct text name)
{
	struct stream_name whole;

	stream_name_make(&whole, kind, TEXT_LITERAL("t"), name);
	return streams_need(&streams, &whole);
}

static void
publish(struct message *message)
{
	struct places places = places_of(message);
	struct buffer packed = { 0 };
	struct recent_text *text;
	struct place place;

	message->id_time = id_of(++said);
	message->id_origin = 5;
	message->offset =
		stream_of((unsigned)message->kind, message->stream)->top + 1;
	message_pack(&packed, message);
	text = recent_text_new(&recent, message, buffer_text(&packed));
	while (places_next(&places, &place)) {
		struct stream *stream = streams_need(&streams, &place.name);

		stream->top = ++stream->assigned;
		recent_add(&recent, stream, stream->top, text, place.is_view);
	}
	recent_let_go(&recent, &text);
	buffer_fini(&packed);
}

static void
say(uint64_t flags, uint64_t until)
{
	struct message message = {
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("r"),
		.flags = flags,
		.until = until,
	};

	publish(&message);
}

static void
mail(const char *from, const char *one, const char *other)
{
	struct buffer others = { 0 };
	struct message message = {
		.kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"),
		.stream = text_of(from),
		.from = text_of(from),
	};

	if (one != NULL)
		mail_add_side(&others, &(struct mail_side){ text_of(one), 0 });
	if (other != NULL)
		mail_add_side(
			&others, &(struct mail_side){ text_of(other), 0 });
	message.others = buffer_text(&others);
	publish(&message);
	buffer_fini(&others);
}

/* What page_from_memory() said, and the offsets of the messages. */
struct answer {
	bool is_known;
	struct page page;
	char offsets[256];
};

static struct answer
ask_of(const struct stream *stream, const struct lookup *lookup,
	bool has_archive)
{
	const struct page_source source = { stream, &class, has_archive, 100000,
		NOW, 1 };
	struct buffer messages = { 0 }, told = { 0 };
	struct answer answer = { 0 };
	struct unpack in;

	answer.is_known =
		page_from_memory(&source, lookup, &messages, &answer.page);
	in = unpack_of(buffer_text(&messages));
	for (uint64_t i = 0; answer.is_known && i < answer.page.count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		assert_true(message_unpack(&one, &message));
		buffer_add_format(&told, "%d ", (int)(message.offset));
	}
	assert_true(told.length < sizeof(answer.offsets));
	if (told.length > 0)
		memcpy(answer.offsets, told.data, told.length);
	if (answer.is_known)
		assert_ptr_equal(in.at, in.end);
	buffer_fini(&messages);
	buffer_fini(&told);
	return answer;
}

static struct answer
ask(unsigned mode, uint64_t anchor, uint64_t limit, bool has_archive)
{
	const struct lookup lookup = { .mode = mode,
		.anchor = anchor,
		.anchor_origin = 5,
		.limit = limit };

	return ask_of(stream_of(STREAM_ROOM, TEXT_LITERAL("r")), &lookup,
		has_archive);
}

static void
assert_page(struct answer answer, uint64_t first, uint64_t last, bool more,
	const char *offsets)
{
	assert_true(answer.is_known);
	assert_string_equal(answer.offsets, offsets);
	assert_int_equal(answer.page.first, first);
	assert_int_equal(answer.page.last, last);
	assert_int_equal(answer.page.more, more);
}

static void
hidden_rows_are_spanned_and_not_counted(void **state)
{
	(void)state;
	say(0, 0);
	say(MESSAGE_EDIT, 0);
	say(0, NOW);
	say(0, NOW + 1);
	say(MESSAGE_DELETE, 0);
	say(0, 0);
	assert_page(ask(LOOKUP_NEWEST, 0, 9, true), 1, 6, false, "1 4 6 ");
	assert_page(ask(LOOKUP_NEWEST, 0, 2, true), 4, 6, true, "4 6 ");
	assert_page(ask(LOOKUP_BEFORE, 4, 9, true), 1, 3, false, "1 ");
	assert_page(ask(LOOKUP_AFTER, 0, 1, true), 1, 1, true, "1 ");
	assert_page(ask(LOOKUP_AFTER, 1, 1, true), 2, 4, true, "4 ");
	assert_page(ask(LOOKUP_AFTER, 4, 9, true), 5, 6, false, "6 ");
	say(MESSAGE_DELETE, 0);
	assert_page(ask(LOOKUP_AFTER, 6, 9, true), 7, 7, false, "");
}

static void
what_a_class_does_not_keep_is_not_there(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		say(0, 0);
	class.keep_messages = 3;
	assert_page(ask(LOOKUP_NEWEST, 0, 9, true), 6, 8, false, "6 7 8 ");
	assert_page(ask(LOOKUP_AFTER, 0, 9, true), 6, 8, false, "6 7 8 ");
	assert_page(ask(LOOKUP_BEFORE, 6, 9, true), 0, 0, false, "");
	class.keep_messages = 0;
	/* The sixth was said 94 seconds ago. */
	class.keep_seconds = 94000;
	assert_page(ask(LOOKUP_NEWEST, 0, 9, true), 7, 8, false, "7 8 ");
	assert_page(ask(LOOKUP_AFTER, 2, 1, true), 7, 7, true, "7 ");
	class.keep_seconds = 94001;
	assert_page(ask(LOOKUP_NEWEST, 0, 9, true), 6, 8, false, "6 7 8 ");
	class.keep_seconds = 1;
	assert_page(ask(LOOKUP_NEWEST, 0, 9, true), 0, 0, false, "");
	assert_page(ask(LOOKUP_AFTER, 0, 9, true), 0, 0, false, "");
}

static void
who_wants_changes_gets_every_row(void **state)
{
	struct lookup lookup = {
		.mode = LOOKUP_AFTER, .limit = 9, .changes = 1
	};

	(void)state;
	say(0, 1);
	say(MESSAGE_EDIT, 0);
	say(0, 0);
	class.keep_messages = 1;
	class.keep_seconds = 1;
	assert_page(ask_of(stream_of(STREAM_ROOM, TEXT_LITERAL("r")), &lookup,
			    true),
		1, 3, false, "1 2 3 ");
}

static void
an_id_or_a_time_is_found_in_memory(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		say(0, 0);
	assert_page(
		ask(LOOKUP_BEFORE_ID, id_of(4), 2, true), 2, 3, true, "2 3 ");
	assert_page(ask(LOOKUP_BEFORE_ID, id_of(4) + 1, 9, true), 1, 4, false,
		"1 2 3 4 ");
	assert_page(ask(LOOKUP_BEFORE_ID, id_of(1), 9, true), 0, 0, false, "");
	assert_page(
		ask(LOOKUP_BEFORE_ID, UINT64_MAX, 1, true), 8, 8, true, "8 ");
	assert_page(
		ask(LOOKUP_AFTER_ID, id_of(4), 2, true), 5, 6, true, "5 6 ");
	assert_page(
		ask(LOOKUP_AFTER_ID, id_of(4) - 1, 1, true), 4, 4, true, "4 ");
	assert_page(ask(LOOKUP_AFTER_ID, id_of(8), 1, true), 0, 0, false, "");
	assert_page(
		ask(LOOKUP_FROM_TIME, id_of(7), 9, true), 7, 8, false, "7 8 ");
	assert_page(ask(LOOKUP_FROM_TIME, id_of(7) + 1, 9, true), 8, 8, false,
		"8 ");
	assert_page(ask(LOOKUP_FROM_TIME, 0, 1, true), 1, 1, true, "1 ");
	assert_page(
		ask(LOOKUP_FROM_TIME, UINT64_MAX, 9, true), 0, 0, false, "");
}

static void
what_may_lie_in_front_of_memory_is_for_the_archive(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		say(0, 0); /* 3 to 10 are remembered */
	assert_false(ask(LOOKUP_AFTER_ID, id_of(2), 1, true).is_known);
	assert_page(ask(LOOKUP_AFTER_ID, id_of(3), 1, true), 4, 4, true, "4 ");
	assert_false(ask(LOOKUP_FROM_TIME, id_of(3), 1, true).is_known);
	assert_page(
		ask(LOOKUP_FROM_TIME, id_of(3) + 1, 1, true), 4, 4, true, "4 ");
	assert_false(ask(LOOKUP_BEFORE_ID, id_of(3), 1, true).is_known);
	assert_false(ask(LOOKUP_BEFORE_ID, id_of(5), 3, true).is_known);
	assert_page(
		ask(LOOKUP_BEFORE_ID, id_of(5), 2, true), 3, 4, true, "3 4 ");
	/* Without an archive memory is all there is. */
	assert_page(ask(LOOKUP_AFTER_ID, id_of(2), 1, false), 3, 3, true, "3 ");
	assert_page(
		ask(LOOKUP_FROM_TIME, id_of(1), 1, false), 3, 3, true, "3 ");
	assert_page(ask(LOOKUP_BEFORE_ID, id_of(3), 1, false), 0, 0, false, "");
	assert_page(
		ask(LOOKUP_BEFORE_ID, id_of(5), 9, false), 3, 4, false, "3 4 ");
}

static void
one_message_is_found_by_its_id(void **state)
{
	(void)state;
	assert_page(ask(LOOKUP_ID, id_of(1), 1, true), 0, 0, false, "");
	for (int i = 0; i < 8; i++)
		say(i == 4 ? MESSAGE_EDIT : 0, i == 5 ? NOW : 0);
	assert_page(ask(LOOKUP_ID, id_of(1), 1, true), 1, 1, false, "1 ");
	assert_page(ask(LOOKUP_ID, id_of(8), 1, true), 8, 8, false, "8 ");
	assert_page(ask(LOOKUP_ID, id_of(5), 1, true), 5, 5, false, "");
	assert_page(ask(LOOKUP_ID, id_of(6), 1, true), 6, 6, false, "");
	assert_page(ask(LOOKUP_ID, id_of(9), 1, true), 0, 0, false, "");
	say(0, 0);
	assert_false(ask(LOOKUP_ID, id_of(1), 1, true).is_known);
	assert_page(ask(LOOKUP_ID, id_of(1), 1, false), 0, 0, false, "");
}

static struct answer
ask_pair(const char *user, const char *with, unsigned mode, uint64_t anchor,
	uint64_t limit)
{
	const struct lookup lookup = { .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"),
		.stream = text_of(user),
		.with = text_of(with),
		.mode = mode,
		.anchor = anchor,
		.limit = limit };

	return ask_of(stream_of(STREAM_INBOX, text_of(user)), &lookup, true);
}

static void
a_pair_has_what_was_said_between_the_two(void **state)
{
	(void)state;
	mail("ada", "ben", NULL);
	mail("ada", "cleo", NULL);
	mail("ben", "cleo", "ada");
	mail("ada", NULL, NULL);
	mail("ada", "cleo", "ben");
	mail("cleo", "ada", "ben");
	assert_page(ask_pair("ada", "ben", LOOKUP_NEWEST, 0, 9), 1, 6, false,
		"1 3 5 ");
	assert_page(ask_pair("ada", "cleo", LOOKUP_NEWEST, 0, 9), 1, 6, false,
		"2 5 6 ");
	assert_page(
		ask_pair("ada", "ada", LOOKUP_NEWEST, 0, 9), 1, 6, false, "4 ");
	assert_page(
		ask_pair("ada", "eve", LOOKUP_NEWEST, 0, 9), 1, 6, false, "");
	assert_page(ask_pair("ben", "ada", LOOKUP_NEWEST, 0, 9), 1, 4, false,
		"1 2 3 ");
	assert_page(ask_pair("ben", "cleo", LOOKUP_NEWEST, 0, 9), 1, 4, false,
		"2 4 ");
	assert_page(
		ask_pair("ben", "cleo", LOOKUP_BEFORE, 4, 1), 2, 3, true, "2 ");
	assert_page(
		ask_pair("ben", "cleo", LOOKUP_AFTER, 2, 1), 3, 4, false, "4 ");
}

/* What is remembered of it, in bytes, is made of the new text. */
static void
a_changed_text_takes_what_it_takes(void **state)
{
	static char body[5000];
	const struct message change = {
		.kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("ada"),
		.from = TEXT_LITERAL("ada"),
		.flags = MESSAGE_EDIT,
		.id_time = id_of(2),
		.id_origin = 5,
		.of_time = id_of(1),
		.of_origin = 5,
		.body = { body, sizeof(body) },
	};
	struct answer answer;
	uint64_t before;

	(void)state;
	memset(body, '1', sizeof(body));
	mail("ada", "ben", "cleo");
	before = recent.bytes;
	recent_change(&recent, &streams, &change);
	assert_true(recent.bytes >= before + sizeof(body));
	assert_true(recent.bytes < before + sizeof(body) + 100);
	answer = ask_pair("ben", "ada", LOOKUP_NEWEST, 0, 9);
	assert_page(answer, 1, 1, false, "1 ");
}

/* Goes on and on from where the page before ended. */
static void
collect(uint64_t limit, bool is_forward, bool *met)
{
	struct lookup lookup = { .mode = is_forward ? LOOKUP_AFTER
						    : LOOKUP_NEWEST,
		.limit = limit };
	struct answer answer;

	do {
		answer = ask_of(stream_of(STREAM_ROOM, TEXT_LITERAL("r")),
			&lookup, false);
		assert_true(answer.is_known);
		for (char *at = answer.offsets; *at != 0;) {
			uint64_t offset = strtoull(at, &at, 10);

			assert_true(offset >= answer.page.first);
			assert_true(offset <= answer.page.last);
			assert_false(met[offset]);
			met[offset] = true;
			at++;
		}
		if (!is_forward)
			lookup.mode = LOOKUP_BEFORE;
		lookup.anchor =
			is_forward ? answer.page.last : answer.page.first;
	} while (answer.page.more);
}

static void
paging_meets_each_message_that_is_to_be_seen_once(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 300; round++) {
		bool is_shown[64] = { false };
		unsigned count = (unsigned)rand_r(&seed) % 20;
		bool is_forward = rand_r(&seed) % 2;

		tear_down(NULL);
		set_up(NULL);
		for (unsigned offset = 1; offset <= count; offset++) {
			bool is_change = rand_r(&seed) % 3 == 0;
			uint64_t until = rand_r(&seed) % 3 ? 0 : NOW;

			say(is_change ? MESSAGE_EDIT : 0, until);
			is_shown[offset] = !is_change && until == 0 &&
					   offset + REMEMBERED > count;
		}
		bool met[64] = { false };
		collect(1 + (unsigned)rand_r(&seed) % 5, is_forward, met);
		assert_memory_equal(met, is_shown, sizeof(met));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hidden_rows_are_spanned_and_not_counted),
		TEST(what_a_class_does_not_keep_is_not_there),
		TEST(who_wants_changes_gets_every_row),
		TEST(an_id_or_a_time_is_found_in_memory),
		TEST(what_may_lie_in_front_of_memory_is_for_the_archive),
		TEST(one_message_is_found_by_its_id),
		TEST(a_changed_text_takes_what_it_takes),
		TEST(a_pair_has_what_was_said_between_the_two),
		TEST(paging_meets_each_message_that_is_to_be_seen_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
