/*
 * Up to where users have read, as the ledger sees it: who is told, what holds
 * after a kill, a stop and a failed write.
 */
#include "shared/ring.h"
#include "tests/unit/ledger_lives.h"
#include "tests/unit/mail_fixture.h"

static void
show_read(unsigned from, uint64_t request, const char *user, uint64_t offset)
{
	SHOW(READ, mark, from, 1, .request = request,
		.connection = 100 + request, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.user = text_of(user), .offset = offset);
}

static void
expect_marked(unsigned to, uint64_t request, uint64_t offset)
{
	NEXT(MARKED, mark, to);
	assert_int_equal(mark.request, request);
	assert_int_equal(mark.connection, 100 + request);
	assert_int_equal(mark.offset, offset);
}

static void
expect_mark(unsigned to, const char *user, uint64_t offset, bool only_own)
{
	NEXT(MARK, mark, to);
	assert_int_equal(mark.kind, STREAM_ROOM);
	assert_true(text_equal(mark.stream, TEXT_LITERAL("r")));
	assert_true(text_equal(mark.user, text_of(user)));
	assert_int_equal(mark.offset, offset);
	assert_int_equal(mark.only_own, only_own);
}

/* So many messages in the room r. */
static void
say(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	fixture_forget_sent();
}

static void
script_moves(void)
{
	uint64_t end;

	settle();
	say(5);
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_B, "r");
	show_read(GATEWAY_A, 1, "ann", 3);
	end_turn();
	for (unsigned slot = GATEWAY_A; slot <= GATEWAY_B; slot++) {
		NEXT(MARK, mark, slot);
		assert_true(text_equal(mark.user, TEXT_LITERAL("ann")));
		assert_int_equal(mark.offset, 3);
		assert_int_equal(mark.asker_slot, GATEWAY_A);
		assert_int_equal(mark.asker_life, 1);
		assert_int_equal(mark.connection, 101);
	}
	expect_marked(GATEWAY_A, 1, 3);
	end = journal_end(ledger()->journal);
	show_read(GATEWAY_B, 2, "ann", 2);
	show_read(GATEWAY_B, 3, "ann", 3);
	show_read(GATEWAY_B, 4, "bob", 0);
	end_turn();
	expect_marked(GATEWAY_B, 2, 3);
	expect_marked(GATEWAY_B, 3, 3);
	expect_marked(GATEWAY_B, 4, 0);
	assert_no_more();
	assert_int_equal(journal_end(ledger()->journal), end);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 5);
}

static void
a_mark_that_moves_is_told_and_another_only_answered(void **state)
{
	(void)state;
	play(script_moves);
}

static void
script_same_turn(void)
{
	settle();
	say(5);
	add_room(GATEWAY_A, "r");
	show_read(GATEWAY_A, 1, "ann", 4);
	show_read(GATEWAY_B, 2, "ann", 2);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 4, false);
	expect_marked(GATEWAY_A, 1, 4);
	expect_marked(GATEWAY_B, 2, 4);
	assert_no_more();
}

static void
in_one_turn_the_furthest_mark_holds(void **state)
{
	(void)state;
	play(script_same_turn);
}

static void
script_beyond(void)
{
	settle();
	show_read(GATEWAY_A, 1, "ann", 1);
	say(5);
	show_read(GATEWAY_A, 2, "ann", 6);
	end_turn();
	expect_refused(GATEWAY_A, 2, 1001);
	show_read(GATEWAY_A, 3, "ann", 5);
	end_turn();
	expect_marked(GATEWAY_A, 3, 5);
	assert_no_more();
}

static void
nobody_has_read_what_was_not_said(void **state)
{
	(void)state;
	play(script_beyond);
}

static void
expect_read_at_join(uint64_t request, const char *user, uint64_t read)
{
	show_join(GATEWAY_B, request, "r", user, 0);
	end_turn();
	{
		NEXT(JOINED, joined, GATEWAY_B);
		assert_int_equal(joined.request, request);
		assert_int_equal(joined.read, read);
	}
}

static void
script_joining(void)
{
	settle();
	say(5);
	show_read(GATEWAY_A, 0, "ann", 4);
	end_turn();
	expect_read_at_join(1, "ann", 4);
	expect_read_at_join(2, "bob", 0);
	assert_no_more();
}

static void
a_join_brings_the_mark_of_its_user(void **state)
{
	(void)state;
	play(script_joining);
}

