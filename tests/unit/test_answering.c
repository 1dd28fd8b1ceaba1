/* What other hosts ask, and what they are told. */
#include "tests/unit/relay_fixture.h"

static struct buffer answer;

static int
open_answering(void **state)
{
	answer = (struct buffer){ 0 };
	return set_up(state);
}

static int
close_answering(void **state)
{
	buffer_fini(&answer);
	return tear_down(state);
}

/* Sealed; the answer stands in answer. */
static bool
ask_by(struct wire *who, enum wire_kind kind, unsigned to,
	struct buffer *question)
{
	bool is_answered;

	wire_seal(who, kind, to, 0, question);
	answer.length = 0;
	is_answered = answering_answer(&relay, buffer_text(question), &answer);
	buffer_fini(question);
	return is_answered;
}

static bool
ask_hello(struct wire *who, uint64_t nonce)
{
	const struct wire_hello hello = { nonce };
	struct buffer question = { 0 };

	wire_begin(&question);
	wire_hello_pack(&question, &hello);
	return ask_by(who, WIRE_HELLO, 0, &question);
}

static bool
ask_pull(const struct wire_pull *pull)
{
	struct buffer question = { 0 };

	wire_begin(&question);
	wire_pull_pack(&question, pull);
	return ask_by(far, WIRE_PULL, 1, &question);
}

/* What the answer says, as far as bytes go. */
static struct wire_pulled
pulled(void)
{
	struct wire_frame frame = { 0 };
	struct wire_pulled pulled = { 0 };
	struct unpack in;

	wire_open_answer(far, buffer_text(&answer), 0, &frame);
	assert_int_equal(frame.kind, WIRE_PULLED);
	in = unpack_of(frame.body);
	assert_true(wire_pulled_unpack(&in, &pulled));
	return pulled;
}

static void
anybody_who_knows_the_secret_is_told_who_we_are(void **state)
{
	struct wire_helloed helloed = { 0 };
	struct wire_frame frame = { 0 };
	struct unpack in;

	(void)state;
	assert_true(ask_hello(far, 4711));
	wire_open_answer(far, buffer_text(&answer), 0, &frame);
	in = unpack_of(frame.body);
	assert_int_equal(frame.kind, WIRE_HELLOED);
	assert_true(wire_helloed_unpack(&in, &helloed));
	assert_int_equal(helloed.nonce, 4711);
	assert_int_equal(helloed.store, STORE + 1);
	assert_int_equal(helloed.ledgers, 1);
}

static void
who_is_ending_meets_nobody(void **state)
{
	(void)state;
	relay.is_stopping = true;
	assert_false(ask_hello(far, 4711));
	relay.is_stopping = false;
	assert_true(ask_hello(far, 4711));
}

static void
who_does_not_know_it_is_told_nothing_and_counted(void **state)
{
	struct wire *stranger = wire_of(2, 2002, "another secret");

	(void)state;
	assert_false(ask_hello(stranger, 1));
	assert_false(answering_answer(
		&relay, TEXT_LITERAL("GET / HTTP/1.1"), &answer));
	assert_int_equal(answer.length, 0);
	assert_int_equal(counted(COUNTER_BUS_REFUSED), 2);
	wire_free(&stranger);
}

static void
who_has_said_no_hello_is_told_to_ask_later(void **state)
{
	const struct wire_pull pull = { .what = WIRE_PULL_LIVE, .bytes = 1000 };

	(void)state;
	window_add(relay.window, TEXT_LITERAL("one"));
	assert_true(ask_pull(&pull));
	assert_int_equal(pulled().status, WIRE_PULL_LATER);
	assert_int_equal(pulled().items.length, 0);
	assert_int_equal(counted(COUNTER_BUS_REFUSED), 0);
	meet();
	assert_true(ask_pull(&pull));
	assert_int_equal(pulled().status, WIRE_PULL_END);
}

static void
another_life_that_asks_is_asked_who_it_is(void **state)
{
	struct wire *next = wire_of(2, 3003, SECRET);
	const struct wire_pull pull = { .bytes = 1000 };
	struct peer *peer = meet();
	struct buffer question = { 0 };

	(void)state;
	peer->greet_ms = UINT64_MAX;
	worker.now_ms += 1000;
	wire_begin(&question);
	wire_pull_pack(&question, &pull);
	assert_true(ask_by(next, WIRE_PULL, 1, &question));
	assert_int_equal(peer->greet_ms, worker.now_ms);
	wire_free(&next);
}

static void
what_is_no_question_gets_no_answer(void **state)
{
	(void)state;
	meet();
	for (unsigned kind = 0; kind < WIRE_KIND_COUNT + 5; kind++) {
		struct buffer question = { 0 };

		wire_begin(&question);
		assert_false(ask_by(far, (enum wire_kind)kind, 1, &question));
	}
}

