/* Login policies: the rules by hand, and all ways in which logins at several
 * gateways can get between each other, each step of each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "worker/gateway/policy.h"

#define LOGINS_MAX 3

static const struct rival older = { .order = 1, .place = 1, .platform = 101 };
static const struct rival newer = { .order = 2, .place = 2, .platform = 101 };
static const struct rival phone = { .order = 3, .place = 3, .platform = 102 };

static enum fate
fate(enum login_policy policy, uint64_t max, const struct rival *who)
{
	const struct rival seen[] = { phone, newer, older };
	const struct policy_rules rules = { policy, max };

	return policy_fate(&rules, seen, ARRAY_LEN(seen), who);
}

static enum fate
dismisses(enum login_policy policy, uint64_t max, const struct rival *self,
	const struct rival *other)
{
	const struct rival seen[] = { phone, newer, older };
	const struct policy_rules rules = { policy, max };

	return policy_dismisses(&rules, seen, ARRAY_LEN(seen), self, other);
}

static void
of_one_platform_the_newest_or_the_oldest_stays(void **state)
{
	(void)state;
	assert_int_equal(fate(LOGIN_MULTI, 0, &older), FATE_STAYS);
	assert_int_equal(fate(LOGIN_MULTI, 0, &newer), FATE_STAYS);
	assert_int_equal(fate(LOGIN_REPLACE, 0, &older), FATE_REPLACED);
	assert_int_equal(fate(LOGIN_REPLACE, 0, &newer), FATE_STAYS);
	assert_int_equal(fate(LOGIN_REPLACE, 0, &phone), FATE_STAYS);
	assert_int_equal(fate(LOGIN_REFUSE, 0, &older), FATE_STAYS);
	assert_int_equal(fate(LOGIN_REFUSE, 0, &newer), FATE_REFUSED);
	assert_int_equal(fate(LOGIN_REFUSE, 0, &phone), FATE_STAYS);
}

static void
of_all_platforms_so_many_stay(void **state)
{
	(void)state;
	assert_int_equal(fate(LOGIN_MULTI, 2, &newer), FATE_STAYS);
	assert_int_equal(fate(LOGIN_MULTI, 2, &phone), FATE_TOO_MANY);
	assert_int_equal(fate(LOGIN_MULTI, 3, &phone), FATE_STAYS);
	/* Who replaces another takes his place among them. */
	assert_int_equal(fate(LOGIN_REPLACE, 1, &newer), FATE_STAYS);
	assert_int_equal(fate(LOGIN_REPLACE, 1, &phone), FATE_TOO_MANY);
}

static void
only_those_who_lose_against_oneself_are_sent_away(void **state)
{
	(void)state;
	assert_int_equal(
		dismisses(LOGIN_REPLACE, 0, &newer, &older), FATE_REPLACED);
	assert_int_equal(
		dismisses(LOGIN_REPLACE, 0, &phone, &older), FATE_STAYS);
	assert_int_equal(
		dismisses(LOGIN_REFUSE, 0, &older, &newer), FATE_REFUSED);
	assert_int_equal(
		dismisses(LOGIN_REFUSE, 0, &phone, &newer), FATE_STAYS);
	assert_int_equal(
		dismisses(LOGIN_MULTI, 2, &older, &phone), FATE_TOO_MANY);
	assert_int_equal(dismisses(LOGIN_MULTI, 2, &phone, &older), FATE_STAYS);
	assert_int_equal(dismisses(LOGIN_MULTI, 1, &older, &older), FATE_STAYS);
}

static void
of_two_at_the_same_moment_slot_and_place_decide(void **state)
{
	const struct policy_rules rules = { LOGIN_REFUSE, 0 };
	const struct rival seen[] = {
		{ .order = 5, .slot = 1, .place = 0 },
		{ .order = 5, .slot = 0, .place = 9 },
		{ .order = 5, .slot = 0, .place = 4 },
	};

	(void)state;
	assert_int_equal(policy_fate(&rules, seen, 3, &seen[0]), FATE_REFUSED);
	assert_int_equal(policy_fate(&rules, seen, 3, &seen[1]), FATE_REFUSED);
	assert_int_equal(policy_fate(&rules, seen, 3, &seen[2]), FATE_STAYS);
}

/* One login at each gateway, as it gets on: it shows itself, looks at one
 * gateway after the other, decides; and letters to those who are to go, which
 * come at any time after. */
struct login {
	struct rival rival;
	bool is_shown, is_in, is_over, is_dismissed;
	unsigned looked; /* at so many gateways */
	struct rival seen[LOGINS_MAX];
	size_t seen_count;
};

struct scene {
	struct policy_rules rules;
	unsigned count;
	struct login logins[LOGINS_MAX];
	bool letters[LOGINS_MAX]; /* on the way to each */
};

static unsigned long scenes;

static void
leave(struct login *login)
{
	login->is_shown = login->is_in = false;
	login->is_over = true;
}

