#include "worker/ledger/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/records.h"
#include "worker/ledger/streams.h"

#define GRACE_MS 1000

static struct room_class class = {
	.pattern = (char *)(uintptr_t) "*",
	.history = true,
	.listed = true,
	.events = true,
};
static const struct config config = { .room_classes = &class,
	.room_class_count = 1 };
static const struct teller gateway_a = { 0, 1 };
static const struct teller gateway_b = { 1, 1 };

static struct streams streams;
static struct members *members;
static char told[4096]; /* "+ann:1 -bob:0 =5/6 " */
static unsigned told_count;
static char watched[4096]; /* the same */

static void
on_told(const struct members_event *event, void *self)
{
	size_t length = strlen(told);

	(void)self;
	told_count++;
	if (event->user.length == 0)
		snprintf(told + length, sizeof(told) - length, "=%d/%d ",
			(int)event->users, (int)event->connections);
	else
		snprintf(told + length, sizeof(told) - length, "%c%.*s:%d ",
			event->has_entered ? '+' : '-', TEXT_ARGS(event->user),
			(int)event->users);
}

static void
on_watched(const struct members_change *change, void *self)
{
	size_t length = strlen(watched);

	(void)self;
	snprintf(watched + length, sizeof(watched) - length, "%c%.*s:%d ",
		change->has_entered ? '+' : '-', TEXT_ARGS(change->user),
		(int)change->users);
}

static void
assert_watched(const char *what)
{
	assert_string_equal(watched, what);
	watched[0] = 0;
}

static int
set_up(void **state)
{
	(void)state;
	streams_init(&streams, &config);
	members = members_new(&streams, GRACE_MS, on_told, NULL);
	members_watch(members, on_watched, NULL);
	told[0] = watched[0] = 0;
	told_count = 0;
	class.events_max = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	members_free(&members);
	assert_int_equal(streams_count(&streams), 0);
	streams_fini(&streams);
	return 0;
}

static struct stream_name
name_of(const char *room)
{
	struct stream_name name;

	stream_name_make(&name, STREAM_ROOM, TEXT_LITERAL("t"), text_of(room));
	return name;
}

static struct stream *
find(const char *room)
{
	struct stream_name name = name_of(room);

	return streams_find(&streams, &name);
}

static bool
join_with(struct teller teller, uint64_t connection, const char *room,
	const char *user, uint64_t platform, unsigned flags)
{
	struct stream_name name = name_of(room);
	struct join join = { .connection = connection,
		.user = text_of(user),
		.platform = platform,
		.since = 5000 - connection,
		.info = text_of(user),
		.flags = flags };

	return members_join(
		members, streams_need(&streams, &name), &join, teller);
}

static bool
join(struct teller teller, uint64_t connection, const char *user)
{
	return join_with(teller, connection, "r", user, 101, JOIN_PRESENCE);
}

static bool
announce(struct teller teller, uint64_t connection, const char *user)
{
	return join_with(teller, connection, "r", user, 101,
		JOIN_PRESENCE | JOIN_ANNOUNCED);
}

static bool
leave(struct teller teller, uint64_t connection, const char *user, bool lost,
	uint64_t now_ms)
{
	struct stream_name name = name_of("r");
	struct leave record = {
		.connection = connection, .user = text_of(user), .lost = lost
	};

	return members_leave(members, streams_need(&streams, &name), &record,
		teller, now_ms);
}

static void
assert_told(const char *what)
{
	assert_string_equal(told, what);
	told[0] = 0;
}

static void
assert_counts(uint64_t users, uint64_t connections)
{
	assert_int_equal(members_users(find("r")), users);
	assert_int_equal(members_connections(find("r")), connections);
	assert_int_equal(members_count(members), connections);
}

