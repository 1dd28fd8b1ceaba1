/* What the gateway tells the relay, and what it makes of logins at other hosts.
 */
#define FIXTURE_HAS_RELAY
#define OPEN_GATEWAY open_keeping_entries
#include "tests/unit/gateway_talk.h"

/* The next letter, which must go to the relay. */
static struct unpack
next_told(enum letter_kind kind)
{
	struct unpack in = next_letter(kind);

	assert_int_equal(fixture_letter_to(), RELAY_SLOT);
	return in;
}

static struct arrival
told_arrival(enum letter_kind kind)
{
	struct unpack in = next_told(kind);
	struct arrival arrival;

	assert_true(arrival_unpack(&in, &arrival));
	return arrival;
}

static struct join
told_join(void)
{
	struct unpack in = next_told(LETTER_JOIN);
	struct join join;

	assert_true(join_unpack(&in, &join));
	return join;
}

static struct leave
told_leave(void)
{
	struct unpack in = next_told(LETTER_LEAVE);
	struct leave leave;

	assert_true(leave_unpack(&in, &leave));
	return leave;
}

static void
let_next_in(void)
{
	struct join entry = taken_entry();

	let_in(&entry, 0);
}

static int
login(const char *user, unsigned platform)
{
	int fd = coming_on(user, platform);

	let_next_in();
	told_arrival(LETTER_ARRIVE);
	assert_has(fixture_read(fd), "\"code\":200");
	return fd;
}

/* Becomes a member; nothing is told before the ledger's answer. */
static struct join
enter(int fd, const char *data)
{
	struct join join;

	ask(fd, "join", data);
	join = taken_join();
	assert_null(fixture_letter());
	tell_joined(&join, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "\"code\":200");
	return told_join();
}

static void
a_login_is_told_when_it_is_answered(void **state)
{
	struct arrival arrival;
	struct index_entry entry;
	struct join join;
	int fd;

	(void)state;
	fd = coming_on("ann", 101);
	join = taken_entry();
	assert_null(fixture_letter());
	let_in(&join, 0);
	arrival = told_arrival(LETTER_ARRIVE);
	assert_int_equal(arrival.connection, join.connection);
	assert_true(text_equal(arrival.user, TEXT_LITERAL("ann")));
	assert_true(text_equal(arrival.tenant, TEXT_LITERAL("default")));
	assert_int_equal(arrival.platform, 101);
	assert_true(index_read(fixture.arena, 0,
		(uint32_t)(arrival.connection >> 32), &entry));
	assert_int_equal(arrival.secret, entry.secret);
	assert_int_equal(arrival.order, entry.order);
	ask(fd, "logout", "");
	arrival = told_arrival(LETTER_DEPART);
	assert_int_equal(arrival.connection, join.connection);
	assert_null(fixture_letter());
}

static void
of_a_login_that_fails_nothing_is_told(void **state)
{
	struct join join;

	(void)state;
	coming_on("ann", 101);
	join = taken_entry();
	tell_refused(join.request, 1004);
	assert_null(fixture_letter());
}

static void
every_room_is_told(void **state)
{
	struct join join;
	int fd;

	(void)state;
	fd = login("ann", 101);
	join = enter(fd, "\"room\":\"r\"");
	assert_true(text_equal(join.room, TEXT_LITERAL("r")));
	assert_int_equal(join.flags, JOIN_EVENTS | JOIN_PRESENCE);
	join = enter(fd, "\"room\":\"s\",\"presence\":false");
	assert_true(text_equal(join.room, TEXT_LITERAL("s")));
	assert_int_equal(join.flags, JOIN_EVENTS);
	ask(fd, "leave", "\"room\":\"s\"");
	assert_true(text_equal(told_leave().room, TEXT_LITERAL("s")));
	assert_null(fixture_letter()); /* ledgers did not know of it */
}

static void
who_is_lost_leaves_all(void **state)
{
	struct leave leave;
	int fd;

	(void)state;
	fd = login("ann", 101);
	enter(fd, "\"room\":\"r\"");
	fixture_forget_letters();
	close(fd);
	fixture_turn();
	leave = told_leave();
	assert_int_equal(leave.lost, 1);
	taken_leave();
	told_arrival(LETTER_DEPART);
	assert_null(fixture_letter());
}

static void
tell_announce(void)
{
	fixture_tell_from(RELAY_SLOT, ANNOUNCE, announce_pack,
		(struct announce){ .life = 9 });
	fixture_turn();
}

