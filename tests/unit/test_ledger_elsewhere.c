/*
 * Members at other hosts, of whom the relay tells a ledger.
 */
#include "tests/unit/ledger_lives.h"

#define GONE_MS 30000

static int
open_with_relay(void **state)
{
	open_ledger(state);
	start_gateway(RELAY, 1);
	return 0;
}

static void
join_elsewhere(uint32_t life, uint64_t connection, const char *user)
{
	SHOW(JOIN, join, RELAY, life, .connection = connection,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.user = text_of(user), .platform = 101,
		.flags = JOIN_EVENTS | JOIN_PRESENCE);
}

static void
leave_elsewhere(uint32_t life, uint64_t connection, const char *user)
{
	SHOW(LEAVE, leave, RELAY, life, .connection = connection,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("r"),
		.user = text_of(user), .platform = 101);
}

static void
relay_dies(uint32_t life)
{
	fake.hooks->on_peer(fake.self, RELAY, life, false);
	arena_row(fake.arena, RELAY)->life = life + 1;
	arena_row(fake.arena, RELAY)->ready_life = life + 1;
}

static void
tick_at(uint64_t now_ms)
{
	fake.now_ms = now_ms;
	fake.hooks->on_tick(fake.self, now_ms);
}

static uint64_t
members(void)
{
	return members_count(ledger()->members);
}

static void
script_enter(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	add_room(RELAY, "r");
	join_elsewhere(1, 1, "ann");
	end_turn();
	expect_presence(GATEWAY_A, "ann", true, 1);
	leave_elsewhere(1, 1, "ann");
	end_turn();
	expect_presence(GATEWAY_A, "ann", false, 0);
	assert_no_more();
}

/* And the relay, who has the room too, gets neither answers nor what gateways
 * get. */
static void
who_enters_elsewhere_is_told_here(void **state)
{
	(void)state;
	play(script_enter);
}

static void
script_full(void)
{
	settle();
	class_of_rooms()->max_members = 1;
	join_elsewhere(1, 1, "ann");
	join_elsewhere(1, 2, "ben");
	end_turn();
	assert_no_more();
	assert_int_equal(members(), 2);
}

static void
whom_another_host_has_let_in_is_a_member(void **state)
{
	(void)state;
	play(script_full);
}

static void
script_restart(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	fake.config->grace_seconds = 0;
	fake.hooks->on_reload(fake.self);
	join_elsewhere(1, 1, "ann");
	join_elsewhere(1, 2, "ben");
	end_turn();
	fixture_forget_sent();
	relay_dies(1);
	tick_at(fake.now_ms + GONE_MS - 1);
	assert_int_equal(members(), 2);
	join_elsewhere(2, 7, "ann");
	end_turn();
	assert_no_more();
	SHOW(ANNOUNCED, announced, RELAY, 2, .life = 0);
	end_turn();
	tick_at(fake.now_ms + 1);
	expect_presence(GATEWAY_A, "ben", false, 1);
	tick_at(fake.now_ms + GONE_MS);
	assert_no_more();
	assert_int_equal(members(), 1);
}

static void
a_new_relay_says_who_is_there_before_others_go(void **state)
{
	(void)state;
	play(script_restart);
}

static void
script_no_relay(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	join_elsewhere(1, 1, "ann");
	end_turn();
	fixture_forget_sent();
	relay_dies(1);
	tick_at(fake.now_ms + GONE_MS);
	assert_int_equal(members(), 0);
	tick_at(fake.now_ms + 2000);
	expect_presence(GATEWAY_A, "ann", false, 0);
}

static void
without_a_new_relay_all_elsewhere_go(void **state)
{
	(void)state;
	play(script_no_relay);
}

static void
script_waits(void)
{
	expect_announce();
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	end_turn();
	assert_true(settling_is_on(ledger()));
	SHOW(JOIN, join, RELAY, 1, .connection = 1, .tenant = TEXT_LITERAL("t"),
		.room = TEXT_LITERAL("r"), .user = TEXT_LITERAL("ann"),
		.flags = JOIN_PRESENCE | JOIN_ANNOUNCED);
	show_announced(RELAY);
	end_turn();
	assert_false(settling_is_on(ledger()));
	assert_int_equal(members(), 1);
	assert_no_more();
}

static void
a_new_ledger_asks_the_relay_too(void **state)
{
	(void)state;
	play(script_waits);
}

static struct tenant tenant = { .name = (char *)(uintptr_t) "t",
	.event_mask = ~0U };

static void
script_webhooks(void)
{
	settle();
	fake.config->tenants = &tenant;
	fake.config->tenant_count = 1;
	join_elsewhere(1, 1, "ann");
	end_turn();
	assert_no_more();
	show_join(GATEWAY_A, 2, "r", "ben", JOIN_PRESENCE);
	end_turn();
	{
		NEXT(NEWS, news, API);
		assert_int_equal(news.what, EVENT_ENTER);
		assert_true(text_equal(news.user, TEXT_LITERAL("ben")));
	}
	expect_joined(GATEWAY_A, 2, 0, 2);
	leave_elsewhere(1, 1, "ann");
	end_turn();
	assert_no_more();
}

static void
webhooks_hear_of_each_from_his_own_host(void **state)
{
	(void)state;
	play(script_webhooks);
}

static void
attend(const char *user)
{
	SHOW(JOIN, join, GATEWAY_A, 1, .request = 1, .connection = 101,
		.tenant = TEXT_LITERAL("t"), .room = text_of(user),
		.user = text_of(user), .flags = JOIN_INBOX | JOIN_ATTEND);
	end_turn();
}

static void
part(const char *user)
{
	SHOW(LEAVE, leave, GATEWAY_A, 1, .connection = 101,
		.tenant = TEXT_LITERAL("t"), .room = text_of(user),
		.user = text_of(user), .is_inbox = 1);
	end_turn();
}

static void
expect_news(enum webhook_event what)
{
	NEXT(NEWS, news, API);
	assert_int_equal(news.what, what);
}

static void
script_online(void)
{
	struct index_entry entry = { .tenant_length = 1, .user_length = 3 };

	memcpy(entry.tenant, "t", 1);
	memcpy(entry.user, "ann", 3);
	settle();
	fake.config->tenants = &tenant;
	fake.config->tenant_count = 1;
	attend("ann");
	expect_news(EVENT_ONLINE);
	expect_joined(GATEWAY_A, 1, 0, 1);
	assert_true(index_add(fake.arena, RELAY, &entry));
	part("ann");
	assert_no_more();
	attend("ann");
	expect_joined(GATEWAY_A, 1, 0, 1);
	index_remove(fake.arena, RELAY, entry.place);
	part("ann");
	expect_news(EVENT_OFFLINE);
	assert_no_more();
}

static void
who_is_online_elsewhere_comes_and_goes_untold(void **state)
{
	(void)state;
	play(script_online);
}

#undef OPEN_LEDGER
#define OPEN_LEDGER open_with_relay

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_enters_elsewhere_is_told_here),
		TEST(whom_another_host_has_let_in_is_a_member),
		TEST(a_new_relay_says_who_is_there_before_others_go),
		TEST(without_a_new_relay_all_elsewhere_go),
		TEST(a_new_ledger_asks_the_relay_too),
		TEST(webhooks_hear_of_each_from_his_own_host),
		TEST(who_is_online_elsewhere_comes_and_goes_untold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