static void
a_user_enters_once_and_goes_with_the_last_connection(void **state)
{
	(void)state;
	assert_true(join(gateway_a, 1, "ann"));
	assert_false(join(gateway_b, 1, "ann"));
	assert_true(join(gateway_a, 2, "bob"));
	assert_counts(2, 3);
	assert_false(leave(gateway_a, 1, "ann", false, 0));
	assert_counts(2, 2);
	assert_true(leave(gateway_b, 1, "ann", false, 0));
	assert_counts(1, 1);
	assert_false(leave(gateway_b, 1, "ann", false, 0));
	assert_true(leave(gateway_a, 2, "bob", false, 0));
	assert_null(find("r"));
	assert_int_equal(members_rooms(members), 0);
}

static void
a_repeated_join_counts_once(void **state)
{
	(void)state;
	assert_true(join(gateway_a, 1, "ann"));
	assert_false(join(gateway_a, 1, "ann"));
	assert_counts(1, 1);
	assert_true(join(gateway_a, 1, "bob"));
	assert_counts(1, 1);
	assert_true(leave(gateway_a, 1, "bob", false, 0));
}

static void
who_was_lost_stays_until_grace_is_over(void **state)
{
	(void)state;
	join(gateway_a, 1, "ann");
	join(gateway_a, 2, "bob");
	assert_false(leave(gateway_a, 1, "ann", true, 100));
	assert_counts(2, 1);
	members_tick(members, 100 + GRACE_MS - 1, 10);
	assert_told("");
	members_tick(members, 100 + GRACE_MS, 10);
	assert_told("-ann:1 ");
	assert_counts(1, 1);
}

static void
who_comes_back_in_time_was_never_gone(void **state)
{
	(void)state;
	join(gateway_a, 1, "ann");
	assert_false(leave(gateway_a, 1, "ann", true, 100));
	assert_false(join(gateway_b, 9, "ann"));
	members_tick(members, 100000, 10);
	assert_told("");
	assert_counts(1, 1);
	assert_true(leave(gateway_b, 9, "ann", false, 100));
}

static void
a_dead_process_loses_its_members_and_no_others(void **state)
{
	struct teller successor = { 0, 2 };

	(void)state;
	join(gateway_a, 1, "ann");
	join(gateway_b, 1, "ann");
	join(gateway_a, 2, "bob");
	join(successor, 1, "eve");
	members_lose(members, gateway_a, 0);
	assert_counts(3, 2);
	members_tick(members, GRACE_MS, 10);
	assert_told("-bob:2 ");
	assert_counts(2, 2);
}

static void
events_are_told_so_many_at_a_time(void **state)
{
	char user[16];

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		join(gateway_a, (uint64_t)i, user);
	}
	members_lose(members, gateway_a, 0);
	members_tick(members, GRACE_MS, 4);
	assert_told("-u0:9 -u1:8 -u2:7 -u3:6 ");
	members_tick(members, GRACE_MS, 4);
	members_tick(members, GRACE_MS, 4);
	assert_int_equal(members_users(find("r")), 0);
}

static void
while_settling_nobody_is_seen_to_come_or_go(void **state)
{
	(void)state;
	members_set_settling(members, true);
	assert_false(announce(gateway_a, 1, "old"));
	assert_false(join(gateway_a, 2, "new"));
	assert_false(join(gateway_a, 3, "both"));
	assert_false(announce(gateway_b, 1, "both"));
	assert_false(join(gateway_a, 4, "brief"));
	assert_false(leave(gateway_a, 4, "brief", false, 0));
	assert_false(announce(gateway_b, 2, "goes"));
	assert_false(leave(gateway_b, 2, "goes", false, 0));
	assert_false(leave(gateway_b, 3, "stranger", false, 0));
	assert_false(leave(gateway_b, 4, "mover", false, 0));
	assert_false(announce(gateway_a, 5, "mover"));
	members_tick(members, 5000, 100);
	assert_told("");
	members_set_settling(members, false);
	members_tick(members, 5000, 100);
	assert_told("+new:6 -goes:5 -stranger:4 ");
	assert_counts(4, 5);
}

