#include <signal.h>

#include "tests/unit/ledger_lives.h"

static void
script_order(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	show_say(GATEWAY_A, 2, "r", "\"one\"");
	add_room(GATEWAY_B, "r");
	show_join(GATEWAY_B, 3, "r", "bob", JOIN_PRESENCE);
	show_say(GATEWAY_A, 4, "r", "\"two\"");
	assert_no_more(); /* nothing before the commit */
	end_turn();
	expect_joined(GATEWAY_A, 1, 0, 1);
	expect_presence(GATEWAY_A, "ann", true, 1);
	expect_presence(GATEWAY_B, "ann", true, 1);
	expect_deliver(GATEWAY_A, 1, "\"one\"");
	expect_deliver(GATEWAY_B, 1, "\"one\"");
	expect_said(GATEWAY_A, 2, 1);
	expect_joined(GATEWAY_B, 3, 1, 2);
	expect_presence(GATEWAY_A, "bob", true, 2);
	expect_presence(GATEWAY_B, "bob", true, 2);
	expect_deliver(GATEWAY_A, 2, "\"two\"");
	expect_deliver(GATEWAY_B, 2, "\"two\"");
	expect_said(GATEWAY_A, 4, 2);
	assert_no_more();
	assert_int_equal(
		worker_row(&fake)->journal_end, worker_row(&fake)->delivered);
	assert_true(worker_row(&fake)->delivered > 0);
}

static void
answers_come_in_the_order_of_the_letters(void **state)
{
	(void)state;
	play(script_order);
}

static void
script_full_disk(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_A, "new");
	show_say(GATEWAY_A, 1, "r", "\"kept\"");
	end_turn();
	expect_deliver(GATEWAY_A, 1, "\"kept\"");
	expect_said(GATEWAY_A, 1, 1);
	limit_journal(10);
	show_join(GATEWAY_A, 2, "r", "ann", JOIN_PRESENCE);
	show_say(GATEWAY_A, 3, "r", "\"lost\"");
	show_say(GATEWAY_A, 4, "new", "\"lost\"");
	show_join(GATEWAY_A, 5, "r", "bob", JOIN_PRESENCE);
	show_say(GATEWAY_A, 6, "r", "\"lost\"");
	show_join(GATEWAY_A, 7, "new", "ann", JOIN_PRESENCE);
	SHOW(LEAVE, leave, GATEWAY_A, 1, .connection = 107,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("new"),
		.user = TEXT_LITERAL("ann"));
	show_say(GATEWAY_A, 8, "new", "\"lost\"");
	end_turn();
	limit_journal(RLIM_INFINITY);
	expect_joined(GATEWAY_A, 2, 1, 1);
	expect_presence(GATEWAY_A, "ann", true, 1);
	expect_refused(GATEWAY_A, 3, 1008);
	expect_refused(GATEWAY_A, 4, 1008);
	expect_joined(GATEWAY_A, 5, 1, 2);
	expect_presence(GATEWAY_A, "bob", true, 2);
	expect_refused(GATEWAY_A, 6, 1008);
	expect_joined(GATEWAY_A, 7, 0, 1);
	expect_presence(GATEWAY_A, "ann", true, 1);
	expect_presence(GATEWAY_A, "ann", false, 0);
	expect_refused(GATEWAY_A, 8, 1008);
	assert_no_more();

	show_say(GATEWAY_A, 9, "r", "\"second\"");
	show_say(GATEWAY_A, 10, "new", "\"first\"");
	end_turn();
	expect_deliver(GATEWAY_A, 2, "\"second\"");
	expect_said(GATEWAY_A, 9, 2);
	expect_deliver(GATEWAY_A, 1, "\"first\"");
	expect_said(GATEWAY_A, 10, 1);
	assert_no_more();
	assert_int_equal(
		row_read(worker_row(&fake), COUNTER_MESSAGES_REFUSED), 4);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 3);
}

static void
a_full_disk_refuses_messages_and_nothing_else(void **state)
{
	(void)state;
	play(script_full_disk);
}

static void
show_lookup(uint64_t request, const char *room, uint64_t mode, uint64_t anchor,
	uint64_t limit)
{
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.request = request, .tenant = TEXT_LITERAL("t"),
		.stream = text_of(room), .mode = mode, .anchor = anchor,
		.limit = limit);
}

static void
expect_page(uint64_t request, uint64_t first, uint64_t last, bool more)
{
	NEXT(PAGE, page, GATEWAY_A);
	struct unpack in = unpack_of(page.messages);

	assert_int_equal(page.request, request);
	assert_int_equal(page.first, first);
	assert_int_equal(page.last, last);
	assert_int_equal(page.more, more);
	assert_int_equal(page.count, first ? last - first + 1 : 0);
	for (uint64_t i = 0; i < page.count; i++) {
		struct unpack record = unpack_of(unpack_text(&in));
		struct message message;

		assert_true(message_unpack(&record, &message));
		assert_int_equal(message.offset, first + i);
		assert_int_equal(message.epoch, page.epoch);
	}
	assert_ptr_equal(in.at, in.end);
}

