/* Several logins of one user at one gateway, by login_policy and
 * user_connections, and who is kicked for it. */
#include <errno.h>

#define OPEN_GATEWAY open_keeping_entries
#include "tests/unit/gateway_talk.h"

static int
come(unsigned platform)
{
	return coming_on("ann", platform);
}

static void
let_next_in(void)
{
	struct join entry = taken_entry();

	let_in(&entry, 0);
}

static int
login(unsigned platform)
{
	int fd = come(platform);

	let_next_in();
	assert_has(fixture_read(fd), "\"code\":200");
	return fd;
}

static void
assert_kicked(int fd, const char *close)
{
	assert_has(
		fixture_read(fd), "{\"cmd\":\"kick\",\"data\":{\"reason\":\"");
	assert_string_equal(fixture_read(fd), close);
}

static uint64_t
count_of(enum counter counter)
{
	return row_read(fixture.gateway.row, counter);
}

/* The connection in the place that was taken last. */
static struct kick
kick_of(uint32_t place, enum kick_why why)
{
	struct index_entry entry;

	assert_true(index_read(fixture.arena, 0, place, &entry));
	return (struct kick){
		.place = place, .secret = entry.secret, .why = why
	};
}

static void
with_replace_the_newer_login_kicks_the_older(void **state)
{
	int old, phone, new;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	old = login(101);
	phone = login(102);
	new = come(101);
	assert_here(old);
	let_next_in();
	assert_has(fixture_read(new), "\"code\":200");
	assert_kicked(old, "CLOSE 4009");
	assert_here(phone);
	assert_here(new);
	assert_int_equal(count_of(COUNTER_SESSIONS), 2);
}

static void
a_login_that_fails_replaces_nobody(void **state)
{
	struct join join;
	int old, new;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	old = login(101);
	new = come(101);
	join = taken_entry();
	tell_refused(join.request, 1004);
	assert_has(fixture_read(new), "\"code\":1004");
	assert_here(old);
}

static void
of_two_that_are_being_let_in_one_stays(void **state)
{
	struct join join;
	int first, second;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	first = come(101);
	second = come(101);
	join = taken_entry();
	let_next_in();
	assert_has(fixture_read(second), "\"code\":200");
	let_in(&join, 0);
	assert_kicked(first, "CLOSE 4009");
	assert_here(second);
	assert_int_equal(count_of(COUNTER_SESSIONS), 1);
}

static void
who_sees_a_newer_one_goes_by_himself(void **state)
{
	int first, second;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	first = come(101);
	second = come(101);
	let_next_in();
	assert_kicked(first, "CLOSE 4009");
	let_next_in();
	assert_has(fixture_read(second), "\"code\":200");
	assert_here(second);
}

static void
with_refuse_the_older_login_stays(void **state)
{
	int old, phone, new;

	(void)state;
	fixture.config.login_policy = LOGIN_REFUSE;
	old = login(101);
	phone = login(102);
	new = come(101);
	assert_null(fixture_letter());
	assert_has(fixture_read(new), "\"code\":1009");
	assert_int_equal(count_of(COUNTER_REFUSED_LOGIN), 1);
	assert_here(old);
	assert_here(phone);
	/* When the other is gone the same connection may. */
	close(old);
	fixture_turn();
	say_login(new, "ann");
	let_next_in();
	assert_has(fixture_read(new), "\"code\":200");
}

static void
a_user_has_so_many_connections(void **state)
{
	int one, two, three;

	(void)state;
	fixture.config.user_connections = 2;
	one = login(101);
	two = login(101);
	three = come(102);
	assert_null(fixture_letter());
	assert_has(fixture_read(three), "\"code\":1012");
	assert_int_equal(count_of(COUNTER_REFUSED_USER_CONNECTIONS), 1);
	assert_here(one);
	assert_here(two);
	close(one);
	fixture_turn();
	login(102);
}

static void
with_replace_one_may_always_replace_oneself(void **state)
{
	int old;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	fixture.config.user_connections = 1;
	old = login(101);
	login(101);
	assert_kicked(old, "CLOSE 4009");
	assert_has(fixture_read(come(102)), "\"code\":1012");
}

static void
a_kick_finds_only_whom_it_was_meant_for(void **state)
{
	int fd = login(101), next;
	struct kick kick = kick_of(0, KICK_REPLACED);

	(void)state;
	close(fd);
	fixture_turn();
	next = login(101);
	fixture_tell(KICK, kick_pack, kick);
	kick.place = 1 << 20;
	fixture_tell(KICK, kick_pack, kick);
	kick.place = 200;
	fixture_tell(KICK, kick_pack, kick);
	fixture_turn();
	assert_here(next);
	kick = kick_of(0, KICK_TOO_MANY);
	fixture_tell(KICK, kick_pack, kick);
	fixture_turn();
	assert_kicked(next, "CLOSE 4014");
}

static void
who_is_kicked_before_he_is_in_is_refused(void **state)
{
	int fd = come(101);
	struct kick kick = kick_of(0, KICK_REFUSED);

	(void)state;
	fixture_tell(KICK, kick_pack, kick);
	fixture_turn();
	assert_silent(fd);
	let_next_in();
	assert_has(fixture_read(fd), "\"code\":1009");
	assert_int_equal(count_of(COUNTER_SESSIONS), 0);
	/* And that is forgotten with the next login. */
	say_login(fd, "ann");
	let_next_in();
	assert_has(fixture_read(fd), "\"code\":200");
}

static void
an_operator_may_give_a_reason(void **state)
{
	int fd = login(101);
	struct kick kick = kick_of(0, KICK_BY_OPERATOR);

	(void)state;
	kick.reason = TEXT_LITERAL("no \"spam\" here");
	fixture_tell(KICK, kick_pack, kick);
	fixture_turn();
	assert_string_equal(fixture_read(fd),
		"{\"cmd\":\"kick\",\"data\":{\"reason\":"
		"\"no \\\"spam\\\" here\"}}");
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_replace_the_newer_login_kicks_the_older),
		TEST(a_login_that_fails_replaces_nobody),
		TEST(of_two_that_are_being_let_in_one_stays),
		TEST(who_sees_a_newer_one_goes_by_himself),
		TEST(with_refuse_the_older_login_stays),
		TEST(a_user_has_so_many_connections),
		TEST(with_replace_one_may_always_replace_oneself),
		TEST(a_kick_finds_only_whom_it_was_meant_for),
		TEST(who_is_kicked_before_he_is_in_is_refused),
		TEST(an_operator_may_give_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
