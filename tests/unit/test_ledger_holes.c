/* What another host's journal has not got any more comes from its archive. */
#include "tests/unit/ledger_hauls.h"

#include "shared/ring.h"

#define ROOM_HERE add_room(GATEWAY_A, "r")

/* The first hole of ledger 0 there. */
#define HOLE LEDGERS_MAX

static void
expect_place(
	uint64_t number, uint64_t position, uint64_t clock, uint64_t archived)
{
	NEXT(HAUL_AT, haul_place, RELAY);
	assert_int_equal(haul_place.host, ELSEWHERE);
	assert_int_equal(haul_place.ledger, number);
	assert_int_equal(haul_place.epoch, ITS_EPOCH);
	assert_int_equal(haul_place.position, position);
	assert_int_equal(haul_place.clock, clock);
	assert_int_equal(haul_place.archived, archived);
}

static void
expect_moved(void)
{
	for (unsigned slot = GATEWAY_A; slot <= GATEWAY_B; slot++) {
		NEXT(MOVED, loss, slot);
		assert_int_equal(loss.room.length, 0);
	}
}

static void
set_with_archive(uint64_t position, uint64_t archived)
{
	SHOW(HAUL_SET, haul_place, RELAY, 1, .host = ELSEWHERE,
		.epoch = ITS_EPOCH, .position = position, .lost = 1000,
		.archived = archived);
}

/* A row of the archive there. */
static void
haul_row(
	uint64_t from, uint64_t row, uint64_t to, const struct message *message)
{
	haul_begin(ELSEWHERE, from, from > 0);
	hauling.ledger = HOLE;
	haul_add(row, 1, message);
	haul_show(to, to < HAUL_ARCHIVE_END);
}

static uint64_t
offset_of_room(void)
{
	const struct stream *stream = streams_find(&ledger()->streams,
		&(struct stream_name){ .length = 4, .bytes = "rt\x1fr" });

	return stream ? stream->top : 0;
}

/* Said there: one, which came; two and three, which are lost; four, which is in
 * the journal still. As of the same moment in each life. */
static struct message one, two, three, four;

static void
say_there(void)
{
	one = said_there(ELSEWHERE, 4000, "1");
	two = said_there(ELSEWHERE, 3000, "2");
	three = said_there(ELSEWHERE, 2000, "3");
	four = said_there(ELSEWHERE, 1000, "4");
}

static void
lose(void)
{
	settle_with_source();
	ROOM_HERE;
	haul_one(0, 100, &one);
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	expect_place(0, 100, one.id_time, 0);
	set_with_archive(5000, three.id_time);
	end_turn();
	expect_moved();
	expect_place(HOLE, 0, one.id_time, three.id_time);
	expect_place(0, 5000, one.id_time, three.id_time);
	assert_no_more();
}

static void
script_divided(void)
{
	lose();
	haul_begin(ELSEWHERE, 5000, 0);
	haul_add(5000, 1, &three);
	haul_add(5000, 2, &four);
	haul_show(5100, 0);
	end_turn();
	expect_deliver(GATEWAY_A, 2, "4");
	expect_place(0, 5100, four.id_time, three.id_time);
	assert_no_more();
	haul_row(0, 7, 8, &two);
	end_turn();
	expect_hidden(GATEWAY_A, 3);
	expect_place(HOLE, 8, one.id_time, three.id_time);
	assert_no_more();
	assert_int_equal(offset_of_room(), 3);
	haul_row(8, 9, HAUL_ARCHIVE_END, &three);
	end_turn();
	expect_hidden(GATEWAY_A, 4);
	expect_moved();
	expect_place(HOLE, HAUL_ARCHIVE_END, one.id_time, three.id_time);
	assert_no_more();
	assert_int_equal(offset_of_room(), 4);
	assert_int_equal(counted(COUNTER_HAULED), 4);
	assert_int_equal(counted(COUNTER_HAULED_BAD), 0);
}

static void
each_comes_from_the_archive_or_from_the_journal(void **state)
{
	(void)state;
	say_there();
	play(script_divided);
}

