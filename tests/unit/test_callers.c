/* How many connections an address has: counted by several owners at once. */
#include <pthread.h>

#include "shared/callers.h"
#include "shared/index_partition.h"
#include "tests/unit/arena_fixture.h"

#define NOW 1000000

static const struct arena_shape shape = {
	.slots = 3,
	.ring_bytes = 4096,
	.index_connections = 64,
	.index_rooms = 16,
	.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_LEDGER },
};

static int
set_up(void **state)
{
	(void)state;
	arena_fixture_open(&shape);
	return 0;
}

/* 10.0.a.b */
static const uint8_t *
v4(unsigned number)
{
	static uint8_t address[16];

	memset(address, 0, sizeof(address));
	address[10] = address[11] = 0xff;
	address[12] = 10;
	address[14] = (uint8_t)(number >> 8);
	address[15] = (uint8_t)number;
	return address;
}

static enum caller_verdict
enter(unsigned slot, const uint8_t *address, uint64_t now_ms, uint64_t open,
	uint64_t per_second)
{
	const struct caller_limits limits = { open, per_second };

	return callers_enter(arena, slot, address, now_ms, &limits);
}

static void
an_address_has_so_many_connections_on_the_whole_host(void **state)
{
	(void)state;
	assert_int_equal(enter(0, v4(1), NOW, 2, 0), CALLER_COUNTED);
	assert_int_equal(enter(1, v4(1), NOW, 2, 0), CALLER_COUNTED);
	assert_int_equal(enter(0, v4(1), NOW, 2, 0), CALLER_TOO_MANY);
	assert_int_equal(enter(1, v4(1), NOW, 2, 0), CALLER_TOO_MANY);
	assert_int_equal(enter(1, v4(2), NOW, 2, 0), CALLER_COUNTED);
	callers_leave(arena, 0, v4(1));
	assert_int_equal(enter(1, v4(1), NOW, 2, 0), CALLER_COUNTED);
}

static void
an_address_opens_so_many_in_a_second(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
			enter(i % 2, v4(1), NOW + i, 0, 4), CALLER_COUNTED);
	assert_int_equal(enter(0, v4(1), NOW + 999, 0, 4), CALLER_TOO_FAST);
	/* Those of the second before count as far as it still reaches. */
	assert_int_equal(enter(0, v4(1), NOW + 1000, 0, 4), CALLER_TOO_FAST);
	assert_int_equal(enter(0, v4(1), NOW + 1250, 0, 4), CALLER_COUNTED);
	assert_int_equal(enter(1, v4(1), NOW + 1250, 0, 4), CALLER_TOO_FAST);
	assert_int_equal(enter(1, v4(1), NOW + 1500, 0, 4), CALLER_COUNTED);
	/* After a rest as many as at first. */
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
			enter(i % 2, v4(1), NOW + 9000, 0, 4), CALLER_COUNTED);
	assert_int_equal(enter(1, v4(1), NOW + 9000, 0, 4), CALLER_TOO_FAST);
}

static void
a_site_of_ipv6_is_one_address(void **state)
{
	uint8_t one[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9 };
	uint8_t same[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 7, 7 };
	uint8_t other[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 2, 9 };

	(void)state;
	assert_int_equal(enter(0, one, NOW, 1, 0), CALLER_COUNTED);
	assert_int_equal(enter(0, same, NOW, 1, 0), CALLER_TOO_MANY);
	assert_int_equal(enter(0, other, NOW, 1, 0), CALLER_COUNTED);
	callers_leave(arena, 0, same);
	assert_int_equal(enter(1, same, NOW, 1, 0), CALLER_COUNTED);
}

static void
without_limits_or_an_address_nothing_is_counted(void **state)
{
	static const uint8_t nobody[16];

	(void)state;
	assert_int_equal(enter(0, nobody, NOW, 1, 1), CALLER_UNCOUNTED);
	assert_int_equal(enter(0, nobody, NOW, 1, 1), CALLER_UNCOUNTED);
	assert_int_equal(enter(0, v4(1), NOW, 0, 0), CALLER_UNCOUNTED);
	assert_int_equal(enter(0, v4(1), NOW, 1, 0), CALLER_COUNTED);
}

static void
the_connections_of_a_dead_gateway_count_nothing(void **state)
{
	(void)state;
	assert_int_equal(enter(0, v4(1), NOW, 1, 0), CALLER_COUNTED);
	assert_int_equal(enter(1, v4(1), NOW, 1, 0), CALLER_TOO_MANY);
	index_close(arena_partition(arena, 0));
	assert_int_equal(enter(1, v4(1), NOW, 1, 0), CALLER_COUNTED);
	callers_leave(arena, 1, v4(1));
	index_open(arena, 0, 2);
	assert_int_equal(enter(0, v4(1), NOW, 1, 0), CALLER_COUNTED);
}

static void
places_are_used_again_and_never_taken_from_who_is_here(void **state)
{
	unsigned counted = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(enter(0, v4(i), NOW, 1, 0), CALLER_COUNTED);
	/* Far more than there are places, now and then later. */
	for (unsigned i = 100; i < 1000; i++)
		if (enter(0, v4(i), NOW, 1, 0) == CALLER_COUNTED) {
			callers_leave(arena, 0, v4(i));
			counted++;
		}
	assert_in_range(counted, 50, 200);
	for (unsigned i = 100; i < 1000; i++) {
		assert_int_equal(
			enter(0, v4(i), NOW + 3000 * (uint64_t)i, 1, 0),
			CALLER_COUNTED);
		callers_leave(arena, 0, v4(i));
	}
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(
			enter(0, v4(i), NOW + 9000000, 1, 0), CALLER_TOO_MANY);
}

#define ROUNDS 20000
#define LIMIT 3

static const uint8_t address[16] = { [10] = 255, 255, 10, 0, 0, 1 };
static _Atomic int inside;
static _Atomic int most;

static void *
come_and_go(void *slot)
{
	unsigned own = (unsigned)(uintptr_t)slot;
	unsigned here = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (enter(own, address, NOW, LIMIT, 0) == CALLER_COUNTED) {
			int now = atomic_fetch_add(&inside, 1) + 1;

			if (now > atomic_load(&most))
				atomic_store(&most, now);
			here++;
		}
		if (here > 0 && (i % 3 == 0 || here == LIMIT)) {
			atomic_fetch_sub(&inside, 1);
			callers_leave(arena, own, address);
			here--;
		}
	}
	return NULL;
}

static void
two_gateways_at_once_never_pass_the_limit(void **state)
{
	pthread_t threads[2];

	(void)state;
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go,
					 (void *)i),
			0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(atomic_load(&most), 1, LIMIT);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_address_has_so_many_connections_on_the_whole_host),
		TEST(an_address_opens_so_many_in_a_second),
		TEST(a_site_of_ipv6_is_one_address),
		TEST(without_limits_or_an_address_nothing_is_counted),
		TEST(the_connections_of_a_dead_gateway_count_nothing),
		TEST(places_are_used_again_and_never_taken_from_who_is_here),
		TEST(two_gateways_at_once_never_pass_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
