/* Notes and changes of other hosts, and what a ledger makes of them. */
#include "tests/unit/ledger_hauls.h"

#include "shared/mail.h"

#define ROOM_HERE add_room(GATEWAY_A, "r")

static struct message
change_there(uint64_t ago_ms, uint64_t flags, const struct message *of,
	const char *body)
{
	struct message change = said_there(ELSEWHERE, ago_ms, body);

	change.flags = flags;
	change.of_time = of->id_time;
	change.of_origin = of->id_origin;
	return change;
}

/* What memory has of the message at this offset. */
static struct message
remembered(uint64_t offset)
{
	struct stream_name name;
	struct stream *stream;
	const struct recent_message *at;
	struct message message;

	stream_name_make(
		&name, STREAM_ROOM, TEXT_LITERAL("t"), TEXT_LITERAL("r"));
	stream = streams_find(&ledger()->streams, &name);
	assert_non_null(stream);
	at = recent_find(stream, offset);
	assert_non_null(at);
	recent_read(at, &message, &ledger()->turn.others);
	return message;
}

static void
assert_body(uint64_t offset, const char *body)
{
	assert_true(text_equal(remembered(offset).body, text_of(body)));
}

/* --- changes --- */

static void
script_change_first(void)
{
	struct message said = said_there(ELSEWHERE, 9000, "1");
	struct message edit = change_there(
		5000, MESSAGE_EDIT | MESSAGE_MODERATED, &said, "2");

	haul_reached = 0;
	settle_with_source();
	ROOM_HERE;
	haul_next(&edit);
	expect_deliver(GATEWAY_A, 1, "2");
	expect_at();
	haul_next(&said);
	expect_deliver(GATEWAY_A, 2, "2"); /* as it is by now */
	expect_at();
	assert_body(2, "2");
	assert_true(remembered(2).flags & MESSAGE_EDITED);
}

static void
script_change_after_kill(void)
{
	settle();
	assert_body(1, "2");
	assert_body(2, "2");
}

static void
a_change_may_come_before_its_message(void **state)
{
	(void)state;
	play(script_change_first);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = UINT64_MAX;
	play_next(script_change_after_kill);
}

static void
script_edits(void)
{
	struct message said = said_there(ELSEWHERE, 9000, "1");
	struct message late = change_there(
		1000, MESSAGE_EDIT | MESSAGE_MODERATED, &said, "late");
	struct message early = change_there(
		5000, MESSAGE_EDIT | MESSAGE_MODERATED, &said, "early");
	struct message gone = change_there(
		7000, MESSAGE_DELETE | MESSAGE_MODERATED, &said, "null");

	haul_reached = 0;
	settle_with_source();
	ROOM_HERE;
	haul_next(&said);
	expect_deliver(GATEWAY_A, 1, "1");
	expect_at();
	haul_next(&late);
	expect_deliver(GATEWAY_A, 2, "late");
	expect_at();
	haul_next(&early);
	expect_deliver(GATEWAY_A, 3, "late");
	expect_at();
	assert_body(1, "late");
	haul_next(&gone);
	expect_deliver(GATEWAY_A, 4, "null");
	expect_at();
	assert_body(1, "null");
	assert_body(2, "null");
	assert_body(3, "null");
	early.id_time++;
	haul_next(&early);
	expect_deliver(GATEWAY_A, 5, "null");
	expect_at();
	assert_no_more();
}

static void
the_later_edit_counts_and_a_deletion_most(void **state)
{
	(void)state;
	play(script_edits);
}

static void
script_own_change(void)
{
	struct message said = said_there(ELSEWHERE, 9000, "1");

	haul_reached = 0;
	settle_with_source();
	ROOM_HERE;
	haul_next(&said);
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.from = TEXT_LITERAL("v"), .body = TEXT_LITERAL("mine"),
		.flags = MESSAGE_EDIT, .of_time = said.id_time,
		.of_origin = said.id_origin);
	end_turn();
	assert_body(1, "mine");
}

static void
what_came_from_elsewhere_can_be_changed_here(void **state)
{
	(void)state;
	play(script_own_change);
}