static void
script_full_disk(void)
{
	settle();
	say(5);
	add_room(GATEWAY_A, "r");
	show_read(GATEWAY_A, 1, "ann", 2);
	end_turn();
	fixture_forget_sent();
	limit_journal(10);
	show_read(GATEWAY_A, 2, "ann", 4);
	show_read(GATEWAY_A, 3, "ann", 1);
	end_turn();
	limit_journal(RLIM_INFINITY);
	expect_refused(GATEWAY_A, 2, 1008);
	expect_marked(GATEWAY_A, 3, 2);
	show_read(GATEWAY_A, 4, "ann", 3);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 3, false);
	expect_marked(GATEWAY_A, 4, 3);
	assert_no_more();
	assert_int_equal(
		row_read(worker_row(&fake), COUNTER_MESSAGES_REFUSED), 0);
}

static void
a_mark_that_was_not_stored_does_not_hold(void **state)
{
	(void)state;
	play(script_full_disk);
}

static void
script_first(void)
{
	settle();
	say(5);
	show_read(GATEWAY_A, 1, "ann", 3);
	show_read(GATEWAY_A, 2, "bob", 4);
	end_turn();
	fixture_forget_sent();
}

static void
script_again(void)
{
	fixture_forget_sent();
	expect_read_at_join(1, "ann", 3);
	expect_read_at_join(2, "bob", 4);
	expect_read_at_join(3, "eve", 0);
	show_say(GATEWAY_B, 4, "r", "1");
	end_turn();
}

/* Marks have taken no places: the next message follows the last one. */
static void
script_after_kill(void)
{
	script_again();
	expect_said(GATEWAY_B, 4, 6);
	assert_no_more();
}

static void
marks_survive_a_kill_and_are_no_messages(void **state)
{
	(void)state;
	play(script_first);
	play_next(script_after_kill);
}

/* Marks are set first; then the journal of that time goes. */
static void
script_forgotten_segments(void)
{
	script_first();
	forget_first_segment();
}

static void
marks_survive_the_journal_that_they_came_from(void **state)
{
	(void)state;
	play(script_forgotten_segments);
	play_next(script_again);
}

/* As the ledger was killed between its commit and what it sends. */
static void
script_killed_before_telling(void)
{
	uint64_t before;

	settle();
	say(5);
	before = journal_end(ledger()->journal);
	add_room(GATEWAY_A, "r");
	show_read(GATEWAY_A, 1, "ann", 3);
	end_turn();
	fixture_forget_sent();
	worker_row(&fake)->delivered = before;
	ring_note(arena_ring(fake.arena, LEDGER, GATEWAY_A), before);
	add_room(GATEWAY_A, "r");
	class_of_rooms()->events_max = 1;
}

static void
script_told_again(void)
{
	bool is_told = false;

	class_of_rooms()->events_max = 0;
	for (size_t i = 0; i < fake.sent_count; i++) {
		const struct sent *sent = &fake.sent[i];
		struct unpack in = letter_open(sent->letter);
		struct mark mark;

		if (sent->letter->kind != LETTER_MARK)
			continue;
		assert_true(mark_unpack(&in, &mark));
		assert_int_equal(sent->to, GATEWAY_A);
		assert_int_equal(mark.offset, 3);
		assert_int_equal(mark.connection, 101);
		assert_true(text_equal(mark.user, TEXT_LITERAL("ann")));
		assert_int_equal(mark.only_own, 1); /* two connections */
		assert_false(is_told);
		is_told = true;
	}
	assert_true(is_told);
	fixture_forget_sent();
	show_read(GATEWAY_A, 1, "ann", 3);
	end_turn();
	expect_marked(GATEWAY_A, 1, 3);
	assert_no_more();
}

static void
a_mark_is_told_again_after_a_kill_and_answered_once_more(void **state)
{
	(void)state;
	play(script_killed_before_telling);
	play_next(script_told_again);
}

static void
script_crowd(void)
{
	expect_announce();
	show_announced(GATEWAY_A);
	say(9);
	add_room(GATEWAY_A, "r");
	class_of_rooms()->events_max = 2;
	show_read(GATEWAY_A, 0, "ann", 1);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 1, false);
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_A, "r");
	show_read(GATEWAY_A, 0, "ann", 2);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 2, true); /* three connections */
	show_announced(GATEWAY_B);
	show_read(GATEWAY_A, 0, "ann", 3);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 3, false); /* but nobody is there */
	for (unsigned i = 0; i < 3; i++) {
		const char *const users[] = { "ann", "bob", "eve" };

		show_join(GATEWAY_A, i + 1, "r", users[i], JOIN_PRESENCE);
	}
	end_turn();
	fixture_forget_sent();
	show_read(GATEWAY_A, 0, "ann", 4);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 4, true);
	class_of_rooms()->events_max = 3;
	show_read(GATEWAY_A, 0, "ann", 5);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 5, false);
	class_of_rooms()->events = false;
	show_read(GATEWAY_A, 0, "ann", 6);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 6, true);
	class_of_rooms()->events = true;
	class_of_rooms()->events_max = 0;
	show_read(GATEWAY_A, 0, "ann", 7);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 7, false);
	assert_no_more();
}