static void
who_was_lost_while_settling_has_grace_too(void **state)
{
	(void)state;
	members_set_settling(members, true);
	announce(gateway_a, 1, "ann");
	assert_false(leave(gateway_a, 1, "ann", true, 100));
	assert_false(leave(gateway_b, 1, "stranger", true, 200));
	members_set_settling(members, false);
	members_tick(members, 100 + GRACE_MS, 100);
	assert_told("-ann:1 ");
	members_tick(members, 200 + GRACE_MS, 100);
	assert_told("-stranger:0 ");
}

static void
newcomers_who_die_before_they_were_told_of_never_came(void **state)
{
	(void)state;
	members_set_settling(members, true);
	join(gateway_a, 1, "ann");
	members_lose(members, gateway_a, 0);
	assert_null(find("r"));
	members_set_settling(members, false);
	members_tick(members, 100000, 100);
	assert_told("");
}

/* The page as "user:platforms:since:info user…". */
static void
assert_page(const char *after, uint64_t limit, size_t bytes_max,
	const char *want, bool more)
{
	struct members_wanted wanted = { .after = text_of(after),
		.limit = limit };
	struct members_page page = { 0 };
	struct buffer list = { 0 }, got = { 0 };
	struct unpack in;

	members_list(find("r"), &wanted, bytes_max, &list, &page);
	in = unpack_of(buffer_text(&list));
	for (uint64_t i = 0; i < page.count; i++) {
		struct unpack record = unpack_of(unpack_text(&in));
		struct unpack platforms;
		struct member member;

		assert_true(member_unpack(&record, &member));
		buffer_add_text(&got, member.user);
		platforms = unpack_of(member.platforms);
		while (platforms.at < platforms.end)
			buffer_add_format(
				&got, ":%d", (int)unpack_number(&platforms));
		buffer_add_format(&got, ":%d:%.*s ", (int)member.since,
			TEXT_ARGS(member.info));
	}
	buffer_add_byte(&got, 0);
	assert_string_equal((char *)got.data, want);
	assert_int_equal(page.more, more);
	buffer_fini(&list);
	buffer_fini(&got);
}

static void
pages_are_in_byte_order_and_tell_every_platform_once(void **state)
{
	(void)state;
	assert_page("", 10, 10000, "", false);
	join_with(gateway_a, 1, "r", "cleo", 101, JOIN_PRESENCE);
	join_with(gateway_a, 2, "r", "ann", 103, JOIN_PRESENCE);
	join_with(gateway_b, 3, "r", "ann", 102, JOIN_PRESENCE);
	join_with(gateway_b, 4, "r", "ann", 103, JOIN_PRESENCE);
	join_with(gateway_a, 5, "r", "bob", 104, JOIN_PRESENCE);
	leave(gateway_a, 5, "bob", true, 0);
	assert_page("", 10, 10000,
		"ann:103:102:4996:ann bob:104:4995:bob cleo:101:4999:cleo ",
		false);
	assert_page(
		"", 2, 10000, "ann:103:102:4996:ann bob:104:4995:bob ", true);
	assert_page("bob", 2, 10000, "cleo:101:4999:cleo ", false);
	assert_page("a", 1, 10000, "ann:103:102:4996:ann ", true);
	assert_page("zoe", 1, 10000, "", false);
	assert_page("", 10, 1, "ann:103:102:4996:ann ", true);
}

/* Pages through all, in their order; how many are there. */
static unsigned
page_through(uint64_t limit, size_t bytes_max)
{
	char last[32] = "";
	unsigned seen = 0;
	struct members_page page;

	do {
		struct members_wanted wanted = { .after = text_of(last),
			.limit = limit };
		struct buffer list = { 0 };
		struct unpack in;

		page = (struct members_page){ 0 };
		members_list(find("r"), &wanted, bytes_max, &list, &page);
		in = unpack_of(buffer_text(&list));
		for (uint64_t i = 0; i < page.count; i++, seen++) {
			struct unpack record = unpack_of(unpack_text(&in));
			struct member member;

			assert_true(member_unpack(&record, &member));
			assert_true(
				text_compare(text_of(last), member.user) < 0);
			snprintf(last, sizeof(last), "%.*s",
				TEXT_ARGS(member.user));
		}
		buffer_fini(&list);
	} while (page.more);
	return seen;
}

