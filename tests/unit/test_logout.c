/* A user goes and the connection stays: what was asked before is answered
 * first, and nothing of the former user reaches the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/gateway_fixture.h"

#define EPOCH 5

static int
set_up(void **state)
{
	(void)state;
	fixture_open(1);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

static void
assert_has(const char *frame, const char *part)
{
	if (!strstr(frame, part))
		fail_msg("'%s' is not in '%s'", part, frame);
}

static void
assert_silent(int fd)
{
	assert_string_equal(fixture_read(fd), "");
}

static void
log_in(int fd, const char *user)
{
	char json[128];

	snprintf(json, sizeof(json),
		"{\"cmd\":\"login\",\"data\":{\"user\":\"%s\"}}", user);
	fixture_say(fd, json);
	assert_has(fixture_read(fd), "\"cmd\":\"login\",\"code\":200");
}

static void
log_out(int fd)
{
	fixture_say(fd, "{\"seq\":9,\"cmd\":\"logout\"}");
	assert_string_equal(fixture_read(fd),
		"{\"seq\":9,\"cmd\":\"logout\",\"code\":200,\"data\":{}}");
}

/* The next letter of this kind; those before it are passed over. */
static struct unpack
letter_of(enum letter_kind kind)
{
	const struct letter *letter;

	while ((letter = fixture_letter()))
		if (letter->kind == kind)
			return letter_open(letter);
	fail_msg("no letter %s", letter_kind_name(kind));
	return (struct unpack){ 0 };
}

static struct join
taken_join(void)
{
	struct unpack in = letter_of(LETTER_JOIN);
	struct join join;

	assert_true(join_unpack(&in, &join));
	return join;
}

static struct leave
taken_leave(void)
{
	struct unpack in = letter_of(LETTER_LEAVE);
	struct leave leave;

	assert_true(leave_unpack(&in, &leave));
	return leave;
}

static void
tell_joined(const struct join *join)
{
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join->request,
			.connection = join->connection,
			.tenant = join->tenant,
			.room = join->room,
			.epoch = EPOCH,
			.offset = 1 });
}

static struct join
join_room(int fd, const char *room)
{
	char json[128];
	struct join join;

	snprintf(json, sizeof(json),
		"{\"cmd\":\"join\",\"data\":{\"room\":\"%s\"}}", room);
	fixture_say(fd, json);
	join = taken_join();
	tell_joined(&join);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	return join;
}

static void
tell_message(uint64_t offset, uint64_t connection)
{
	fixture_tell(DELIVER, message_pack,
		(struct message){ .kind = STREAM_ROOM,
			.tenant = TEXT_LITERAL("default"),
			.stream = TEXT_LITERAL("r"),
			.from = TEXT_LITERAL("anna"),
			.epoch = EPOCH,
			.offset = offset,
			.type = TEXT_LITERAL("text"),
			.body = TEXT_LITERAL("1"),
			.asker_slot = 0,
			.asker_life = LIFE,
			.connection = connection });
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
	int fd = fixture_connect();
	struct join r, s;
	struct leave left;

	(void)state;
	log_in(fd, "anna");
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
	int fd = fixture_connect();

	(void)state;
	log_in(fd, "anna");
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
	int fd = fixture_connect();
	struct join anna, bob;

	(void)state;
	log_in(fd, "anna");
	anna = join_room(fd, "r");
	log_out(fd);
	log_in(fd, "bob");
	assert_int_equal(sessions(), 1);
	assert_int_equal(connections_of("bob"), 1);
	tell_message(2, anna.connection);
	fixture_turn();
	assert_silent(fd);
	fixture_say(fd, "{\"cmd\":\"rooms\"}");
	assert_has(fixture_read(fd), "\"data\":{\"rooms\":[]}");
	/* Whose message it was is told apart from who is there now. */
	bob = join_room(fd, "r");
	assert_int_not_equal(bob.connection, anna.connection);
	assert_true(text_equal(bob.user, TEXT_LITERAL("bob")));
	tell_message(3, anna.connection);
	fixture_turn();
	assert_has(fixture_read(fd), "\"offset\":3");
	close(fd);
	fixture_turn();
	assert_int_equal(sessions(), 0);
}