static bool
told_announced(void)
{
	struct unpack in = next_told(LETTER_ANNOUNCED);
	struct announced announced;

	assert_true(announced_unpack(&in, &announced));
	assert_int_equal(announced.life, 9);
	return announced.begins;
}

static void
a_new_relay_is_told_everything_again(void **state)
{
	int fd;

	(void)state;
	fd = login("ann", 101);
	enter(fd, "\"room\":\"r\"");
	login("bob", 101);
	coming_on("eve", 101);
	fixture_forget_letters();
	fixture.is_full = true;
	tell_announce();
	assert_null(fixture_letter());
	fixture.is_full = false;
	fixture_turn();
	assert_true(told_announced());
	assert_true(text_equal(
		told_arrival(LETTER_ARRIVE).user, TEXT_LITERAL("ann")));
	assert_true(text_equal(told_join().room, TEXT_LITERAL("r")));
	assert_true(text_equal(
		told_arrival(LETTER_ARRIVE).user, TEXT_LITERAL("bob")));
	assert_false(told_announced());
	assert_null(fixture_letter());
}

/* Logins elsewhere: the test plays the relay. */

static uint64_t
order_of(uint32_t place)
{
	struct index_entry entry;

	assert_true(index_read(fixture.arena, 0, place, &entry));
	return entry.order;
}

static void
show(uint64_t order, unsigned platform)
{
	struct index_entry entry = { .secret = 5,
		.order = order,
		.platform = platform,
		.tenant_length = 7,
		.user_length = 3,
		.host = 2 };

	memcpy(entry.tenant, "default", 7);
	memcpy(entry.user, "ann", 3);
	assert_true(index_add(fixture.arena, RELAY_SLOT, &entry));
}

static void
tell_arrived(uint64_t order, unsigned platform)
{
	show(order, platform);
	fixture_tell_from(RELAY_SLOT, ARRIVE, arrival_pack,
		(struct arrival){ .tenant = TEXT_LITERAL("default"),
			.user = TEXT_LITERAL("ann"),
			.platform = platform,
			.order = order,
			.host = 2 });
	fixture_turn();
}

static void
assert_closed(int fd, const char *close)
{
	assert_has(fixture_read(fd), "\"cmd\":\"kick\"");
	assert_string_equal(fixture_read(fd), close);
}

static void
with_replace_a_newer_login_elsewhere_stays(void **state)
{
	int fd, phone;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	fd = login("ann", 101);
	phone = login("ann", 102);
	tell_arrived(order_of(0) - 1, 101);
	assert_here(fd);
	tell_arrived(order_of(0) + 1, 101);
	assert_closed(fd, "CLOSE 4009");
	assert_here(phone);
}

static void
with_refuse_an_older_login_elsewhere_stays(void **state)
{
	int fd;

	(void)state;
	fixture.config.login_policy = LOGIN_REFUSE;
	fd = login("ann", 101);
	tell_arrived(order_of(0) + 1, 101);
	assert_here(fd);
	tell_arrived(order_of(0) - 1, 101);
	assert_closed(fd, "CLOSE 4009");
}

/* Of two of the same moment the host decides, so both agree: the other one is
 * 2, this one 1. */
static void
of_the_same_moment_the_greater_host_is_newer(void **state)
{
	int fd;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	fd = login("ann", 101);
	tell_arrived(order_of(0), 101);
	assert_closed(fd, "CLOSE 4009");
}

static void
with_multi_logins_elsewhere_do_not_matter(void **state)
{
	int fd;

	(void)state;
	fd = login("ann", 101);
	tell_arrived(order_of(0) + 1, 101);
	assert_here(fd);
}

/* Its host may have a clock that is ahead. */
static void
who_logs_in_here_is_newer_than_all_he_sees(void **state)
{
	uint64_t ahead = (clock_unix_ms() + 3600000) << 20;
	struct unpack in;
	struct kick kick;
	int fd;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	show(ahead, 101);
	fd = coming_on("ann", 101);
	let_next_in();
	assert_has(fixture_read(fd), "\"code\":200");
	assert_int_equal(order_of(0), ahead + 1);
	in = next_told(LETTER_KICK);
	assert_true(kick_unpack(&in, &kick));
	assert_int_equal(kick.secret, 5);
	assert_int_equal(kick.why, KICK_REPLACED);
}

