/*
 * Edits, deletions and times to live, as the ledger's memory shows them.
 */
#include "tests/unit/ledger_lives.h"
#include "tests/unit/mail_fixture.h"

/* Unix ms long ago and in a far time. */
#define PAST 1000
#define FUTURE (1ULL << 46)

struct id {
	uint64_t time, origin;
};

static struct id
id_said(uint64_t offset)
{
	NEXT(SAID, said, GATEWAY_A);
	assert_int_equal(said.offset, offset);
	return (struct id){ said.id_time, said.id_origin };
}

static struct id
say(const char *body, uint64_t offset)
{
	show_say(GATEWAY_A, 1, "r", body);
	end_turn();
	return id_said(offset);
}

static void
show_change(uint64_t kind, const char *stream, const char *from,
	const char *others, unsigned flags, struct id of, const char *body)
{
	struct buffer sides = { 0 };

	pack_sides(&sides, others);
	SHOW(SAY, message, GATEWAY_A, 1, .kind = kind,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(stream),
		.from = text_of(from), .body = text_of(body), .flags = flags,
		.of_time = of.time, .of_origin = of.origin,
		.others = buffer_text(&sides), .request = 1);
	buffer_fini(&sides);
}

static struct id
edit(const char *from, struct id of, const char *body, uint64_t offset)
{
	show_change(STREAM_ROOM, "r", from, "", MESSAGE_EDIT, of, body);
	end_turn();
	return id_said(offset);
}

static struct id
take_away(const char *from, struct id of, uint64_t offset)
{
	show_change(STREAM_ROOM, "r", from, "", MESSAGE_DELETE, of, "null");
	end_turn();
	return id_said(offset);
}

static void
add_shown(struct buffer *told, const struct message *message)
{
	static const char *const words[] = {
		[MESSAGE_EDIT] = "edit",
		[MESSAGE_DELETE] = "delete",
		[MESSAGE_EDITED] = "edited",
		[MESSAGE_DELETED] = "deleted",
	};

	buffer_add_format(told, "%d", (int)message->offset);
	for (uint64_t flag = MESSAGE_EDIT; flag <= MESSAGE_DELETED; flag *= 2)
		if (message->flags & flag)
			buffer_add_format(told, ",%s", words[flag]);
	buffer_add_format(told, ":%.*s ", TEXT_ARGS(message->body));
	assert_true(!(message->flags & (MESSAGE_EDITED | MESSAGE_DELETED)) ==
		    !message->changed);
}

/* "offset,flags…:body …" */
static void
assert_messages(struct text messages, uint64_t count, const char *shown)
{
	struct unpack in = unpack_of(messages);
	struct buffer told = { 0 };

	for (uint64_t i = 0; i < count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		assert_true(message_unpack(&one, &message));
		add_shown(&told, &message);
	}
	buffer_add_byte(&told, 0);
	assert_ptr_equal(in.at, in.end);
	assert_string_equal((const char *)told.data, shown);
	buffer_fini(&told);
}

static void
assert_lookup(uint64_t kind, const char *stream, bool changes, uint64_t first,
	uint64_t last, const char *shown)
{
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = kind,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(stream),
		.limit = 50, .changes = changes);
	end_turn();
	NEXT(PAGE, page, GATEWAY_A);
	assert_int_equal(page.first, first);
	assert_int_equal(page.last, last);
	assert_messages(page.messages, page.count, shown);
}

static void
assert_room(uint64_t last, const char *shown)
{
	assert_lookup(STREAM_ROOM, "r", false, 1, last, shown);
}

static void
assert_rows(uint64_t last, const char *shown)
{
	assert_lookup(STREAM_ROOM, "r", true, 1, last, shown);
}

static void
script_edit(void)
{
	struct id one, two;

	settle();
	one = say("\"one\"", 1);
	two = say("\"two\"", 2);
	edit("u", one, "\"a much longer body than there was\"", 3);
	take_away("u", two, 4);
	assert_room(4, "1,edited:\"a much longer body than there was\" "
		       "2,deleted:null ");
	assert_rows(4, "1,edited:\"a much longer body than there was\" "
		       "2,deleted:null "
		       "3,edit:\"a much longer body than there was\" "
		       "4,delete:null ");
}

static void
memory_shows_what_changes_left_of_a_message(void **state)
{
	(void)state;
	play(script_edit);
}

