/*
 * How a ledger starts: after a kill at any moment, after a clean stop, with
 * checkpoints that are good, old, damaged or missing, and in a directory that
 * belongs to another configuration.
 */
#include <time.h>
#include <utime.h>

#include "shared/ring.h"

#define OPEN_LEDGER open_with_log
#include "tests/unit/ledger_lives.h"

static char log_path[128];

static int
open_with_log(void **state)
{
	open_ledger(state);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	return log_open(log_path, LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
}

static bool
is_logged(const char *words)
{
	static char log[65536];
	int fd = open(log_path, O_RDONLY);
	ssize_t got = read(fd, log, sizeof(log) - 1);

	close(fd);
	log[MAX_OF(got, 0)] = 0;
	return strstr(log, words) != NULL;
}

static uint64_t epoch;

static void
say_and_expect(uint64_t request, uint64_t offset, const char *body)
{
	show_say(GATEWAY_A, request, "r", body);
	end_turn();
	expect_deliver(GATEWAY_A, offset, body);
	expect_said(GATEWAY_A, request, offset);
	assert_no_more();
}

static void
script_first(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	say_and_expect(1, 1, "\"one\"");
	say_and_expect(2, 2, "\"two\"");
	epoch = ledger()->epoch;
}

/* Goes on after script_first() or script_stopping(). */
static void
script_next(void)
{
	fixture_forget_sent();
	assert_int_equal(ledger()->epoch, epoch);
	SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_ROOM, .request = 1,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.limit = 10);
	end_turn();
	{
		NEXT(PAGE, page, GATEWAY_A);
		assert_int_equal(page.first, 1);
		assert_int_equal(page.last, 2);
		assert_int_equal(page.epoch, epoch);
	}
	say_and_expect(3, 3, "\"three\"");
}

static void
script_stopping(void)
{
	script_first();
	stop_now();
}

static void
heads_and_epoch_survive_a_kill(void **state)
{
	(void)state;
	play(script_first);
	play_next(script_next);
	assert_false(exists("journal-0/checkpoint"));
}

static void
heads_and_epoch_survive_a_stop(void **state)
{
	(void)state;
	play(script_stopping);
	play_next(script_next);
}

static void
note_delivered(unsigned gateway, uint64_t position)
{
	ring_note(arena_ring(fake.arena, LEDGER, gateway), position);
}

static void
set_delivered(uint64_t position)
{
	worker_row(&fake)->delivered = position;
	note_delivered(GATEWAY_A, position);
	note_delivered(GATEWAY_B, position);
}

/* As the ledger was killed between its commit and its answers. */
static uint64_t killed_delivered, killed_positions[SLOTS];

static void
script_killed_before_answers(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	say_and_expect(1, 1, "\"one\"");
	killed_delivered = worker_row(&fake)->delivered;
	memcpy(killed_positions, fake.positions, sizeof(killed_positions));
	show_say(GATEWAY_A, 2, "r", "\"two\"");
	show_join(GATEWAY_A, 3, "r", "ann", JOIN_PRESENCE);
	show_say(GATEWAY_A, 4, "r", "\"three\"");
	end_turn();
	/* None of that has left, and the ring was not released. */
	fixture_forget_sent();
	set_delivered(killed_delivered);
}

static void
script_after_kill(void)
{
	expect_deliver(GATEWAY_A, 2, "\"two\"");
	expect_said(GATEWAY_A, 2, 2);
	expect_deliver(GATEWAY_A, 3, "\"three\"");
	expect_said(GATEWAY_A, 4, 3);
	expect_announce();
	/* The ring holds the letters still, and a new one behind them. */
	memcpy(fake.positions, killed_positions, sizeof(killed_positions));
	show_say(GATEWAY_A, 2, "r", "\"two\"");
	show_join(GATEWAY_A, 3, "r", "ann", JOIN_PRESENCE);
	show_say(GATEWAY_A, 4, "r", "\"three\"");
	show_say(GATEWAY_A, 5, "r", "\"four\"");
	end_turn();
	/* Its gateway has had the answers to these and drops the refusals. */
	expect_refused(GATEWAY_A, 2, 1004);
	expect_joined(GATEWAY_A, 3, 3, 1);
	expect_refused(GATEWAY_A, 4, 1004);
	expect_deliver(GATEWAY_A, 4, "\"four\"");
	expect_said(GATEWAY_A, 5, 4);
	assert_no_more();
	assert_int_equal(
		worker_row(&fake)->delivered, worker_row(&fake)->journal_end);
}

static void
a_kill_before_the_answers_neither_loses_nor_doubles(void **state)
{
	(void)state;
	play(script_killed_before_answers);
	play_next(script_after_kill);
}