static void
what_was_asked_before_is_answered_first(void **state)
{
	int fd = fixture_connect();
	struct lookup lookup;
	struct message said;
	struct unpack in;

	(void)state;
	log_in(fd, "anna");
	join_room(fd, "r");
	fixture_say(fd, "{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}");
	fixture_say(
		fd, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":1}}");
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	fixture_say(fd, "{\"cmd\":\"login\",\"data\":{\"user\":\"bob\"}}");
	assert_silent(fd);
	assert_int_equal(connections_of("anna"), 1);
	in = letter_of(LETTER_LOOKUP);
	assert_true(lookup_unpack(&in, &lookup));
	in = letter_of(LETTER_SAY);
	assert_true(message_unpack(&in, &said));
	fixture_tell(SAID, said_pack,
		(struct said){ .request = said.request, .offset = 2 });
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"say\",\"code\":200");
	assert_silent(fd);
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = lookup.request, .epoch = EPOCH });
	fixture_turn();
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
	int fd = fixture_connect();
	struct join join;

	(void)state;
	log_in(fd, "anna");
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	join = taken_join();
	fixture_say(fd, "{\"cmd\":\"leave\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"seq\":1,\"cmd\":\"logout\"}");
	fixture_say(fd, "{\"cmd\":\"login\",\"data\":{\"user\":\"bob\"}}");
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	fixture_say(fd, "{\"seq\":2,\"cmd\":\"logout\"}");
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_silent(fd);
	tell_joined(&join);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"leave\",\"code\":200");
	assert_silent(fd);
	join = taken_join();
	assert_true(text_equal(join.user, TEXT_LITERAL("anna")));
	tell_joined(&join);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	assert_has(fixture_read(fd), "{\"seq\":1,\"cmd\":\"logout\"");
	assert_has(fixture_read(fd), "\"user\":\"bob\"");
	assert_silent(fd);
	join = taken_join();
	assert_true(text_equal(join.user, TEXT_LITERAL("bob")));
	tell_joined(&join);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	assert_has(fixture_read(fd), "{\"seq\":2,\"cmd\":\"logout\"");
	assert_has(fixture_read(fd), "\"cmd\":\"ping\",\"code\":200");
	assert_silent(fd);
	close(fd);
}

static void
what_waits_for_one_who_is_gone_is_not_read(void **state)
{
	int fd = fixture_connect();
	struct lookup lookup;
	struct unpack in;

	(void)state;
	log_in(fd, "anna");
	join_room(fd, "r");
	fixture_say(fd, "{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}");
	in = letter_of(LETTER_LOOKUP);
	assert_true(lookup_unpack(&in, &lookup));
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	fixture_say(fd, "{\"cmd\":\"login\",\"data\":{\"user\":\"bob\"}}");
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = lookup.request, .epoch = EPOCH });
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
	int fd = fixture_connect();
	struct lookup lookup;
	struct unpack in;
	size_t answers = 0;

	(void)state;
	log_in(fd, "anna");
	join_room(fd, "r");
	fixture_say(fd, "{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}");
	in = letter_of(LETTER_LOOKUP);
	assert_true(lookup_unpack(&in, &lookup));
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	for (int i = 0; i < 200; i++)
		fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_true(row_read(fixture.gateway.row, COUNTER_REQUESTS) < 100);
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = lookup.request, .epoch = EPOCH });
	for (int i = 0; i < 10; i++)
		fixture_turn();
	while (*fixture_read(fd))
		answers++;
	assert_int_equal(answers, 202);
	close(fd);
}

#define with_gateway(test)                                                     \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_gateway(who_logs_out_leaves_all_rooms_at_once),
		with_gateway(nobody_is_logged_in_afterwards),
		with_gateway(another_may_log_in_and_inherits_nothing),
		with_gateway(what_was_asked_before_is_answered_first),
		with_gateway(what_waits_for_a_join_comes_before_a_logout),
		with_gateway(what_waits_for_one_who_is_gone_is_not_read),
		with_gateway(what_waits_behind_a_logout_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