static void
say_many(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		show_say(GATEWAY_A, 0, "r", "0");
	end_turn();
}

static void
show_newest(void)
{
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .request = 1, .connection = 101,
		.kind = STREAM_ROOM, .tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("r"), .limit = 1);
	end_turn();
}

/* The room has forgotten an edit by the time its message comes; of others,
 * however late, nothing came before. */
static void
script_late(void)
{
	struct message said = said_there(ELSEWHERE, 60000, "1");
	struct message fresh = said_there(ELSEWHERE, 50000, "2");
	struct message edit = change_there(
		40000, MESSAGE_EDIT | MESSAGE_MODERATED, &said, "new");

	haul_reached = 0;
	settle_with_source();
	say_many(1);
	haul_next(&edit);
	expect_at();
	say_many(200);
	haul_next(&fresh);
	expect_at();
	assert_body(203, "2");
	haul_next(&said);
	expect_at();
	show_newest();
	next_sent(HISTORIAN, LETTER_LOOKUP);
	haul_next(&fresh);
	expect_at();
	assert_body(205, "2");
	ledger()->recent.sure_from = fresh.id_time + 1;
	haul_next(&fresh);
	expect_at();
	show_newest();
	next_sent(HISTORIAN, LETTER_LOOKUP);
}

static void
what_comes_too_late_for_memory_is_the_archives(void **state)
{
	(void)state;
	play(script_late);
}

/* --- marks --- */

static struct message
mark_there(const char *user, const struct message *of)
{
	struct message mark = note_of(MESSAGE_MARK, of);

	mark.from = text_of(user);
	return mark;
}

static uint64_t
read_by(const char *user)
{
	return marks_find(&ledger()->marks, &(struct mark){ .kind = STREAM_ROOM,
						    .tenant = TEXT_LITERAL("t"),
						    .stream = TEXT_LITERAL("r"),
						    .user = text_of(user) });
}

static void
script_marks(void)
{
	struct message one = said_there(ELSEWHERE, 9000, "1");
	struct message two = said_there(ELSEWHERE, 8000, "2");
	struct message by_ann = mark_there("ann", &two), by_ben, by_eve;

	haul_reached = 0;
	settle_with_source();
	show_say(GATEWAY_A, 0, "r", "0");
	haul_begin(ELSEWHERE, 0, 0);
	haul_add(0, 1, &one);
	haul_add(0, 2, &two);
	haul_add(0, 3, &by_ann);
	haul_show(100, 0);
	ROOM_HERE;
	end_turn();
	fixture_forget_sent();
	haul_reached = 100;
	assert_int_equal(read_by("ann"), 3);
	by_ben = mark_there("ben", &one);
	haul_next(&by_ben);
	{
		NEXT(MARK, mark, GATEWAY_A);
		assert_int_equal(mark.offset, 2);
		assert_true(text_equal(mark.user, TEXT_LITERAL("ben")));
		assert_int_equal(mark.asker_life, 0);
	}
	expect_at();
	by_ann = mark_there("ann", &one);
	haul_next(&by_ann); /* back: nothing moves */
	expect_at();
	one.id_time++;
	by_eve = mark_there("eve", &one);
	haul_next(&by_eve);
	expect_at();
	assert_no_more();
	assert_int_equal(read_by("eve"), 0);
	assert_int_equal(counted(COUNTER_HAULED_LOST), 1);
}

static void
script_marks_again(void)
{
	expect_announce();
	assert_int_equal(read_by("ann"), 3);
	assert_int_equal(read_by("ben"), 2);
}

static void
a_mark_is_at_our_place_of_the_message(void **state)
{
	(void)state;
	play(script_marks);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = UINT64_MAX;
	play_next(script_marks_again);
}