static void
script_out_of_range(void)
{
	lose();
	haul_row(0, 7, 8, &one);
	haul_row(8, 9, 10, &four);
	haul_row(10, 11, 12, &two);
	haul_row(0, 11, 12, &two);
	end_turn();
	for (int i = 0; i < 4; i++) {
		if (i == 2)
			expect_hidden(GATEWAY_A, 2);
		expect_place(HOLE, 12, one.id_time, three.id_time);
	}
	assert_no_more();
	assert_int_equal(offset_of_room(), 2);
}

static void
what_it_has_not_is_passed_over_and_rows_count_once(void **state)
{
	(void)state;
	say_there();
	play(script_out_of_range);
}

static void
script_before_kill(void)
{
	lose();
	haul_row(0, 7, 8, &two);
	end_turn();
	expect_hidden(GATEWAY_A, 2);
	expect_place(HOLE, 8, one.id_time, three.id_time);
}

/* That row is the point that a kill leaves; nobody is shown it late. */
static void
script_after_kill(void)
{
	expect_deliver(GATEWAY_A, 1, "1");
	expect_moved();
	expect_hidden(GATEWAY_A, 2);
	expect_announce();
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	SHOW(HAULS_WANTED, hauls_wanted, RELAY, 1, .life = 1);
	end_turn();
	expect_place(0, 5000, one.id_time, three.id_time);
	expect_place(HOLE, 7, one.id_time, three.id_time);
	{
		NEXT(HAUL_AT, haul_place, RELAY);
		assert_int_equal(haul_place.host, 0);
	}
	haul_row(7, 7, 8, &two);
	haul_row(8, 9, HAUL_ARCHIVE_END, &three);
	end_turn();
	expect_place(HOLE, HAUL_ARCHIVE_END, one.id_time, three.id_time);
	expect_hidden(GATEWAY_A, 3);
	expect_moved();
	expect_place(HOLE, HAUL_ARCHIVE_END, one.id_time, three.id_time);
	assert_no_more();
	assert_int_equal(offset_of_room(), 3);
}

static void
a_kill_takes_no_row_twice(void **state)
{
	(void)state;
	say_there();
	play(script_before_kill);
	fixture_forget_sent();
	arena_row(fake.arena, LEDGER)->delivered = 1;
	ring_note(arena_ring(fake.arena, LEDGER, GATEWAY_A), 0);
	ring_note(arena_ring(fake.arena, LEDGER, GATEWAY_B), 0);
	play_next(script_after_kill);
}

static void
script_again(void)
{
	lose();
	set_with_archive(5000, three.id_time);
	set_with_archive(6000, four.id_time);
	end_turn();
	expect_place(HOLE, 0, one.id_time, three.id_time);
	expect_place(2 * HOLE, 0, three.id_time, four.id_time);
	expect_place(0, 6000, one.id_time, four.id_time);
	expect_moved();
	expect_place(HOLE, 0, one.id_time, three.id_time);
	expect_place(2 * HOLE, 0, three.id_time, four.id_time);
	expect_place(0, 6000, one.id_time, four.id_time);
	assert_no_more();
}

static void
a_second_hole_begins_where_the_first_one_ends(void **state)
{
	(void)state;
	say_there();
	play(script_again);
}

static void
script_stop(void)
{
	lose();
	fixture_forget_sent();
	stop_now();
}

static void
script_started(void)
{
	settle();
	SHOW(HAULS_WANTED, hauls_wanted, RELAY, 1, .life = 1);
	end_turn();
	expect_place(0, 5000, one.id_time, three.id_time);
	expect_place(HOLE, 0, one.id_time, three.id_time);
}

static void
a_checkpoint_has_the_holes(void **state)
{
	(void)state;
	say_there();
	play(script_stop);
	play_next(script_started);
}

static uint64_t
told_clock(void)
{
	return arena_row(fake.arena, LEDGER)->clock;
}

/* What failed may have taken ids, and is not counted before something else
 * that took later ones is in the journal. */
