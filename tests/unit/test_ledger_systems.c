/*
 * Systems as the ledger registers them: who gets a name, and what holds after a
 * kill, a stop and a failed write.
 */
#include "shared/systems.h"
#include "shared/systems_region.h"
#include "tests/unit/ledger_lives.h"

static void
show_system(unsigned from, uint64_t request, const char *tenant)
{
	SHOW(REGISTER, registration, from, 1, .request = request,
		.connection = 100 + request, .tenant = text_of(tenant));
}

static bool
is_known(const char *tenant)
{
	return systems_has(fake.arena, text_of(tenant));
}

static void
expect_registered(unsigned to, uint64_t request, const char *tenant)
{
	NEXT(REGISTERED, registration, to);
	assert_int_equal(registration.request, request);
	assert_int_equal(registration.connection, 100 + request);
	assert_true(text_equal(registration.tenant, text_of(tenant)));
}

/* As a new arena has it. */
static void
forget_all(void)
{
	memset(arena_systems(fake.arena), 0, systems_region_bytes());
}

static void
script_registers(void)
{
	settle();
	show_system(GATEWAY_A, 1, "/shop");
	assert_false(is_known("/shop"));
	show_system(GATEWAY_A, 2, "/bank");
	show_system(GATEWAY_A, 3, "/shop");
	end_turn();
	expect_registered(GATEWAY_A, 1, "/shop");
	expect_registered(GATEWAY_A, 2, "/bank");
	expect_refused(GATEWAY_A, 3, 1009);
	assert_true(is_known("/shop"));
	assert_false(is_known("/sho"));
	assert_false(is_known("/SHOP"));
	show_system(GATEWAY_A, 4, "/shop");
	end_turn();
	expect_refused(GATEWAY_A, 4, 1009);
	assert_no_more();
	assert_int_equal(systems_count(fake.arena), 2);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 0);
}

static void
the_first_one_gets_the_name(void **state)
{
	(void)state;
	play(script_registers);
}

static void
script_many(void)
{
	char name[16];

	settle();
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "/system-%d", i);
		show_system(GATEWAY_A, 0, name);
	}
	end_turn();
	fixture_forget_sent();
	assert_int_equal(systems_count(fake.arena), 200);
}

static void
script_many_and_stop(void)
{
	script_many();
	stop_now();
	forget_all();
}

static void
script_many_and_kill(void)
{
	script_many();
	forget_all();
}

static void
script_many_and_segments(void)
{
	script_many();
	forget_first_segment();
	forget_all();
}

static void
script_many_are_known(void)
{
	char name[16];

	assert_int_equal(systems_count(fake.arena), 200);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "/system-%d", i);
		assert_true(is_known(name));
	}
	settle();
	show_system(GATEWAY_A, 7, "/system-7");
	show_system(GATEWAY_A, 8, "/another");
	end_turn();
	expect_refused(GATEWAY_A, 7, 1009);
	expect_registered(GATEWAY_A, 8, "/another");
}

static void
systems_survive_a_kill_of_all(void **state)
{
	(void)state;
	play(script_many_and_kill);
	play_next(script_many_are_known);
}

static void
systems_survive_a_stop(void **state)
{
	(void)state;
	play(script_many_and_stop);
	play_next(script_many_are_known);
}

static void
systems_outlive_their_journal(void **state)
{
	(void)state;
	play(script_many_and_segments);
	play_next(script_many_are_known);
}

static void
a_successor_in_the_same_arena_adds_nothing_twice(void **state)
{
	(void)state;
	play(script_many);
	play_next(script_many_are_known);
}

static void
script_on_a_full_disk(void)
{
	settle();
	show_say(GATEWAY_A, 0, "r", "1");
	end_turn();
	fixture_forget_sent();
	limit_journal(0);
	show_system(GATEWAY_A, 1, "/shop");
	show_system(GATEWAY_A, 2, "/shop");
	end_turn();
	expect_refused(GATEWAY_A, 1, 1008);
	expect_refused(GATEWAY_A, 2, 1008);
	assert_false(is_known("/shop"));
	limit_journal(RLIM_INFINITY);
	show_system(GATEWAY_A, 3, "/shop");
	end_turn();
	expect_registered(GATEWAY_A, 3, "/shop");
}

static void
what_cannot_be_stored_is_not_registered(void **state)
{
	(void)state;
	play(script_on_a_full_disk);
}

static void
script_nonsense(void)
{
	settle();
	show_system(GATEWAY_A, 1, "");
	show_system(GATEWAY_A, 2, "/");
	show_system(GATEWAY_A, 3, "default");
	show_system(GATEWAY_A, 4, "/a\n");
	end_turn();
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 4);
	assert_int_equal(systems_count(fake.arena), 0);
}

static void
what_is_no_system_is_passed_over(void **state)
{
	(void)state;
	play(script_nonsense);
}

static void
script_full(void)
{
	char name[16];

	settle();
	for (int i = 0; i < SYSTEMS_MAX; i++) {
		snprintf(name, sizeof(name), "/system-%d", i);
		assert_true(systems_add(fake.arena, text_of(name)));
	}
	show_system(GATEWAY_A, 1, "/one-more");
	show_system(GATEWAY_A, 2, "/system-5");
	end_turn();
	expect_refused(GATEWAY_A, 1, 1012);
	expect_refused(GATEWAY_A, 2, 1009);
	assert_false(systems_add(fake.arena, TEXT_LITERAL("/one-more")));
	assert_true(systems_add(fake.arena, TEXT_LITERAL("/system-5")));
	forget_all();
}

static void
there_are_no_more_than_there_may_be(void **state)
{
	(void)state;
	play(script_full);
}

/* The successor is shown the letter again. */
static void
script_again(void)
{
	fixture_forget_sent();
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	end_turn();
	assert_true(ledger()->taken[GATEWAY_A] > 0);
	fake.positions[GATEWAY_A] = 0;
	show_system(GATEWAY_A, 3, "/system-3");
	end_turn();
	expect_registered(GATEWAY_A, 3, "/system-3");
	fake.positions[GATEWAY_A] = ledger()->taken[GATEWAY_A];
	show_system(GATEWAY_A, 4, "/system-3");
	end_turn();
	expect_refused(GATEWAY_A, 4, 1009);
}

static void
one_that_an_earlier_life_registered_is_registered(void **state)
{
	(void)state;
	play(script_many);
	play_next(script_again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_one_gets_the_name),
		TEST(systems_survive_a_kill_of_all),
		TEST(systems_survive_a_stop),
		TEST(systems_outlive_their_journal),
		TEST(a_successor_in_the_same_arena_adds_nothing_twice),
		TEST(what_cannot_be_stored_is_not_registered),
		TEST(what_is_no_system_is_passed_over),
		TEST(there_are_no_more_than_there_may_be),
		TEST(one_that_an_earlier_life_registered_is_registered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
