/* How many users are connected: exact, and of very many a fair guess. */
#include <stdio.h>

#include "shared/census.h"
#include "tests/unit/arena_fixture.h"

#define MANY (2 * CENSUS_CONNECTIONS)

static int
set_up(void **state)
{
	const struct arena_shape shape = { .slots = 3,
		.ring_bytes = 4096,
		.index_connections = MANY,
		.index_rooms = 16,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_LEDGER } };

	(void)state;
	arena_fixture_open(&shape);
	return 0;
}

static void
come(unsigned slot, const char *tenant, const char *user)
{
	struct index_entry entry = { .tenant_length = (uint8_t)strlen(tenant),
		.user_length = (uint8_t)strlen(user) };

	memcpy(entry.tenant, tenant, entry.tenant_length);
	memcpy(entry.user, user, entry.user_length);
	assert_true(index_add(arena, slot, &entry));
}

static void
a_user_counts_once_wherever_its_connections_are(void **state)
{
	char name[32];

	(void)state;
	assert_int_equal(census_count(arena, false), 0);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "user %u", i % 600);
		come(i % 2, "one", name);
		come(1, "one", name);
	}
	assert_int_equal(census_count(arena, false), 600);
	come(0, "other", "user 1");
	assert_int_equal(census_count(arena, false), 601);
	index_close(arena_partition(arena, 0));
	index_close(arena_partition(arena, 1));
	assert_int_equal(census_count(arena, false), 0);
}

static void
of_very_many_it_is_nearly_right(void **state)
{
	char name[32];

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "user %u", i / 2);
		come(i % 2, "one", name);
	}
	assert_in_range(census_count(arena, false), MANY / 2 - MANY / 100,
		MANY / 2 + MANY / 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_user_counts_once_wherever_its_connections_are),
		TEST(of_very_many_it_is_nearly_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
