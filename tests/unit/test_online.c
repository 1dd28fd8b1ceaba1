/* Who is online, and where, as a client is told. */
#include "tests/unit/gateway_talk.h"

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
	char data[256], expected[256];

	snprintf(data, sizeof(data), "\"users\":%s", users);
	snprintf(expected, sizeof(expected),
		"{\"seq\":3,\"cmd\":\"online\",\"code\":200,\"data\":{"
		"\"online\":%s}}",
		answer);
	ask(fd, "online", data);
	assert_string_equal(fixture_read(fd), expected);
}

static void
assert_refused(int fd, const char *data)
{
	ask(fd, "online", data);
	assert_has(fixture_read(fd),
		"\"code\":1001,\"error\":\"users must be 1 to 1000 strings");
}

static void
platforms_are_ascending_and_stand_there_once(void **state)
{
	int fd = client_on("anna", 104);

	(void)state;
	client_on("anna", 101);
	client_on("anna", 104);
	client_on("anna", 7);
	client_on("bob", 0);
	assert_answer(fd, "[\"bob\",\"anna\",\"nobody\",\"anna\"]",
		"{\"anna\":[7,101,104],\"bob\":[0]}");
	assert_answer(fd, "[\"nobody\"]", "{}");
}

static void
who_goes_is_not_online_any_more(void **state)
{
	int fd = client_on("anna", 1), other = client_on("bob", 2);

	(void)state;
	assert_answer(fd, "[\"bob\"]", "{\"bob\":[2]}");
	fixture_say(other, "{\"cmd\":\"logout\"}");
	assert_answer(fd, "[\"bob\"]", "{}");
}

static void
users_of_another_tenant_are_not_seen(void **state)
{
	int fd = client_on("anna", 1);

	(void)state;
	add_stranger("anna");
	add_stranger("eve");
	assert_answer(fd, "[\"eve\",\"anna\"]", "{\"anna\":[1]}");
}

static void
what_is_no_list_of_users_is_refused(void **state)
{
	int fd = client_on("anna", 1);

	(void)state;
	assert_refused(fd, "");
	assert_refused(fd, "\"users\":[]");
	assert_refused(fd, "\"users\":{}");
	assert_refused(fd, "\"users\":\"anna\"");
	assert_refused(fd, "\"users\":[\"anna\",1]");
	assert_refused(fd, "\"users\":[\"\"]");
	assert_refused(fd, "\"users\":[\"a\\u0001\"]");
	assert_refused(fd, "\"users\":[\"0123456789012345678901234567890123456"
			   "7890123456789012345678901234\"]");
}

static void
a_thousand_users_may_be_asked_for_and_no_more(void **state)
{
	static char json[20000];
	int fd = client_on("u500", 3);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(platforms_are_ascending_and_stand_there_once),
		TEST(who_goes_is_not_online_any_more),
		TEST(users_of_another_tenant_are_not_seen),
		TEST(what_is_no_list_of_users_is_refused),
		TEST(a_thousand_users_may_be_asked_for_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
