/* What members of rooms see of joins, messages and each other: the gateway from
 * the client's socket to the letters, with the test as the ledger. */
#include <errno.h>

#include "tests/unit/gateway_talk.h"

static void
tell_enter(const char *user, uint64_t connection)
{
	fixture_tell(PRESENCE, presence_pack,
		(struct presence){
			.tenant = text_of("default"),
			.room = text_of("r"),
			.user = text_of(user),
			.platform = 101,
			.entered = 1,
			.users = 2,
			.asker_slot = 0,
			.asker_life = LIFE,
			.connection = connection,
		});
}

/* Joins room r; returns the connection. */
static uint64_t
join(int fd, const char *options, uint64_t offset)
{
	return join_room_with(fd, "r", options, offset).connection;
}

static void
a_join_is_answered_where_it_took_effect(void **state)
{
	int old = client("old"), new = client("new");
	struct join wanted;

	(void)state;
	join(old, "", 0);
	wanted = ask_join(new);
	tell_offset(1);
	tell_joined(&wanted, 1);
	tell_offset(2);
	fixture_turn();
	assert_has(fixture_read(new), "\"cmd\":\"join\",\"code\":200");
	assert_has(fixture_read(new), "\"offset\":2");
	assert_silent(new);
	assert_has(fixture_read(old), "\"offset\":1");
	assert_has(fixture_read(old), "\"offset\":2");
	assert_silent(old);
	close(old);
	close(new);
}

static void
the_index_names_a_room_before_the_ledger_does(void **state)
{
	int fd = client("u");

	(void)state;
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	assert_true(index_has_room(
		fixture.arena, 0, text_of("default"), text_of("r")));
	taken_join();
	close(fd);
	fixture_turn();
	assert_false(index_has_room(
		fixture.arena, 0, text_of("default"), text_of("r")));
}

static void
nothing_is_delivered_twice_and_gaps_are_counted(void **state)
{
	int fd = client("u");

	(void)state;
	join(fd, "", 3);
	tell_offset(3);
	tell_offset(4);
	tell_offset(4);
	tell_offset(2);
	fixture_turn();
	assert_has(fixture_read(fd), "\"offset\":4");
	assert_silent(fd);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 0);
	tell_offset(6);
	fixture_turn();
	assert_has(fixture_read(fd), "\"offset\":6");
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 1);
	close(fd);
}

static void
a_sender_hears_himself_only_with_echo(void **state)
{
	int own = client("u"), other = client("u");
	uint64_t connection = join(own, "", 0);

	(void)state;
	join(other, "", 0);
	tell_message((struct message){
		.offset = 1, .from = text_of("u"), .connection = connection });
	tell_message((struct message){ .offset = 2,
		.from = text_of("u"),
		.connection = connection,
		.flags = MESSAGE_ECHO });
	fixture_turn();
	assert_has(fixture_read(own), "\"offset\":2");
	assert_silent(own);
	assert_has(fixture_read(other), "\"offset\":1");
	assert_has(fixture_read(other), "\"offset\":2");
	/* The next turn treats nobody specially. */
	tell_offset(3);
	fixture_turn();
	assert_has(fixture_read(own), "\"offset\":3");
	close(own);
	close(other);
}

static void
a_key_is_shown_to_the_senders_connections_alone(void **state)
{
	int own = client("u"), other = client("v");

	(void)state;
	join(own, "", 0);
	join(other, "", 0);
	tell_message((struct message){
		.offset = 1, .from = text_of("u"), .key = text_of("k1") });
	tell_offset(2);
	fixture_turn();
	assert_has(fixture_read(own), "\"key\":\"k1\"");
	assert_has(fixture_read(own), "\"offset\":2");
	assert_lacks(fixture_read(other), "k1");
	assert_has(fixture_read(other), "\"offset\":2");
	close(own);
	close(other);
}

