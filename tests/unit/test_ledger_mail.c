/*
 * Direct messages and inboxes, as the ledger sees them.
 */
#include "shared/ring.h"
#include "tests/unit/ledger_lives.h"
#include "tests/unit/mail_fixture.h"

/* sides: "user:offset user:offset …" */
static void
assert_sides(struct text others, const char *sides)
{
	struct unpack in = unpack_of(others);
	struct buffer told = { 0 };
	struct mail_side side;

	while (mail_next_side(&in, &side))
		buffer_add_format(&told, "%s%.*s:%d", told.length ? " " : "",
			TEXT_ARGS(side.user), (int)side.offset);
	buffer_add_byte(&told, 0);
	assert_string_equal((const char *)told.data, sides);
	buffer_fini(&told);
}

static void
expect_mail(unsigned to, const char *from, uint64_t offset, const char *sides)
{
	NEXT(DELIVER, message, to);
	assert_int_equal(message.kind, STREAM_INBOX);
	assert_true(text_equal(message.stream, text_of(from)));
	assert_int_equal(message.offset, offset);
	assert_sides(message.others, sides);
}

/* The newest messages of an inbox: "from>stream:offset[other sides] …" */
static void
assert_inbox(const char *user, const char *messages)
{
	struct buffer told = { 0 };
	struct unpack in;

	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(user),
		.limit = 50);
	end_turn();
	NEXT(PAGE, page, GATEWAY_A);
	in = unpack_of(page.messages);
	for (uint64_t i = 0; i < page.count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;
		struct mail_side side;
		struct unpack others;

		assert_true(message_unpack(&one, &message));
		others = unpack_of(message.others);
		buffer_add_format(&told, "%.*s>%.*s:%d",
			TEXT_ARGS(message.from), TEXT_ARGS(message.stream),
			(int)message.offset);
		while (mail_next_side(&others, &side))
			buffer_add_format(&told, ",%.*s:%d",
				TEXT_ARGS(side.user), (int)side.offset);
		buffer_add_byte(&told, ' ');
	}
	buffer_add_byte(&told, 0);
	assert_ptr_equal(in.at, in.end);
	assert_string_equal((const char *)told.data, messages);
	buffer_fini(&told);
}

static void
script_places(void)
{
	settle();
	add_user(GATEWAY_A, "ada");
	add_user(GATEWAY_B, "ben");
	add_user(GATEWAY_B, "eve");
	show_mail(1, "ada", "ben cleo", "1");
	show_mail(2, "ben", "cleo", "2");
	show_mail(3, "cleo", "dan", "3");
	assert_no_more(); /* nothing before the commit */
	end_turn();
	expect_mail(GATEWAY_A, "ada", 1, "ben:1 cleo:1");
	expect_mail(GATEWAY_B, "ada", 1, "ben:1 cleo:1");
	expect_said(GATEWAY_A, 1, 1);
	expect_mail(GATEWAY_B, "ben", 2, "cleo:2");
	expect_said(GATEWAY_A, 2, 2);
	expect_said(GATEWAY_A, 3, 3);
	assert_inbox("ada", "ada>ada:1,ben:1,cleo:1 ");
	assert_inbox("ben", "ada>ben:1,ada:1 ben>ben:2,cleo:2 ");
	assert_inbox(
		"cleo", "ada>cleo:1,ada:1 ben>cleo:2,ben:2 cleo>cleo:3,dan:1 ");
	assert_inbox("eve", "");
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 3);
}

static void
a_direct_message_stands_in_every_inbox(void **state)
{
	(void)state;
	play(script_places);
}

static void
script_oneself(void)
{
	settle();
	add_user(GATEWAY_B, "ada");
	show_mail(1, "ada", "", "1");
	end_turn();
	expect_mail(GATEWAY_B, "ada", 1, "");
	expect_said(GATEWAY_A, 1, 1);
	assert_inbox("ada", "ada>ada:1 ");
}

static void
a_message_to_oneself_has_one_place(void **state)
{
	(void)state;
	play(script_oneself);
}

