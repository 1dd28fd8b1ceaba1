/* Sockets that listen go from slot to slot, and none is closed or idle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "master/listeners.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/heritage.h"

#define GATEWAYS 4
#define APIS 1
#define NOBODYS_ADDRESS "192.0.2.1:8089" /* cannot be bound */

static struct listener listeners[] = {
	{ .name = "public",
		.address = NOBODYS_ADDRESS,
		.role = LISTENER_WEBSOCKET },
	{ .name = "backend", .address = NOBODYS_ADDRESS, .role = LISTENER_API },
	{ .name = "inside", .address = "unix:/x", .role = LISTENER_WEBSOCKET },
};
static struct config config = {
	.listeners = listeners,
	.listener_count = ARRAY_LEN(listeners),
};
static struct arena_shape shape;
static struct heritage_socket sockets[GATEWAYS + APIS + 1];
static struct listening listening;

/* Each slot that is on has a socket, and the unix one is for all; descriptors
 * are numbers, since nobody may touch them. */
static int
set_up(void **state)
{
	(void)state;
	shape = (struct arena_shape){ .slots = GATEWAYS + APIS };
	listening = (struct listening){ .sockets = sockets };
	for (unsigned i = 0; i < shape.slots; i++) {
		shape.roles[i] = i < GATEWAYS ? ROLE_GATEWAY : ROLE_API;
		listening.is_on[i] = true;
		sockets[listening.count++] = (struct heritage_socket){
			.fd = 1000 + (int)i,
			.slot = i,
			.listener = i < GATEWAYS ? 0 : 1,
		};
	}
	sockets[listening.count++] = (struct heritage_socket){
		.fd = 2000,
		.slot = HERITAGE_ANY_SLOT,
		.listener = 2,
	};
	return 0;
}

static unsigned
count_of(unsigned slot)
{
	unsigned count = 0;

	for (size_t i = 0; i < listening.count; i++)
		count += sockets[i].slot == slot;
	return count;
}

static void
spread(void)
{
	listeners_spread(&config, &shape, &listening);
	assert_int_equal(listening.count, ARRAY_LEN(sockets));
	for (unsigned i = 0; i < shape.slots; i++)
		assert_int_equal(sockets[i].fd, 1000 + (int)i);
	assert_int_equal(
		sockets[ARRAY_LEN(sockets) - 1].slot, HERITAGE_ANY_SLOT);
	assert_int_equal(sockets[GATEWAYS].slot, GATEWAYS);
}

static void
who_has_all_keeps_his_own(void **state)
{
	(void)state;
	spread();
	for (unsigned i = 0; i < GATEWAYS; i++)
		assert_int_equal(sockets[i].slot, i);
}

static void
who_goes_leaves_his_sockets_to_those_with_fewest(void **state)
{
	(void)state;
	listening.is_on[1] = false;
	spread();
	assert_int_equal(count_of(1), 0);
	listening.is_on[3] = false;
	spread();
	assert_int_equal(count_of(3), 0);
	assert_int_equal(count_of(0), 2);
	assert_int_equal(count_of(2), 2);
}

static void
who_comes_takes_what_another_has_too_much(void **state)
{
	(void)state;
	listening.is_on[1] = listening.is_on[2] = listening.is_on[3] = false;
	spread();
	assert_int_equal(count_of(0), GATEWAYS);
	listening.is_on[2] = listening.is_on[3] = true;
	spread();
	assert_int_equal(count_of(2), 1);
	assert_int_equal(count_of(3), 1);
	assert_int_equal(count_of(0), 2);
}

static void
while_nobody_serves_sockets_stay_where_they_are(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GATEWAYS; i++)
		listening.is_on[i] = false;
	spread();
	for (unsigned i = 0; i < GATEWAYS; i++)
		assert_int_equal(sockets[i].slot, i);
	listening.is_on[3] = true;
	spread();
	assert_int_equal(count_of(3), GATEWAYS);
}

/* Two slots, one socket, and no other can be bound. */
static void
where_there_are_too_few_all_share_them(void **state)
{
	(void)state;
	listening.is_on[2] = listening.is_on[3] = false;
	sockets[1].listener = sockets[2].listener = sockets[3].listener = 1;
	for (size_t i = 1; i < GATEWAYS; i++)
		sockets[i].slot = GATEWAYS;
	listeners_spread(&config, &shape, &listening);
	assert_int_equal(sockets[0].slot, HERITAGE_ANY_SLOT);
	listeners_spread(&config, &shape, &listening);
	assert_int_equal(sockets[0].slot, HERITAGE_ANY_SLOT);
	assert_int_equal(count_of(GATEWAYS), GATEWAYS);
}

#define test_of(claim) cmocka_unit_test_setup(claim, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test_of(who_has_all_keeps_his_own),
		test_of(who_goes_leaves_his_sockets_to_those_with_fewest),
		test_of(who_comes_takes_what_another_has_too_much),
		test_of(while_nobody_serves_sockets_stay_where_they_are),
		test_of(where_there_are_too_few_all_share_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