static void
events_come_to_who_wants_them_and_did_not_cause_them(void **state)
{
	int all = client("a"), quiet = client("q"), cause = client("c");
	uint64_t connection;

	(void)state;
	join(all, "", 0);
	join(quiet, ",\"events\":false", 0);
	connection = join(cause, "", 0);
	tell_enter("c", connection);
	tell_offset(1);
	tell_enter("d", 0);
	fixture_turn();
	assert_has(fixture_read(all),
		"{\"cmd\":\"enter\",\"data\":{\"room\":\"r\",\"user\":\"c\"");
	assert_has(fixture_read(all), "\"offset\":1");
	assert_has(fixture_read(all), "\"user\":\"d\"");
	assert_has(fixture_read(quiet), "\"offset\":1");
	assert_silent(quiet);
	assert_has(fixture_read(cause), "\"offset\":1");
	assert_has(fixture_read(cause), "\"user\":\"d\"");
	assert_silent(cause);
	close(all);
	close(quiet);
	close(cause);
}

static void
what_follows_an_unanswered_join_waits_for_it_in_order(void **state)
{
	int fd = client("u");
	struct join wanted;
	struct message said;

	(void)state;
	fixture_say(
		fd, "{\"seq\":1,\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"seq\":2,\"cmd\":\"say\",\"data\":{\"room\":\"r\","
			"\"body\":1}}");
	fixture_say(fd, "{\"seq\":3,\"cmd\":\"rooms\"}");
	fixture_say(fd, "{\"seq\":4,\"cmd\":\"leave\",\"data\":{\"room\":"
			"\"r\"}}");
	fixture_say(fd, "{\"seq\":5,\"cmd\":\"say\",\"data\":{\"room\":\"r\","
			"\"body\":1}}");
	fixture_say(fd, "{\"seq\":6,\"cmd\":\"ping\"}");
	assert_has(fixture_read(fd), "\"seq\":6");
	assert_silent(fd);
	wanted = taken_join();
	assert_null(fixture_letter());
	tell_joined(&wanted, 9);
	fixture_turn();
	assert_has(fixture_read(fd), "\"seq\":1,\"cmd\":\"join\",\"code\":200");
	assert_has(fixture_read(fd), "\"seq\":3,\"cmd\":\"rooms\",\"code\":200,"
				     "\"data\":{\"rooms\":[{"
				     "\"room\":\"r\"");
	assert_has(
		fixture_read(fd), "\"seq\":4,\"cmd\":\"leave\",\"code\":200");
	/* 5 is refused, but not before 2 is answered. */
	assert_silent(fd);
	said = taken_say();
	taken_leave();
	fixture_tell(
		SAID, said_pack, (struct said){ .request = 0, .offset = 1 });
	tell_said(&said, 10);
	assert_has(fixture_read(fd), "\"seq\":2,\"cmd\":\"say\",\"code\":200");
	assert_has(fixture_read(fd), "\"seq\":5,\"cmd\":\"say\",\"code\":1003");
	assert_silent(fd);
	close(fd);
}

static void
a_refused_join_refuses_what_waited_for_it(void **state)
{
	int fd = client("u");
	struct join wanted;

	(void)state;
	fixture_say(
		fd, "{\"seq\":1,\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"seq\":2,\"cmd\":\"say\",\"data\":{\"room\":\"r\","
			"\"body\":1}}");
	wanted = taken_join();
	fixture_tell(REFUSED, refused_pack,
		(struct refused){ .request = wanted.request,
			.code = 1012,
			.error = text_of("no"),
			.retry_ms = 250 });
	fixture_turn();
	assert_string_equal(fixture_read(fd),
		"{\"seq\":1,\"cmd\":\"join\",\"code\":1012,"
		"\"error\":\"no\",\"data\":{\"retry_ms\":250}}");
	assert_has(fixture_read(fd), "\"seq\":2,\"cmd\":\"say\",\"code\":1003");
	assert_false(index_has_room(
		fixture.arena, 0, text_of("default"), text_of("r")));
	close(fd);
}