/* What lies last in our journal. */
static struct message
last_record(void)
{
	static char bytes[1024];
	struct journal_reader *reader =
		journal_reader_new(ledger()->directory, 0);
	struct journal_batch batch;
	struct message message = { 0 };
	struct text record = { 0 };
	struct unpack in;

	while (journal_reader_next(reader, journal_end(ledger()->journal),
		       &batch) == JOURNAL_READ_BATCH) {
		in = unpack_of(batch.records);
		for (size_t i = 0; i < batch.count; i++)
			record = unpack_text(&in);
		assert_true(record.length < sizeof(bytes));
		memcpy(bytes, record.at, record.length);
		record.at = bytes;
	}
	journal_reader_free(&reader);
	in = unpack_of(record);
	assert_true(message_unpack(&in, &message));
	return message;
}

static void
script_named(void)
{
	uint64_t second, third;

	settle();
	show_say(GATEWAY_A, 0, "r", "1");
	show_say(GATEWAY_A, 0, "r", "2");
	end_turn();
	second = ledger()->id_time;
	SHOW(READ, mark, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.user = TEXT_LITERAL("ann"), .offset = 2);
	end_turn();
	assert_int_equal(last_record().of_time, second);
	assert_int_equal(last_record().of_origin, ledger()->origin);
	show_say(GATEWAY_A, 0, "r", "3");
	end_turn();
	third = ledger()->id_time;
	SHOW(TRIM, trim, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.before = 3);
	end_turn();
	assert_int_equal(last_record().of_time, second);
	SHOW(TRIM, trim, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"));
	end_turn();
	assert_int_equal(last_record().of_time, third);
	assert_int_equal(last_record().of_origin, ledger()->origin);
}

static void
our_marks_and_trims_name_messages_for_others(void **state)
{
	(void)state;
	play(script_named);
}

/* What the edge says counts where memory does not know better. */
static void
script_told(void)
{
	settle();
	for (unsigned i = 0; i < 200; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	SHOW(TRIM, trim, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.before = 20, .of_time = 7, .of_origin = 8);
	end_turn();
	assert_int_equal(last_record().of_time, 7);
	assert_int_equal(last_record().of_origin, 8);
	SHOW(TRIM, trim, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.before = 200, .of_time = 7, .of_origin = 8);
	end_turn();
	assert_true(last_record().of_time > 7);
	fixture_forget_sent();
}

static void
a_trim_names_what_only_the_edge_knows(void **state)
{
	(void)state;
	play(script_told);
}

/* --- what is taken away --- */

static void
script_trims(void)
{
	struct message one = said_there(ELSEWHERE, 9000, "1");
	struct message two = said_there(ELSEWHERE, 8000, "2");
	struct message three = said_there(ELSEWHERE, 7000, "3");
	struct message trim;

	haul_reached = 0;
	settle_with_source();
	haul_next(&one);
	haul_next(&two);
	haul_next(&three);
	trim = note_of(MESSAGE_TRIM, &one);
	haul_next(&trim);
	assert_int_equal(last_record().of_offset, 2);
	assert_body(2, "2");
	trim.of_time = two.id_time + 1;
	trim.of_origin = 0;
	haul_next(&trim);
	assert_int_equal(last_record().of_offset, 3);
	trim.of_time = one.id_time - 1;
	trim.of_origin = 7;
	haul_next(&trim); /* memory does not know it: the archive may */
	assert_int_equal(last_record().of_offset, 0);
	assert_body(3, "3");
	trim.of_time = 0;
	haul_next(&trim);
	assert_int_equal(counted(COUNTER_HAULED_LOST), 1);
	fixture_forget_sent();
}

static void
what_is_taken_away_there_goes_here(void **state)
{
	(void)state;
	play(script_trims);
}

/* --- mail, keys, rooms that keep nothing, clocks --- */

static void
script_mail(void)
{
	struct buffer others = { 0 };
	struct message mail = said_there(ELSEWHERE, 100, "1");

	mail_add_side(&others, &(struct mail_side){ TEXT_LITERAL("ann"), 55 });
	mail_add_side(&others, &(struct mail_side){ TEXT_LITERAL("ben"), 66 });
	mail.kind = STREAM_INBOX;
	mail.stream = mail.from;
	mail.others = buffer_text(&others);
	haul_reached = 0;
	settle_with_source();
	haul_next(&mail);
	mail.id_time++;
	haul_next(&mail);
	{
		struct message last = last_record();
		struct unpack in = unpack_of(last.others);
		struct mail_side side;

		assert_int_equal(last.offset, 2);
		while (mail_next_side(&in, &side))
			assert_int_equal(side.offset, 2);
	}
	fixture_forget_sent();
	buffer_fini(&others);
}

static void
mail_gets_a_place_in_each_inbox(void **state)
{
	(void)state;
	play(script_mail);
}

static void
script_keys(void)
{
	struct message one = said_there(ELSEWHERE, 100, "1");
	struct message two = said_there(ELSEWHERE, 50, "2");

	haul_reached = 0;
	one.key = two.key = TEXT_LITERAL("k");
	settle_with_source();
	haul_next(&one);
	assert_int_equal(last_record().id_time, one.id_time);
	haul_next(&two);
	assert_true(last_record().flags & MESSAGE_HAUL);
	assert_int_equal(counted(COUNTER_HAULED_KNOWN), 1);
	expect_haul_at(ELSEWHERE, 100, 0);
	expect_haul_at(ELSEWHERE, 200, 0);
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.from = TEXT_LITERAL("v"), .body = TEXT_LITERAL("1"),
		.key = TEXT_LITERAL("k"), .request = 1);
	end_turn();
	{
		NEXT(SAID, said, GATEWAY_A);
		assert_int_equal(said.is_repeat, 1);
		assert_int_equal(said.id_time, one.id_time);
		assert_int_equal(said.offset, 1);
	}
}

static void
a_key_that_is_known_is_one_message(void **state)
{
	(void)state;
	play(script_keys);
}

static void
script_unkept(void)
{
	struct message one = said_there(ELSEWHERE, 100, "1");

	haul_reached = 0;
	settle_with_source();
	ROOM_HERE;
	class_of_rooms()->history = false;
	haul_next(&one);
	expect_deliver(GATEWAY_A, 0, "1");
	expect_at();
	assert_true(last_record().flags & MESSAGE_HAUL);
	one.flags = MESSAGE_DELETE;
	one.of_time = 5;
	haul_next(&one);
	expect_at();
	assert_no_more();
}

static void
a_room_that_keeps_nothing_here_only_shows_it(void **state)
{
	(void)state;
	play(script_unkept);
}

static void
script_clocks(void)
{
	struct message one = said_there(ELSEWHERE, 0, "1");

	haul_reached = 0;
	settle_with_source();
	one.id_time = message_time_of(clock_unix_ms() + 30000);
	haul_next(&one);
	assert_int_equal(ledger()->id_time, one.id_time);
	show_say(GATEWAY_A, 0, "r", "2");
	end_turn();
	assert_int_equal(ledger()->id_time, one.id_time + 1);
	assert_int_equal(counted(COUNTER_CLOCK_AHEAD), 0);
	one.id_time = message_time_of(clock_unix_ms() + 3600000);
	haul_next(&one);
	assert_int_equal(counted(COUNTER_CLOCK_AHEAD), 1);
	assert_true(
		ledger()->id_time < message_time_of(clock_unix_ms() + 40000));
	fixture_forget_sent();
}

static void
our_clock_follows_the_others_but_not_far(void **state)
{
	(void)state;
	play(script_clocks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAUL_TEST(a_change_may_come_before_its_message),
		HAUL_TEST(the_later_edit_counts_and_a_deletion_most),
		HAUL_TEST(what_came_from_elsewhere_can_be_changed_here),
		HAUL_TEST(what_comes_too_late_for_memory_is_the_archives),
		HAUL_TEST(a_mark_is_at_our_place_of_the_message),
		HAUL_TEST(our_marks_and_trims_name_messages_for_others),
		HAUL_TEST(a_trim_names_what_only_the_edge_knows),
		HAUL_TEST(what_is_taken_away_there_goes_here),
		HAUL_TEST(mail_gets_a_place_in_each_inbox),
		HAUL_TEST(a_key_that_is_known_is_one_message),
		HAUL_TEST(a_room_that_keeps_nothing_here_only_shows_it),
		HAUL_TEST(our_clock_follows_the_others_but_not_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