static void
script_lookup(void)
{
	settle();
	show_lookup(1, "r", LOOKUP_NEWEST, 0, 10);
	for (int i = 0; i < 5; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	show_lookup(2, "r", LOOKUP_NEWEST, 0, 10);
	show_lookup(3, "r", LOOKUP_NEWEST, 0, 2);
	show_say(GATEWAY_A, 0, "r", "1");
	show_lookup(4, "r", LOOKUP_BEFORE, 3, 10);
	show_lookup(5, "r", LOOKUP_AFTER, 2, 3);
	show_lookup(6, "r", LOOKUP_AFTER, 6, 3);
	end_turn();
	expect_page(1, 0, 0, false);
	expect_page(2, 1, 5, false);
	expect_page(3, 4, 5, true);
	expect_page(4, 1, 2, false);
	expect_page(5, 3, 5, true);
	expect_page(6, 0, 0, false);
	for (int i = 0; i < 200; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	show_lookup(7, "r", LOOKUP_NEWEST, 0, 100);
	show_lookup(8, "r", LOOKUP_AFTER, 0, 100);
	end_turn();
	expect_page(7, 107, 206, true);
	NEXT(LOOKUP, lookup, HISTORIAN);
	assert_int_equal(lookup.request, 8);
	assert_int_equal(lookup.asker_slot, GATEWAY_A);
	assert_int_equal(lookup.asker_life, 1);
	assert_true(lookup.epoch != 0);
	fake.offers_are_refused = true;
	show_lookup(9, "r", LOOKUP_AFTER, 0, 100);
	end_turn();
	fake.offers_are_refused = false;
	expect_refused(GATEWAY_A, 9, 1004);
	assert_no_more();
}

static void
lookups_see_what_was_said_before_them(void **state)
{
	(void)state;
	play(script_lookup);
}

static void
script_behind(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_B, "r");
	add_room(GATEWAY_A, "quick");
	fake.slow_slot = GATEWAY_B;
	fake.overflow = LEDGER_WAITING_MAX + 1;
	show_say(GATEWAY_A, 1, "r", "\"too much\"");
	show_say(GATEWAY_A, 2, "quick", "\"goes\"");
	show_lookup(3, "quick", LOOKUP_NEWEST, 0, 5);
	end_turn();
	expect_refused(GATEWAY_A, 1, 1004);
	expect_deliver(GATEWAY_A, 1, "\"goes\"");
	expect_said(GATEWAY_A, 2, 1);
	expect_page(3, 1, 1, false);

	fake.slow_slot = GATEWAY_A;
	show_lookup(4, "quick", LOOKUP_NEWEST, 0, 5);
	end_turn();
	expect_refused(GATEWAY_A, 4, 1004);

	fake.overflow = 0;
	show_say(GATEWAY_A, 5, "r", "\"first\"");
	end_turn();
	expect_deliver(GATEWAY_A, 1, "\"first\"");
	expect_deliver(GATEWAY_B, 1, "\"first\"");
	expect_said(GATEWAY_A, 5, 1);
	assert_no_more();
}

static void
a_gateway_far_behind_gets_no_more_that_can_be_refused(void **state)
{
	(void)state;
	play(script_behind);
}

static void
script_large_page(void)
{
	static char body[9001];

	settle();
	memset(body, '1', sizeof(body) - 1);
	for (int i = 0; i < 5; i++)
		show_say(GATEWAY_A, 0, "r", body);
	show_lookup(1, "r", LOOKUP_NEWEST, 0, 5);
	show_lookup(2, "r", LOOKUP_AFTER, 0, 5);
	end_turn();
	for (int i = 0; i < 2; i++) {
		NEXT(PAGE, page, GATEWAY_A);
		assert_int_equal(page.more, 1);
		assert_true(page.count >= 1 && page.count < 5);
		assert_int_equal(i ? page.first : page.last, i ? 1 : 5);
		assert_int_equal(page.last - page.first + 1, page.count);
	}
}

static void
a_page_is_cut_short_by_size(void **state)
{
	(void)state;
	play(script_large_page);
}

static void
script_dead_senders(void)
{
	settle();
	add_room(GATEWAY_B, "r");
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	show_say(GATEWAY_A, 2, "r", "\"last words\"");
	arena_row(fake.arena, GATEWAY_A)->life = 2;
	fake.hooks->on_peer(fake.self, GATEWAY_A, 1, false);
	end_turn();
	expect_deliver(GATEWAY_B, 1, "\"last words\"");
	assert_no_more();
}

static void
the_last_words_of_the_dead_count_and_are_not_answered(void **state)
{
	(void)state;
	play(script_dead_senders);
}

static void
script_bad_letters(void)
{
	settle();
	for (unsigned kind = LETTER_JOIN; kind < LETTER_KIND_COUNT; kind++) {
		letter_begin(&out, (enum letter_kind)kind);
		buffer_add(&out, "\xff\xff\xff\xff", 4);
		show_letter(GATEWAY_A, 1);
	}
	SHOW(SAY, message, GATEWAY_A, 1, .kind = 'x',
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"));
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"));
	end_turn();
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD),
		LETTER_KIND_COUNT - 1 + 2);
}

