#include "worker/ledger/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/records.h"
#include "worker/ledger/order.h"
#include "worker/ledger/page.h"
#include "worker/ledger/recent.h"

/* Unix ms. */
#define NOW 1000000ULL

static struct room_class classes[] = {
	{ .pattern = (char *)(uintptr_t) "hidden:*", .history = true },
	{ .pattern = (char *)(uintptr_t) "*", .history = true, .listed = true },
};
static const struct config config = { .room_classes = classes,
	.room_class_count = 2 };
static struct streams streams;
static struct recent recent;

static int
set_up(void **state)
{
	(void)state;
	streams_init(&streams, &config);
	recent_init(&recent, &config, 1000000, 4);
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

static struct stream *
need(const char *room)
{
	struct stream_name name;

	stream_name_make(&name, STREAM_ROOM, TEXT_LITERAL("t"), text_of(room));
	return streams_need(&streams, &name);
}

static void
say(struct stream *stream, size_t bytes)
{
	static char body[100000];

	const struct message message = { 0 };
	struct recent_text *text = recent_text_new(
		&recent, &message, (struct text){ body, bytes });

	stream->top = ++stream->assigned;
	recent_add(&recent, stream, stream->top, text, false);
	recent_let_go(&recent, &text);
}

static void
an_order_agrees_with_a_sorted_array(void **state)
{
	enum {
		KEYS = 500
	};
	static char keys[KEYS][8];
	static bool is_in[KEYS];
	struct order order = { 0 };
	unsigned seed = 1, count = 0;

	(void)state;
	for (unsigned i = 0; i < KEYS; i++)
		snprintf(keys[i], sizeof(keys[i]), "%03u", i);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (seed = seed * 1103515245 + 12345) / 65536 % KEYS;
		unsigned next = i;
		struct order_node *node;

		assert_ptr_equal(order_find(&order, text_of(keys[i])),
			is_in[i] ? keys[i] : NULL);
		if (is_in[i])
			order_remove(&order, text_of(keys[i]));
		else
			order_add(&order, text_of(keys[i]), keys[i]);
		is_in[i] = !is_in[i];
		count += is_in[i] ? 1U : -1U;
		assert_int_equal(order.count, count);
		while (next < KEYS && !is_in[next])
			next++;
		node = order_from(&order, text_of(keys[i]));
		assert_ptr_equal(node ? node->owner : NULL,
			next < KEYS ? keys[next] : NULL);
		for (next = i + 1; next < KEYS && !is_in[next];)
			next++;
		node = order_after(&order, text_of(keys[i]));
		assert_ptr_equal(node ? node->owner : NULL,
			next < KEYS ? keys[next] : NULL);
	}
	order_fini(&order);
}

static void
only_listed_rooms_stand_in_the_list(void **state)
{
	(void)state;
	need("hidden:a");
	need("b");
	assert_int_equal(streams.listed.count, 1);
	assert_ptr_equal(streams.listed.first[0]->owner, need("b"));
	streams_drop_if_empty(&streams, need("b"));
	streams_drop_if_empty(&streams, need("hidden:a"));
	assert_int_equal(streams.listed.count, 0);
	assert_int_equal(streams_count(&streams), 0);
}

static void
a_stream_with_messages_is_not_forgotten(void **state)
{
	struct stream *stream = need("r");

	(void)state;
	stream->assigned = 1;
	streams_drop_if_empty(&streams, stream);
	assert_int_equal(streams_count(&streams), 1);
	assert_ptr_equal(need("r"), stream);
}

static void
a_stream_remembers_its_last_messages(void **state)
{
	struct stream *stream = need("r");

	(void)state;
	for (int i = 0; i < 10; i++)
		say(stream, 10);
	assert_int_equal(stream->recent_count, 4);
	assert_int_equal(recent_first(stream)->offset, 7);
	assert_int_equal(recent_last(stream)->offset, 10);
	assert_int_equal(recent_find(stream, 8)->offset, 8);
	assert_null(recent_find(stream, 6));
	assert_null(recent_find(stream, 11));
}

