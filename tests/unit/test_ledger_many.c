/*
 * Several messages in one letter: one batch of the journal, an answer for each,
 * and nothing of them is lost or done twice by a kill.
 */
#include "tests/unit/ledger_lives.h"

#define MANY 3

static struct buffer messages;

static void
add_message(unsigned number, const char *room, const char *body,
	const char *key, unsigned flags)
{
	struct buffer packed = { 0 };

	message_pack(&packed, &(struct message){ .kind = STREAM_ROOM,
				      .tenant = TEXT_LITERAL("t"),
				      .stream = text_of(room),
				      .from = TEXT_LITERAL("u"),
				      .body = text_of(body),
				      .key = text_of(key),
				      .flags = flags,
				      .request = 7,
				      .connection = number });
	pack_text(&messages, buffer_text(&packed));
	buffer_fini(&packed);
}

static void
show_messages(void)
{
	SHOW(SAY_MANY, says, GATEWAY_A, 1, .body = TEXT_LITERAL("1"),
		.messages = buffer_text(&messages));
	buffer_clear(&messages, 0);
}

static void
show_rooms(void)
{
	static const char *const rooms[MANY] = { "a", "b", "c" };

	for (unsigned i = 0; i < MANY; i++)
		add_message(i, rooms[i], "", "k", MESSAGE_ROOM_KEY);
	show_messages();
}

static void
expect_each_said(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		NEXT(SAID, said, GATEWAY_A);
		assert_int_equal(said.request, 7);
		assert_int_equal(said.connection, i);
		assert_int_equal(said.offset, 1);
	}
}

static void
script_one_batch(void)
{
	settle();
	show_rooms();
	end_turn();
	expect_each_said();
	assert_no_more();
	assert_int_equal(row_read(arena_row(fake.arena, LEDGER),
				 COUNTER_JOURNAL_BATCHES),
		1);
	assert_int_equal(
		row_read(arena_row(fake.arena, LEDGER), COUNTER_MESSAGES),
		MANY);
}

static void
many_messages_are_one_batch_and_each_is_answered(void **state)
{
	(void)state;
	play(script_one_batch);
}

static void
script_bodies(void)
{
	settle();
	add_room(GATEWAY_B, "a");
	add_message(0, "a", "", "", 0);
	add_message(1, "a", "\"own\"", "", 0);
	show_messages();
	end_turn();
	expect_deliver(GATEWAY_B, 1, "1");
	NEXT(SAID, said, GATEWAY_A);
	assert_int_equal(said.connection, 0);
	expect_deliver(GATEWAY_B, 2, "\"own\"");
}

static void
a_message_without_a_body_has_the_common_one(void **state)
{
	(void)state;
	play(script_bodies);
}

static void
script_again(void)
{
	settle();
	show_rooms();
	end_turn();
	expect_each_said();
	show_rooms();
	end_turn();
	expect_each_said();
	assert_int_equal(
		row_read(arena_row(fake.arena, LEDGER), COUNTER_REPEATS), MANY);
}

static void
one_key_for_many_rooms_counts_in_each_alone(void **state)
{
	(void)state;
	play(script_again);
}

static void
script_key_of_two_rooms(void)
{
	settle();
	add_message(0, "a", "", "k", 0);
	add_message(1, "b", "", "k", 0);
	show_messages();
	end_turn();
	NEXT(SAID, said, GATEWAY_A);
	assert_int_equal(said.connection, 0);
	expect_refused(GATEWAY_A, 7, 1009);
}

static void
another_key_for_two_rooms_is_a_conflict(void **state)
{
	(void)state;
	play(script_key_of_two_rooms);
}

static void
script_full_disk(void)
{
	settle();
	show_say(GATEWAY_A, 1, "first", "1");
	end_turn();
	expect_said(GATEWAY_A, 1, 1);
	limit_journal(0);
	show_rooms();
	end_turn();
	limit_journal(RLIM_INFINITY);
	for (unsigned i = 0; i < MANY; i++)
		expect_refused(GATEWAY_A, 7, 1008);
	show_rooms();
	end_turn();
	expect_each_said();
}

static void
a_failed_batch_refuses_each_of_them(void **state)
{
	(void)state;
	play(script_full_disk);
}

static void
script_killed(void)
{
	settle();
	fake.slow_slot = GATEWAY_A;
	fake.overflow = fake.delayed = 100;
	show_rooms();
	end_turn();
}

static void
script_after_kill(void)
{
	size_t answers = 0;

	while (fake.sent_read < fake.sent_count) {
		const struct letter *letter =
			fake.sent[fake.sent_read++].letter;
		struct unpack in = letter_open(letter);
		struct said said;

		if (letter->kind != LETTER_SAID)
			continue;
		assert_true(said_unpack(&in, &said));
		assert_int_equal(said.offset, 1);
		answers++;
	}
	assert_int_equal(answers, MANY);
}

/* What the dead one had sent still waited outside the full ring. */
static void
who_waited_is_answered_by_the_next_life(void **state)
{
	(void)state;
	play(script_killed);
	fake.overflow = fake.delayed = 0;
	fixture_forget_sent();
	next_life();
	play(script_after_kill);
}

static void
script_bad(void)
{
	settle();
	add_message(0, "a", "", "", 0);
	messages.data[messages.length - 1] = 0xff;
	buffer_add_byte(&messages, 0x7f);
	show_messages();
	end_turn();
	assert_no_more();
	assert_int_equal(
		row_read(arena_row(fake.arena, LEDGER), COUNTER_LETTERS_BAD),
		1);
	show_rooms();
	end_turn();
	expect_each_said();
}

static void
a_letter_that_cannot_be_read_is_passed_over(void **state)
{
	(void)state;
	play(script_bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_messages_are_one_batch_and_each_is_answered),
		TEST(a_message_without_a_body_has_the_common_one),
		TEST(one_key_for_many_rooms_counts_in_each_alone),
		TEST(another_key_for_two_rooms_is_a_conflict),
		TEST(a_failed_batch_refuses_each_of_them),
		TEST(who_waited_is_answered_by_the_next_life),
		TEST(a_letter_that_cannot_be_read_is_passed_over),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buffer_fini(&messages);
	return failed;
}