/* Killed while an answer to an older turn waits outside the ring: the letters
 * of that turn and all after it are held, and what is sent on is not known. */
static void
script_killed_while_answers_wait(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_B, "s");
	say_and_expect(1, 1, "\"one\"");
	killed_delivered = worker_row(&fake)->delivered;
	memcpy(killed_positions, fake.positions, sizeof(killed_positions));
	fake.delayed = fake.overflow = 1000;
	show_say(GATEWAY_A, 2, "r", "\"two\"");
	end_turn();
	assert_int_equal(worker_row(&fake)->delivered, killed_delivered);
	show_say(GATEWAY_B, 3, "s", "\"three\"");
	end_turn();
	assert_int_equal(worker_row(&fake)->delivered, killed_delivered);
	fixture_forget_sent();
	/* That the first turn is sent on could be known by now. */
	set_delivered(worker_row(&fake)->journal_end - 1);
}

static void
script_after_kill_while_answers_wait(void)
{
	expect_deliver(GATEWAY_B, 1, "\"three\"");
	expect_said(GATEWAY_B, 3, 1);
	expect_announce();
	fake.positions[GATEWAY_A] = killed_positions[GATEWAY_A];
	show_say(GATEWAY_A, 2, "r", "\"two\"");
	show_say(GATEWAY_A, 4, "r", "\"four\"");
	end_turn();
	expect_refused(GATEWAY_A, 2, 1004);
	expect_deliver(GATEWAY_A, 3, "\"four\"");
	expect_said(GATEWAY_A, 4, 3);
	assert_no_more();
}

/* Refused, and killed before the ring was released: whoever was refused may
 * have been told, or not. */
static void
script_killed_after_refusing(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	say_and_expect(1, 1, "\"one\"");
	memcpy(killed_positions, fake.positions, sizeof(killed_positions));
	fake.overflow = fake.delayed = LEDGER_WAITING_MAX + 1;
	show_say(GATEWAY_A, 2, "r", "\"two\"");
	end_turn();
	expect_refused(GATEWAY_A, 2, 1004);
	assert_no_more();
}

static void
script_after_refusing(void)
{
	expect_announce();
	memcpy(fake.positions, killed_positions, sizeof(killed_positions));
	show_say(GATEWAY_A, 2, "r", "\"two\"");
	show_say(GATEWAY_A, 3, "r", "\"three\"");
	end_turn();
	expect_refused(GATEWAY_A, 2, 1004);
	expect_deliver(GATEWAY_A, 2, "\"three\"");
	expect_said(GATEWAY_A, 3, 2);
	assert_no_more();
}

static void
what_was_refused_stays_refused_after_a_kill(void **state)
{
	(void)state;
	play(script_killed_after_refusing);
	next_life();
	fake.overflow = fake.delayed = 0;
	play(script_after_refusing);
}

static void
letters_held_over_several_turns_are_not_doubled(void **state)
{
	(void)state;
	play(script_killed_while_answers_wait);
	next_life();
	fake.delayed = fake.overflow = 0;
	play(script_after_kill_while_answers_wait);
}

static void
script_delivering(void)
{
	uint64_t first, second;

	settle();
	add_room(GATEWAY_A, "r");
	say_and_expect(1, 1, "\"one\"");
	fake.delayed = fake.overflow = 1000;
	say_and_expect(2, 2, "\"two\"");
	first = worker_row(&fake)->delivered;
	say_and_expect(3, 3, "\"three\"");
	fake.delayed = 2000;
	fake.overflow = 1001;
	say_and_expect(4, 4, "\"four\"");
	assert_int_equal(worker_row(&fake)->delivered, first);
	fake.overflow = 1000;
	fake.hooks->on_tick(fake.self, fake.now_ms);
	second = worker_row(&fake)->delivered;
	assert_true(second > first);
	assert_true(second < worker_row(&fake)->journal_end);
	fake.overflow = 0;
	fake.hooks->on_tick(fake.self, fake.now_ms);
	assert_int_equal(
		worker_row(&fake)->delivered, worker_row(&fake)->journal_end);
}

static void
what_is_sent_on_is_known_though_rings_are_never_empty(void **state)
{
	(void)state;
	play(script_delivering);
}

/* Only one gateway is behind. */
static void
script_killed_with_one_behind(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	add_room(GATEWAY_B, "r");
	killed_delivered = worker_row(&fake)->delivered;
	fake.delayed = fake.overflow = 1000; /* for gateway A */
	show_say(GATEWAY_B, 1, "r", "\"one\"");
	end_turn();
	assert_int_equal(worker_row(&fake)->delivered, killed_delivered);
	fixture_forget_sent();
}