static void
script_claims(void)
{
	settle();
	add_user(GATEWAY_A, "ada");
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"),
		.from = TEXT_LITERAL("ada"), .body = TEXT_LITERAL("1"),
		.id_time = 2, .id_origin = 3, .epoch = 4, .offset = 5,
		.asker_slot = 6, .asker_life = 7, .changed = 8);
	end_turn();
	NEXT(DELIVER, message, GATEWAY_A);
	assert_true(message.id_time > 2);
	assert_true(message.id_origin > 3);
	assert_int_equal(message.epoch, ledger()->epoch);
	assert_int_equal(message.offset, 1);
	assert_int_equal(message.asker_slot, GATEWAY_A);
	assert_int_equal(message.asker_life, 1);
	assert_int_equal(message.changed, 0);
}

static void
what_an_edge_cannot_know_is_not_believed(void **state)
{
	(void)state;
	play(script_claims);
}

static void
script_apart(void)
{
	settle();
	add_room(GATEWAY_A, "ada");
	show_say(GATEWAY_A, 1, "ada", "\"room\"");
	show_mail(2, "ada", "ben", "1");
	end_turn();
	expect_deliver(GATEWAY_A, 1, "\"room\"");
	expect_said(GATEWAY_A, 1, 1);
	expect_said(GATEWAY_A, 2, 1);
	assert_no_more();
}

static void
a_room_and_an_inbox_of_one_name_are_two(void **state)
{
	(void)state;
	play(script_apart);
}

static void
script_forwarded(void)
{
	settle();
	SHOW(SEARCH, search, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"),
		.with = TEXT_LITERAL("ben"), .text = TEXT_LITERAL("words"));
	for (int i = 0; i < 200; i++)
		show_mail(0, "ada", "cleo", "1");
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"),
		.with = TEXT_LITERAL("ben"), .mode = LOOKUP_BEFORE_ID,
		.anchor = UINT64_MAX, .anchor_origin = 7, .limit = 1);
	end_turn();
	NEXT(SEARCH, search, HISTORIAN);
	assert_int_equal(search.kind, STREAM_INBOX);
	assert_true(text_equal(search.stream, text_of("ada")));
	assert_true(text_equal(search.with, text_of("ben")));
	NEXT(LOOKUP, lookup, HISTORIAN);
	assert_int_equal(lookup.kind, STREAM_INBOX);
	assert_true(text_equal(lookup.with, text_of("ben")));
	assert_int_equal(lookup.mode, LOOKUP_BEFORE_ID);
	assert_true(lookup.anchor == UINT64_MAX);
	assert_int_equal(lookup.anchor_origin, 7);
	assert_int_equal(lookup.asker_slot, GATEWAY_A);
	assert_true(lookup.epoch != 0);
	assert_no_more();
}

static void
what_memory_cannot_tell_goes_on_as_it_was_asked(void **state)
{
	(void)state;
	play(script_forwarded);
}

static void
script_failed_batch(void)
{
	settle();
	show_mail(1, "ada", "ben", "1");
	end_turn();
	expect_said(GATEWAY_A, 1, 1);
	limit_journal(10);
	show_mail(2, "ada", "cleo", "2");
	show_mail_with(3, "cleo", "ben", "3", "key");
	show_mail_with(4, "cleo", "ben", "3", "key");
	end_turn();
	limit_journal(RLIM_INFINITY);
	for (uint64_t request = 2; request <= 4; request++)
		expect_refused(GATEWAY_A, request, 1008);
	assert_inbox("ada", "ada>ada:1,ben:1 ");
	assert_inbox("cleo", "");
	show_mail_with(5, "cleo", "ada ben", "4", "key");
	end_turn();
	expect_said(GATEWAY_A, 5, 1);
	assert_inbox("ben", "ada>ben:1,ada:1 cleo>ben:2,cleo:1 ");
	assert_inbox("cleo", "cleo>cleo:1,ada:2,ben:2 ");
	assert_no_more();
}

static void
a_failed_batch_takes_back_the_places_in_all_inboxes(void **state)
{
	(void)state;
	play(script_failed_batch);
}

static void
script_keys(void)
{
	settle();
	show_mail_with(1, "ada", "ben cleo", "1", "key");
	show_mail_with(2, "ada", "cleo ben", "1", "key");
	end_turn();
	show_mail_with(3, "ada", "ben cleo", "1", "key");
	show_mail_with(4, "ada", "ben", "1", "key");
	show_mail_with(5, "ada", "ben cleo dan", "1", "key");
	show_mail_with(6, "ada", "", "1", "key");
	show_mail_with(7, "ben", "ada cleo", "1", "key");
	end_turn();
	for (uint64_t request = 1; request <= 3; request++)
		expect_said(GATEWAY_A, request, 1);
	for (uint64_t request = 4; request <= 6; request++)
		expect_refused(GATEWAY_A, request, 1009);
	expect_said(GATEWAY_A, 7, 2);
	assert_no_more();
}

