/*
 * What backends ask of a client through an api: to be in a room, to be out of
 * it, and in which rooms it is. The test is the api, too.
 */
#include "shared/index.h"
#include "tests/unit/gateway_talk.h"

#define API_SLOT 9

static struct index_entry
entry_at(uint32_t place)
{
	struct index_entry entry;

	assert_true(index_read(fixture.arena, 0, place, &entry));
	return entry;
}

/* A letter of the api. */
#define tell_from_api(symbol, pack, ...)                                       \
	do {                                                                   \
		struct buffer letter_ = { 0 };                                 \
		struct letter *finished_;                                      \
		letter_begin(&letter_, LETTER_##symbol);                       \
		pack(&letter_, &(__VA_ARGS__));                                \
		finished_ = letter_end(&letter_);                              \
		finished_->from = API_SLOT;                                    \
		finished_->from_life = 3;                                      \
		gateway_on_letter(&fixture.gateway, finished_);                \
		buffer_fini(&letter_);                                         \
		fixture_turn();                                                \
	} while (0)

static void
enlist_with(uint64_t request, uint64_t secret, const char *room)
{
	tell_from_api(ENLIST, enlist_pack,
		(struct enlist){ .request = request,
			.connection = 4,
			.place = 0,
			.secret = secret,
			.room = text_of(room),
			.flags = JOIN_EVENTS | JOIN_PRESENCE });
}

static void
enlist(uint64_t request, const char *room)
{
	enlist_with(request, entry_at(0).secret, room);
}

static void
expect_refused(uint64_t request, unsigned code)
{
	struct refused refused;

	fixture_take(REFUSED, refused_unpack, &refused);
	assert_int_equal(refused.request, request);
	assert_int_equal(refused.connection, 4);
	assert_int_equal(refused.code, code);
}

static void
expect_joined(uint64_t request, const char *room)
{
	struct joined joined;

	fixture_take(JOINED, joined_unpack, &joined);
	assert_int_equal(joined.request, request);
	assert_int_equal(joined.connection, 4);
	assert_true(text_equal(joined.room, text_of(room)));
}

static void
a_client_is_made_a_member_and_told(void **state)
{
	int fd = client("ann");
	struct join join;

	(void)state;
	enlist(5, "r");
	join = taken_join();
	assert_silent(fd);
	tell_joined(&join, 7);
	fixture_turn();
	assert_has(fixture_read(fd),
		"{\"cmd\":\"join\",\"data\":{\"room\":\"r\",\"epoch\":");
	assert_int_equal(fixture.last_to, API_SLOT);
	expect_joined(5, "r");
	tell_offset(8);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"msg\"");
}

static void
the_class_of_the_room_is_not_asked(void **state)
{
	int fd = client("ann");

	(void)state;
	fixture.class.join = MAY_API;
	ask(fd, "join", "\"room\":\"r\"");
	assert_has(fixture_read(fd), "\"code\":1003");
	enlist(5, "r");
	taken_join();
}

static void
who_is_a_member_is_told_nothing(void **state)
{
	int fd = client("ann");
	struct join join;

	(void)state;
	ask(fd, "join", "\"room\":\"r\"");
	join = taken_join();
	tell_joined(&join, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "\"seq\":3,\"cmd\":\"join\"");
	enlist(5, "r");
	join = taken_join();
	tell_joined(&join, 0);
	expect_joined(5, "r");
	assert_here(fd);
}

static void
who_is_just_joining_is_refused(void **state)
{
	int fd = client("ann");

	(void)state;
	ask(fd, "join", "\"room\":\"r\"");
	taken_join();
	enlist(5, "r");
	expect_refused(5, 1004);
	assert_silent(fd);
}

static void
what_the_ledger_refuses_is_told_to_the_backend_alone(void **state)
{
	int fd = client("ann");
	struct join join;

	(void)state;
	enlist(5, "r");
	join = taken_join();
	tell_refused(join.request, 1012);
	assert_int_equal(fixture.last_to, API_SLOT);
	expect_refused(5, 1012);
	assert_here(fd);
}

static void
a_client_with_as_many_rooms_as_may_be_is_refused(void **state)
{
	(void)state;
	client("ann");
	fixture.config.limits.rooms_per_connection = 1;
	enlist(5, "a");
	taken_join();
	enlist(6, "b");
	expect_refused(6, 1012);
}

static void
a_ledger_that_is_busy_is_no_join(void **state)
{
	int fd = client("ann");

	(void)state;
	fixture.is_full = true;
	enlist(5, "r");
	fixture.is_full = false;
	expect_refused(5, 1004);
	enlist(6, "r");
	taken_join();
	assert_silent(fd);
}

static void
who_is_gone_or_was_another_is_not_found(void **state)
{
	(void)state;
	client("ann");
	enlist_with(5, entry_at(0).secret + 1, "r");
	expect_refused(5, 1005);
	tell_from_api(ENLIST, enlist_pack,
		(struct enlist){ .request = 6,
			.connection = 4,
			.place = 1u << 30,
			.room = TEXT_LITERAL("r") });
	expect_refused(6, 1005);
}

static void
who_goes_before_the_answer_is_not_found(void **state)
{
	int fd = client("ann");

	(void)state;
	enlist(5, "r");
	taken_join();
	close(fd);
	fixture_turn();
	expect_refused(5, 1005);
	taken_leave();
	assert_null(fixture_letter());
}