static void
a_large_room_is_paged_through_whole_and_in_order(void **state)
{
	enum {
		USERS = 3000
	};
	char user[32];

	(void)state;
	for (unsigned i = 0; i < USERS; i++) {
		snprintf(user, sizeof(user), "u%u", i * 7919 % USERS);
		assert_true(join(gateway_a, i, user));
	}
	assert_int_equal(page_through(100, 100000), USERS);
}

static void
of_a_crowd_only_counts_are_told_once_a_second(void **state)
{
	(void)state;
	class.events_max = 2;
	members_tick(members, 5000, 10);
	assert_true(join(gateway_a, 1, "ann"));
	assert_true(join(gateway_a, 2, "bob"));
	assert_false(join(gateway_a, 3, "cleo"));
	assert_false(join(gateway_a, 4, "dan"));
	members_tick(members, 5999, 10);
	assert_told("");
	members_tick(members, 6000, 10);
	assert_told("=4/4 ");
	members_tick(members, 9000, 10);
	assert_told("");
	assert_false(leave(gateway_a, 4, "dan", false, 9000));
	assert_false(join(gateway_b, 5, "ann"));
	assert_false(join(gateway_b, 6, "eve"));
	assert_false(leave(gateway_b, 6, "eve", false, 9000));
	members_tick(members, 9999, 10);
	assert_told("");
	members_tick(members, 10000, 10);
	assert_told("=3/4 ");
}

static void
a_crowd_that_is_as_before_is_no_news(void **state)
{
	(void)state;
	class.events_max = 1;
	join(gateway_a, 1, "ann");
	join(gateway_a, 2, "bob");
	members_tick(members, 5000, 10);
	assert_told("=2/2 ");
	leave(gateway_a, 2, "bob", true, 5000);
	join(gateway_a, 3, "bob");
	members_tick(members, 8000, 10);
	assert_told("");
	leave(gateway_a, 3, "bob", true, 8000);
	members_tick(members, 8999, 10);
	assert_told("");
	members_tick(members, 9000, 10);
	assert_told("-bob:1 ");
}

static void
what_is_a_crowd_no_more_is_told_of_each_again(void **state)
{
	(void)state;
	class.events_max = 2;
	join(gateway_a, 1, "ann");
	join(gateway_a, 2, "bob");
	assert_false(join(gateway_a, 3, "cleo"));
	members_tick(members, 5000, 10);
	assert_told("=3/3 ");
	assert_true(leave(gateway_a, 3, "cleo", false, 0));
	assert_true(leave(gateway_a, 2, "bob", false, 0));
	assert_true(join(gateway_a, 4, "dan"));
	assert_false(join(gateway_a, 5, "eve"));
	members_tick(members, 6000, 10);
	assert_told("=3/3 "); /* they were told of exits since */
	assert_false(join(gateway_a, 6, "fay"));
	assert_false(leave(gateway_a, 6, "fay", false, 0));
	assert_true(leave(gateway_a, 5, "eve", false, 0));
	members_tick(members, 7000, 10);
	assert_told("");
}

static void
a_crowd_that_goes_away_whole_is_not_told_of(void **state)
{
	(void)state;
	class.events_max = 1;
	join(gateway_a, 1, "ann");
	join(gateway_a, 2, "bob");
	assert_true(leave(gateway_a, 1, "ann", false, 0));
	assert_true(leave(gateway_a, 2, "bob", false, 0));
	assert_null(find("r"));
	members_tick(members, 5000, 10);
	assert_told("");
}

static void
without_events_nobody_is_told_of_anything(void **state)
{
	(void)state;
	class.events = false;
	class.events_max = 1;
	assert_false(join(gateway_a, 1, "ann"));
	assert_false(join(gateway_a, 2, "bob"));
	assert_false(leave(gateway_a, 2, "bob", false, 0));
	assert_false(leave(gateway_a, 1, "ann", true, 0));
	members_tick(members, 5000, 10);
	assert_told("");
	class.events = true;
}