static void
a_full_ring_refuses_and_leaves_nothing_behind(void **state)
{
	int fd = client("u");

	(void)state;
	fixture.is_full = true;
	fixture_say(
		fd, "{\"seq\":1,\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	assert_has(fixture_read(fd), "\"code\":1004");
	assert_false(index_has_room(
		fixture.arena, 0, text_of("default"), text_of("r")));
	fixture_say(
		fd, "{\"seq\":2,\"cmd\":\"rooms\",\"data\":{\"listed\":true}}");
	assert_has(fixture_read(fd), "\"code\":1004");
	fixture.is_full = false;
	join(fd, "", 0);
	fixture.is_full = true;
	fixture_say(fd, "{\"seq\":3,\"cmd\":\"say\",\"data\":{\"room\":\"r\","
			"\"body\":1}}");
	assert_has(fixture_read(fd), "\"seq\":3,\"cmd\":\"say\",\"code\":1004");
	close(fd);
}

static void
who_is_gone_has_left_his_rooms_and_gets_no_answer(void **state)
{
	int fd = client("u");
	struct join wanted;
	struct leave leave;

	(void)state;
	fixture_say(
		fd, "{\"seq\":1,\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	wanted = taken_join();
	close(fd);
	fixture_turn();
	leave = taken_leave();
	assert_int_equal(leave.lost, 1);
	assert_int_equal(leave.connection, wanted.connection);
	tell_joined(&wanted, 0);
	tell_offset(1);
	fixture_turn();
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_ROOMS), 0);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_CONNECTIONS), 0);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_SESSIONS), 0);
}

static void
joining_again_is_fine_but_not_with_other_options(void **state)
{
	int fd = client("u");

	(void)state;
	join(fd, "", 3);
	join(fd, "", 4);
	fixture_say(fd, "{\"seq\":1,\"cmd\":\"join\",\"data\":{\"room\":\"r\","
			"\"presence\":false}}");
	assert_has(fixture_read(fd), "\"code\":1009");
	tell_offset(4);
	fixture_turn();
	assert_has(fixture_read(fd), "\"offset\":4");
	assert_silent(fd);
	close(fd);
}

static void
a_new_ledger_is_told_who_is_here_as_fast_as_it_listens(void **state)
{
	int first = client("a"), second = client("b"), third = client("c");
	struct join told;
	struct announced announced;

	(void)state;
	join(first, "", 0);
	join(second, ",\"events\":false", 0);
	ask_join(third);
	fixture.is_full = true;
	fixture_tell(ANNOUNCE, announce_pack,
		(struct announce){ .ledger = 0, .life = 9 });
	fixture_turn();
	assert_null(fixture_letter());
	fixture.is_full = false;
	fixture_turn();
	told = taken_join();
	assert_true(text_equal(told.user, text_of("a")));
	assert_int_equal(told.request, 0);
	assert_int_equal(
		told.flags, JOIN_ANNOUNCED | JOIN_EVENTS | JOIN_PRESENCE);
	told = taken_join();
	assert_true(text_equal(told.user, text_of("b")));
	assert_int_equal(told.flags, JOIN_ANNOUNCED | JOIN_PRESENCE);
	fixture_take(ANNOUNCED, announced_unpack, &announced);
	assert_int_equal(announced.life, 9);
	fixture_turn();
	assert_null(fixture_letter());
	close(first);
	close(second);
	close(third);
}

static void
a_member_that_leaves_within_the_turn_hears_nothing_more(void **state)
{
	int stays = client("s"), leaves = client("l"), dies = client("d");

	(void)state;
	join(stays, "", 0);
	join(leaves, "", 0);
	join(dies, "", 0);
	tell_offset(1);
	close(dies);
	fixture_say(leaves, "{\"seq\":9,\"cmd\":\"leave\",\"data\":{\"room\":"
			    "\"r\"}}");
	assert_has(fixture_read(leaves), "\"seq\":9");
	tell_offset(2);
	fixture_turn();
	assert_has(fixture_read(stays), "\"offset\":1");
	assert_has(fixture_read(stays), "\"offset\":2");
	assert_silent(leaves);
	close(stays);
	close(leaves);
}