static void
who_is_logging_in_joins_behind_that(void **state)
{
	struct join asked, join;
	int fd;

	(void)state;
	fixture.keeps_entries = true;
	fd = coming_on("ann", 101);
	asked = taken_entry();
	enlist(5, "r");
	assert_null(fixture_letter());
	let_in(&asked, 0);
	assert_has(fixture_read(fd), "\"cmd\":\"login\",\"code\":200");
	join = taken_join();
	tell_joined(&join, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "{\"cmd\":\"join\"");
	expect_joined(5, "r");
}

static void
whose_login_is_refused_is_not_found(void **state)
{
	struct join asked;
	int fd;

	(void)state;
	fixture.keeps_entries = true;
	fd = coming_on("ann", 101);
	asked = taken_entry();
	enlist(5, "r");
	tell_refused(asked.request, 1004);
	assert_has(fixture_read(fd), "\"code\":1004");
	expect_refused(5, 1005);
}

static void
a_client_is_taken_out_as_if_it_had_left(void **state)
{
	int fd = client("ann");
	struct join join;
	struct leave leave;

	(void)state;
	enlist(5, "r");
	join = taken_join();
	tell_joined(&join, 0);
	fixture_turn();
	fixture_read(fd);
	expect_joined(5, "r");
	tell_from_api(KICK, kick_pack,
		(struct kick){ .place = 0,
			.secret = entry_at(0).secret,
			.room = TEXT_LITERAL("r"),
			.why = KICK_TAKEN_OUT });
	assert_string_equal(fixture_read(fd),
		"{\"cmd\":\"leave\",\"data\":{\"room\":\"r\"}}");
	leave = taken_leave();
	assert_int_equal(leave.lost, 0);
	assert_here(fd);
}

static void
who_is_taken_out_while_joining_joins_and_leaves(void **state)
{
	int fd = client("ann");
	struct join join;

	(void)state;
	enlist(5, "r");
	join = taken_join();
	tell_from_api(KICK, kick_pack,
		(struct kick){ .place = 0,
			.secret = entry_at(0).secret,
			.room = TEXT_LITERAL("r"),
			.why = KICK_TAKEN_OUT });
	tell_joined(&join, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "{\"cmd\":\"join\"");
	assert_has(fixture_read(fd), "{\"cmd\":\"leave\"");
	expect_joined(5, "r");
	taken_leave();
}

static void
ask_who(const char *user)
{
	tell_from_api(WHO_WANTED, who_wanted_pack,
		(struct who_wanted){ .request = 8,
			.connection = 2,
			.tenant = TEXT_LITERAL("default"),
			.user = text_of(user) });
}

static void
connections_and_their_rooms_are_told(void **state)
{
	struct unpack clients, one, rooms;
	struct client client_;
	struct join join;
	struct who who;

	(void)state;
	client("ann");
	enlist(5, "r");
	join = taken_join();
	tell_joined(&join, 0);
	expect_joined(5, "r");
	ask_who("ann");
	fixture_take(WHO, who_unpack, &who);
	assert_int_equal(fixture.last_to, API_SLOT);
	assert_int_equal(who.request, 8);
	assert_int_equal(who.connection, 2);
	clients = unpack_of(who.clients);
	one = unpack_of(unpack_text(&clients));
	assert_true(client_unpack(&one, &client_));
	assert_true(clients.at == clients.end);
	assert_int_equal(client_.secret, entry_at(0).secret);
	assert_int_equal(client_.platform, 101);
	assert_int_equal(client_.address.length, 16);
	assert_false(client_.more);
	rooms = unpack_of(client_.rooms);
	assert_true(text_equal(unpack_text(&rooms), TEXT_LITERAL("r")));
	assert_true(rooms.at == rooms.end);
}

static void
nobody_is_an_empty_list(void **state)
{
	struct who who;

	(void)state;
	ask_who("bob");
	fixture_take(WHO, who_unpack, &who);
	assert_int_equal(who.clients.length, 0);
}

/* A letter with all rooms of all connections would not fit into a ring. */
static void
more_rooms_than_a_letter_takes_are_left_out(void **state)
{
	struct unpack clients, one;
	struct client client_;
	struct who who;
	char room[129];

	(void)state;
	client("ann");
	fixture.config.limits.rooms_per_connection = 1000;
	for (unsigned i = 0; i < 300; i++) {
		struct join join;

		snprintf(room, sizeof(room), "%0128u", i);
		enlist(5, room);
		join = taken_join();
		tell_joined(&join, 0);
		expect_joined(5, room);
	}
	ask_who("ann");
	fixture_take(WHO, who_unpack, &who);
	clients = unpack_of(who.clients);
	one = unpack_of(unpack_text(&clients));
	assert_true(client_unpack(&one, &client_));
	assert_true(client_.more);
	assert_in_range(who.clients.length, 8192, 32000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_is_made_a_member_and_told),
		TEST(the_class_of_the_room_is_not_asked),
		TEST(who_is_a_member_is_told_nothing),
		TEST(who_is_just_joining_is_refused),
		TEST(what_the_ledger_refuses_is_told_to_the_backend_alone),
		TEST(a_client_with_as_many_rooms_as_may_be_is_refused),
		TEST(a_ledger_that_is_busy_is_no_join),
		TEST(who_is_gone_or_was_another_is_not_found),
		TEST(who_goes_before_the_answer_is_not_found),
		TEST(who_is_logging_in_joins_behind_that),
		TEST(whose_login_is_refused_is_not_found),
		TEST(a_client_is_taken_out_as_if_it_had_left),
		TEST(who_is_taken_out_while_joining_joins_and_leaves),
		TEST(connections_and_their_rooms_are_told),
		TEST(nobody_is_an_empty_list),
		TEST(more_rooms_than_a_letter_takes_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