static void
while_settling_a_crowd_is_not_told_of_but_once_after_it(void **state)
{
	char user[16];

	(void)state;
	class.events_max = 3;
	members_set_settling(members, true);
	for (int i = 0; i < 10; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		announce(gateway_a, (uint64_t)i, user);
		members_tick(members, 5000 + 1000 * (uint64_t)i, 10);
	}
	assert_false(join(gateway_b, 1, "new"));
	assert_false(leave(gateway_b, 2, "stranger", false, 0));
	assert_told("");
	members_set_settling(members, false);
	members_tick(members, 20000, 10);
	assert_told("=11/11 ");
	members_tick(members, 30000, 10);
	assert_told("");
}

enum {
	CROWD = 100000
};

static void
name_of_user(char user[32], unsigned i)
{
	snprintf(user, 32, "u%u", (i * 7919U) % CROWD);
}

/* Half of them are at a gateway that dies; each step takes away a bounded
 * number, and counts and pages are whole at any time. */
static void
a_hundred_thousand_members_are_lost_in_bounded_steps(void **state)
{
	uint64_t now_ms = 5000, before;
	char user[32];

	(void)state;
	class.events_max = 1000;
	for (unsigned i = 0; i < CROWD; i++) {
		name_of_user(user, i);
		assert_int_equal(
			join(i % 2 ? gateway_b : gateway_a, i, user), i < 1000);
	}
	assert_counts(CROWD, CROWD);
	assert_int_equal(page_through(1000, 1 << 20), CROWD);
	members_tick(members, now_ms, 100);
	assert_told("=100000/100000 ");
	members_lose(members, gateway_b, now_ms);
	assert_counts(CROWD, CROWD / 2);
	now_ms += GRACE_MS;
	for (before = CROWD; before > CROWD / 2;
		before = members_users(find("r"))) {
		members_tick(members, now_ms, 100);
		assert_int_equal(members_users(find("r")), before - 1000);
	}
	assert_told("=99000/50000 ");
	members_tick(members, now_ms + 1000, 100);
	assert_told("=50000/50000 ");
	assert_int_equal(page_through(1000, 1 << 20), CROWD / 2);
}

