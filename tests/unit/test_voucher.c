/* Users who log in with a token, what it allows, and how long. */
#include "shared/crypto.h"
#include "shared/token.h"

#define OPEN_GATEWAY open_with_keys
#include "tests/unit/gateway_talk.h"

#include "tests/unit/gateway_keys.h"
#include "worker/gateway/grant.h"

/* acme wants tokens, default does not. */
static int
open_with_keys(void **state)
{
	open_gateway(state);
	fixture_want_tokens();
	return 0;
}

/* A good token for ten minutes, with more claims; static. */
static const char *
token_of(const char *user, const char *more)
{
	static struct buffer text;
	const char *why;
	struct crypto_key *key = crypto_key_read_private(
		CRYPTO_HS256, TEXT_LITERAL(TOKEN_KEY), &why);
	char claims[512];

	snprintf(claims, sizeof(claims), "{\"sub\":\"%s\",\"exp\":%llu%s}",
		user, (unsigned long long)clock_unix_ms() / 1000 + 600, more);
	text.length = 0;
	assert_true(
		token_write(&text, key, (struct text){ 0 }, text_of(claims)));
	buffer_add_byte(&text, 0);
	crypto_key_free(&key);
	return (const char *)text.data;
}

/* Asks with a token; data: other members, ended by a comma. */
static void
ask_with(int fd, const char *verb, const char *data, const char *token)
{
	char json[1024];

	snprintf(json, sizeof(json),
		"{\"cmd\":\"%s\",\"data\":{%s\"token\":\"%s\"}}", verb, data,
		token);
	fixture_say(fd, json);
}

static void
login_with(int fd, const char *data, const char *token)
{
	ask_with(fd, "login", data, token);
}

/* A client of acme whose token has these claims too. */
static int
holder(const char *user, const char *more)
{
	int fd = fixture_connect();

	login_with(fd, "\"tenant\":\"acme\",", token_of(user, more));
	assert_has(fixture_read(fd), "\"cmd\":\"login\",\"code\":200");
	return fd;
}

static void
expect(int fd, unsigned code, const char *part)
{
	const char *frame = fixture_read(fd);
	char number[32];

	snprintf(number, sizeof(number), "\"code\":%u", code);
	assert_has(frame, number);
	assert_has(frame, part);
	assert_null(fixture_letter());
}

/* The newest one. */
static struct session *
session_here(void)
{
	return (struct session *)fixture.gateway.lanes->all->previous;
}

static void
a_token_says_who_it_is(void **state)
{
	int fd = fixture_connect();
	const char *frame;

	(void)state;
	login_with(fd, "\"info\":{\"n\":2},",
		token_of("ann", ",\"tenant\":\"acme\",\"platform\":7,"
				"\"info\":{\"n\": 1},\"jti\":\"j\",\"iat\":5"));
	frame = fixture_read(fd);
	assert_has(frame, "\"code\":200");
	assert_has(
		frame, "\"user\":\"ann\",\"platform\":7,\"tenant\":\"acme\"");
	assert_has(frame, "\"expires\":1");
	assert_true(text_equal(
		session_info(session_here()), TEXT_LITERAL("{\"n\":1}")));
	assert_true(
		text_equal(grant_id(session_here()->grant), TEXT_LITERAL("j")));
	assert_int_equal(session_here()->grant->issued_ms, 5000);
}

static void
what_a_token_leaves_open_the_login_says(void **state)
{
	int fd = fixture_connect();

	(void)state;
	login_with(fd, "\"tenant\":\"acme\",\"user\":\"ann\",\"platform\":9,",
		token_of("ann", ""));
	assert_has(fixture_read(fd), "\"platform\":9,\"tenant\":\"acme\"");
	holder("bob", "");
	assert_int_equal(session_here()->platform, 101);
}

static void
a_login_must_agree_with_its_token(void **state)
{
	static const struct {
		const char *data, *claims, *part;
	} wrong[] = {
		{ "\"tenant\":\"acme\",\"user\":\"bob\",", "", "another user" },
		{ "\"tenant\":\"acme\",\"platform\":101,", ",\"platform\":7",
			"another platform" },
		{ "\"tenant\":\"acme\",", ",\"tenant\":\"default\"",
			"another tenant" },
		{ "\"tenant\":\"acme\",", ",\"rooms\":5", "rooms of the" },
		{ "\"tenant\":\"acme\",", ",\"nbf\":1e12", "not valid yet" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		int fd = fixture_connect();

		login_with(fd, wrong[i].data, token_of("ann", wrong[i].claims));
		expect(fd, 1003, wrong[i].part);
		close(fd);
		fixture_turn();
	}
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_REFUSED_TOKEN),
		ARRAY_LEN(wrong));
}