static void
script_after_one_was_behind(void)
{
	expect_deliver(GATEWAY_A, 1, "\"one\"");
	expect_announce();
	assert_no_more();
}

static void
only_who_was_behind_is_sent_it_again(void **state)
{
	(void)state;
	play(script_killed_with_one_behind);
	next_life();
	fake.delayed = fake.overflow = 0;
	play(script_after_one_was_behind);
}

static void
script_no_redelivery(void)
{
	expect_announce();
	assert_no_more();
}

static void
what_was_delivered_is_not_delivered_again(void **state)
{
	(void)state;
	play(script_first);
	fixture_forget_sent();
	play_next(script_no_redelivery);
}

static void
script_new_host(void)
{
	NEXT(ANNOUNCE, announce, GATEWAY_A);
	assert_int_equal(announce.life, 1);
	assert_no_more();
	show_say(GATEWAY_A, 2, "r", "\"new\"");
	end_turn();
	expect_said(GATEWAY_A, 2, 3);
}

static void
another_life_of_the_host_knows_no_old_letters(void **state)
{
	struct arena *old = fake.arena;
	struct arena_shape shape = *arena_shape(old);

	(void)state;
	play(script_first);
	arena_free(&fake.arena);
	fake.arena = arena_create(&shape);
	memset(fake.positions, 0, sizeof(fake.positions));
	memset(fake.decided, 0, sizeof(fake.decided));
	start_gateway(GATEWAY_A, 1);
	play(script_new_host);
}

static void
script_settling(void)
{
	expect_announce();
	add_room(GATEWAY_A, "r");
	SHOW(MEMBERS_WANTED, members_wanted, GATEWAY_A, 1, .request = 1,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.limit = 10);
	SHOW(ROOMS_WANTED, rooms_wanted, GATEWAY_A, 1, .request = 2,
		.tenant = TEXT_LITERAL("t"), .limit = 10);
	show_join(GATEWAY_A, 3, "r", "old", JOIN_PRESENCE | JOIN_ANNOUNCED);
	show_join(GATEWAY_A, 4, "r", "new", JOIN_PRESENCE);
	show_say(GATEWAY_A, 5, "r", "\"hello\"");
	end_turn();
	expect_joined(GATEWAY_A, 4, 0, 2);
	expect_deliver(GATEWAY_A, 1, "\"hello\"");
	expect_said(GATEWAY_A, 5, 1);
	show_announced(GATEWAY_A);
	end_turn();
	assert_no_more();
	arena_row(fake.arena, GATEWAY_B)->state = CHILD_ABSENT;
	fake.hooks->on_tick(fake.self, fake.now_ms);
	{
		NEXT(MEMBERS_PAGE, members_page, GATEWAY_A);
		assert_int_equal(members_page.request, 1);
		assert_int_equal(members_page.users, 2);
		assert_int_equal(members_page.count, 2);
	}
	{
		NEXT(ROOMS_PAGE, rooms_page, GATEWAY_A);
		assert_int_equal(rooms_page.count, 1);
	}
	expect_presence(GATEWAY_A, "new", true, 2);
	assert_no_more();
}

static void
questions_about_members_wait_until_all_have_announced(void **state)
{
	(void)state;
	play(script_settling);
}

static void
script_segments(void)
{
	fixture_forget_sent();
	fill_segments();
	epoch = ledger()->epoch;
	stop_now();
}

static uint64_t expected_top;

static void
script_check_top(void)
{
	fixture_forget_sent();
	assert_int_equal(ledger()->epoch, epoch);
	show_say(GATEWAY_A, 1, "r", "1");
	end_turn();
	expect_said(GATEWAY_A, 1, ++expected_top);
}

static void
a_damaged_checkpoint_gives_way_to_the_one_before(void **state)
{
	(void)state;
	expected_top = 40;
	play(script_segments);
	assert_true(exists("journal-0/checkpoint.old"));
	write_over("journal-0/checkpoint", "damage", 60);
	play_next(script_check_top);
	assert_true(is_logged("checkpoint is damaged"));
	assert_true(exists("journal-0/checkpoint.bad"));
}

static void
without_any_checkpoint_the_whole_journal_is_read(void **state)
{
	(void)state;
	expected_top = 40;
	play(script_segments);
	remove_file("journal-0/checkpoint");
	remove_file("journal-0/checkpoint.old");
	play_next(script_check_top);
}

static void
a_checkpoint_of_a_newer_version_is_refused(void **state)
{
	static const char newer[] = { CHECKPOINT_VERSION + 1, 0 };

	(void)state;
	play(script_stopping);
	write_over("journal-0/checkpoint", newer, 8);
	next_life();
	assert_int_equal(live(script_next), 1);
	assert_true(is_logged("written by a newer confab"));
}

