/*
 * What a ledger tells the first api for webhooks.
 */
#include "tests/unit/ledger_lives.h"

static struct tenant tenant = { .name = (char *)(uintptr_t) "t" };

static void
want(unsigned mask)
{
	tenant.event_mask = mask;
	fake.config->tenants = &tenant;
	fake.config->tenant_count = 1;
}

static void
show_leave(uint64_t connection, const char *room, const char *user, bool lost)
{
	SHOW(LEAVE, leave, GATEWAY_A, 1, .connection = 100 + connection,
		.tenant = TEXT_LITERAL("t"), .room = text_of(room),
		.user = text_of(user), .platform = 101, .lost = lost);
}

static void
show_logout(uint64_t connection, const char *user, bool lost)
{
	SHOW(LEAVE, leave, GATEWAY_A, 1, .connection = 100 + connection,
		.tenant = TEXT_LITERAL("t"), .room = text_of(user),
		.user = text_of(user), .platform = 101, .lost = lost,
		.is_inbox = 1);
}

static void
expect_news(enum webhook_event what, const char *room, const char *user,
	uint64_t users)
{
	NEXT(NEWS, news, API);
	assert_int_equal(news.what, what);
	assert_true(text_equal(news.tenant, TEXT_LITERAL("t")));
	assert_true(text_equal(news.room, text_of(room)));
	assert_true(text_equal(news.user, text_of(user)));
	assert_int_equal(news.users, users);
	assert_true(news.time > 1500000000000);
}

/* Passes over what gateways get. */
static void
skip_to_news(void)
{
	while (fake.sent_read < fake.sent_count &&
		fake.sent[fake.sent_read].to != API)
		fake.sent_read++;
}

static void
script_rooms(void)
{
	settle();
	want(~0U);
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	show_join(GATEWAY_A, 2, "r", "ben", JOIN_PRESENCE);
	end_turn();
	skip_to_news();
	expect_news(EVENT_OCCUPIED, "r", "", 1);
	expect_news(EVENT_ENTER, "r", "ann", 1);
	skip_to_news();
	expect_news(EVENT_ENTER, "r", "ben", 2);
	show_leave(1, "r", "ann", false);
	show_leave(2, "r", "ben", true);
	end_turn();
	skip_to_news();
	expect_news(EVENT_EXIT, "r", "ann", 1);
	skip_to_news();
	assert_no_more();
	fake.now_ms += 1000;
	fake.hooks->on_tick(fake.self, fake.now_ms);
	skip_to_news();
	expect_news(EVENT_EXIT, "r", "ben", 0);
	expect_news(EVENT_VACATED, "r", "", 0);
}

static void
rooms_are_told_of_when_users_come_and_go(void **state)
{
	(void)state;
	play(script_rooms);
}

static void
script_wanted(void)
{
	settle();
	want(1u << EVENT_VACATED);
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	show_leave(1, "r", "ann", false);
	end_turn();
	skip_to_news();
	expect_news(EVENT_VACATED, "r", "", 0);
	skip_to_news();
	assert_no_more();
	want(0);
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	end_turn();
	skip_to_news();
	assert_no_more();
}

static void
only_what_the_tenant_wants_is_told(void **state)
{
	(void)state;
	play(script_wanted);
}

static void
script_logins(void)
{
	settle();
	want(~0U);
	show_join(GATEWAY_A, 1, "ann", "ann", JOIN_INBOX | JOIN_ATTEND);
	show_join(GATEWAY_A, 2, "ann", "ann", JOIN_INBOX | JOIN_ATTEND);
	show_join(GATEWAY_A, 3, "ben", "ben", JOIN_INBOX);
	end_turn();
	skip_to_news();
	expect_news(EVENT_ONLINE, "", "ann", 0);
	skip_to_news();
	assert_no_more();
	assert_int_equal(members_count(ledger()->members), 0);
	show_logout(1, "ann", false);
	show_logout(3, "ben", false);
	end_turn();
	skip_to_news();
	assert_no_more();
	show_logout(2, "ann", false);
	end_turn();
	skip_to_news();
	expect_news(EVENT_OFFLINE, "", "ann", 0);
	assert_int_equal(streams_count(&ledger()->streams), 0);
}

static void
users_are_online_from_first_login_to_last_logout(void **state)
{
	(void)state;
	play(script_logins);
}

static void
script_gone(void)
{
	settle();
	want(~0U);
	show_join(GATEWAY_A, 1, "ann", "ann", JOIN_INBOX | JOIN_ATTEND);
	end_turn();
	skip_to_news();
	expect_news(EVENT_ONLINE, "", "ann", 0);
	start_gateway(GATEWAY_A, 2);
	fake.hooks->on_peer(fake.self, GATEWAY_A, 2, true);
	fake.hooks->on_tick(fake.self, fake.now_ms + 999);
	skip_to_news();
	assert_no_more();
	fake.hooks->on_tick(fake.self, fake.now_ms + 1000);
	skip_to_news();
	expect_news(EVENT_OFFLINE, "", "ann", 0);
}

static void
who_was_on_a_gateway_that_died_is_offline_after_his_grace(void **state)
{
	(void)state;
	play(script_gone);
}

static void
script_new_life(void)
{
	expect_announce();
	want(~0U);
	show_join(GATEWAY_A, 1, "ann", "ann",
		JOIN_INBOX | JOIN_ATTEND | JOIN_ANNOUNCED);
	show_join(GATEWAY_A, 2, "ben", "ben", JOIN_INBOX | JOIN_ATTEND);
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	end_turn();
	fake.hooks->on_tick(fake.self, fake.now_ms);
	skip_to_news();
	expect_news(EVENT_ONLINE, "", "ben", 0);
	skip_to_news();
	assert_no_more();
}

static void
a_new_ledger_tells_only_of_those_who_came_meanwhile(void **state)
{
	(void)state;
	play(script_new_life);
}

static void
script_slow(void)
{
	settle();
	want(~0U);
	fake.slow_slot = API;
	fake.overflow = LEDGER_WAITING_MAX + 1;
	show_join(GATEWAY_A, 1, "r", "ann", JOIN_PRESENCE);
	end_turn();
	skip_to_news();
	assert_no_more();
	assert_int_equal(
		row_read(worker_row(&fake), COUNTER_EVENTS_DROPPED), 2);
	fake.sent_read = fake.sent_count;
	show_leave(1, "r", "ann", true);
	end_turn();
	fake.now_ms += 1000;
	fake.hooks->on_tick(fake.self, fake.now_ms);
	assert_int_equal(members_rooms(ledger()->members), 0);
}

static void
an_api_that_cannot_follow_holds_up_nobody(void **state)
{
	(void)state;
	play(script_slow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rooms_are_told_of_when_users_come_and_go),
		TEST(only_what_the_tenant_wants_is_told),
		TEST(users_are_online_from_first_login_to_last_logout),
		TEST(who_was_on_a_gateway_that_died_is_offline_after_his_grace),
		TEST(a_new_ledger_tells_only_of_those_who_came_meanwhile),
		TEST(an_api_that_cannot_follow_holds_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