static void
in_a_crowd_only_the_readers_own_are_told(void **state)
{
	(void)state;
	play(script_crowd);
}

static void
script_behind(void)
{
	settle();
	say(5);
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_B, "r");
	fake.slow_slot = GATEWAY_B;
	fake.overflow = LEDGER_WAITING_MAX + 1;
	show_read(GATEWAY_A, 1, "ann", 3);
	end_turn();
	expect_mark(GATEWAY_A, "ann", 3, false);
	expect_marked(GATEWAY_A, 1, 3);
	assert_no_more();
	fake.overflow = 0;
	expect_read_at_join(2, "ann", 3);
}

static void
who_is_far_behind_is_not_told_of_marks(void **state)
{
	(void)state;
	play(script_behind);
}

static void
show_read_of_two(const char *user, const char *with, uint64_t request,
	uint64_t offset, uint64_t with_offset)
{
	SHOW(READ, mark, GATEWAY_A, 1, .request = request,
		.connection = 100 + request, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(user),
		.user = text_of(user), .with = text_of(with), .offset = offset,
		.with_offset = with_offset);
}

static void
show_mail_to_oneself(void)
{
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ann"),
		.from = TEXT_LITERAL("ann"), .body = TEXT_LITERAL("1"));
}

static void
script_two(void)
{
	settle();
	show_mail_to_oneself();
	show_mail_to_oneself();
	show_mail_to_oneself();
	end_turn();
	fixture_forget_sent();
	add_user(GATEWAY_A, "ann");
	add_user(GATEWAY_B, "bob");
	show_read_of_two("ann", "bob", 1, 2, 7);
	end_turn();
	for (unsigned slot = GATEWAY_A; slot <= GATEWAY_B; slot++) {
		NEXT(MARK, mark, slot);
		assert_true(text_equal(mark.user, TEXT_LITERAL("ann")));
		assert_true(text_equal(mark.with, TEXT_LITERAL("bob")));
		assert_int_equal(mark.offset, 2);
		assert_int_equal(mark.with_offset, 7);
		assert_int_equal(mark.only_own, 0);
	}
	expect_marked(GATEWAY_A, 1, 2);
	show_read_of_two("ann", "eve", 2, 1, 0);
	end_turn();
	{
		NEXT(MARK, mark, GATEWAY_A);
		assert_true(text_equal(mark.with, TEXT_LITERAL("eve")));
	}
	expect_marked(GATEWAY_A, 2, 1);
	show_read_of_two("ann", "ann", 3, 3, 0);
	show_read_of_two("bob", "ann", 4, 1, 0);
	end_turn();
	next_sent(GATEWAY_A, LETTER_MARK);
	expect_marked(GATEWAY_A, 3, 3);
	expect_refused(GATEWAY_A, 4, 1001);
	assert_no_more();
}

static void
script_two_again(void)
{
	fixture_forget_sent();
	show_read_of_two("ann", "bob", 1, 0, 0);
	show_read_of_two("ann", "eve", 2, 0, 0);
	show_read_of_two("ann", "ann", 3, 0, 0);
	end_turn();
	expect_marked(GATEWAY_A, 1, 2);
	expect_marked(GATEWAY_A, 2, 1);
	expect_marked(GATEWAY_A, 3, 3);
	assert_no_more();
}

static void
both_sides_of_a_conversation_are_told(void **state)
{
	(void)state;
	play(script_two);
	play_next(script_two_again);
}

static void
script_noise(void)
{
	uint64_t end = journal_end(ledger()->journal);

	settle();
	SHOW(READ, mark, GATEWAY_A, 1, .request = 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("bob"),
		.user = TEXT_LITERAL("ann"), .with = TEXT_LITERAL("bob"));
	letter_begin(&out, LETTER_READ);
	show_letter(GATEWAY_A, 1);
	end_turn();
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 2);
	assert_int_equal(journal_end(ledger()->journal), end);
}

static void
marks_that_cannot_be_are_counted_and_passed_over(void **state)
{
	(void)state;
	play(script_noise);
}

static void
script_stopping(void)
{
	script_first();
	stop_now();
}

