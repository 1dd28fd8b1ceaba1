/*
 * Messages said again with their key: in one turn, later, by another gateway,
 * after a kill, a stop, and a damaged checkpoint.
 */
#include "tests/unit/ledger_lives.h"

static void
show_keyed(unsigned from, uint64_t request, const char *tenant,
	const char *room, const char *user, const char *key)
{
	SHOW(SAY, message, from, 1, .kind = STREAM_ROOM,
		.tenant = text_of(tenant), .stream = text_of(room),
		.from = text_of(user), .body = TEXT_LITERAL("1"),
		.key = text_of(key), .request = request,
		.connection = 100 + request);
}

/* With a key that is one of the tenant, whoever says it. */
static void
show_shared(uint64_t request, const char *tenant, const char *room,
	const char *user, const char *key)
{
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = text_of(tenant), .stream = text_of(room),
		.from = text_of(user), .body = TEXT_LITERAL("1"),
		.flags = MESSAGE_SHARED_KEY, .key = text_of(key),
		.request = request, .connection = 100 + request);
}

static void
show_k(unsigned from, uint64_t request)
{
	show_keyed(from, request, "t", "r", "ann", "k");
}

static struct said
take_said(unsigned to, uint64_t request, uint64_t offset)
{
	NEXT(SAID, said, to);
	assert_int_equal(said.request, request);
	assert_int_equal(said.connection, 100 + request);
	assert_int_equal(said.offset, offset);
	return said;
}

static struct said first;

/* Answered like the first one, and delivered to nobody. */
static void
expect_repeat(unsigned to, uint64_t request)
{
	struct said said = take_said(to, request, first.offset);

	assert_true(said.is_repeat);
	assert_int_equal(said.id_time, first.id_time);
	assert_int_equal(said.id_origin, first.id_origin);
	assert_int_equal(said.epoch, first.epoch);
	assert_true(said.epoch != 0);
}

static void
script_repeats(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	show_k(GATEWAY_A, 1);
	show_k(GATEWAY_B, 2);
	show_say(GATEWAY_A, 3, "r", "\"other\"");
	show_k(GATEWAY_A, 4);
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	first = take_said(GATEWAY_A, 1, 1);
	expect_repeat(GATEWAY_B, 2);
	expect_deliver(GATEWAY_A, 2, "\"other\"");
	expect_said(GATEWAY_A, 3, 2);
	expect_repeat(GATEWAY_A, 4);
	show_k(GATEWAY_B, 5);
	end_turn();
	expect_repeat(GATEWAY_B, 5);
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_REPEATS), 3);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 2);
}

static void
a_repeat_is_answered_like_the_first_and_not_delivered(void **state)
{
	(void)state;
	play(script_repeats);
}

static void
script_targets(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	show_keyed(GATEWAY_A, 2, "t", "s", "ann", "k");
	show_keyed(GATEWAY_A, 3, "u", "s", "ann", "k");
	show_keyed(GATEWAY_A, 4, "t", "s", "bob", "k");
	show_keyed(GATEWAY_A, 5, "t", "s", "ann", "l");
	end_turn();
	expect_said(GATEWAY_A, 1, 1);
	expect_refused(GATEWAY_A, 2, 1009);
	expect_said(GATEWAY_A, 3, 1);
	expect_said(GATEWAY_A, 4, 1);
	expect_said(GATEWAY_A, 5, 2);
	assert_no_more();
}

static void
another_room_is_a_conflict_another_sender_is_none(void **state)
{
	(void)state;
	play(script_targets);
}

static void
script_shared(void)
{
	settle();
	show_shared(1, "t", "r", "ann", "k");
	show_shared(2, "t", "r", "bob", "k");
	show_shared(3, "t", "s", "bob", "k");
	show_shared(4, "u", "r", "ann", "k");
	show_keyed(GATEWAY_A, 5, "t", "r", "ann", "k");
	end_turn();
	first = take_said(GATEWAY_A, 1, 1);
	assert_false(first.is_repeat);
	expect_repeat(GATEWAY_A, 2);
	expect_refused(GATEWAY_A, 3, 1009);
	expect_said(GATEWAY_A, 4, 1);
	expect_said(GATEWAY_A, 5, 2);
	assert_no_more();
}

static void
a_shared_key_is_one_whoever_says_it(void **state)
{
	(void)state;
	play(script_shared);
}

