/* Several logins of one user at one gateway, by login_policy and
 * user_connections, and who is kicked for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/gateway_fixture.h"

static int
set_up(void **state)
{
	(void)state;
	fixture_open(1);
	fixture.keeps_entries = true;
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

static int
ask(unsigned platform)
{
	char json[128];
	int fd = fixture_connect();

	snprintf(json, sizeof(json),
		"{\"cmd\":\"login\",\"data\":{\"user\":\"ann\","
		"\"platform\":%u}}",
		platform);
	fixture_say(fd, json);
	return fd;
}

static struct join
asked(void)
{
	const struct letter *letter = fixture_letter();
	struct join join;

	assert_non_null(letter);
	assert_true(fixture_read_entry(letter, &join));
	return join;
}

static void
let_in(void)
{
	struct join join = asked();

	fixture_let_in(&join, 0);
	fixture_turn();
}

static int
login(unsigned platform)
{
	int fd = ask(platform);

	let_in();
	assert_has(fixture_read(fd), "\"code\":200");
	return fd;
}

static void
assert_here(int fd)
{
	assert_string_equal(fixture_read(fd), "");
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_has(fixture_read(fd), "\"code\":200");
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
	new = ask(101);
	assert_here(old);
	let_in();
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
	new = ask(101);
	join = asked();
	fixture_tell(REFUSED, refused_pack,
		(struct refused){ .request = join.request,
			.code = 1004,
			.error = TEXT_LITERAL("busy") });
	fixture_turn();
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
	first = ask(101);
	second = ask(101);
	join = asked();
	let_in();
	assert_has(fixture_read(second), "\"code\":200");
	fixture_let_in(&join, 0);
	fixture_turn();
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
	first = ask(101);
	second = ask(101);
	let_in();
	assert_kicked(first, "CLOSE 4009");
	let_in();
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
	new = ask(101);
	assert_null(fixture_letter());
	assert_has(fixture_read(new), "\"code\":1009");
	assert_int_equal(count_of(COUNTER_REFUSED_LOGIN), 1);
	assert_here(old);
	assert_here(phone);
	/* When the other is gone the same connection may. */
	close(old);
	fixture_turn();
	fixture_say(new, "{\"cmd\":\"login\",\"data\":{\"user\":\"ann\"}}");
	let_in();
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
	three = ask(102);
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
	assert_has(fixture_read(ask(102)), "\"code\":1012");
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
	int fd = ask(101);
	struct kick kick = kick_of(0, KICK_REFUSED);

	(void)state;
	fixture_tell(KICK, kick_pack, kick);
	fixture_turn();
	assert_string_equal(fixture_read(fd), "");
	let_in();
	assert_has(fixture_read(fd), "\"code\":1009");
	assert_int_equal(count_of(COUNTER_SESSIONS), 0);
	/* And that is forgotten with the next login. */
	fixture_say(fd, "{\"cmd\":\"login\",\"data\":{\"user\":\"ann\"}}");
	let_in();
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