static void
a_tenant_claimed_is_not_yet_believed(void **state)
{
	int fd = fixture_connect();

	(void)state;
	login_with(fd, "", token_of("ann", ",\"tenant\":\"other\""));
	expect(fd, 1003, "no such tenant");
	login_with(fd, "", token_of("ann", ",\"tenant\":\"\""));
	expect(fd, 1002, "user");
	login_with(fd, "", "e30.eyJ0ZW5hbnQiOiJhY21lIn0.AAAA");
	expect(fd, 1003, "the token is no JWT");
	assert_here(fd);
}

static void
without_a_token_there_is_no_login(void **state)
{
	int fd = fixture_connect();

	(void)state;
	ask(fd, "login", "\"tenant\":\"acme\",\"user\":\"ann\"");
	expect(fd, 1003, "log in with a token");
	ask(fd, "login", "\"tenant\":\"acme\",\"token\":5");
	expect(fd, 1001, "token must be a string");
	ask(fd, "login", "\"tenant\":\"acme\"");
	expect(fd, 1003, "log in with a token");
	ask(fd, "login", "");
	expect(fd, 1002, "user");
}

static void
where_none_is_needed_a_token_says_nothing(void **state)
{
	int fd = fixture_connect();

	(void)state;
	login_with(fd, "\"tenant\":\"default\",\"user\":\"eve\",",
		token_of("ann", ",\"say\":false"));
	assert_has(fixture_read(fd), "\"user\":\"eve\"");
	assert_null(session_here()->grant);
	ask(fd, "refresh", "\"token\":\"a\"");
	expect(fd, 1009, "without a token");
}

static void
three_bad_tokens_in_a_row_end_the_connection(void **state)
{
	int fd = fixture_connect();

	(void)state;
	for (int i = 0; i < 3; i++) {
		login_with(fd, "\"tenant\":\"acme\",", "bad");
		expect(fd, 1003, "JWT");
	}
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
}

static void
a_good_token_makes_up_for_bad_ones(void **state)
{
	int fd = fixture_connect();

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 2; i++) {
			login_with(fd, "\"tenant\":\"acme\",", "bad");
			expect(fd, 1003, "JWT");
		}
		login_with(fd, "\"tenant\":\"acme\",", token_of("ann", ""));
		expect(fd, 200, "login");
		ask(fd, "logout", "");
		expect(fd, 200, "logout");
		assert_null(session_here()->grant);
	}
	assert_here(fd);
}

static void
a_login_that_fails_leaves_no_grant(void **state)
{
	int fd = fixture_connect();

	(void)state;
	fixture.tenants[0].max_connections = 1;
	holder("bob", "");
	login_with(fd, "\"tenant\":\"acme\",", token_of("ann", ""));
	expect(fd, 1012, "as many connections");
	for (struct lane *lane = fixture.gateway.lanes->all; lane;
		lane = lane->next)
		if (!((struct session *)lane)->identity)
			assert_null(((struct session *)lane)->grant);
}

/* Much later the grants are looked at. */
static void
look_later(void)
{
	static uint64_t hours;

	grants_tick(&fixture.gateway, clock_ms() + ++hours * 3600000);
	fixture_turn();
}

static void
let_time_pass(struct session *session)
{
	session->grant->expires_ms = clock_unix_ms() - 1;
	look_later();
}

static void
the_end_of_a_token_is_the_end_of_the_connection(void **state)
{
	int fd = holder("ann", "");

	(void)state;
	look_later();
	assert_here(fd);
	let_time_pass(session_here());
	assert_has(fixture_read(fd), "\"reason\":\"the token has expired\"");
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
	assert_int_equal(
		row_read(fixture.gateway.row, COUNTER_TOKENS_EXPIRED), 1);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_SESSIONS), 0);
}