static void
script_keys_later(void)
{
	fixture_forget_sent();
	show_mail_with(1, "ada", "cleo ben", "1", "key");
	show_mail_with(2, "ada", "ben dan", "1", "key");
	end_turn();
	expect_said(GATEWAY_A, 1, 1);
	expect_refused(GATEWAY_A, 2, 1009);
}

static void
a_key_belongs_to_the_set_of_users(void **state)
{
	(void)state;
	play(script_keys);
	play_next(script_keys_later);
}

static void
script_before_kill(void)
{
	uint64_t first;

	settle();
	add_user(GATEWAY_A, "ada");
	add_user(GATEWAY_B, "ben");
	show_mail(1, "ada", "ben", "1");
	end_turn();
	first = worker_row(&fake)->delivered;
	show_mail(2, "ada", "cleo ben", "2");
	end_turn();
	fixture_forget_sent();
	/* The last one was sent on to one gateway alone. */
	worker_row(&fake)->delivered = first;
	ring_note(arena_ring(fake.arena, LEDGER, GATEWAY_B), first);
}

static void
script_after_kill(void)
{
	expect_mail(GATEWAY_B, "ada", 2, "cleo:1 ben:2");
	expect_announce();
	assert_no_more();
	assert_inbox("ada", "ada>ada:1,ben:1 ada>ada:2,cleo:1,ben:2 ");
	assert_inbox("ben", "ada>ben:1,ada:1 ada>ben:2,ada:2 ");
	show_mail(3, "cleo", "ben", "3");
	end_turn();
	expect_mail(GATEWAY_B, "cleo", 2, "ben:3");
	expect_said(GATEWAY_A, 3, 2);
}

static void
after_a_kill_only_who_may_lack_it_gets_it_again(void **state)
{
	(void)state;
	play(script_before_kill);
	play_next(script_after_kill);
}

static void
script_before_stop(void)
{
	settle();
	show_mail(1, "ada", "ben cleo", "1");
	end_turn();
	expect_said(GATEWAY_A, 1, 1);
	fake.hooks->on_stop(fake.self, WORKER_STOP_NOW);
	end_turn();
	assert_true(fake.has_ended);
}

static void
script_after_stop(void)
{
	fixture_forget_sent();
	show_mail(1, "cleo", "dan ben", "2");
	end_turn();
	expect_said(GATEWAY_A, 1, 2);
	assert_inbox("cleo", "ada>cleo:1,ada:1 cleo>cleo:2,dan:1,ben:2 ");
}

static void
inboxes_go_on_after_a_stop(void **state)
{
	(void)state;
	play(script_before_stop);
	play_next(script_after_stop);
}

static void
show_thousand(uint64_t request, unsigned count)
{
	struct buffer others = { 0 };
	char name[16];

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "user %u", i);
		mail_add_side(&others, &(struct mail_side){ text_of(name), 0 });
	}
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"),
		.from = TEXT_LITERAL("ada"), .body = TEXT_LITERAL("1"),
		.others = buffer_text(&others), .request = request,
		.connection = 100 + request);
	buffer_fini(&others);
}

static void
script_thousand(void)
{
	settle();
	add_user(GATEWAY_B, "user 999");
	show_mail(1, "user 7", "", "0");
	show_thousand(2, MAIL_SIDES_MAX);
	show_thousand(3, MAIL_SIDES_MAX);
	show_thousand(4, MAIL_SIDES_MAX + 1);
	end_turn();
	expect_said(GATEWAY_A, 1, 1);
	for (uint64_t offset = 1; offset <= 2; offset++) {
		NEXT(DELIVER, message, GATEWAY_B);
		assert_int_equal(message.offset, offset);
		expect_said(GATEWAY_A, 1 + offset, offset);
	}
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 1);
	assert_inbox("user 0", "ada>user 0:1,ada:1 ada>user 0:2,ada:2 ");
	assert_inbox("user 7",
		"user 7>user 7:1 ada>user 7:2,ada:1 ada>user 7:3,ada:2 ");
	assert_inbox("user 999", "ada>user 999:1,ada:1 ada>user 999:2,ada:2 ");
}

