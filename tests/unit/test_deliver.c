/* How long messages take, what rooms get, and who does not follow: what a
 * gateway measures while it delivers. */
#include "shared/clock.h"
#include "shared/traffic.h"
#include "tests/unit/gateway_talk.h"

static uint64_t time_ms;
static struct traffic_report report;

static int
open_at_a_time(void **state)
{
	time_ms = clock_ms();
	open_gateway(state);
	gateway_on_tick(&fixture.gateway, time_ms);
	return 0;
}

/* The report of the window that ends now. */
static const struct traffic_report *
next_report(void)
{
	time_ms += TRAFFIC_WINDOW_MS;
	gateway_on_tick(&fixture.gateway, time_ms);
	assert_true(traffic_read(arena_traffic(fixture.arena, 0), &report));
	assert_int_equal(report.until_ms, time_ms);
	return &report;
}

static uint64_t
measured(void)
{
	struct histogram_sum sum = { 0 };

	histogram_add_to(
		&sum, &fixture.gateway.row->histograms[HISTOGRAM_DELIVERY]);
	return sum.count;
}

static void
a_delivery_is_measured_when_the_turn_is_written(void **state)
{
	(void)state;
	member("ann");
	tell_offset(1);
	tell_offset(2);
	assert_int_equal(measured(), 0);
	fixture_turn();
	assert_int_equal(measured(), 2);
	fixture_turn();
	assert_int_equal(measured(), 2);
}

/* As one that a new ledger sends once more. */
static void
a_message_of_which_no_beginning_is_known_is_not_measured(void **state)
{
	struct message message = message_in_room(
		(struct message){ .offset = 1, .asker_life = LIFE });
	struct buffer letter = { 0 };

	(void)state;
	member("ann");
	letter_begin(&letter, LETTER_DELIVER);
	message_pack(&letter, &message);
	letter_end(&letter)->begun_us = 0;
	gateway_on_letter(&fixture.gateway, letter_end(&letter));
	buffer_fini(&letter);
	fixture_turn();
	assert_int_equal(measured(), 0);
}

static void
what_nobody_remembers_is_measured_too(void **state)
{
	int ann = member("ann");

	(void)state;
	ask(ann, "say", "\"room\":\"r\",\"body\":1,\"keep\":false");
	assert_int_equal(measured(), 1);
}

static void
a_report_tells_what_a_room_got(void **state)
{
	(void)state;
	member("ann");
	member("bob");
	next_report();
	tell_offset(1);
	fixture_turn();
	tell_offset(2);
	tell_offset(3);
	fixture_turn();
	next_report();
	assert_int_equal(report.room_count, 1);
	assert_int_equal(report.rooms[0].room_length, 1);
	assert_memory_equal(report.rooms[0].room, "r", 1);
	assert_int_equal(report.rooms[0].messages, 3);
	assert_int_equal(report.rooms[0].pushes, 6);
	assert_in_range(report.rooms[0].bytes, 6 * 60, 6 * 300);
	next_report();
	assert_int_equal(report.room_count, 0);
}

static void
within_a_window_nothing_new_is_put_up(void **state)
{
	uint64_t until_ms = next_report()->until_ms;

	(void)state;
	gateway_on_tick(&fixture.gateway, time_ms + TRAFFIC_WINDOW_MS - 1);
	assert_true(traffic_read(arena_traffic(fixture.arena, 0), &report));
	assert_int_equal(report.until_ms, until_ms);
}

/* Says so much that the socket of everybody who does not read is full. */
static void
flood(uint64_t from, unsigned count)
{
	static char body[20002];

	memset(body, 'x', sizeof(body));
	body[0] = body[sizeof(body) - 1] = '"';
	for (unsigned i = 0; i < count; i++) {
		tell_message((struct message){
			.offset = from + i, .body = { body, sizeof(body) } });
		fixture_turn();
	}
}

static void
who_does_not_follow_is_reported_while_something_waits(void **state)
{
	int ann = member("ann");

	(void)state;
	member("bob");
	flood(1, 20);
	next_report();
	assert_int_equal(report.client_count, 2);
	assert_int_equal(report.clients[0].user_length, 3);
	assert_true(report.clients[0].waiting_bytes > 20000);
	assert_int_equal(report.clients[0].closed_ms, 0);
	assert_true(report.clients[0].secret != 0);
	while (fixture_read(ann)[0])
		fixture_turn();
	next_report();
	assert_int_equal(report.client_count, 1);
	assert_memory_equal(report.clients[0].user, "bob", 3);
}

static void
who_was_closed_for_that_is_told_of_for_a_minute(void **state)
{
	(void)state;
	member("ann");
	flood(1, 60);
	next_report();
	assert_int_equal(report.client_count, 1);
	assert_true(report.clients[0].closed_ms != 0);
	assert_memory_equal(report.clients[0].user, "ann", 3);
	time_ms += 60000;
	next_report();
	assert_int_equal(report.client_count, 0);
}

static void
who_goes_while_something_waits_is_forgotten(void **state)
{
	int ann = member("ann");

	(void)state;
	flood(1, 20);
	close(ann);
	fixture_turn();
	flood(21, 1);
	next_report();
	assert_int_equal(report.client_count, 0);
}

static void
of_too_many_those_stay_for_whom_most_waits(void **state)
{
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 2 * TRAFFIC_SLOW; i++) {
		snprintf(name, sizeof(name), "slow %u", i);
		member(name);
	}
	flood(1, 20);
	member("less");
	flood(21, 1);
	next_report();
	assert_int_equal(report.client_count, TRAFFIC_SLOW);
	for (unsigned i = 0; i < TRAFFIC_SLOW; i++)
		assert_memory_equal(report.clients[i].user, "slow", 4);
}

#undef TEST
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, open_at_a_time, close_gateway)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_delivery_is_measured_when_the_turn_is_written),
		TEST(a_message_of_which_no_beginning_is_known_is_not_measured),
		TEST(what_nobody_remembers_is_measured_too),
		TEST(a_report_tells_what_a_room_got),
		TEST(within_a_window_nothing_new_is_put_up),
		TEST(who_does_not_follow_is_reported_while_something_waits),
		TEST(who_was_closed_for_that_is_told_of_for_a_minute),
		TEST(who_goes_while_something_waits_is_forgotten),
		TEST(of_too_many_those_stay_for_whom_most_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