static void
bad_letters_are_counted_and_passed_over(void **state)
{
	(void)state;
	play(script_bad_letters);
}

static void
script_too_large(void)
{
	static char body[40000];

	settle();
	memset(body, '1', sizeof(body) - 1);
	show_say(GATEWAY_A, 1, "r", body);
	end_turn();
	expect_refused(GATEWAY_A, 1, 1012);
	show_say(GATEWAY_A, 2, "r", "1");
	end_turn();
	expect_said(GATEWAY_A, 2, 1);
	assert_no_more();
}

static void
a_message_that_no_ring_takes_is_refused(void **state)
{
	(void)state;
	play(script_too_large);
}

static void
expect_rooms(uint64_t request, const char *rooms, bool more)
{
	NEXT(ROOMS_PAGE, rooms_page, GATEWAY_A);
	struct unpack in = unpack_of(rooms_page.rooms);
	struct buffer names = { 0 };

	assert_int_equal(rooms_page.request, request);
	assert_int_equal(rooms_page.more, more);
	for (uint64_t i = 0; i < rooms_page.count; i++) {
		struct unpack record = unpack_of(unpack_text(&in));
		struct room_line room_line;

		assert_true(room_line_unpack(&record, &room_line));
		buffer_add_text(&names, room_line.room);
		buffer_add_format(&names, ":%d:%d ", (int)room_line.users,
			(int)room_line.offset);
	}
	buffer_add_byte(&names, 0);
	assert_string_equal((const char *)names.data, rooms);
	buffer_fini(&names);
}

static void
show_rooms(
	uint64_t request, const char *prefix, const char *after, uint64_t limit)
{
	SHOW(ROOMS_WANTED, rooms_wanted, GATEWAY_A, 1, .request = request,
		.tenant = TEXT_LITERAL("t"), .prefix = text_of(prefix),
		.after = text_of(after), .limit = limit);
}

static void
script_rooms(void)
{
	settle();
	show_say(GATEWAY_A, 0, "b", "1");
	show_say(GATEWAY_A, 0, "a", "1");
	show_rooms(1, "", "", 10);
	show_join(GATEWAY_A, 0, "ab", "ann", JOIN_PRESENCE);
	show_say(GATEWAY_A, 0, "c", "1");
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("other"), .stream = TEXT_LITERAL("x"));
	end_turn();
	expect_rooms(1, "a:0:1 b:0:1 ", false);
	fixture_forget_sent();
	show_rooms(2, "", "", 10);
	show_rooms(3, "a", "", 10);
	show_rooms(4, "a", "a", 10);
	show_rooms(5, "", "ab", 10);
	show_rooms(6, "", "", 2);
	show_rooms(7, "d", "", 2);
	end_turn();
	expect_rooms(2, "a:0:1 ab:1:0 b:0:1 c:0:1 ", false);
	expect_rooms(3, "a:0:1 ab:1:0 ", false);
	expect_rooms(4, "ab:1:0 ", false);
	expect_rooms(5, "b:0:1 c:0:1 ", false);
	expect_rooms(6, "a:0:1 ab:1:0 ", true);
	expect_rooms(7, "", false);
	assert_no_more();
}

static void
rooms_are_listed_in_byte_order_by_prefix(void **state)
{
	(void)state;
	play(script_rooms);
}

static void
script_stop(void)
{
	char path[128];

	settle();
	show_say(GATEWAY_A, 0, "r", "1");
	fake.hooks->on_stop(fake.self, WORKER_STOP_NOW);
	end_turn();
	assert_false(fake.has_ended); /* there may be more in the rings */
	end_turn();
	assert_true(fake.has_ended);
	snprintf(path, sizeof(path), "%s/journal-0/checkpoint", directory);
	assert_int_equal(access(path, F_OK), 0);
}

static void
a_stop_waits_for_the_rings_and_leaves_a_checkpoint(void **state)
{
	(void)state;
	play(script_stop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_come_in_the_order_of_the_letters),
		TEST(a_full_disk_refuses_messages_and_nothing_else),
		TEST(lookups_see_what_was_said_before_them),
		TEST(a_gateway_far_behind_gets_no_more_that_can_be_refused),
		TEST(a_page_is_cut_short_by_size),
		TEST(the_last_words_of_the_dead_count_and_are_not_answered),
		TEST(bad_letters_are_counted_and_passed_over),
		TEST(a_message_that_no_ring_takes_is_refused),
		TEST(rooms_are_listed_in_byte_order_by_prefix),
		TEST(a_stop_waits_for_the_rings_and_leaves_a_checkpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
