/* A user goes and the connection stays: what was asked before is answered
 * first, and nothing of the former user reaches the next one. */
#include "tests/unit/gateway_talk.h"

static void
log_out(int fd)
{
	fixture_say(fd, "{\"seq\":9,\"cmd\":\"logout\"}");
	assert_string_equal(fixture_read(fd),
		"{\"seq\":9,\"cmd\":\"logout\",\"code\":200,\"data\":{}}");
}

static uint64_t
sessions(void)
{
	return row_read(fixture.gateway.row, COUNTER_SESSIONS);
}

static size_t
connections_of(const char *user)
{
	return index_find_user(fixture.arena, 0, TEXT_LITERAL("default"),
		text_of(user), NULL, 0);
}

static void
who_logs_out_leaves_all_rooms_at_once(void **state)
{
	int fd = client("anna");
	struct join r, s;
	struct leave left;

	(void)state;
	r = join_room(fd, "r");
	s = join_room(fd, "s");
	log_out(fd);
	left = taken_leave();
	assert_int_equal(left.lost, 0);
	assert_int_equal(left.connection, r.connection);
	assert_true(text_equal(left.user, TEXT_LITERAL("anna")));
	left = taken_leave();
	assert_int_equal(left.lost, 0);
	assert_int_equal(left.connection, s.connection);
	assert_null(fixture_letter());
	assert_null(fixture.gateway.rooms->table);
	close(fd);
}

static void
nobody_is_logged_in_afterwards(void **state)
{
	int fd = client("anna");

	(void)state;
	assert_int_equal(sessions(), 1);
	log_out(fd);
	assert_int_equal(sessions(), 0);
	assert_int_equal(connections_of("anna"), 0);
	fixture_say(fd, "{\"cmd\":\"rooms\"}");
	assert_has(fixture_read(fd), "\"code\":1000");
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	assert_has(fixture_read(fd), "\"code\":1000");
	close(fd);
	fixture_turn();
	assert_int_equal(sessions(), 0);
}

static void
another_may_log_in_and_inherits_nothing(void **state)
{
	int fd = client("anna");
	struct join anna, bob;

	(void)state;
	anna = join_room(fd, "r");
	log_out(fd);
	taken_leave();
	log_in(fd, "bob");
	assert_int_equal(sessions(), 1);
	assert_int_equal(connections_of("bob"), 1);
	tell_message((struct message){ .offset = 2,
		.from = TEXT_LITERAL("anna"),
		.connection = anna.connection });
	fixture_turn();
	assert_silent(fd);
	fixture_say(fd, "{\"cmd\":\"rooms\"}");
	assert_has(fixture_read(fd), "\"data\":{\"rooms\":[]}");
	/* Whose message it was is told apart from who is there now. */
	bob = join_room(fd, "r");
	assert_int_not_equal(bob.connection, anna.connection);
	assert_true(text_equal(bob.user, TEXT_LITERAL("bob")));
	tell_message((struct message){ .offset = 3,
		.from = TEXT_LITERAL("anna"),
		.connection = anna.connection });
	fixture_turn();
	assert_has(fixture_read(fd), "\"offset\":3");
	close(fd);
	fixture_turn();
	assert_int_equal(sessions(), 0);
}

static void
what_was_asked_before_is_answered_first(void **state)
{
	int fd = member("anna");
	struct lookup lookup;
	struct message said;

	(void)state;
	fixture_say(fd, "{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}");
	fixture_say(
		fd, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":1}}");
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	say_login(fd, "bob");
	assert_silent(fd);
	assert_int_equal(connections_of("anna"), 1);
	lookup = taken_lookup();
	said = taken_say();
	tell_said(&said, 2);
	assert_has(fixture_read(fd), "\"cmd\":\"say\",\"code\":200");
	assert_silent(fd);
	tell_found(&lookup, NULL);
	assert_has(fixture_read(fd), "\"cmd\":\"history\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"logout\",\"code\":200");
	assert_has(fixture_read(fd), "\"user\":\"bob\"");
	assert_silent(fd);
	assert_int_equal(connections_of("anna"), 0);
	assert_int_equal(connections_of("bob"), 1);
	close(fd);
}

/* The order of the frames is the order of their effects, also when several of
 * them have to wait, each for something else. */
static void
what_waits_for_a_join_comes_before_a_logout(void **state)
{
	int fd = client("anna");
	struct join join;

	(void)state;
	join = ask_join(fd);
	fixture_say(fd, "{\"cmd\":\"leave\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"seq\":1,\"cmd\":\"logout\"}");
	say_login(fd, "bob");
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"seq\":2,\"cmd\":\"logout\"}");
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_silent(fd);
	answer_join(fd, &join, 0);
	assert_has(fixture_read(fd), "\"cmd\":\"leave\",\"code\":200");
	assert_silent(fd);
	taken_leave();
	join = taken_join();
	assert_true(text_equal(join.user, TEXT_LITERAL("anna")));
	answer_join(fd, &join, 0);
	assert_has(fixture_read(fd), "{\"seq\":1,\"cmd\":\"logout\"");
	assert_has(fixture_read(fd), "\"user\":\"bob\"");
	assert_silent(fd);
	taken_leave();
	join = taken_join();
	assert_true(text_equal(join.user, TEXT_LITERAL("bob")));
	answer_join(fd, &join, 0);
	assert_has(fixture_read(fd), "{\"seq\":2,\"cmd\":\"logout\"");
	assert_has(fixture_read(fd), "\"cmd\":\"ping\",\"code\":200");
	assert_silent(fd);
	close(fd);
}

static void
what_waits_for_one_who_is_gone_is_not_read(void **state)
{
	int fd = member("anna");
	struct lookup lookup;

	(void)state;
	fixture_say(fd, "{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}");
	lookup = taken_lookup();
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	say_login(fd, "bob");
	fixture_tell(PAGE, page_pack,
		(struct page){
			.request = lookup.request, .epoch = ROOM_EPOCH });
	close(fd);
	event_base_loop(fixture.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	fixture_turn();
	assert_int_equal(taken_leave().lost, 1);
	assert_int_equal(connections_of("bob"), 0);
	assert_int_equal(sessions(), 0);
	assert_int_equal(fixture.gateway.lanes->count, 0);
}

static void
what_waits_behind_a_logout_is_bounded(void **state)
{
	int fd = member("anna");
	struct lookup lookup;
	size_t answers = 0;

	(void)state;
	fixture_say(fd, "{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}");
	lookup = taken_lookup();
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	for (int i = 0; i < 200; i++)
		fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_true(row_read(fixture.gateway.row, COUNTER_REQUESTS) < 100);
	tell_found(&lookup, NULL);
	for (int i = 0; i < 10; i++)
		fixture_turn();
	while (*fixture_read(fd))
		answers++;
	assert_int_equal(answers, 202);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_logs_out_leaves_all_rooms_at_once),
		TEST(nobody_is_logged_in_afterwards),
		TEST(another_may_log_in_and_inherits_nothing),
		TEST(what_was_asked_before_is_answered_first),
		TEST(what_waits_for_a_join_comes_before_a_logout),
		TEST(what_waits_for_one_who_is_gone_is_not_read),
		TEST(what_waits_behind_a_logout_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