/* Takes away what version 2 had not: all marks, and the size of the keys. */
static uint8_t *
cut_marks(uint8_t *at, const uint8_t *end)
{
	uint64_t size;

	memcpy(&size, at, sizeof(size));
	assert_in_range(size, 32, end - at - (ptrdiff_t)sizeof(size));
	memmove(at, at + sizeof(size), size);
	return at + size;
}

static void
a_checkpoint_without_marks_is_read_too(void **state)
{
	(void)state;
	play(script_stopping);
	make_checkpoint_old(2, cut_marks);
	next_life();
	/* The journal is still there and knows them. */
	play(script_after_kill);
	assert_false(exists("journal-0/checkpoint.bad"));
}

/* A model of what must hold, and lives that end in every way. */
enum {
	ROOMS = 4,
	READERS = 5,
	LIVES = 40,
	STEPS = 60
};

static struct {
	uint32_t seed;
	uint64_t tops[ROOMS], marks[ROOMS][READERS];
} model;

static uint32_t
draw(uint32_t below)
{
	model.seed = model.seed * 1664525 + 1013904223;
	return (model.seed >> 8) % below;
}

static void
show_model_read(uint32_t room, uint32_t reader, uint64_t offset)
{
	char stream[2] = { (char)('a' + (int)room), 0 };
	char user[2] = { (char)('A' + (int)reader), 0 };

	SHOW(READ, mark, GATEWAY_A, 1, .request = 1, .connection = 101,
		.kind = STREAM_ROOM, .tenant = TEXT_LITERAL("t"),
		.stream = text_of(stream), .user = text_of(user),
		.offset = offset);
}

static void
check_model(void)
{
	for (uint32_t room = 0; room < ROOMS; room++)
		for (uint32_t reader = 0; reader < READERS; reader++) {
			fixture_forget_sent();
			show_model_read(room, reader, 0);
			end_turn();
			expect_marked(GATEWAY_A, 1, model.marks[room][reader]);
			assert_no_more();
		}
}

static void
read_at_random(void)
{
	uint32_t room = draw(ROOMS), reader = draw(READERS);
	uint64_t *mark = &model.marks[room][reader];
	uint64_t offset = draw((uint32_t)model.tops[room] + 3);

	show_model_read(room, reader, offset);
	end_turn();
	if (offset > model.tops[room]) {
		expect_refused(GATEWAY_A, 1, 1001);
		return;
	}
	*mark = MAX_OF(*mark, offset);
	expect_marked(GATEWAY_A, 1, *mark);
}

static void
say_at_random(void)
{
	uint32_t room = draw(ROOMS);
	char stream[2] = { (char)('a' + (int)room), 0 };

	show_say(GATEWAY_A, 1, stream, "1");
	end_turn();
	expect_said(GATEWAY_A, 1, ++model.tops[room]);
}

static void
script_life_at_random(void)
{
	journal_set_segment_bytes(ledger()->journal, 500 + draw(3000));
	check_model();
	for (unsigned i = 0; i < STEPS; i++) {
		fixture_forget_sent();
		if (draw(3) == 0)
			say_at_random();
		else
			read_at_random();
		assert_no_more();
		if (draw(8) == 0)
			fake.hooks->on_tick(fake.self, fake.now_ms);
	}
	if (draw(2) == 0)
		stop_now();
}

static void
marks_hold_through_any_row_of_lives(void **state)
{
	(void)state;
	model.seed = 4711;
	for (unsigned i = 0; i < LIVES; i++) {
		play(script_life_at_random);
		next_life();
	}
	for (uint32_t room = 0; room < ROOMS; room++)
		assert_in_range(model.tops[room], 100, LIVES * STEPS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mark_that_moves_is_told_and_another_only_answered),
		TEST(in_one_turn_the_furthest_mark_holds),
		TEST(nobody_has_read_what_was_not_said),
		TEST(a_join_brings_the_mark_of_its_user),
		TEST(a_mark_that_was_not_stored_does_not_hold),
		TEST(marks_survive_a_kill_and_are_no_messages),
		TEST(marks_survive_the_journal_that_they_came_from),
		TEST(a_mark_is_told_again_after_a_kill_and_answered_once_more),
		TEST(in_a_crowd_only_the_readers_own_are_told),
		TEST(who_is_far_behind_is_not_told_of_marks),
		TEST(both_sides_of_a_conversation_are_told),
		TEST(marks_that_cannot_be_are_counted_and_passed_over),
		TEST(a_checkpoint_without_marks_is_read_too),
		TEST(marks_hold_through_any_row_of_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