static void
script_clock(void)
{
	uint64_t before;

	settle();
	ROOM_HERE;
	show_say(GATEWAY_A, 1, "r", "1");
	end_turn();
	before = told_clock();
	assert_int_equal(before, ledger()->id_time);
	assert_true(before > 0);
	limit_journal(0);
	show_say(GATEWAY_A, 2, "r", "2");
	end_turn();
	limit_journal(RLIM_INFINITY);
	assert_int_equal(told_clock(), before);
	show_say(GATEWAY_A, 3, "r", "3");
	end_turn();
	assert_int_equal(told_clock(), ledger()->id_time);
	assert_true(told_clock() > before);
	fixture_forget_sent();
}

static void
all_up_to_the_clock_of_the_row_is_committed(void **state)
{
	(void)state;
	play(script_clock);
}

/* A mark of a reader, at this message, where our historian says it stands. */
static struct message
mark_there(const char *reader, const struct message *of, uint64_t told)
{
	return (struct message){
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("r"),
		.epoch = ITS_EPOCH,
		.from = text_of(reader),
		.flags = MESSAGE_MARK,
		.of_time = of->id_time,
		.of_origin = of->id_origin,
		.of_offset = told,
	};
}

static uint64_t
mark_here(const char *reader)
{
	const struct mark mark = {
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("r"),
		.user = text_of(reader),
	};

	return marks_find(&ledger()->marks, &mark);
}

/* The room has two messages when the notes come. */
static void
script_noted(void)
{
	struct message unknown = said_there(ELSEWHERE, 9000, "0");
	struct message note = mark_there("ann", &two, 500);
	struct message ban = {
		.kind = STREAM_TENANT, .epoch = ITS_EPOCH, .flags = MESSAGE_BAN
	};

	lose();
	haul_row(0, 7, 8, &two);
	end_turn();
	haul_row(8, 9, 10, &note);
	note = mark_there("ben", &unknown, 1);
	haul_add(11, 1, &note);
	note = mark_there("cleo", &unknown, 3); /* there is no such offset */
	haul_add(12, 1, &note);
	haul_add(13, 1, &ban); /* no archive has bans */
	haul_show(14, 1);
	end_turn();
	assert_int_equal(mark_here("ann"), 2);
	assert_int_equal(mark_here("ben"), 1);
	assert_int_equal(mark_here("cleo"), 0);
	assert_int_equal(counted(COUNTER_HAULED_LOST), 1);
	assert_int_equal(counted(COUNTER_HAULED_BAD), 1);
	for (; fake.sent_read < fake.sent_count; fake.sent_read++)
		assert_int_not_equal(
			fake.sent[fake.sent_read].letter->kind, LETTER_MARK);
	fixture_forget_sent();
}

static void
script_noted_still(void)
{
	fixture_forget_sent();
	assert_int_equal(mark_here("ann"), 2);
	assert_int_equal(mark_here("ben"), 1);
}

static void
how_far_was_read_comes_from_there_and_nobody_is_told(void **state)
{
	(void)state;
	say_there();
	play(script_noted);
	play_next(script_noted_still);
}

/* The last one that was taken away there is not known here. */
static void
script_trimmed(void)
{
	struct message unknown = said_there(ELSEWHERE, 2500, "0");
	struct message note = mark_there("", &unknown, 0);
	const struct stream *stream;

	lose();
	haul_row(0, 7, 8, &two);
	end_turn();
	note.flags = MESSAGE_TRIM;
	haul_row(8, 9, 10, &note);
	end_turn();
	stream = streams_find(&ledger()->streams,
		&(struct stream_name){ .length = 4, .bytes = "rt\x1fr" });
	assert_int_equal(recent_first(stream)->offset, 1);
	fixture_forget_sent();
}

static void
what_came_later_than_what_was_taken_away_stays(void **state)
{
	(void)state;
	say_there();
	play(script_trimmed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAUL_TEST(each_comes_from_the_archive_or_from_the_journal),
		HAUL_TEST(what_it_has_not_is_passed_over_and_rows_count_once),
		HAUL_TEST(a_kill_takes_no_row_twice),
		HAUL_TEST(a_second_hole_begins_where_the_first_one_ends),
		HAUL_TEST(a_checkpoint_has_the_holes),
		HAUL_TEST(how_far_was_read_comes_from_there_and_nobody_is_told),
		HAUL_TEST(what_came_later_than_what_was_taken_away_stays),
		HAUL_TEST(all_up_to_the_clock_of_the_row_is_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
