/* Who may say, read and join, as the class of the room says. */
#include <errno.h>

#include "tests/unit/gateway_talk.h"

#define SAY "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":1}}"
#define JOIN "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}"

static const char *const readings[] = {
	"{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}",
	"{\"cmd\":\"members\",\"data\":{\"room\":\"r\"}}",
	"{\"cmd\":\"search\",\"data\":{\"room\":\"r\",\"text\":\"x\"}}",
};

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
expect_letter(int fd, const char *json, enum letter_kind kind)
{
	fixture_say(fd, json);
	next_letter(kind);
	assert_silent(fd);
}

static void
who_is_no_member_may_do_nothing_that_takes_one(void **state)
{
	int fd = client("u");

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
	int fd = client("u");

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
	int fd = client("u");

	(void)state;
	fixture.class.say = fixture.class.read = MAY_ANYONE;
	expect_letter(fd, JOIN, LETTER_JOIN);
	fixture_say(fd, SAY);
	fixture_say(fd, readings[0]);
	assert_null(fixture_letter());
	assert_silent(fd);
	close(fd);
}

static void
who_is_no_member_reaches_those_who_are(void **state)
{
	int fd = client("u"), to;

	(void)state;
	fixture.class.say = MAY_ANYONE;
	fixture.class.history = false;
	to = member("u");
	fixture_say(fd, SAY);
	assert_has(fixture_read(fd), "\"reached\":1");
	assert_has(fixture_read(to), "\"cmd\":\"msg\"");
	/* The member does not count himself. */
	fixture_say(to, SAY);
	assert_has(fixture_read(to), "\"reached\":0");
	close(fd);
	close(to);
}

static void
nobody_has_a_token_and_no_client_is_a_backend(void **state)
{
	static const enum who_may who[] = { MAY_TOKEN, MAY_API };
	int fd = client("u");

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
	const struct CMUnitTest tests[] = {
		TEST(who_is_no_member_may_do_nothing_that_takes_one),
		TEST(anyone_may_where_anyone_may),
		TEST(what_follows_an_open_join_waits_even_where_anyone_may),
		TEST(who_is_no_member_reaches_those_who_are),
		TEST(nobody_has_a_token_and_no_client_is_a_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