static void
script_forgetting(void)
{
	fixture_forget_sent();
	make_segments_old();
	fake.hooks->on_tick(fake.self, fake.now_ms + 20000);
	assert_true(exists("journal-0/0000000000000000.seg"));
	arena_row(fake.arena, HISTORIAN)->archived[0] =
		journal_end(ledger()->journal);
	/* Covered by one checkpoint only, and the next one makes it two. */
	fake.hooks->on_tick(fake.self, fake.now_ms + 40000);
	assert_true(exists("journal-0/0000000000000000.seg"));
	show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	stop_now();
	tick_until_restated(fake.now_ms + 60000);
	make_segments_old();
	fake.hooks->on_tick(fake.self, fake.now_ms + 80000);
	assert_false(exists("journal-0/0000000000000000.seg"));
}

static void
segments_go_when_archived_covered_twice_and_old(void **state)
{
	(void)state;
	expected_top = 41;
	play(script_segments);
	play_next(script_forgetting);
	play_next(script_check_top);
	remove_file("journal-0/checkpoint");
	remove_file("journal-0/checkpoint.old");
	next_life();
	assert_int_equal(live(script_check_top), 1);
	assert_true(is_logged("there is none that can be used"));
}

static void
another_number_of_ledgers_is_refused(void **state)
{
	(void)state;
	play(script_stopping);
	fake.config->ledgers = 2;
	next_life();
	assert_int_equal(live(script_next), 1);
	assert_true(is_logged("was made with ledgers = 1"));
	fake.config->ledgers = 1;
	play(script_next);
}

static void
a_store_id_that_is_gone_or_wrong_is_refused(void **state)
{
	(void)state;
	play(script_stopping);
	remove_file("store-id");
	next_life();
	assert_int_equal(live(script_next), 1);
	assert_true(is_logged("store-id is missing"));
	write_over("store-id", "0123456789abcdef\n", 0);
	assert_int_equal(live(script_next), 1);
	assert_true(is_logged("is not the one"));
	remove_file("journal-0/checkpoint");
	assert_int_equal(live(script_next), 1);
	assert_true(is_logged("messages of another store"));
	write_over("store-id", "x", 0);
	assert_int_equal(live(script_next), 1);
	assert_true(is_logged("store-id is damaged"));
}

static void
a_directory_that_cannot_be_written_is_refused(void **state)
{
	(void)state;
	fake.config->data_dir = (char *)(uintptr_t) "/proc/none";
	assert_int_equal(live(script_next), 1);
	assert_true(is_logged("cannot make /proc/none"));
	fake.config->data_dir = directory;
}

static uint64_t last_time;

static void
say_later_than_last_time(uint64_t request)
{
	fixture_forget_sent();
	show_say(GATEWAY_A, request, "r", "1");
	end_turn();
	NEXT(SAID, said, GATEWAY_A);
	assert_true(said.id_time > last_time);
	last_time = said.id_time;
}

static void
script_clock(void)
{
	say_later_than_last_time(1);
	/* As if a message had come when the clock was an hour ahead. */
	ledger()->id_time += 3600ULL * 1000 << 16;
	last_time = ledger()->id_time;
	say_later_than_last_time(2);
}

static void
ids_grow_though_the_clock_goes_back(void **state)
{
	(void)state;
	last_time = 0;
	play(script_clock);
	play_next(script_clock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(heads_and_epoch_survive_a_kill),
		TEST(heads_and_epoch_survive_a_stop),
		TEST(a_kill_before_the_answers_neither_loses_nor_doubles),
		TEST(what_was_refused_stays_refused_after_a_kill),
		TEST(letters_held_over_several_turns_are_not_doubled),
		TEST(what_is_sent_on_is_known_though_rings_are_never_empty),
		TEST(only_who_was_behind_is_sent_it_again),
		TEST(what_was_delivered_is_not_delivered_again),
		TEST(another_life_of_the_host_knows_no_old_letters),
		TEST(questions_about_members_wait_until_all_have_announced),
		TEST(a_damaged_checkpoint_gives_way_to_the_one_before),
		TEST(without_any_checkpoint_the_whole_journal_is_read),
		TEST(a_checkpoint_of_a_newer_version_is_refused),
		TEST(segments_go_when_archived_covered_twice_and_old),
		TEST(another_number_of_ledgers_is_refused),
		TEST(a_store_id_that_is_gone_or_wrong_is_refused),
		TEST(a_directory_that_cannot_be_written_is_refused),
		TEST(ids_grow_though_the_clock_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