static void
the_oldest_of_all_goes_first_when_memory_is_full(void **state)
{
	struct stream *quiet = need("quiet"), *busy = need("busy");

	(void)state;
	recent_fini(&recent);
	recent_init(&recent, &config, 100000, 1000);
	say(quiet, 1000);
	for (int i = 0; i < 60; i++)
		say(busy, 1000);
	assert_int_equal(quiet->recent_count, 1);
	say(quiet, 1000);
	for (int i = 0; i < 60; i++)
		say(busy, 1000);
	assert_int_equal(quiet->recent_count, 1);
	assert_int_equal(recent_first(quiet)->offset, 2);
	assert_true(recent.bytes <= 100000 && recent.bytes > 90000);
	say(busy, 99999);
	assert_int_equal(quiet->recent_count, 0);
	assert_null(recent_first(quiet));
}

static void
a_gap_forgets_what_was_before(void **state)
{
	struct stream *stream = need("r");

	(void)state;
	say(stream, 10);
	say(stream, 10);
	stream->assigned = 10;
	say(stream, 10);
	assert_int_equal(recent_first(stream)->offset, 11);
	assert_int_equal(stream->recent_count, 1);
	assert_ptr_equal(recent.oldest, recent_first(stream));
}

/* Asks for a page and tells what came: first, last, more; false: not known. */
static bool
ask(const struct stream *stream, unsigned mode, uint64_t anchor, uint64_t limit,
	bool has_archive, struct page *page)
{
	struct lookup lookup = {
		.mode = mode, .anchor = anchor, .limit = limit
	};
	struct buffer messages = { 0 };
	bool is_known;

	*page = (struct page){ 0 };
	is_known = page_from_memory(&(struct page_source){ stream, &classes[1],
					    has_archive, 10000, NOW, 1 },
		&lookup, &messages, page);
	buffer_fini(&messages);
	return is_known;
}

static void
assert_page(const struct stream *stream, unsigned mode, uint64_t anchor,
	uint64_t limit, bool has_archive, uint64_t first, uint64_t last,
	bool more)
{
	struct page page;

	assert_true(ask(stream, mode, anchor, limit, has_archive, &page));
	assert_int_equal(page.first, first);
	assert_int_equal(page.last, last);
	assert_int_equal(page.more, more);
	assert_int_equal(page.count, first ? last - first + 1 : 0);
}

static void
memory_answers_what_it_holds_whole(void **state)
{
	struct stream *stream = need("r");
	struct page page;

	(void)state;
	assert_page(NULL, LOOKUP_NEWEST, 0, 5, true, 0, 0, false);
	assert_page(NULL, LOOKUP_AFTER, 9, 5, true, 0, 0, false);
	for (int i = 0; i < 10; i++)
		say(stream, 10); /* 7 to 10 are remembered */
	assert_page(stream, LOOKUP_NEWEST, 0, 4, true, 7, 10, true);
	assert_page(stream, LOOKUP_NEWEST, 0, 1, true, 10, 10, true);
	assert_page(stream, LOOKUP_BEFORE, 10, 3, true, 7, 9, true);
	assert_page(stream, LOOKUP_BEFORE, UINT64_MAX, 2, true, 9, 10, true);
	assert_page(stream, LOOKUP_BEFORE, 1, 2, true, 0, 0, false);
	assert_page(stream, LOOKUP_BEFORE, 0, 2, true, 0, 0, false);
	assert_page(stream, LOOKUP_AFTER, 6, 3, true, 7, 9, true);
	assert_page(stream, LOOKUP_AFTER, 6, UINT64_MAX, true, 7, 10, false);
	assert_page(stream, LOOKUP_AFTER, 10, 3, true, 0, 0, false);
	assert_page(stream, LOOKUP_AFTER, UINT64_MAX, 3, true, 0, 0, false);
	assert_page(stream, LOOKUP_NEWEST, 0, 0, true, 0, 0, false);
	assert_false(ask(stream, LOOKUP_NEWEST, 0, 5, true, &page));
	assert_false(ask(stream, LOOKUP_BEFORE, 9, 3, true, &page));
	assert_false(ask(stream, LOOKUP_AFTER, 5, 3, true, &page));
}