static void
script_time_of_change(void)
{
	struct id one, change;
	struct unpack in;

	settle();
	one = say("1", 1);
	change = edit("u", one, "2", 2);
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.limit = 50);
	end_turn();
	{
		NEXT(PAGE, page, GATEWAY_A);
		struct message message;

		in = unpack_of(page.messages);
		in = unpack_of(unpack_text(&in));
		assert_true(message_unpack(&in, &message));
		assert_int_equal(message.id_time, one.time);
		assert_int_equal(message.changed, message_unix_ms(change.time));
	}
}

static void
a_changed_message_tells_when_it_was(void **state)
{
	(void)state;
	play(script_time_of_change);
}

static void
script_others(void)
{
	struct id one;

	settle();
	one = say("1", 1);
	edit("eve", one, "2", 2);
	take_away("eve", one, 3);
	edit("u", (struct id){ one.time, one.origin + 1 }, "3", 4);
	edit("u", (struct id){ one.time - 1, one.origin }, "4", 5);
	edit("u", (struct id){ 0, 0 }, "5", 6);
	edit("u", (struct id){ UINT64_MAX, UINT64_MAX }, "6", 7);
	assert_room(7, "1:1 ");
}

static void
only_the_sender_changes_a_message(void **state)
{
	(void)state;
	play(script_others);
}

static void
script_moderated(void)
{
	struct id one;

	settle();
	one = say("1", 1);
	show_change(STREAM_ROOM, "r", "system", "",
		MESSAGE_DELETE | MESSAGE_MODERATED, one, "null");
	end_turn();
	id_said(2);
	assert_room(2, "1,deleted:null ");
}

static void
who_may_change_all_changes_what_others_said(void **state)
{
	(void)state;
	play(script_moderated);
}

static void
script_deleted(void)
{
	struct id one;

	settle();
	one = say("1", 1);
	take_away("u", one, 2);
	edit("u", one, "2", 3);
	assert_room(3, "1,deleted:null ");
}

static void
what_is_deleted_stays_deleted(void **state)
{
	(void)state;
	play(script_deleted);
}

static void
script_earlier_bodies(void)
{
	struct id one;

	settle();
	one = say("\"old\"", 1);
	edit("u", one, "\"secret\"", 2);
	edit("u", one, "\"new\"", 3);
	assert_rows(3, "1,edited:\"new\" 2,edit,edited:\"new\" "
		       "3,edit:\"new\" ");
	take_away("u", one, 4);
	assert_rows(4, "1,edited,deleted:null 2,edit,edited,deleted:null "
		       "3,edit,deleted:null 4,delete:null ");
	for (unsigned offset = 5; offset <= 5 + 126; offset++)
		say("1", offset);
	/* The message itself has left memory by now. */
	one = say("\"old\"", 132);
	edit("u", one, "\"secret\"", 133);
	for (unsigned offset = 134; offset <= 132 + 128; offset++)
		say("1", offset);
	take_away("u", one, 261);
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.mode = LOOKUP_AFTER, .anchor = 133, .limit = 1, .changes = 1);
	end_turn();
	{
		NEXT(PAGE, page, GATEWAY_A);
		assert_messages(page.messages, page.count, "134:1 ");
	}
}

static void
nobody_is_told_an_earlier_body_later(void **state)
{
	(void)state;
	play(script_earlier_bodies);
}

static struct id
mail(const char *from, const char *to, const char *body, uint64_t offset)
{
	show_mail(1, from, to, body);
	end_turn();
	return id_said(offset);
}

static void
assert_mail_deleted(void)
{
	assert_lookup(
		STREAM_INBOX, "ben", false, 1, 4, "1:0 2,edited,deleted:null ");
	assert_lookup(STREAM_INBOX, "cleo", true, 1, 5,
		"1:0 2:0 3,edited,deleted:null 4,edit,deleted:null "
		"5,delete:null ");
}

static void
script_mail(void)
{
	struct id one;

	settle();
	mail("ben", "cleo", "0", 1);
	mail("cleo", "", "0", 2);
	one = mail("ada", "ben cleo", "1", 1);
	show_change(
		STREAM_INBOX, "ada", "ada", "ben cleo", MESSAGE_EDIT, one, "2");
	end_turn();
	id_said(2);
	assert_lookup(STREAM_INBOX, "ada", false, 1, 2, "1,edited:2 ");
	assert_lookup(STREAM_INBOX, "ben", false, 1, 3, "1:0 2,edited:2 ");
	assert_lookup(STREAM_INBOX, "cleo", false, 1, 4, "1:0 2:0 3,edited:2 ");
	assert_lookup(STREAM_INBOX, "cleo", true, 1, 4,
		"1:0 2:0 3,edited:2 4,edit:2 ");
	/* Of the sender's inbox it is remembered no more. */
	for (unsigned i = 0; i < 200; i++)
		mail("ada", "", "3", 3 + i);
	show_change(STREAM_INBOX, "ada", "ada", "ben cleo", MESSAGE_DELETE, one,
		"null");
	end_turn();
	id_said(203);
	assert_mail_deleted();
}

