/* What goes out to all hosts, and when. */
#include "tests/unit/relay_fixture.h"

static void
turn(uint64_t ms)
{
	worker.now_ms += ms;
	outlet_turn(&relay, worker.now_ms);
}

/* Until the millisecond between two flushes is over. */
static void
wait_pace(void)
{
	while (relay.out.is_paced)
		event_base_loop(worker.base, EVLOOP_ONCE);
}

static enum wire_kind
last_kind(void)
{
	struct wire_frame frame = { 0 };

	wire_open_bus(far, buffer_text(&bus.frame), &frame);
	return frame.kind;
}

/* Somebody listens, and beats are not due. */
static void
begin(void)
{
	taking_pipe(&relay, 5, relay.peers[0]->bus, true);
	turn(0);
}

static void
a_beat_goes_out_so_often_and_not_more(void **state)
{
	(void)state;
	begin();
	assert_int_equal(bus.frames, 1);
	assert_int_equal(last_kind(), WIRE_BEAT);
	turn(BEAT_MS - 1);
	assert_int_equal(bus.frames, 1);
	turn(1);
	assert_int_equal(bus.frames, 2);
}

static void
what_was_said_in_a_millisecond_is_one_frame(void **state)
{
	(void)state;
	begin();
	bus.frames = 0;
	outlet_say(&relay, TEXT_LITERAL("one"));
	turn(0);
	assert_int_equal(bus.frames, 1);
	assert_int_equal(last_kind(), WIRE_LIVE);
	for (unsigned i = 0; i < 100; i++) {
		outlet_say(&relay, TEXT_LITERAL("more"));
		turn(0);
	}
	assert_int_equal(bus.frames, 1);
	wait_pace();
	turn(0);
	assert_int_equal(bus.frames, 2);
	assert_int_equal(window_head(relay.window), 2);
}

static void
what_fills_a_frame_goes_out_at_once(void **state)
{
	static char item[1000];

	(void)state;
	begin();
	bus.frames = 0;
	for (unsigned i = 0; i < FRAME_ITEMS_BYTES / sizeof(item) + 1; i++)
		outlet_say(&relay, (struct text){ item, sizeof(item) });
	assert_int_equal(bus.frames, 1);
	assert_in_range(
		bus.frame.length, FRAME_ITEMS_BYTES, FRAME_ITEMS_BYTES + 2000);
	assert_in_range(relay.out.said.length, 0, 2000);
}

static void
what_is_committed_while_nobody_listens_is_passed_over(void **state)
{
	(void)state;
	has_journal = true;
	journal_end = 5000;
	turn(0);
	assert_int_equal(bus.frames, 1);
	assert_int_equal(last_kind(), WIRE_BEAT);
	assert_true(relay.out.is_known[0]);
	assert_int_equal(relay.out.sent_to[0].position, 5000);
	journal_end = 6000;
	turn(1);
	assert_int_equal(relay.out.sent_to[0].position, 6000);
	assert_int_equal(bus.frames, 1);
}

static void
a_journal_that_cannot_be_read_does_not_stop_the_rest(void **state)
{
	(void)state;
	has_journal = true;
	journal_end = 5000;
	begin();
	journal_end = 6000;
	assert_true(outlet_has_news(&relay));
	turn(1);
	wait_pace();
	assert_false(outlet_has_news(&relay));
	assert_int_equal(relay.out.read_to[0].position, 6000);
	outlet_say(&relay, TEXT_LITERAL("and yet"));
	assert_true(outlet_has_news(&relay));
	turn(1);
	assert_int_equal(last_kind(), WIRE_LIVE);
}

static void
the_end_of_the_host_is_said_not_that_of_the_process(void **state)
{
	(void)state;
	begin();
	outlet_say(&relay, TEXT_LITERAL("a last word"));
	outlet_finish(&relay, false);
	assert_int_equal(last_kind(), WIRE_BEAT);
	assert_int_equal(relay.out.said.length, 0);
	outlet_finish(&relay, true);
	assert_int_equal(last_kind(), WIRE_BYE);
}

static void
frames_are_counted_where_somebody_is_there(void **state)
{
	struct peer *peer;

	(void)state;
	turn(0);
	assert_int_equal(counted(COUNTER_BUS_FRAMES_OUT), 0);
	peer = meet();
	turn(BEAT_MS);
	assert_int_equal(counted(COUNTER_BUS_FRAMES_OUT), 1);
	assert_int_equal(peer->link.frames_out, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_beat_goes_out_so_often_and_not_more),
		CLAIM(what_was_said_in_a_millisecond_is_one_frame),
		CLAIM(what_fills_a_frame_goes_out_at_once),
		CLAIM(what_is_committed_while_nobody_listens_is_passed_over),
		CLAIM(a_journal_that_cannot_be_read_does_not_stop_the_rest),
		CLAIM(the_end_of_the_host_is_said_not_that_of_the_process),
		CLAIM(frames_are_counted_where_somebody_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