/* One text of it is remembered, however many see it. */
static void
a_thousand_can_get_one_message(void **state)
{
	(void)state;
	play(script_thousand);
}

static void
show_hostile(const char *stream, const char *from, struct text others,
	uint64_t flags)
{
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(stream),
		.from = text_of(from), .body = TEXT_LITERAL("1"),
		.others = others, .flags = flags, .request = 1);
}

static void
script_hostile(void)
{
	static char long_name[USER_BYTES_MAX + 2];
	struct buffer others = { 0 };

	settle();
	memset(long_name, 'x', sizeof(long_name) - 1);
	show_mail(1, "ada", "ada", "1");
	show_mail(1, "ada", "ben ada", "1");
	show_mail(1, "ada", "ben cleo ben", "1");
	show_mail(1, "ada", "  ", "1");
	show_mail(1, "ada", long_name, "1");
	show_mail(1, long_name, "ada", "1");
	show_mail(1, "", "ada", "1");
	show_hostile("ada", "ben", TEXT_LITERAL(""), 0);
	show_hostile("ada", "ada",
		TEXT_LITERAL("\x03"
			     "be"),
		0);
	show_hostile("ada", "ada",
		TEXT_LITERAL("\x03"
			     "ben"),
		0);
	show_hostile("ada", "ada", TEXT_LITERAL("\xff\xff\xff\xff\xff"), 0);
	show_hostile("ada", "ada", TEXT_LITERAL(""), MESSAGE_MARK);
	show_hostile("ada", "ada", TEXT_LITERAL(""), MESSAGE_EDITED);
	show_hostile("ada", "ada", TEXT_LITERAL(""), MESSAGE_DELETED);
	show_hostile("ada", "ada", TEXT_LITERAL(""), MESSAGE_CHANGES);
	pack_sides(&others, "ben");
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.others = buffer_text(&others));
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_TENANT,
		.tenant = TEXT_LITERAL("t"));
	SHOW(JOIN, join, GATEWAY_A, 1, .request = 1,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("ada"),
		.user = TEXT_LITERAL("ben"), .flags = JOIN_INBOX);
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_TENANT,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"));
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"),
		.with = text_of(long_name));
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"),
		.mode = LOOKUP_ID + 1);
	SHOW(SEARCH, search, GATEWAY_A, 1, .kind = STREAM_CLIENT,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ada"));
	end_turn();
	buffer_fini(&others);
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 22);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 0);
	assert_inbox("ada", "");
	assert_inbox("ben", "");
}

static void
sides_that_make_no_sense_are_passed_over(void **state)
{
	(void)state;
	play(script_hostile);
}

static void
script_too_big(void)
{
	/* With the offsets it is just too large, without them not. */
	static char body[40000];
	size_t low = 1, high = sizeof(body);

	settle();
	memset(body, '1', sizeof(body) - 1);
	while (low + 1 < high) {
		size_t length = (low + high) / 2;

		body[length] = 0;
		show_mail(1, "ada", "ben", body);
		body[length] = '1';
		end_turn();
		if (fake.sent[fake.sent_read].letter->kind == LETTER_SAID)
			low = length;
		else
			high = length;
		fixture_forget_sent();
	}
	body[high] = 0;
	show_mail(2, "ada", "ben", body);
	show_mail(3, "eve", "fay", body);
	show_mail(4, "eve", "fay", "1");
	end_turn();
	expect_refused(GATEWAY_A, 2, 1012);
	expect_refused(GATEWAY_A, 3, 1012);
	expect_said(GATEWAY_A, 4, 1);
	body[low] = 0;
	show_mail(5, "eve", "fay", body);
	end_turn();
	expect_said(GATEWAY_A, 5, 2);
	assert_no_more();
}

static void
what_is_too_large_with_its_offsets_is_refused(void **state)
{
	(void)state;
	play(script_too_big);
}