static void
a_direct_message_changes_in_every_inbox(void **state)
{
	(void)state;
	play(script_mail);
}

static void
script_mail_later(void)
{
	fixture_forget_sent();
	assert_mail_deleted();
}

static void
a_new_ledger_knows_the_changes(void **state)
{
	(void)state;
	play(script_mail);
	play_next(script_mail_later);
}

static void
script_failed_change(void)
{
	struct id one;

	settle();
	one = say("1", 1);
	limit_journal(10);
	show_change(STREAM_ROOM, "r", "u", "", MESSAGE_EDIT, one, "2");
	end_turn();
	limit_journal(RLIM_INFINITY);
	{
		NEXT(REFUSED, refused, GATEWAY_A);
		assert_int_equal(refused.code, 1008);
	}
	assert_room(1, "1:1 ");
}

static void
a_change_that_was_not_stored_changes_nothing(void **state)
{
	(void)state;
	play(script_failed_change);
}

static void
show_until(uint64_t until, const char *body)
{
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.from = TEXT_LITERAL("u"), .body = text_of(body),
		.until = until);
}

static void
script_expired(void)
{
	settle();
	show_until(0, "1");
	show_until(PAST, "2");
	show_until(FUTURE, "3");
	show_until(PAST, "4");
	end_turn();
	assert_room(4, "1:1 3:3 ");
	assert_rows(4, "1:1 2:2 3:3 4:4 ");
}

static void
what_has_expired_is_left_out(void **state)
{
	(void)state;
	play(script_expired);
}

static void
script_waited(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	show_until(FUTURE, "1");
	show_until(PAST, "2");
	show_until(0, "3");
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	expect_hidden(GATEWAY_A, 2);
	expect_deliver(GATEWAY_A, 3, "3");
	assert_no_more();
}

static void
nobody_gets_what_has_expired(void **state)
{
	(void)state;
	play(script_waited);
}

static void
script_recovery(void)
{
	uint64_t epoch = ledger()->epoch;
	struct id one;

	settle();
	one = say("1", 1);
	show_until(PAST, "2");
	end_turn();
	edit("u", one, "3", 3);
	take_away("u", one, 4);
	SHOW(JOIN, join, GATEWAY_A, 1, .request = 1,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.user = TEXT_LITERAL("ann"), .flags = JOIN_RECOVER,
		.from_epoch = epoch, .from_offset = 1);
	end_turn();
	{
		NEXT(JOINED, joined, GATEWAY_A);
		assert_int_equal(joined.recovery, RECOVERY_WHOLE);
		assert_messages(joined.messages, joined.count,
			"2:2 3,edit,deleted:null 4,delete:null ");
	}
}

static void
a_recovery_has_every_row(void **state)
{
	(void)state;
	play(script_recovery);
}

static void
script_kept(void)
{
	settle();
	class_of_rooms()->keep_messages = 3;
	for (unsigned offset = 1; offset <= 5; offset++)
		say("1", offset);
	assert_lookup(STREAM_ROOM, "r", false, 3, 5, "3:1 4:1 5:1 ");
	/* The archive may not have dropped them yet. */
	class_of_rooms()->keep_messages = 2;
	assert_lookup(STREAM_ROOM, "r", false, 4, 5, "4:1 5:1 ");
	/* Now what memory has forgotten is of interest. */
	class_of_rooms()->keep_messages = 0;
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.limit = 50);
	end_turn();
	{
		NEXT(LOOKUP, lookup, HISTORIAN);
		assert_int_equal(lookup.limit, 50);
	}
}

static void
a_class_that_keeps_three_shows_three(void **state)
{
	(void)state;
	play(script_kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_shows_what_changes_left_of_a_message),
		TEST(a_changed_message_tells_when_it_was),
		TEST(only_the_sender_changes_a_message),
		TEST(who_may_change_all_changes_what_others_said),
		TEST(what_is_deleted_stays_deleted),
		TEST(nobody_is_told_an_earlier_body_later),
		TEST(a_direct_message_changes_in_every_inbox),
		TEST(a_new_ledger_knows_the_changes),
		TEST(a_change_that_was_not_stored_changes_nothing),
		TEST(what_has_expired_is_left_out),
		TEST(nobody_gets_what_has_expired),
		TEST(a_recovery_has_every_row),
		TEST(a_class_that_keeps_three_shows_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
