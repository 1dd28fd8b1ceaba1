/* Who may say, read and join, as the class of the room says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/gateway_fixture.h"

#define SAY "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":1}}"
#define JOIN "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}"

static const char *const readings[] = {
	"{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}",
	"{\"cmd\":\"members\",\"data\":{\"room\":\"r\"}}",
	"{\"cmd\":\"search\",\"data\":{\"room\":\"r\",\"text\":\"x\"}}",
};

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

static int
client(void)
{
	int fd = fixture_connect();

	fixture_say(fd, "{\"cmd\":\"login\",\"data\":{\"user\":\"u\"}}");
	assert_has(fixture_read(fd), "\"code\":200");
	fixture_forget_letters();
	return fd;
}

static void
expect_refused(int fd, const char *json, const char *why)
{
	const char *frame;

	fixture_say(fd, json);
	assert_null(fixture_letter());
	frame = fixture_read(fd);
	assert_has(frame, "\"code\":1003");
	assert_has(frame, why);
}

static void
expect_letter(int fd, const char *json, unsigned kind)
{
	const struct letter *letter;

	fixture_say(fd, json);
	letter = fixture_letter();
	assert_non_null(letter);
	assert_int_equal(letter->kind, kind);
	assert_string_equal(fixture_read(fd), "");
}

static void
who_is_no_member_may_do_nothing_that_takes_one(void **state)
{
	int fd = client();

	(void)state;
	expect_refused(fd, SAY, "join it first");
	for (size_t i = 0; i < ARRAY_LEN(readings); i++)
		expect_refused(fd, readings[i], "join it first");
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_REFUSED_PERMISSION), 4);
	close(fd);
}

static void
anyone_may_where_anyone_may(void **state)
{
	int fd = client();

	(void)state;
	fixture.class.say = fixture.class.read = MAY_ANYONE;
	expect_letter(fd, SAY, LETTER_SAY);
	expect_letter(fd, readings[0], LETTER_LOOKUP);
	expect_letter(fd, readings[1], LETTER_MEMBERS_WANTED);
	expect_letter(fd, readings[2], LETTER_SEARCH);
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_REFUSED_PERMISSION), 0);
	close(fd);
}

static void
what_follows_an_open_join_waits_even_where_anyone_may(void **state)
{
	int fd = client();

	(void)state;
	fixture.class.say = fixture.class.read = MAY_ANYONE;
	expect_letter(fd, JOIN, LETTER_JOIN);
	fixture_say(fd, SAY);
	fixture_say(fd, readings[0]);
	assert_null(fixture_letter());
	assert_string_equal(fixture_read(fd), "");
	close(fd);
}

static void
who_is_no_member_reaches_those_who_are(void **state)
{
	int fd = client(), member = client();
	struct unpack in;
	struct join join;

	(void)state;
	fixture.class.say = MAY_ANYONE;
	fixture.class.history = false;
	fixture_say(member, JOIN);
	in = letter_open(fixture_letter());
	assert_true(join_unpack(&in, &join));
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request, .room = join.room });
	fixture_turn();
	assert_has(fixture_read(member), "\"code\":200");
	fixture_say(fd, SAY);
	assert_has(fixture_read(fd), "\"reached\":1");
	assert_has(fixture_read(member), "\"cmd\":\"msg\"");
	/* The member does not count himself. */
	fixture_say(member, SAY);
	assert_has(fixture_read(member), "\"reached\":0");
	close(fd);
	close(member);
}

static void
nobody_has_a_token_and_no_client_is_a_backend(void **state)
{
	static const enum who_may who[] = { MAY_TOKEN, MAY_API };
	int fd = client();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(who); i++) {
		const char *why = who[i] == MAY_TOKEN ? "token" : "backends";

		fixture.class.say = fixture.class.read = (int)who[i];
		fixture.class.join = (int)who[i];
		expect_refused(fd, SAY, why);
		expect_refused(fd, JOIN, why);
		for (size_t k = 0; k < ARRAY_LEN(readings); k++)
			expect_refused(fd, readings[k], why);
	}
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_REFUSED_PERMISSION), 10);
	assert_false(index_has_room(
		fixture.arena, 0, TEXT_LITERAL("default"), TEXT_LITERAL("r")));
	close(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(who_is_no_member_may_do_nothing_that_takes_one),
		TEST(anyone_may_where_anyone_may),
		TEST(what_follows_an_open_join_waits_even_where_anyone_may),
		TEST(who_is_no_member_reaches_those_who_are),
		TEST(nobody_has_a_token_and_no_client_is_a_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