static void
a_token_may_end_before_the_login_is_answered(void **state)
{
	int fd = fixture_connect();
	struct join entry;

	(void)state;
	fixture.keeps_entries = true;
	login_with(fd, "\"tenant\":\"acme\",", token_of("ann", ""));
	entry = taken_entry();
	let_time_pass(session_here());
	assert_silent(fd);
	let_in(&entry, 0);
	assert_has(fixture_read(fd), "the token has expired");
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
}

static void
a_refresh_puts_the_end_off(void **state)
{
	int fd = holder("ann", ",\"jti\":\"one\"");

	(void)state;
	session_here()->grant->expires_ms = clock_unix_ms() - 1;
	ask_with(fd, "refresh", "", token_of("ann", ",\"jti\":\"two\""));
	expect(fd, 200,
		"\"cmd\":\"refresh\",\"code\":200,\"data\":{\"expires\"");
	assert_true(text_equal(
		grant_id(session_here()->grant), TEXT_LITERAL("two")));
	look_later();
	assert_here(fd);
}

static void
a_refresh_is_for_the_same_login(void **state)
{
	int fd = holder("ann", ",\"platform\":7,\"jti\":\"one\"");

	(void)state;
	ask_with(fd, "refresh", "", token_of("bob", ""));
	expect(fd, 1003, "another user");
	ask_with(fd, "refresh", "", token_of("ann", ",\"tenant\":\"default\""));
	expect(fd, 1003, "another tenant");
	ask_with(fd, "refresh", "", token_of("ann", ""));
	expect(fd, 200, "expires");
	ask_with(fd, "refresh", "", token_of("ann", ",\"platform\":8"));
	expect(fd, 1003, "another platform");
	ask(fd, "refresh", "");
	expect(fd, 1003, "with a token");
	assert_here(fd);
	ask_with(fd, "refresh", "", "x");
	expect(fd, 1003, "JWT");
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
}

/* A backend that is asked about logins may make somebody else of him. */
static void
a_refresh_is_of_whom_the_token_was(void **state)
{
	int fd = holder("ann", "");
	struct identity *identity = session_here()->identity;

	(void)state;
	memcpy(identity->bytes + identity->tenant_length, "eve", 3);
	ask_with(fd, "refresh", "", token_of("eve", ""));
	expect(fd, 1003, "another user");
	ask_with(fd, "refresh", "", token_of("ann", ""));
	expect(fd, 200, "expires");
}

static void
rooms_of_a_token_are_all_that_may_be_joined(void **state)
{
	int fd = holder("ann", ",\"rooms\":[\"r\",\"team:*\"]");

	(void)state;
	ask(fd, "join", "\"room\":\"team\"");
	expect(fd, 1003, "takes a token that allows it to join");
	ask(fd, "join", "\"room\":\"rr\"");
	expect(fd, 1003, "takes a token");
	ask(fd, "join", "\"room\":\"team:1\"");
	taken_join();
	ask(fd, "join", "\"room\":\"r\"");
	taken_join();
	assert_silent(fd);
}

static void
a_room_elsewhere_is_neither_said_to_nor_read(void **state)
{
	int fd = holder("ann", ",\"rooms\":[\"r\"]");

	(void)state;
	fixture.class.say = fixture.class.read = MAY_ANYONE;
	ask(fd, "say", "\"room\":\"other\",\"body\":1");
	expect(fd, 1003, "takes a token");
	ask(fd, "history", "\"room\":\"other\"");
	expect(fd, 1003, "takes a token");
	ask(fd, "say", "\"room\":\"r\",\"body\":1");
	taken_say();
	assert_silent(fd);
}

static void
a_class_may_want_tokens_that_name_its_rooms(void **state)
{
	int with = holder("ann", ",\"rooms\":[\"r\"]");
	int open = holder("bob", ""), without = client("eve");

	(void)state;
	fixture.class.say = fixture.class.read = fixture.class.join = MAY_TOKEN;
	ask(open, "join", "\"room\":\"r\"");
	expect(open, 1003, "takes a token");
	ask(without, "join", "\"room\":\"r\"");
	expect(without, 1003, "takes a token");
	ask(with, "join", "\"room\":\"r\"");
	taken_join();
	ask(with, "history", "\"room\":\"q\"");
	expect(with, 1003, "takes a token");
}

