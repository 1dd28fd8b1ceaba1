/* One connection after its handshake, as its client sees it: what the socket
 * does not take, what comes while the lane is held, and how it ends. */
#include "tests/unit/gateway_talk.h"
#include "worker/gateway/fanout.h"

static void
assert_next(int fd, const char *part)
{
	assert_has(fixture_read(fd), part);
}

static void
add_frame(struct buffer *out, const char *json)
{
	static const uint8_t mask[4];

	must(strlen(json) < 126);
	buffer_add_byte(out, 0x81);
	buffer_add_byte(out, 0x80 | (uint8_t)strlen(json));
	buffer_add(out, mask, sizeof(mask));
	buffer_add_string(out, json);
}

static struct lane *
only_lane(void)
{
	struct lane *lane = fixture.gateway.lanes->all;

	must(lane && !lane->next);
	return lane;
}

/* Answers the lookup of rooms that was asked for next. */
static void
answer_rooms(void)
{
	struct rooms_wanted wanted;

	fixture_take(ROOMS_WANTED, rooms_wanted_unpack, &wanted);
	fixture_tell(ROOMS_PAGE, rooms_page_pack,
		(struct rooms_page){ .request = wanted.request });
}

static void
deliver(uint64_t offset, size_t body_bytes)
{
	struct buffer body = { 0 };

	buffer_add_byte(&body, '"');
	memset(buffer_reserve(&body, body_bytes), 'x', body_bytes);
	body.length += body_bytes;
	buffer_add_byte(&body, '"');
	tell_message((struct message){
		.offset = offset, .body = buffer_text(&body) });
	buffer_fini(&body);
}

static void
what_is_kept_back_is_read_before_what_comes_later(void **state)
{
	struct buffer early = { 0 };
	int fd = fixture_connect();

	(void)state;
	say_login(fd, "ann");
	for (int i = 0; i < 4; i++)
		add_frame(&early,
			"{\"cmd\":\"rooms\",\"data\":{\"listed\":true}}");
	add_frame(&early, "{\"seq\":1,\"cmd\":\"ping\"}");
	lane_feed(only_lane(), buffer_text(&early));
	assert_true(only_lane()->is_held);

	/* The same turn of the loop sees the socket readable. */
	early.length = 0;
	add_frame(&early, "{\"seq\":2,\"cmd\":\"ping\"}");
	assert_int_equal(
		send(fd, early.data, early.length, 0), (ssize_t)early.length);
	event_base_loop(fixture.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	for (int i = 0; i < 4; i++)
		answer_rooms();
	event_base_loop(fixture.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	fixture_turn();
	fixture_turn();
	assert_next(fd, "login");
	for (int i = 0; i < 4; i++)
		assert_next(fd, "rooms");
	assert_next(fd, "{\"seq\":1,");
	assert_next(fd, "{\"seq\":2,");
	close(fd);
	buffer_fini(&early);
}

static void
a_message_larger_than_the_outbox_comes_whole(void **state)
{
	int fd;

	(void)state;
	fixture.config.outbox_bytes = 4096;
	fd = member("ann");
	for (uint64_t offset = 1; !only_lane()->is_full; offset++)
		deliver(offset, 60000);
	for (int i = 0; i < 10 && only_lane()->outbox.queue; i++) {
		fixture_receive(fd);
		fixture_turn();
	}
	assert_next(fd, "\"offset\":1");
	while (fixture_receive(fd) && fixture.inputs[fd].length > 0)
		assert_next(fd, "\"cmd\":\"msg\"");
	assert_int_equal(only_lane()->state, LANE_OPEN);
	close(fd);
}

static void
one_too_slow_gets_whole_frames_and_then_the_close(void **state)
{
	uint64_t offset = 0;
	int fd;

	(void)state;
	fixture.config.outbox_bytes = 4096;
	fd = member("ann");
	while (!only_lane()->is_slow && only_lane()->state == LANE_OPEN) {
		deliver(++offset, 60000);
		fanout_flush(&fixture.gateway);
		assert_true(offset < 100);
	}
	for (int i = 0; i < 100; i++) {
		fixture_receive(fd);
		fixture_turn();
	}
	for (uint64_t i = 1; i < offset; i++)
		assert_next(fd, "\"cmd\":\"msg\"");
	assert_string_equal(fixture_read(fd), "CLOSE 4013");
	close(fd);
}

/* So much is said to a member that does not read; then it reads. Returns how
 * many messages it got, the last one told being the newest. */
static unsigned
read_late(enum slow_policy policy, uint64_t count)
{
	char newest[32];
	const char *frame;
	bool has_newest = false;
	unsigned got = 0;
	int fd;

	fixture.config.outbox_bytes = 20000;
	fixture.class.slow = (int)policy;
	fd = member("ann");
	snprintf(newest, sizeof(newest), "\"offset\":%u", (unsigned)count);
	for (uint64_t offset = 1; offset <= count; offset++) {
		deliver(offset, 3000);
		/* Several of a turn are in one piece. */
		if (offset % 3 == 0 || offset == count)
			fixture_turn();
		assert_true(outbox_waiting(&only_lane()->outbox) <= 30000);
	}
	assert_int_equal(only_lane()->state, LANE_OPEN);
	while (only_lane()->outbox.queue) {
		fixture_receive(fd);
		fixture_turn();
	}
	while (*(frame = fixture_read(fd))) {
		assert_has(frame, "\"cmd\":\"msg\"");
		has_newest = strstr(frame, newest) != NULL;
		got++;
	}
	assert_true(has_newest);
	close(fd);
	return got;
}

static void
where_slow_is_drop_the_oldest_are_missed(void **state)
{
	unsigned got = read_late(SLOW_DROP, 300);

	(void)state;
	assert_true(got < 300);
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_DROPPED_SLOW), 300 - got);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_CLOSED_SLOW), 0);
}