static void
script_full_disk(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	end_turn();
	first = take_said(GATEWAY_A, 1, 1);
	limit_journal(10);
	show_keyed(GATEWAY_A, 2, "t", "r", "ann", "new");
	show_keyed(GATEWAY_A, 3, "t", "r", "ann", "new");
	show_keyed(GATEWAY_A, 4, "t", "s", "ann", "new");
	show_k(GATEWAY_A, 5);
	end_turn();
	limit_journal(RLIM_INFINITY);
	expect_refused(GATEWAY_A, 2, 1008);
	expect_refused(GATEWAY_A, 3, 1008);
	expect_refused(GATEWAY_A, 4, 1008);
	expect_repeat(GATEWAY_A, 5);
	show_keyed(GATEWAY_A, 6, "t", "s", "ann", "new");
	end_turn();
	expect_said(GATEWAY_A, 6, 1);
	assert_no_more();
}

static void
what_was_not_stored_keeps_no_key(void **state)
{
	(void)state;
	play(script_full_disk);
}

static void
script_first(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	end_turn();
	first = take_said(GATEWAY_A, 1, 1);
}

static void
script_again(void)
{
	fixture_forget_sent();
	show_k(GATEWAY_B, 2);
	end_turn();
	expect_repeat(GATEWAY_B, 2);
	show_keyed(GATEWAY_A, 3, "t", "s", "ann", "k");
	end_turn();
	expect_refused(GATEWAY_A, 3, 1009);
	assert_no_more();
}

static void
keys_survive_a_kill(void **state)
{
	(void)state;
	play(script_first);
	play_next(script_again);
	play_next(script_again);
}

/* As the ledger was killed between its commit and its answers: the repeat lies
 * before the cursor of the batch. */
static void
script_killed_before_answers(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	show_k(GATEWAY_B, 2);
	show_say(GATEWAY_B, 3, "r", "\"other\"");
	end_turn();
	first = take_said(GATEWAY_A, 1, 1);
	fixture_forget_sent();
	worker_row(&fake)->delivered = 0;
}

static void
script_after_kill(void)
{
	fixture_forget_sent();
	memset(fake.positions, 0, sizeof(fake.positions));
	show_k(GATEWAY_B, 2);
	show_say(GATEWAY_B, 3, "r", "\"other\"");
	end_turn();
	expect_repeat(GATEWAY_B, 2);
	expect_refused(GATEWAY_B, 3, 1004); /* it has been answered before */
	assert_no_more();
}

static void
a_repeat_whose_answer_was_lost_is_answered_after_a_kill(void **state)
{
	(void)state;
	play(script_killed_before_answers);
	play_next(script_after_kill);
}

/* The key is said first; then the journal of that time goes. */
static void
script_forgotten_segments(void)
{
	script_first();
	forget_first_segment();
}

static void
keys_survive_the_journal_that_they_came_from(void **state)
{
	(void)state;
	play(script_forgotten_segments);
	play_next(script_again);
}

static void
keys_survive_a_damaged_checkpoint(void **state)
{
	(void)state;
	play(script_forgotten_segments);
	write_over("journal-0/checkpoint", "damage", 80);
	play_next(script_again);
	assert_true(exists("journal-0/checkpoint.bad"));
}

static void
script_stopping(void)
{
	script_first();
	stop_now();
}

/* Version 1 had nothing behind its streams. */
static uint8_t *
cut_all(uint8_t *at, const uint8_t *end)
{
	(void)end;
	return at;
}

static void
a_checkpoint_without_keys_is_read_too(void **state)
{
	(void)state;
	play(script_stopping);
	make_checkpoint_old(1, cut_all);
	next_life();
	/* The journal is still there and knows the key. */
	play(script_again);
	assert_false(exists("journal-0/checkpoint.bad"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_repeat_is_answered_like_the_first_and_not_delivered),
		TEST(another_room_is_a_conflict_another_sender_is_none),
		TEST(a_shared_key_is_one_whoever_says_it),
		TEST(what_was_not_stored_keeps_no_key),
		TEST(keys_survive_a_kill),
		TEST(a_repeat_whose_answer_was_lost_is_answered_after_a_kill),
		TEST(keys_survive_the_journal_that_they_came_from),
		TEST(keys_survive_a_damaged_checkpoint),
		TEST(a_checkpoint_without_keys_is_read_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