/* All lose their connections and come back in time, twice. */
static void
a_crowd_that_reconnects_costs_counts_and_nothing_else(void **state)
{
	uint64_t now_ms = 5000;
	char user[32];

	(void)state;
	class.events_max = 1000;
	for (unsigned i = 0; i < 10000; i++) {
		name_of_user(user, i);
		join(gateway_a, i, user);
	}
	members_tick(members, now_ms, 1000);
	assert_told("=10000/10000 ");
	told_count = 0;
	for (unsigned i = 0; i < 20000; i++) {
		name_of_user(user, i % 10000);
		assert_false(leave(gateway_a, i, user, true, now_ms));
		assert_false(join(gateway_a, i + 10000, user));
		if (i % 200 == 0) {
			now_ms += 100;
			members_tick(members, now_ms, 1000);
		}
	}
	members_tick(members, now_ms + 5000, 1000);
	assert_counts(10000, 10000);
	assert_in_range(told_count, 0, 11); /* 10 s */
	told[0] = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void
who_watches_hears_of_each_in_a_crowd_and_without_events(void **state)
{
	(void)state;
	class.events_max = 1;
	join(gateway_a, 1, "ann");
	join(gateway_a, 2, "bob");
	join(gateway_b, 3, "bob");
	assert_watched("+ann:1 +bob:2 ");
	class.events = false;
	leave(gateway_a, 2, "bob", false, 0);
	assert_watched("");
	leave(gateway_b, 3, "bob", false, 0);
	leave(gateway_a, 1, "ann", false, 0);
	assert_watched("-bob:1 -ann:0 ");
	class.events = true;
}

static void
who_watches_hears_of_the_lost_after_their_grace(void **state)
{
	(void)state;
	join(gateway_a, 1, "ann");
	join(gateway_b, 2, "bob");
	assert_watched("+ann:1 +bob:2 ");
	leave(gateway_b, 2, "bob", true, 0);
	members_lose(members, gateway_a, 0);
	join(gateway_b, 3, "bob");
	members_tick(members, GRACE_MS, 10);
	assert_watched("-ann:1 ");
}

static void
who_watches_is_not_told_again_of_whom_a_predecessor_saw(void **state)
{
	(void)state;
	members_set_settling(members, true);
	announce(gateway_a, 1, "ann");
	join(gateway_a, 2, "new");
	join(gateway_b, 3, "ben");
	leave(gateway_b, 4, "gone", false, 0);
	announce(gateway_a, 5, "ben");
	assert_watched("");
	members_set_settling(members, false);
	members_tick(members, 1, 10);
	assert_watched("+new:4 -gone:3 ");
	leave(gateway_a, 1, "ann", false, 1);
	assert_watched("-ann:2 ");
}

static void
the_first_to_come_while_settling_finds_the_room_empty(void **state)
{
	(void)state;
	members_set_settling(members, true);
	join(gateway_a, 1, "ann");
	join(gateway_b, 2, "ben");
	members_set_settling(members, false);
	members_tick(members, 1, 10);
	assert_watched("+ann:1 +ben:2 ");
}

static void
a_connection_that_joins_as_another_user_is_told_as_both(void **state)
{
	(void)state;
	join(gateway_a, 1, "ann");
	join(gateway_a, 1, "ben");
	assert_watched("+ann:1 +ben:2 -ann:1 ");
}

static void
without_anybody_to_tell_all_is_watched_nevertheless(void **state)
{
	(void)state;
	members_free(&members);
	members = members_new(&streams, GRACE_MS, NULL, NULL);
	members_watch(members, on_watched, NULL);
	join(gateway_a, 1, "ann");
	leave(gateway_a, 1, "ann", true, 0);
	members_tick(members, GRACE_MS, 10);
	assert_watched("+ann:1 -ann:0 ");
	assert_told("");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_user_enters_once_and_goes_with_the_last_connection),
		TEST(a_repeated_join_counts_once),
		TEST(who_was_lost_stays_until_grace_is_over),
		TEST(who_comes_back_in_time_was_never_gone),
		TEST(a_dead_process_loses_its_members_and_no_others),
		TEST(events_are_told_so_many_at_a_time),
		TEST(while_settling_nobody_is_seen_to_come_or_go),
		TEST(who_was_lost_while_settling_has_grace_too),
		TEST(newcomers_who_die_before_they_were_told_of_never_came),
		TEST(pages_are_in_byte_order_and_tell_every_platform_once),
		TEST(a_large_room_is_paged_through_whole_and_in_order),
		TEST(of_a_crowd_only_counts_are_told_once_a_second),
		TEST(a_crowd_that_is_as_before_is_no_news),
		TEST(what_is_a_crowd_no_more_is_told_of_each_again),
		TEST(a_crowd_that_goes_away_whole_is_not_told_of),
		TEST(without_events_nobody_is_told_of_anything),
		TEST(while_settling_a_crowd_is_not_told_of_but_once_after_it),
		TEST(a_hundred_thousand_members_are_lost_in_bounded_steps),
		TEST(a_crowd_that_reconnects_costs_counts_and_nothing_else),
		TEST(who_watches_hears_of_each_in_a_crowd_and_without_events),
		TEST(who_watches_hears_of_the_lost_after_their_grace),
		TEST(who_watches_is_not_told_again_of_whom_a_predecessor_saw),
		TEST(the_first_to_come_while_settling_finds_the_room_empty),
		TEST(a_connection_that_joins_as_another_user_is_told_as_both),
		TEST(without_anybody_to_tell_all_is_watched_nevertheless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
