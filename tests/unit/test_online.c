/* Who is online, and where, as a client is told. */
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
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

static int
client(const char *user, unsigned platform)
{
	char json[128];
	int fd = fixture_connect();

	snprintf(json, sizeof(json),
		"{\"cmd\":\"login\",\"data\":{\"user\":\"%s\",\"platform\":%u}"
		"}",
		user, platform);
	fixture_say(fd, json);
	assert_non_null(strstr(fixture_read(fd), "\"code\":200"));
	return fd;
}

/* Somebody of another tenant, put into the index by hand. */
static void
add_stranger(const char *user)
{
	struct index_entry entry = { .platform = 1,
		.tenant_length = 5,
		.user_length = (uint8_t)strlen(user) };

	memcpy(entry.tenant, "other", 5);
	memcpy(entry.user, user, entry.user_length);
	assert_true(index_add(fixture.arena, 0, &entry));
}

static void
assert_answer(int fd, const char *users, const char *answer)
{
	char json[256], expected[256];

	snprintf(json, sizeof(json),
		"{\"cmd\":\"online\",\"data\":{\"users\":%s}}", users);
	snprintf(expected, sizeof(expected),
		"{\"cmd\":\"online\",\"code\":200,\"data\":{\"online\":%s}}",
		answer);
	fixture_say(fd, json);
	assert_string_equal(fixture_read(fd), expected);
}

static void
assert_refused(int fd, const char *data)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"cmd\":\"online\",\"data\":%s}", data);
	fixture_say(fd, json);
	assert_non_null(strstr(fixture_read(fd),
		"\"code\":1001,\"error\":\"users must be 1 to 1000 strings"));
}

static void
platforms_are_ascending_and_stand_there_once(void **state)
{
	int fd = client("anna", 104);

	(void)state;
	client("anna", 101);
	client("anna", 104);
	client("anna", 7);
	client("bob", 0);
	assert_answer(fd, "[\"bob\",\"anna\",\"nobody\",\"anna\"]",
		"{\"anna\":[7,101,104],\"bob\":[0]}");
	assert_answer(fd, "[\"nobody\"]", "{}");
}

static void
who_goes_is_not_online_any_more(void **state)
{
	int fd = client("anna", 1), other = client("bob", 2);

	(void)state;
	assert_answer(fd, "[\"bob\"]", "{\"bob\":[2]}");
	fixture_say(other, "{\"cmd\":\"logout\"}");
	assert_answer(fd, "[\"bob\"]", "{}");
}

static void
users_of_another_tenant_are_not_seen(void **state)
{
	int fd = client("anna", 1);

	(void)state;
	add_stranger("anna");
	add_stranger("eve");
	assert_answer(fd, "[\"eve\",\"anna\"]", "{\"anna\":[1]}");
}

static void
what_is_no_list_of_users_is_refused(void **state)
{
	int fd = client("anna", 1);

	(void)state;
	assert_refused(fd, "{}");
	assert_refused(fd, "{\"users\":[]}");
	assert_refused(fd, "{\"users\":{}}");
	assert_refused(fd, "{\"users\":\"anna\"}");
	assert_refused(fd, "{\"users\":[\"anna\",1]}");
	assert_refused(fd, "{\"users\":[\"\"]}");
	assert_refused(fd, "{\"users\":[\"a\\u0001\"]}");
	assert_refused(fd, "{\"users\":[\"0123456789012345678901234567890123456"
			   "7890123456789012345678901234\"]}");
}

static void
a_thousand_users_may_be_asked_for_and_no_more(void **state)
{
	static char json[20000];
	int fd = client("u500", 3);
	int length;

	(void)state;
	for (int last = 1000; last <= 1001; last++) {
		length = snprintf(json, sizeof(json),
			"{\"cmd\":\"online\",\"data\":{\"users\":[\"u1\"");
		for (int i = 2; i <= last; i++)
			length += snprintf(json + length,
				sizeof(json) - (size_t)length, ",\"u%d\"", i);
		snprintf(json + length, sizeof(json) - (size_t)length, "]}}");
		fixture_say(fd, json);
		assert_non_null(strstr(fixture_read(fd),
			last == 1000 ? "{\"online\":{\"u500\":[3]}}"
				     : "\"code\":1001"));
	}
}

#define with_gateway(test)                                                     \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_gateway(platforms_are_ascending_and_stand_there_once),
		with_gateway(who_goes_is_not_online_any_more),
		with_gateway(users_of_another_tenant_are_not_seen),
		with_gateway(what_is_no_list_of_users_is_refused),
		with_gateway(a_thousand_users_may_be_asked_for_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