static void
a_question_counts_once(void **state)
{
	const struct wire_pull pull = { .bytes = 1000 };
	struct buffer question = { 0 };

	(void)state;
	meet();
	wire_begin(&question);
	wire_pull_pack(&question, &pull);
	wire_seal(far, WIRE_PULL, 1, 0, &question);
	assert_true(answering_answer(&relay, buffer_text(&question), &answer));
	assert_false(answering_answer(&relay, buffer_text(&question), &answer));
	buffer_fini(&question);
}

static void
what_cannot_be_told_now_is_told_later(void **state)
{
	static const struct wire_pull pulls[] = {
		{ .what = WIRE_PULL_JOURNAL, .ledger = 1, .bytes = 1 },
		{ .what = WIRE_PULL_JOURNAL, .ledger = UINT64_MAX, .bytes = 1 },
		{ .what = WIRE_PULL_JOURNAL, .ledger = 0, .bytes = 1 },
		{ .what = WIRE_PULL_ARCHIVE, .ledger = 0, .bytes = 1 },
		{ .what = WIRE_PULL_ARCHIVE,
			.ledger = 7,
			.ledgers_there = 1,
			.bytes = 1 },
		{ .what = WIRE_PULL_ARCHIVE,
			.ledger = 0,
			.ledgers_there = LEDGERS_MAX + 1,
			.bytes = 1 },
	};

	(void)state;
	meet();
	for (size_t i = 0; i < ARRAY_LEN(pulls); i++) {
		assert_true(ask_pull(&pulls[i]));
		assert_int_equal(pulled().status, WIRE_PULL_LATER);
		assert_int_equal(pulled().items.length, 0);
		assert_int_equal(pulled().what, pulls[i].what);
		assert_int_equal(pulled().ledger, pulls[i].ledger);
	}
}

static void
live_frames_are_told_behind_a_number(void **state)
{
	const struct wire_pull pull = {
		.what = WIRE_PULL_LIVE, .from_position = 1, .bytes = 10000
	};

	(void)state;
	meet();
	window_add(relay.window, TEXT_LITERAL("one"));
	window_add(relay.window, TEXT_LITERAL("two"));
	window_add(relay.window, TEXT_LITERAL("three"));
	assert_true(ask_pull(&pull));
	assert_int_equal(pulled().status, WIRE_PULL_END);
	assert_int_equal(pulled().to_position, 3);
	assert_non_null(
		memmem(pulled().items.at, pulled().items.length, "three", 5));
	assert_null(memmem(pulled().items.at, pulled().items.length, "one", 3));
}

static void
who_wants_all_at_once_gets_a_bounded_piece(void **state)
{
	const struct wire_pull pull = { .what = WIRE_PULL_LIVE,
		.bytes = UINT64_MAX };
	static char page[100000];

	(void)state;
	meet();
	for (unsigned i = 0; i < 10; i++)
		window_add(relay.window, (struct text){ page, sizeof(page) });
	assert_true(ask_pull(&pull));
	assert_int_equal(pulled().status, WIRE_PULL_SOME);
	assert_in_range(
		pulled().items.length, 1, ANSWER_BYTES + sizeof(page) + 100);
}

static void
a_list_of_sessions_that_is_not_whole_is_said_to_be_so(void **state)
{
	const struct wire_snapshot_wanted wanted = { 0 };
	struct wire_frame frame = { 0 };
	struct wire_snapshot page = { 0 };
	struct buffer question = { 0 };
	struct unpack in;

	(void)state;
	meet();
	wire_begin(&question);
	wire_snapshot_wanted_pack(&question, &wanted);
	assert_true(ask_by(far, WIRE_SNAPSHOT_WANTED, 1, &question));
	wire_open_answer(far, buffer_text(&answer), 0, &frame);
	in = unpack_of(frame.body);
	assert_true(wire_snapshot_unpack(&in, &page));
	assert_int_equal(page.next, WIRE_SNAPSHOT_LATER);
	assert_int_equal(page.items.length, 0);
}

#undef CLAIM
#define CLAIM(test)                                                            \
	cmocka_unit_test_setup_teardown(test, open_answering, close_answering)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(anybody_who_knows_the_secret_is_told_who_we_are),
		CLAIM(who_is_ending_meets_nobody),
		CLAIM(who_does_not_know_it_is_told_nothing_and_counted),
		CLAIM(who_has_said_no_hello_is_told_to_ask_later),
		CLAIM(another_life_that_asks_is_asked_who_it_is),
		CLAIM(what_is_no_question_gets_no_answer),
		CLAIM(a_question_counts_once),
		CLAIM(what_cannot_be_told_now_is_told_later),
		CLAIM(live_frames_are_told_behind_a_number),
		CLAIM(who_wants_all_at_once_gets_a_bounded_piece),
		CLAIM(a_list_of_sessions_that_is_not_whole_is_said_to_be_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
