/* What one connection may send: limits messages_per_second and burst; and what
 * a room takes of what nobody remembers. */
#include <errno.h>

#include "worker/edge/pass.h"

#define OPEN_GATEWAY open_with_limits
#include "tests/unit/gateway_talk.h"

#define SAY "{\"seq\":%d,\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":1}}"

static int
open_with_limits(void **state)
{
	open_gateway(state);
	fixture.config.limits.messages_per_second = 1;
	fixture.config.limits.burst = 2;
	return 0;
}

/* Frames that are read in one turn, so that no time passes between them. */
static void
say_at_once(int fd, int count)
{
	char json[128];

	for (int i = 1; i <= count; i++) {
		snprintf(json, sizeof(json), SAY, i);
		fixture_send_frame(fd, 1, text_of(json));
	}
	fixture_turn();
}

/* A user who has asked to join room r. */
static int
joining(void)
{
	int fd = client("u");

	ask(fd, "join", "\"room\":\"r\"");
	return fd;
}

static void
answer_next_join(void)
{
	struct join join = taken_join();

	tell_joined(&join, 0);
	fixture_turn();
}

static void
answer_say(void)
{
	struct message said = taken_say();

	tell_said(&said, 1);
}

static uint64_t
refused(void)
{
	return row_read(fixture.gateway.row, COUNTER_REFUSED_RATE);
}

static void
who_says_too_much_is_refused_in_turn_and_told_when(void **state)
{
	int fd = joining();

	(void)state;
	answer_next_join();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	say_at_once(fd, 4);
	assert_silent(fd);
	answer_say();
	answer_say();
	assert_has(fixture_read(fd), "\"seq\":1,\"cmd\":\"say\",\"code\":200");
	assert_has(fixture_read(fd), "\"seq\":2,\"cmd\":\"say\",\"code\":200");
	for (int i = 3; i <= 4; i++) {
		const char *frame = fixture_read(fd);

		assert_has(frame, i == 3 ? "\"seq\":3" : "\"seq\":4");
		assert_has(frame, "\"code\":1012");
		assert_has(frame, ",\"data\":{\"retry_ms\":");
	}
	assert_null(fixture_letter());
	assert_int_equal(refused(), 2);
	close(fd);
}

static void
what_waits_for_a_join_is_counted_once(void **state)
{
	int fd = joining();

	(void)state;
	say_at_once(fd, 2);
	assert_int_equal(refused(), 0);
	answer_next_join();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	assert_silent(fd);
	answer_say();
	answer_say();
	assert_int_equal(refused(), 0);
	close(fd);
}

static void
what_only_asks_is_not_counted(void **state)
{
	int fd = joining();

	(void)state;
	for (int i = 0; i < 20; i++)
		fixture_send_frame(fd, 1, text_of("{\"cmd\":\"ping\"}"));
	fixture_turn();
	for (int i = 0; i < 20; i++)
		assert_has(fixture_read(fd), "\"code\":200");
	assert_int_equal(refused(), 0);
	close(fd);
}

/* Two for themselves and two for twenty-five users: that is all for now. */
static void
a_message_to_many_counts_more(void **state)
{
	struct buffer json = { 0 };
	int fd = joining();

	(void)state;
	answer_next_join();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	fixture.config.limits.burst = 4;
	buffer_add_string(&json, "{\"seq\":1,\"cmd\":\"say\",\"data\":"
				 "{\"body\":1,\"users\":[\"u0\"");
	for (int i = 1; i < 25; i++)
		buffer_add_format(&json, ",\"u%d\"", i);
	buffer_add_string(&json, "]}}");
	fixture_send_frame(fd, 1, buffer_text(&json));
	buffer_fini(&json);
	say_at_once(fd, 2);
	answer_say();
	assert_has(fixture_read(fd), "\"cmd\":\"say\",\"code\":200");
	answer_say();
	assert_has(fixture_read(fd), "\"seq\":1,\"cmd\":\"say\",\"code\":200");
	assert_has(fixture_read(fd), "\"code\":1012");
	assert_int_equal(refused(), 1);
	close(fd);
}

static void
nobody_pays_for_another(void **state)
{
	int one = joining(), other = joining();

	(void)state;
	answer_next_join();
	answer_next_join();
	say_at_once(one, 3);
	assert_int_equal(refused(), 1);
	say_at_once(other, 2);
	assert_int_equal(refused(), 1);
	close(one);
	close(other);
}

static void
what_nobody_remembers_keeps_the_rate_of_its_room_too(void **state)
{
	int fd;
	const char *frame;

	(void)state;
	fixture.config.limits.messages_per_second = 0;
	fixture.class.history = false;
	fixture.class.rate = 1;
	fd = joining();
	answer_next_join();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	say_at_once(fd, 2);
	assert_has(fixture_read(fd), "\"reached\":");
	frame = fixture_read(fd);
	assert_has(frame, "\"seq\":2");
	assert_has(frame, "\"code\":1012");
	assert_has(frame, ",\"data\":{\"retry_ms\":");
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_REFUSED_ROOM_RATE), 1);
	assert_null(fixture_letter());
	close(fd);
}

static void
pass(const char *room, bool may, uint64_t wait_ms)
{
	const struct message message = {
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = text_of(room),
	};
	uint64_t retry_ms = 0;

	assert_int_equal(pass_may(&fixture.gateway.edge, &message,
				 fixture.gateway.lanes->now_ms, &retry_ms),
		may);
	assert_int_equal(retry_ms, wait_ms);
}

static void
a_room_that_rests_takes_more(void **state)
{
	uint64_t *now_ms = &fixture.gateway.lanes->now_ms;

	(void)state;
	fixture.class.rate = 4;
	for (int i = 0; i < 4; i++)
		pass("r", true, 0);
	pass("r", false, 250);
	pass("s", true, 0);
	*now_ms += 250;
	pass("r", true, 0);
	pass("r", false, 250);
	fixture.class.rate = 0;
	pass("r", true, 0);
}

static void
what_other_gateways_pass_on_is_counted(void **state)
{
	(void)state;
	fixture.class.rate = 4;
	for (int i = 0; i < 2; i++)
		fixture_tell(DELIVER, message_pack,
			(struct message){ .id_time = 1,
				.kind = STREAM_ROOM,
				.tenant = TEXT_LITERAL("default"),
				.stream = TEXT_LITERAL("r") });
	pass("r", true, 0);
	pass("r", true, 0);
	pass("r", false, 250);
}

/* More rooms than are kept count of: those that are hold their rate. */
static void
a_flood_of_rooms_gives_no_room_more_than_its_rate(void **state)
{
	char room[16];

	(void)state;
	fixture.class.rate = 4;
	for (int i = 0; i < 4; i++)
		pass("r", true, 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(room, sizeof(room), "x%d", i);
		pass(room, true, 0);
	}
	pass("r", false, 250);
	fixture.gateway.lanes->now_ms += 1000;
	for (int i = 0; i < 4; i++)
		pass("r", true, 0);
	pass("r", false, 250);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_says_too_much_is_refused_in_turn_and_told_when),
		TEST(what_waits_for_a_join_is_counted_once),
		TEST(what_only_asks_is_not_counted),
		TEST(a_message_to_many_counts_more),
		TEST(nobody_pays_for_another),
		TEST(what_nobody_remembers_keeps_the_rate_of_its_room_too),
		TEST(a_room_that_rests_takes_more),
		TEST(what_other_gateways_pass_on_is_counted),
		TEST(a_flood_of_rooms_gives_no_room_more_than_its_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