static void
with_refuse_one_elsewhere_keeps_others_out(void **state)
{
	int fd;

	(void)state;
	fixture.config.login_policy = LOGIN_REFUSE;
	show(1, 101);
	fd = coming_on("ann", 101);
	assert_null(fixture_letter());
	assert_has(fixture_read(fd), "\"code\":1009");
}

static void
connections_elsewhere_count_for_a_user(void **state)
{
	int fd;

	(void)state;
	fixture.config.user_connections = 2;
	show(1, 101);
	login("ann", 102);
	fd = coming_on("ann", 103);
	assert_has(fixture_read(fd), "\"code\":1012");
}

static void
one_who_is_coming_gives_way_to_a_newer_one_elsewhere(void **state)
{
	struct join entry;
	int fd;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	fd = coming_on("ann", 101);
	entry = taken_entry();
	tell_arrived(order_of(0) + 1, 101);
	let_in(&entry, 0);
	assert_closed(fd, "CLOSE 4009");
	assert_null(fixture_letter()); /* and kicks nobody */
}

/* What nobody remembers. */

static void
a_message_goes_to_the_relay_where_others_have_members(void **state)
{
	struct unpack in;
	struct message message;
	int fd;

	(void)state;
	fixture.class.history = false;
	fd = login("ann", 101);
	enter(fd, "\"room\":\"r\"");
	fixture_forget_letters();
	ask(fd, "say", "\"room\":\"r\",\"body\":1");
	assert_null(fixture_letter());
	index_room_add(fixture.arena, RELAY_SLOT, TEXT_LITERAL("default"),
		TEXT_LITERAL("r"));
	ask(fd, "say", "\"room\":\"r\",\"body\":1");
	in = next_told(LETTER_DELIVER);
	assert_true(message_unpack(&in, &message));
	assert_true(message.id_time != 0);
	assert_int_equal(message.offset, 0);
}

static void
a_client_elsewhere_is_known_by_his_id(void **state)
{
	char id[CLIENT_ID_LENGTH + 1], data[128];
	struct index_entry entry;
	struct message message;
	struct unpack in;
	int fd;

	(void)state;
	show(1, 101);
	index_show_secret(fixture.arena, RELAY_SLOT, 0);
	assert_true(index_read(fixture.arena, RELAY_SLOT, 0, &entry));
	index_client_id(&entry, 1, RELAY_SLOT, id);
	fd = login("bob", 101);
	snprintf(data, sizeof(data), "\"client\":\"%s\",\"body\":1", id);
	ask(fd, "say", data);
	assert_has(fixture_read(fd), "\"code\":200");
	in = next_told(LETTER_DELIVER);
	assert_true(message_unpack(&in, &message));
	in = unpack_of(message.others);
	assert_int_equal(unpack_number(&in), 0);
	assert_int_equal(unpack_number(&in), 5);
	data[strlen("\"client\":\"000")]++; /* another host */
	ask(fd, "say", data);
	assert_has(fixture_read(fd), "\"code\":1005");
	assert_null(fixture_letter());
}

static void
who_is_online_elsewhere_is_online(void **state)
{
	int fd;

	(void)state;
	show(1, 103);
	fd = login("bob", 101);
	ask(fd, "online", "\"users\":[\"ann\",\"eve\"]");
	assert_has(fixture_read(fd), "\"online\":{\"ann\":[103]}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_login_is_told_when_it_is_answered),
		TEST(of_a_login_that_fails_nothing_is_told),
		TEST(every_room_is_told),
		TEST(who_is_lost_leaves_all),
		TEST(a_new_relay_is_told_everything_again),
		TEST(with_replace_a_newer_login_elsewhere_stays),
		TEST(with_refuse_an_older_login_elsewhere_stays),
		TEST(of_the_same_moment_the_greater_host_is_newer),
		TEST(with_multi_logins_elsewhere_do_not_matter),
		TEST(who_logs_in_here_is_newer_than_all_he_sees),
		TEST(with_refuse_one_elsewhere_keeps_others_out),
		TEST(connections_elsewhere_count_for_a_user),
		TEST(one_who_is_coming_gives_way_to_a_newer_one_elsewhere),
		TEST(a_message_goes_to_the_relay_where_others_have_members),
		TEST(a_client_elsewhere_is_known_by_his_id),
		TEST(who_is_online_elsewhere_is_online),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
