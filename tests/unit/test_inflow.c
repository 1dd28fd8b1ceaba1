/* The live stream of another host: whole, in its order, each frame once. */
#include "tests/unit/relay_fixture.h"

static void
hear_live(uint64_t number)
{
	const struct wire_live live = { number, TEXT_LITERAL("") };
	struct buffer frame = { 0 };

	wire_begin(&frame);
	wire_live_pack(&frame, &live);
	assert_true(hear(far, 5, WIRE_LIVE, &frame));
}

static uint64_t
live_at(const struct peer *peer)
{
	return repair_at(peer->live).position;
}

/* The answer to the question for live frames that is open: these numbers. */
static void
answer_live(struct peer *peer, enum wire_pull_status status, uint64_t from,
	uint64_t to, uint64_t first)
{
	struct buffer items = { 0 }, body = { 0 }, frame = { 0 };
	struct wire_pulled pulled = { .what = WIRE_PULL_LIVE,
		.status = status,
		.from_position = from,
		.to_position = to,
		.first_position = first };

	for (uint64_t number = from + 1; number <= to; number++) {
		const struct wire_live live = { number, TEXT_LITERAL("") };

		buffer_clear(&body, 1000);
		wire_live_pack(&body, &live);
		pack_text(&items, buffer_text(&body));
	}
	pulled.items = buffer_text(&items);
	wire_begin(&frame);
	wire_pulled_pack(&frame, &pulled);
	answer_as(far, peer, WIRE_PULLED, asked(peer).count, &frame);
	buffer_fini(&items);
	buffer_fini(&body);
	buffer_fini(&frame);
}

/* Its sessions are known, so nothing else is asked. */
static struct peer *
meet_whole(uint64_t head)
{
	const struct wire_snapshot page = { .number = head };
	struct buffer frame = { 0 };
	struct peer *peer = meet();

	wire_begin(&frame);
	wire_snapshot_pack(&frame, &page);
	answer_as(far, peer, WIRE_SNAPSHOT, asked(peer).count, &frame);
	buffer_fini(&frame);
	assert_int_equal(peer->snapshot, SNAPSHOT_DONE);
	no_answer(peer);
	return peer;
}

static void
turn(uint64_t ms)
{
	worker.now_ms += ms;
	inflow_turn(&relay, worker.now_ms);
	asking_go_on(relay.peers[0]);
}

/* Until that question is open; others get no answer. */
static void
wait_asked_for_live(struct peer *peer)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (peer->open.is_open && peer->open.kind == WIRE_PULL &&
			peer->open.what == WIRE_PULL_LIVE)
			return;
		if (peer->open.is_open)
			no_answer(peer);
		turn(10);
	}
	fail_msg("nobody asks");
}

static void
frames_in_a_row_are_taken_each_once(void **state)
{
	struct peer *peer = meet_whole(0);

	(void)state;
	for (uint64_t number = 1; number <= 5; number++) {
		hear_live(number);
		assert_int_equal(live_at(peer), number);
	}
	hear_live(3);
	assert_int_equal(live_at(peer), 5);
	assert_int_equal(peer->link.refused, 0);
}

static void
what_is_missing_is_asked_for_and_taken_in_its_order(void **state)
{
	struct peer *peer = meet_whole(0);

	(void)state;
	hear_live(1);
	hear_live(4);
	assert_int_equal(live_at(peer), 1);
	wait_asked_for_live(peer);
	answer_live(peer, WIRE_PULL_SOME, 1, 3, 0);
	turn(1);
	assert_int_equal(live_at(peer), 4);
}

static void
an_answer_that_comes_twice_is_no_answer_the_second_time(void **state)
{
	struct peer *peer = meet_whole(0);

	(void)state;
	hear_live(1);
	hear_live(4);
	wait_asked_for_live(peer);
	answer_live(peer, WIRE_PULL_SOME, 1, 3, 0);
	answer_live(peer, WIRE_PULL_SOME, 1, 3, 0);
	turn(1);
	assert_int_equal(live_at(peer), 4);
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
what_nobody_has_any_more_is_one_hole_and_a_new_list(void **state)
{
	struct peer *peer = meet_whole(0);
	uint64_t snapshots = peer->snapshots;

	(void)state;
	hear_live(1);
	hear_live(100);
	wait_asked_for_live(peer);
	answer_live(peer, WIRE_PULL_GONE, 1, 1, 50);
	assert_int_equal(repair_counts(peer->live)->holes, 1);
	assert_int_equal(peer->snapshots, snapshots + 1);
	assert_int_equal(peer->snapshot, SNAPSHOT_PAGES);
	assert_int_equal(live_at(peer), 50);
}

static void
the_head_of_a_beat_is_asked_for(void **state)
{
	struct peer *peer = meet_whole(0);

	(void)state;
	hear_live(1);
	assert_true(hear_beat(far, 5, 7));
	wait_asked_for_live(peer);
	assert_int_equal(peer->open.from.position, 1);
}

static void
a_head_without_end_takes_no_frame_away(void **state)
{
	struct peer *peer = meet_whole(0);

	(void)state;
	assert_true(hear_beat(far, 5, UINT64_MAX));
	hear_live(1);
	assert_int_equal(live_at(peer), 1);
	assert_int_equal(repair_counts(peer->live)->holes, 0);
}

static void
while_rings_are_full_nothing_is_taken_or_lost(void **state)
{
	struct peer *peer = meet_whole(0);

	(void)state;
	worker.overflow = 100U << 20;
	hear_live(1);
	hear_live(2);
	assert_true(inflow_is_crowded(&relay));
	assert_int_equal(live_at(peer), 0);
	worker.overflow = 0;
	for (unsigned i = 0; i < 1000 && live_at(peer) < 2; i++) {
		if (peer->open.is_open && peer->open.kind == WIRE_PULL &&
			peer->open.what == WIRE_PULL_LIVE)
			answer_live(peer, WIRE_PULL_END, live_at(peer), 2, 0);
		else if (peer->open.is_open)
			no_answer(peer);
		turn(10);
	}
	assert_int_equal(live_at(peer), 2);
	assert_int_equal(repair_counts(peer->live)->holes, 0);
}

static void
heads_of_ledgers_that_are_none_are_passed_over(void **state)
{
	const struct wire_source there = { 0, 10, 0 }, none = { 99, 10, 0 };
	struct buffer one = { 0 }, sources = { 0 }, frame = { 0 };
	struct peer *peer = meet_whole(0);
	struct wire_beat beat = { .unix_ms = 1 };

	(void)state;
	wire_source_pack(&one, &none);
	pack_text(&sources, buffer_text(&one));
	buffer_clear(&one, 1000);
	wire_source_pack(&one, &there);
	pack_text(&sources, buffer_text(&one));
	beat.sources = buffer_text(&sources);
	wire_begin(&frame);
	wire_beat_pack(&frame, &beat);
	assert_true(hear(far, 5, WIRE_BEAT, &frame));
	assert_int_equal(peer->link.refused, 0);
	buffer_fini(&one);
	buffer_fini(&sources);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(frames_in_a_row_are_taken_each_once),
		CLAIM(what_is_missing_is_asked_for_and_taken_in_its_order),
		CLAIM(an_answer_that_comes_twice_is_no_answer_the_second_time),
		CLAIM(what_nobody_has_any_more_is_one_hole_and_a_new_list),
		CLAIM(the_head_of_a_beat_is_asked_for),
		CLAIM(a_head_without_end_takes_no_frame_away),
		CLAIM(while_rings_are_full_nothing_is_taken_or_lost),
		CLAIM(heads_of_ledgers_that_are_none_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