static void
without_an_archive_memory_is_all_there_is(void **state)
{
	struct stream *stream = need("r");

	(void)state;
	for (int i = 0; i < 10; i++)
		say(stream, 10);
	assert_page(stream, LOOKUP_NEWEST, 0, 50, false, 7, 10, false);
	assert_page(stream, LOOKUP_NEWEST, 0, 3, false, 8, 10, true);
	assert_page(stream, LOOKUP_BEFORE, 7, 3, false, 0, 0, false);
	assert_page(stream, LOOKUP_BEFORE, 8, 3, false, 7, 7, false);
	assert_page(stream, LOOKUP_AFTER, 0, 3, false, 7, 9, true);
	assert_page(stream, LOOKUP_AFTER, 0, 50, false, 7, 10, false);
	assert_page(stream, LOOKUP_AFTER, 2, 1, false, 7, 7, true);
}

static void
assert_missed(const struct stream *stream, uint64_t offset, bool has_archive,
	size_t bytes_max, enum missed missed, uint64_t first)
{
	struct buffer messages = { 0 };
	struct page page = { 0 };

	assert_int_equal(
		page_of_missed(&(struct page_source){ stream, &classes[1],
				       has_archive, bytes_max, NOW, 1 },
			offset, &messages, &page),
		missed);
	if (missed == MISSED_TOLD) {
		assert_int_equal(page.first, first);
		assert_int_equal(page.last, first ? stream->top : 0);
	}
	buffer_fini(&messages);
}

static void
what_was_missed_is_told_whole_or_not_at_all(void **state)
{
	struct stream *stream = need("r");

	(void)state;
	assert_missed(NULL, 0, true, 1000, MISSED_TOLD, 0);
	assert_missed(NULL, 1, true, 1000, MISSED_GONE, 0);
	for (int i = 0; i < 10; i++)
		say(stream, 10);
	assert_missed(stream, 10, true, 1000, MISSED_TOLD, 0);
	assert_missed(stream, 9, true, 1000, MISSED_TOLD, 10);
	assert_missed(stream, 6, true, 1000, MISSED_TOLD, 7);
	assert_missed(stream, 5, true, 1000, MISSED_MUCH, 0);
	assert_missed(stream, 0, true, 1000, MISSED_MUCH, 0);
	assert_missed(stream, 11, true, 1000, MISSED_GONE, 0);
	assert_missed(stream, UINT64_MAX, true, 1000, MISSED_GONE, 0);
	assert_missed(stream, 6, false, 1000, MISSED_TOLD, 7);
	assert_missed(stream, 5, false, 1000, MISSED_GONE, 0);
	assert_missed(stream, 6, false, 40, MISSED_MUCH, 0);
	assert_missed(stream, 9, true, 5, MISSED_MUCH, 0);
}

static void
a_page_keeps_the_end_that_was_asked_for(void **state)
{
	struct stream *stream = need("r");

	(void)state;
	for (int i = 0; i < 4; i++)
		say(stream, 4000); /* two of them fit */
	assert_page(stream, LOOKUP_NEWEST, 0, 4, true, 3, 4, true);
	assert_page(stream, LOOKUP_BEFORE, 4, 4, true, 2, 3, true);
	assert_page(stream, LOOKUP_AFTER, 0, 4, true, 1, 2, true);
	say(stream, 50000);
	assert_page(stream, LOOKUP_NEWEST, 0, 4, true, 5, 5, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_order_agrees_with_a_sorted_array),
		TEST(only_listed_rooms_stand_in_the_list),
		TEST(a_stream_with_messages_is_not_forgotten),
		TEST(a_stream_remembers_its_last_messages),
		TEST(the_oldest_of_all_goes_first_when_memory_is_full),
		TEST(a_gap_forgets_what_was_before),
		TEST(memory_answers_what_it_holds_whole),
		TEST(without_an_archive_memory_is_all_there_is),
		TEST(what_was_missed_is_told_whole_or_not_at_all),
		TEST(a_page_keeps_the_end_that_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