static void
a_reader_that_stalls_is_closed_and_others_are_not(void **state)
{
	static char body[8000];
	int stalled = client("s"), reads = client("r");
	uint64_t offset = 0, seen = 0;
	const char *frame;

	(void)state;
	memset(body, 'x', sizeof(body));
	body[0] = body[sizeof(body) - 1] = '"';
	join(stalled, "", 0);
	join(reads, "", 0);
	while (row_read(fixture.gateway.row, COUNTER_CLOSED_SLOW) == 0) {
		assert_true(offset < 1000);
		tell_message((struct message){
			.offset = ++offset, .body = { body, sizeof(body) } });
		fixture_turn();
		while (*(frame = fixture_read(reads)))
			seen++;
	}
	assert_int_equal(seen, offset);
	/* What it then reads are whole messages, and 4013 at the end. */
	for (;;) {
		frame = fixture_read(stalled);
		if (strncmp(frame, "CLOSE", 5) == 0)
			break;
		if (*frame)
			assert_has(frame, "\"cmd\":\"msg\"");
		else
			fixture_turn();
	}
	assert_string_equal(frame, "CLOSE 4013");
	fixture_turn();
	assert_string_equal(fixture_read(stalled), "END");
	close(stalled);
	close(reads);
}

static void
a_connection_is_in_as_many_rooms_as_it_may_be(void **state)
{
	int fd = client("u");

	(void)state;
	fixture.config.limits.rooms_per_connection = 3;
	for (int i = 0; i < 4; i++) {
		char json[100];

		snprintf(json, sizeof(json),
			"{\"cmd\":\"join\",\"data\":{\"room\":\"%d\"}}", i);
		fixture_say(fd, json);
	}
	assert_has(fixture_read(fd), "\"code\":1012");
	assert_silent(fd);
	assert_int_equal(fixture.letter_count, 3);
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_REFUSED_ROOMS), 1);
	close(fd);
}

static void
what_is_over_is_not_pushed_but_counts(void **state)
{
	int fd = client("a");

	(void)state;
	join(fd, "", 0);
	tell_message((struct message){
		.offset = 1,
		.until = clock_unix_ms(),
	});
	tell_message((struct message){
		.offset = 2,
		.until = clock_unix_ms() + 60000,
	});
	fixture_turn();
	assert_has(fixture_read(fd), "\"offset\":2,");
	assert_silent(fd);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_join_is_answered_where_it_took_effect),
		TEST(the_index_names_a_room_before_the_ledger_does),
		TEST(nothing_is_delivered_twice_and_gaps_are_counted),
		TEST(a_sender_hears_himself_only_with_echo),
		TEST(a_key_is_shown_to_the_senders_connections_alone),
		TEST(events_come_to_who_wants_them_and_did_not_cause_them),
		TEST(what_follows_an_unanswered_join_waits_for_it_in_order),
		TEST(a_refused_join_refuses_what_waited_for_it),
		TEST(a_full_ring_refuses_and_leaves_nothing_behind),
		TEST(who_is_gone_has_left_his_rooms_and_gets_no_answer),
		TEST(joining_again_is_fine_but_not_with_other_options),
		TEST(a_new_ledger_is_told_who_is_here_as_fast_as_it_listens),
		TEST(a_member_that_leaves_within_the_turn_hears_nothing_more),
		TEST(a_reader_that_stalls_is_closed_and_others_are_not),
		TEST(a_connection_is_in_as_many_rooms_as_it_may_be),
		TEST(what_is_over_is_not_pushed_but_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