static void
a_token_may_be_for_listeners(void **state)
{
	static const char *const data[] = {
		"\"room\":\"r\",\"body\":1",
		"\"user\":\"bob\",\"body\":1",
		"\"users\":[\"bob\"],\"body\":1",
		"\"client\":\"x\",\"body\":1",
		"\"all\":true,\"body\":1",
	};
	int fd = holder("ann", ",\"say\":false");

	(void)state;
	fixture.class.say = fixture.class.read = MAY_ANYONE;
	for (size_t i = 0; i < ARRAY_LEN(data); i++) {
		ask(fd, "say", data[i]);
		expect(fd, 1003, "does not allow it to say");
	}
	ask(fd, "delete", "\"user\":\"bob\",\"id\":\"0000000000000001\"");
	assert_null(fixture_letter());
	fixture_read(fd);
	ask(fd, "history", "\"room\":\"r\"");
	taken_lookup();
}

static int
member_of(int fd, const char *room)
{
	struct join join;
	char data[64];

	snprintf(data, sizeof(data), "\"room\":\"%s\"", room);
	ask(fd, "join", data);
	join = taken_join();
	tell_joined(&join, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	return fd;
}

static void
who_gets_a_narrower_token_leaves_rooms(void **state)
{
	int fd = holder("ann", ",\"rooms\":[\"a\",\"b\"]");

	(void)state;
	member_of(fd, "a");
	member_of(fd, "b");
	ask_with(fd, "refresh", "", token_of("ann", ",\"rooms\":[\"b\"]"));
	assert_has(fixture_read(fd), "\"cmd\":\"refresh\",\"code\":200");
	assert_has(fixture_read(fd),
		"\"reason\":\"the token does not allow this room any more\","
		"\"room\":\"a\"");
	assert_true(text_equal(taken_leave().room, TEXT_LITERAL("a")));
	assert_null(fixture_letter());
	assert_here(fd);
	assert_int_equal(session_here()->membership_count, 1);
}

static void
new_keys_hold_for_the_next_login(void **state)
{
	int fd = holder("ann", ""), other = fixture_connect();
	static struct secret changed = {
		.path = (char *)(uintptr_t)TOKEN_KEY_PATH,
		.bytes = (uint8_t *)(uintptr_t) "another",
		.length = 7,
	};

	(void)state;
	fixture_take_keys(&changed);
	login_with(other, "\"tenant\":\"acme\",", token_of("bob", ""));
	expect(other, 1003, "not signed by");
	assert_here(fd);
}

/* A gateway that drains keeps its keys, whatever the configuration is now. */
static void
a_tenant_that_came_later_has_no_keys(void **state)
{
	static struct tenant later = {
		.name = (char *)(uintptr_t) "later",
		.auth = AUTH_TOKEN,
	};
	int fd = fixture_connect();

	(void)state;
	fixture.config.tenants = &later;
	fixture.config.tenant_count = 1;
	login_with(fd, "\"tenant\":\"later\",", token_of("ann", ""));
	expect(fd, 1003, "not signed by");
	login_with(fd, "\"tenant\":\"acme\",", token_of("ann", ""));
	expect(fd, 1003, "no such tenant");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_says_who_it_is),
		TEST(what_a_token_leaves_open_the_login_says),
		TEST(a_login_must_agree_with_its_token),
		TEST(a_tenant_claimed_is_not_yet_believed),
		TEST(without_a_token_there_is_no_login),
		TEST(where_none_is_needed_a_token_says_nothing),
		TEST(three_bad_tokens_in_a_row_end_the_connection),
		TEST(a_good_token_makes_up_for_bad_ones),
		TEST(a_login_that_fails_leaves_no_grant),
		TEST(the_end_of_a_token_is_the_end_of_the_connection),
		TEST(a_token_may_end_before_the_login_is_answered),
		TEST(a_refresh_puts_the_end_off),
		TEST(a_refresh_is_for_the_same_login),
		TEST(a_refresh_is_of_whom_the_token_was),
		TEST(rooms_of_a_token_are_all_that_may_be_joined),
		TEST(a_room_elsewhere_is_neither_said_to_nor_read),
		TEST(a_class_may_want_tokens_that_name_its_rooms),
		TEST(a_token_may_be_for_listeners),
		TEST(who_gets_a_narrower_token_leaves_rooms),
		TEST(new_keys_hold_for_the_next_login),
		TEST(a_tenant_that_came_later_has_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
