#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/wheel.h"

#define TICK 100

struct probe {
	struct wheel_timer timer; /* first: a timer is a probe */
	unsigned fired;
	struct probe *cancels;
	uint64_t again_ms;
};

static struct wheel *wheel;

static void
on_fired(struct wheel_timer *timer, void *self)
{
	struct probe *probe = (struct probe *)timer;

	(void)self;
	probe->fired++;
	if (probe->cancels)
		wheel_cancel(&probe->cancels->timer);
	if (probe->again_ms)
		wheel_set(wheel, timer, probe->again_ms);
}

static void
turn(uint64_t now_ms)
{
	wheel_turn(wheel, now_ms, on_fired, NULL);
}

static int
set_up(void **state)
{
	(void)state;
	wheel = wheel_new(8, TICK, 1000);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	wheel_free(&wheel);
	return wheel != NULL;
}

static void
a_timer_never_fires_early_and_at_most_a_tick_late(void **state)
{
	(void)state;
	for (uint64_t after = 1; after <= 35 * TICK; after += 37) {
		struct wheel *own = wheel_new(8, TICK, 1000);
		struct probe probe = { 0 };

		wheel_set(own, &probe.timer, 1000 + after);
		wheel_turn(own, 1000 + after - 1, on_fired, NULL);
		assert_int_equal(probe.fired, 0);
		wheel_turn(own, 1000 + after + TICK, on_fired, NULL);
		assert_int_equal(probe.fired, 1);
		assert_false(wheel_is_set(&probe.timer));
		wheel_free(&own);
	}
}

static void
a_timer_of_the_past_fires_with_the_next_tick(void **state)
{
	struct probe probe = { 0 };

	(void)state;
	turn(5000);
	wheel_set(wheel, &probe.timer, 10);
	turn(5000);
	assert_int_equal(probe.fired, 0);
	turn(5000 + TICK);
	assert_int_equal(probe.fired, 1);
}

static void
a_cancelled_timer_does_not_fire(void **state)
{
	struct probe probe = { 0 };

	(void)state;
	wheel_set(wheel, &probe.timer, 1000 + TICK);
	assert_true(wheel_is_set(&probe.timer));
	wheel_cancel(&probe.timer);
	wheel_cancel(&probe.timer);
	assert_false(wheel_is_set(&probe.timer));
	turn(1000 + 100 * TICK);
	assert_int_equal(probe.fired, 0);
}

static void
a_moved_timer_fires_once_at_its_new_time(void **state)
{
	struct probe probe = { 0 };

	(void)state;
	wheel_set(wheel, &probe.timer, 1000 + TICK);
	wheel_set(wheel, &probe.timer, 1000 + 20 * TICK);
	turn(1000 + 19 * TICK);
	assert_int_equal(probe.fired, 0);
	turn(1000 + 40 * TICK);
	assert_int_equal(probe.fired, 1);
}

static void
a_callback_may_cancel_its_neighbours_of_the_same_tick(void **state)
{
	struct probe a = { 0 }, b = { 0 };

	(void)state;
	a.cancels = &b;
	b.cancels = &a;
	wheel_set(wheel, &a.timer, 1000 + TICK);
	wheel_set(wheel, &b.timer, 1000 + TICK);
	turn(1000 + 2 * TICK);
	assert_int_equal(a.fired + b.fired, 1);
}

static void
a_timer_set_again_from_its_callback_waits_for_its_time(void **state)
{
	struct probe probe = { .again_ms = 1000 + 9 * TICK };

	(void)state;
	wheel_set(wheel, &probe.timer, 1000 + TICK);
	turn(1000 + 8 * TICK);
	assert_int_equal(probe.fired, 1);
	probe.again_ms = 0;
	turn(1000 + 9 * TICK);
	assert_int_equal(probe.fired, 2);
	turn(1000 + 99 * TICK);
	assert_int_equal(probe.fired, 2);
}

static void
a_fired_timer_may_be_freed(void **state)
{
	struct probe *probes[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		probes[i] = base_alloc_zeroed(1, sizeof(*probes[i]));
		wheel_set(wheel, &probes[i]->timer, 1000 + i * 30);
	}
	turn(1000 + 50 * TICK);
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		assert_int_equal(probes[i]->fired, 1);
		free(probes[i]);
	}
	turn(1000 + 99 * TICK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_timer_never_fires_early_and_at_most_a_tick_late),
		TEST(a_timer_of_the_past_fires_with_the_next_tick),
		TEST(a_cancelled_timer_does_not_fire),
		TEST(a_moved_timer_fires_once_at_its_new_time),
		TEST(a_callback_may_cancel_its_neighbours_of_the_same_tick),
		TEST(a_timer_set_again_from_its_callback_waits_for_its_time),
		TEST(a_fired_timer_may_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