static void
decide(struct scene *scene, struct login *self)
{
	if (self->is_dismissed ||
		policy_fate(&scene->rules, self->seen, self->seen_count,
			&self->rival) != FATE_STAYS) {
		leave(self);
		return;
	}
	self->is_in = self->is_over = true;
	for (size_t i = 0; i < self->seen_count; i++)
		if (policy_dismisses(&scene->rules, self->seen,
			    self->seen_count, &self->rival,
			    &self->seen[i]) != FATE_STAYS)
			scene->letters[self->seen[i].slot] = true;
}

static void
go_on(struct scene *scene, struct login *self)
{
	const struct login *other;

	if (!self->is_shown) {
		self->is_shown = true;
		self->seen[self->seen_count++] = self->rival;
		return;
	}
	/* At itself it need not look. */
	other = &scene->logins[self->looked +
			       (self->looked >= self->rival.slot)];
	if (other->is_shown)
		self->seen[self->seen_count++] = other->rival;
	if (++self->looked == scene->count - 1)
		decide(scene, self);
}

static void
bring_letter(struct scene *scene, unsigned to)
{
	struct login *login = &scene->logins[to];

	scene->letters[to] = false;
	if (login->is_in)
		leave(login);
	login->is_dismissed = true;
}

/* Is this one among those whom the rules let stay? */
static bool
should_stay(const struct scene *scene, unsigned number)
{
	struct rival all[LOGINS_MAX];

	for (unsigned i = 0; i < scene->count; i++)
		all[i] = scene->logins[i].rival;
	return policy_fate(&scene->rules, all, scene->count, &all[number]) ==
	       FATE_STAYS;
}

static void
check_end(const struct scene *scene)
{
	scenes++;
	for (unsigned i = 0; i < scene->count; i++)
		if (scene->logins[i].is_in != should_stay(scene, i))
			fail_msg("policy %d of %u, limit %u: number %u %s",
				(int)scene->rules.policy, scene->count,
				(unsigned)scene->rules.connections_max, i,
				scene->logins[i].is_in ? "stays" : "went");
}

/* Everything that can come next, and after it everything that can. */
static void
play(const struct scene *scene)
{
	bool is_end = true;

	for (unsigned i = 0; i < 2 * scene->count; i++) {
		struct scene next = *scene;
		unsigned who = i / 2;

		if (i % 2 == 0 && !scene->logins[who].is_over)
			go_on(&next, &next.logins[who]);
		else if (i % 2 == 1 && scene->letters[who])
			bring_letter(&next, who);
		else
			continue;
		is_end = false;
		play(&next);
	}
	if (is_end)
		check_end(scene);
}

/* With every assignment of order numbers to the logins. */
static void
play_all(unsigned count, enum login_policy policy, uint64_t max,
	const uint32_t platforms[LOGINS_MAX])
{
	static const uint64_t orders[6][3] = { { 1, 2, 3 }, { 1, 3, 2 },
		{ 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } };

	for (unsigned k = 0; k < ARRAY_LEN(orders); k++) {
		struct scene scene = { .rules = { policy, max },
			.count = count };

		for (unsigned i = 0; i < count; i++)
			scene.logins[i].rival = (struct rival){
				.order = orders[k][i],
				.slot = i,
				.platform = platforms[i],
			};
		play(&scene);
	}
}

static const uint32_t same[LOGINS_MAX] = { 101, 101, 101 };
static const uint32_t mixed[LOGINS_MAX] = { 101, 102, 101 };

static void
the_newest_alone_stays_in_every_order_of_steps(void **state)
{
	(void)state;
	scenes = 0;
	play_all(2, LOGIN_REPLACE, 0, same);
	play_all(3, LOGIN_REPLACE, 0, same);
	play_all(3, LOGIN_REPLACE, 0, mixed);
	play_all(3, LOGIN_REPLACE, 1, same);
	assert_true(scenes > 10000);
}

static void
the_oldest_alone_stays_in_every_order_of_steps(void **state)
{
	(void)state;
	scenes = 0;
	play_all(2, LOGIN_REFUSE, 0, same);
	play_all(3, LOGIN_REFUSE, 0, same);
	play_all(3, LOGIN_REFUSE, 0, mixed);
	assert_true(scenes > 10000);
}

static void
the_oldest_few_stay_in_every_order_of_steps(void **state)
{
	(void)state;
	scenes = 0;
	play_all(3, LOGIN_MULTI, 1, same);
	play_all(3, LOGIN_MULTI, 2, mixed);
	assert_true(scenes > 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			of_one_platform_the_newest_or_the_oldest_stays),
		cmocka_unit_test(of_all_platforms_so_many_stay),
		cmocka_unit_test(
			only_those_who_lose_against_oneself_are_sent_away),
		cmocka_unit_test(
			of_two_at_the_same_moment_slot_and_place_decide),
		cmocka_unit_test(
			the_newest_alone_stays_in_every_order_of_steps),
		cmocka_unit_test(
			the_oldest_alone_stays_in_every_order_of_steps),
		cmocka_unit_test(the_oldest_few_stay_in_every_order_of_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