static void
where_slow_is_newest_only_that_is_kept(void **state)
{
	unsigned got = read_late(SLOW_NEWEST, 300);

	(void)state;
	assert_true(got < 300);
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_DROPPED_SLOW), 300 - got);
}

static void
what_waits_for_a_join_is_bounded_in_bytes(void **state)
{
	struct buffer say = { 0 };
	int fd = fixture_connect();

	(void)state;
	say_login(fd, "ann");
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	buffer_add_string(
		&say, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":\"");
	memset(buffer_reserve(&say, 30000), 'x', 30000);
	say.length += 30000;
	buffer_add_string(&say, "\"}}");
	for (int i = 0; i < 3; i++) {
		assert_false(only_lane()->is_held);
		fixture_send_frame(fd, 1, buffer_text(&say));
		for (int k = 0; k < 4; k++)
			fixture_turn();
	}
	assert_true(only_lane()->is_held);
	close(fd);
	buffer_fini(&say);
}

static void
a_full_ring_refuses_one_client_and_the_others_wait(void **state)
{
	int fds[3];
	unsigned refused = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		fds[i] = fixture_connect();
		fixture_say(fds[i],
			"{\"cmd\":\"login\",\"data\":{\"user\":\"ann\"}}");
		assert_next(fds[i], "login");
	}
	fixture.is_full = true;
	for (int i = 0; i < 3; i++)
		fixture_send_frame(fds[i], 1,
			TEXT_LITERAL("{\"cmd\":\"join\","
				     "\"data\":{\"room\":\"r\"}}"));
	fixture_turn();
	for (int i = 0; i < 3; i++)
		refused += strstr(fixture_read(fds[i]), "1004") != NULL;
	assert_int_equal(refused, 1);
	fixture.is_full = false;
	fixture_turn();
	assert_int_equal(fixture.letter_count, 2);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_kept_back_is_read_before_what_comes_later),
		TEST(a_message_larger_than_the_outbox_comes_whole),
		TEST(one_too_slow_gets_whole_frames_and_then_the_close),
		TEST(where_slow_is_drop_the_oldest_are_missed),
		TEST(where_slow_is_newest_only_that_is_kept),
		TEST(what_waits_for_a_join_is_bounded_in_bytes),
		TEST(a_full_ring_refuses_one_client_and_the_others_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
