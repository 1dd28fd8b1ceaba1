/* Which tenants may log in at a gateway, with what platform, and how many. */
#define OPEN_GATEWAY open_keeping_entries
#include "tests/unit/gateway_talk.h"

#include "worker/gateway/tenants.h"

static int
come(const char *tenant, const char *user, unsigned platform)
{
	int fd = fixture_connect();
	char frame[256];

	snprintf(frame, sizeof(frame),
		"{\"seq\":1,\"cmd\":\"login\",\"data\":{\"user\":\"%s\","
		"\"tenant\":\"%s\",\"platform\":%u}}",
		user, tenant, platform);
	fixture_say(fd, frame);
	return fd;
}

static int
login(const char *tenant, const char *user)
{
	int fd = come(tenant, user, 101);
	struct join entry = taken_entry();
	char part[64];

	let_in(&entry, 0);
	snprintf(part, sizeof(part), "\"tenant\":\"%s\"", tenant);
	assert_has(fixture_read(fd), part);
	return fd;
}

static void
expect_refused(int fd, unsigned code)
{
	char part[32];

	snprintf(part, sizeof(part), "\"code\":%u", code);
	assert_has(fixture_read(fd), part);
	assert_null(fixture_letter());
	fixture_say(fd, "{\"cmd\":\"rooms\"}");
	assert_has(fixture_read(fd), "\"code\":1000");
}

static uint64_t
count_of(enum counter counter)
{
	return row_read(fixture.gateway.row, counter);
}

static uint32_t
counted(const char *tenant)
{
	return index_room_connections(
		fixture.arena, 0, text_of(tenant), TEXT_LITERAL(""));
}

static void
only_tenants_of_the_configuration_log_in(void **state)
{
	(void)state;
	login("acme", "ann");
	login("default", "ann");
	expect_refused(come("acm", "ann", 101), 1003);
	expect_refused(come("*", "ann", 101), 1003);
	assert_int_equal(count_of(COUNTER_REFUSED_TENANT), 2);
	assert_int_equal(counted("acme"), 1);
	assert_int_equal(counted("default"), 1);
}

static void
a_platform_must_be_one_of_the_tenants(void **state)
{
	static char *platforms[] = { (char *)(uintptr_t) "101",
		(char *)(uintptr_t) "7" };

	(void)state;
	fixture.tenants[0].platforms = platforms;
	fixture.tenants[0].platform_count = 2;
	login("acme", "ann");
	expect_refused(come("acme", "bob", 102), 1003);
	expect_refused(come("acme", "bob", 1), 1003);
	assert_int_equal(count_of(COUNTER_REFUSED_TENANT), 2);
}

static void
one_more_than_the_tenant_may_have_is_refused(void **state)
{
	int fd;

	(void)state;
	fixture.tenants[0].max_connections = 2;
	login("acme", "ann");
	fd = login("acme", "bob");
	expect_refused(come("acme", "eve", 101), 1012);
	login("default", "eve");
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	assert_has(fixture_read(fd), "\"code\":200");
	login("acme", "eve");
	assert_int_equal(count_of(COUNTER_REFUSED_TENANT_CONNECTIONS), 1);
	assert_int_equal(counted("acme"), 2);
}

static void
of_two_that_are_being_let_in_one_takes_the_last_place(void **state)
{
	struct join first, second;
	int one, other;

	(void)state;
	fixture.tenants[0].max_connections = 1;
	one = come("acme", "ann", 101);
	other = come("acme", "bob", 101);
	first = taken_entry();
	second = taken_entry();
	let_in(&second, 0);
	assert_has(fixture_read(other), "\"code\":200");
	let_in(&first, 0);
	expect_refused(one, 1012);
	assert_int_equal(counted("acme"), 1);
	assert_int_equal(count_of(COUNTER_SESSIONS), 1);
	assert_int_equal(count_of(COUNTER_REFUSED_TENANT_CONNECTIONS), 1);
}

static void
a_full_tenant_replaces_nobody(void **state)
{
	struct join entry;
	int old, new;

	(void)state;
	fixture.config.login_policy = LOGIN_REPLACE;
	fixture.tenants[0].max_connections = 2;
	old = login("acme", "ann");
	new = come("acme", "ann", 101);
	entry = taken_entry();
	login("acme", "bob");
	let_in(&entry, 0);
	expect_refused(new, 1012);
	assert_here(old);
}

static void
who_has_no_tenant_any_more_is_sent_away(void **state)
{
	int gone, stays, entering;

	(void)state;
	gone = login("acme", "ann");
	stays = login("default", "ann");
	entering = come("acme", "bob", 101);
	tenants_reload(&fixture.gateway);
	fixture_turn();
	assert_here(stays);
	assert_here(gone);
	fixture.tenants[0].name = (char *)(uintptr_t) "acne";
	tenants_reload(&fixture.gateway);
	fixture_turn();
	assert_has(fixture_read(gone), "\"reason\":\"there is no such tenant");
	assert_string_equal(fixture_read(gone), "CLOSE 4003");
	assert_has(fixture_read(entering), "\"cmd\":\"kick\"");
	assert_string_equal(fixture_read(entering), "CLOSE 4003");
	assert_here(stays);
}

static void
who_came_without_a_token_that_is_needed_now_is_sent_away(void **state)
{
	int gone, stays;

	(void)state;
	gone = login("acme", "ann");
	stays = login("default", "ann");
	fixture.tenants[0].auth = AUTH_TOKEN;
	tenants_reload(&fixture.gateway);
	fixture_turn();
	assert_has(fixture_read(gone), "log in with a token");
	assert_string_equal(fixture_read(gone), "CLOSE 4003");
	assert_here(stays);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_tenants_of_the_configuration_log_in),
		TEST(a_platform_must_be_one_of_the_tenants),
		TEST(one_more_than_the_tenant_may_have_is_refused),
		TEST(of_two_that_are_being_let_in_one_takes_the_last_place),
		TEST(a_full_tenant_replaces_nobody),
		TEST(who_has_no_tenant_any_more_is_sent_away),
		TEST(who_came_without_a_token_that_is_needed_now_is_sent_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