static void
script_slow(void)
{
	settle();
	add_user(GATEWAY_A, "ada");
	add_user(GATEWAY_B, "ben");
	fake.slow_slot = GATEWAY_B;
	fake.overflow = LEDGER_WAITING_MAX + 1;
	show_mail(1, "ada", "cleo ben", "1");
	show_mail(2, "ada", "cleo", "2");
	end_turn();
	expect_refused(GATEWAY_A, 1, 1004);
	expect_mail(GATEWAY_A, "ada", 1, "cleo:1");
	expect_said(GATEWAY_A, 2, 1);
	assert_no_more();
	assert_inbox("ben", "");
}

static void
who_cannot_follow_gets_no_more_mail(void **state)
{
	(void)state;
	play(script_slow);
}

static void
show_login(uint64_t request, const char *user, unsigned flags, uint64_t epoch,
	uint64_t offset)
{
	SHOW(JOIN, join, GATEWAY_A, 1, .request = request,
		.connection = 100 + request, .tenant = TEXT_LITERAL("t"),
		.room = text_of(user), .user = text_of(user), .platform = 101,
		.flags = JOIN_INBOX | flags, .from_epoch = epoch,
		.from_offset = offset);
}

static void
expect_inbox(
	uint64_t request, uint64_t offset, uint64_t recovery, uint64_t count)
{
	NEXT(JOINED, joined, GATEWAY_A);
	assert_int_equal(joined.request, request);
	assert_int_equal(joined.connection, 100 + request);
	assert_int_equal(joined.offset, offset);
	assert_int_equal(joined.recovery, recovery);
	assert_int_equal(joined.count, count);
	assert_int_equal(joined.users, 0);
	assert_int_equal(joined.connections, 0);
}

static void
script_logins(void)
{
	uint64_t epoch = ledger()->epoch;

	settle();
	show_login(1, "ada", 0, 0, 0);
	show_login(2, "ada", JOIN_RECOVER, epoch, 0);
	show_mail(0, "ben", "ada", "1");
	show_mail(0, "ada", "ben", "2");
	show_login(3, "ada", JOIN_PRESENCE | JOIN_EVENTS, 0, 0);
	show_login(4, "ada", JOIN_RECOVER, epoch, 1);
	show_login(5, "ada", JOIN_RECOVER, epoch + 1, 1);
	show_login(6, "ada", JOIN_RECOVER, epoch, 3);
	show_mail(0, "ben", "ada", "3");
	end_turn();
	expect_inbox(1, 0, RECOVERY_NONE, 0);
	expect_inbox(2, 0, RECOVERY_WHOLE, 0);
	expect_inbox(3, 2, RECOVERY_NONE, 0);
	expect_inbox(4, 2, RECOVERY_WHOLE, 1);
	expect_inbox(5, 2, RECOVERY_LOST, 0);
	expect_inbox(6, 2, RECOVERY_LOST, 0);
	for (int i = 0; i < 200; i++)
		show_mail(0, "ben", "ada", "4");
	show_login(7, "ada", JOIN_RECOVER, epoch, 2);
	show_login(8, "ada", JOIN_RECOVER, epoch, 100);
	end_turn();
	{
		NEXT(BEHIND, behind, GATEWAY_A);
		assert_int_equal(behind.request, 7);
		assert_int_equal(behind.offset, 203);
	}
	expect_inbox(8, 203, RECOVERY_WHOLE, 103);
	assert_no_more();
	assert_int_equal(members_count(ledger()->members), 0);
}

static void
a_login_is_told_where_its_inbox_stands(void **state)
{
	(void)state;
	play(script_logins);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_direct_message_stands_in_every_inbox),
		TEST(a_message_to_oneself_has_one_place),
		TEST(what_an_edge_cannot_know_is_not_believed),
		TEST(a_room_and_an_inbox_of_one_name_are_two),
		TEST(what_memory_cannot_tell_goes_on_as_it_was_asked),
		TEST(a_failed_batch_takes_back_the_places_in_all_inboxes),
		TEST(a_key_belongs_to_the_set_of_users),
		TEST(after_a_kill_only_who_may_lack_it_gets_it_again),
		TEST(inboxes_go_on_after_a_stop),
		TEST(a_thousand_can_get_one_message),
		TEST(sides_that_make_no_sense_are_passed_over),
		TEST(what_is_too_large_with_its_offsets_is_refused),
		TEST(who_cannot_follow_gets_no_more_mail),
		TEST(a_login_is_told_where_its_inbox_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
