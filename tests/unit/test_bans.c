/* Bans in the arena: who is found, what readers see while one writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/arena.h"
#include "shared/bans.h"
#include "shared/bans_lifted.h"
#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/network.h"
#include "shared/records.h"
#include "shared/thread.h"

static const struct arena_shape shape = {
	.slots = 1,
	.ring_bytes = 4096,
	.index_connections = 10,
	.index_rooms = 10,
	.roles = { ROLE_LEDGER },
};

static struct arena *arena;
static struct bans_writer *writer;
static struct network network;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_create(&shape);
	writer = bans_writer_new(arena);
	bans_writer_publish(writer);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	bans_writer_free(&writer);
	arena_free(&arena);
	return 0;
}

static struct ban
ban_of(enum ban_kind kind, const char *tenant, const char *name)
{
	return (struct ban){
		.kind = kind,
		.tenant = text_of(tenant),
		.name = text_of(name),
	};
}

static struct ban
ban_of_address(const char *tenant, const char *text)
{
	assert_true(network_read(text_of(text), &network));
	return (struct ban){
		.kind = BAN_ADDRESS,
		.tenant = text_of(tenant),
		.name = { (char *)network.address, 16 },
		.bits = network.bits,
	};
}

static void
set(struct ban ban)
{
	assert_true(ban_is_sound(&ban));
	assert_true(bans_writer_set(writer, &ban));
}

static bool
is_user_banned(const char *tenant, const char *user)
{
	const struct ban_subject subject = { .tenant = text_of(tenant),
		.user = text_of(user) };

	return bans_find(arena, &subject, TEXT_LITERAL(""), NULL);
}

static bool
is_address_banned(const char *tenant, const char *text)
{
	struct network one;
	const struct ban_subject subject = { .tenant = text_of(tenant),
		.user = TEXT_LITERAL("u"),
		.address = one.address };

	assert_true(network_read(text_of(text), &one));
	return bans_find(arena, &subject, TEXT_LITERAL(""), NULL);
}

static bool
is_token_banned(
	const char *tenant, const char *user, const char *jti, uint64_t issued)
{
	const struct ban_subject subject = { .tenant = text_of(tenant),
		.user = text_of(user),
		.has_token = true,
		.jti = text_of(jti),
		.issued_ms = issued };

	return bans_find(arena, &subject, TEXT_LITERAL(""), NULL);
}

static void
a_user_is_banned_in_one_tenant_or_in_all(void **state)
{
	(void)state;
	set(ban_of(BAN_USER, "a", "ann"));
	set(ban_of(BAN_USER, "", "ben"));
	assert_true(bans_has(arena, &(struct ban){ .kind = BAN_USER,
					    .name = TEXT_LITERAL("ben") }));
	assert_false(bans_has(arena, &(struct ban){ .kind = BAN_USER,
					     .name = TEXT_LITERAL("ann") }));
	assert_true(is_user_banned("a", "ann"));
	assert_false(is_user_banned("b", "ann"));
	assert_false(is_user_banned("", "ann"));
	assert_false(is_user_banned("a", "an"));
	assert_false(is_user_banned("a", ""));
	assert_true(is_user_banned("a", "ben"));
	assert_true(is_user_banned("b", "ben"));
}

static void
a_ban_from_one_room_is_one_from_no_other(void **state)
{
	struct ban ban = ban_of(BAN_USER, "a", "ann");
	struct ban_subject subject = { .tenant = TEXT_LITERAL("a"),
		.user = TEXT_LITERAL("ann"),
		.address = network.address };
	struct ban_entry found;

	(void)state;
	ban.room = TEXT_LITERAL("r");
	ban.reason = TEXT_LITERAL("noise");
	set(ban);
	assert_false(is_user_banned("a", "ann"));
	assert_false(bans_find(arena, &subject, TEXT_LITERAL("s"), &found));
	assert_true(bans_find(arena, &subject, TEXT_LITERAL("r"), &found));
	assert_int_equal(found.kind, BAN_USER);
	ban = ban_of_entry(&found);
	assert_true(text_equal(ban.reason, TEXT_LITERAL("noise")));
	assert_true(text_equal(ban.room, TEXT_LITERAL("r")));

	ban = ban_of_address("", "192.0.2.7");
	ban.room = TEXT_LITERAL("s");
	set(ban);
	assert_true(bans_find(arena, &subject, TEXT_LITERAL("s"), &found));
	assert_int_equal(found.kind, BAN_ADDRESS);
}

static void
addresses_are_banned_by_what_they_begin_with(void **state)
{
	struct ban ban;

	(void)state;
	set(ban_of_address("", "192.0.2.0/24"));
	set(ban_of_address("a", "203.0.113.9"));
	set(ban_of_address("", "2001:db8::/33"));
	assert_true(is_address_banned("a", "192.0.2.1"));
	assert_true(is_address_banned("", "192.0.2.255"));
	assert_false(is_address_banned("a", "192.0.3.1"));
	assert_true(is_address_banned("a", "203.0.113.9"));
	assert_false(is_address_banned("b", "203.0.113.9"));
	assert_false(is_address_banned("", "203.0.113.9"));
	assert_true(is_address_banned("b", "2001:db8:7fff::1"));
	assert_false(is_address_banned("b", "2001:db8:8000::1"));

	ban = ban_of_address("", "192.0.2.0/24");
	assert_true(bans_writer_lift(writer, &ban));
	assert_false(is_address_banned("a", "192.0.2.1"));
	assert_true(is_address_banned("b", "2001:db8:7fff::1"));
	set(ban_of_address("", "0.0.0.0/0"));
	assert_true(is_address_banned("", "192.0.2.1"));
	assert_false(is_address_banned("", "2001:db8:8000::1"));
	set(ban_of_address("", "::/0"));
	assert_true(is_address_banned("", "2001:db8:8000::1"));
}

static void
who_has_no_address_is_in_no_network(void **state)
{
	const uint8_t none[16] = { 0 };
	const struct ban_subject subject = { .tenant = TEXT_LITERAL("a"),
		.address = none };

	(void)state;
	set(ban_of_address("", "::/0"));
	assert_false(bans_find(arena, &subject, TEXT_LITERAL(""), NULL));
}

static void
a_token_is_revoked_by_its_name_or_by_its_age(void **state)
{
	struct ban ban = ban_of(BAN_ISSUED, "a", "ann");

	(void)state;
	set(ban_of(BAN_TOKEN, "a", "t-1"));
	assert_true(is_token_banned("a", "x", "t-1", 5000));
	assert_false(is_token_banned("b", "x", "t-1", 5000));
	assert_false(is_token_banned("a", "x", "t-2", 5000));
	assert_false(is_user_banned("a", "t-1"));

	ban.issued = 4000;
	set(ban);
	assert_true(is_token_banned("a", "ann", "", 3999));
	assert_true(is_token_banned("a", "ann", "", 0));
	assert_false(is_token_banned("a", "ann", "", 4000));
	assert_false(is_token_banned("a", "ben", "", 3000));
	assert_false(is_user_banned("a", "ann"));

	ban.name = TEXT_LITERAL("");
	ban.issued = 2000;
	set(ban);
	assert_true(is_token_banned("a", "ben", "", 1000));
	assert_false(is_token_banned("b", "ben", "", 1000));
}

/* What hosts say of one ban, each later than the one before; of the same
 * millisecond are one that lifts it, one that gives it and one for longer. */
static const struct ban words[] = {
	{ .what = BAN_SET, .since = 10 },
	{ .what = BAN_SET, .since = 15, .until = 99 },
	{ .what = BAN_LIFT, .since = 20 },
	{ .what = BAN_LIFT, .since = 30 },
	{ .what = BAN_SET, .since = 30, .until = 7000 },
	{ .what = BAN_SET, .since = 30 },
};

#define WORDS ARRAY_LEN(words)

static void
say_in_order(struct bans_writer *to, const unsigned *order, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ban ban = words[order[i]];

		ban.kind = BAN_USER;
		ban.name = TEXT_LITERAL("ann");
		bans_writer_take(to, &ban);
		bans_writer_take(to, &ban); /* some come twice */
	}
}

static size_t
last_word(const unsigned *order, size_t count)
{
	size_t last = 0;

	for (size_t i = 0; i < count; i++)
		last = MAX_OF(last, (size_t)order[i]);
	return last;
}

static bool
next_order(unsigned *order, size_t count)
{
	size_t i = 0;

	while (i < count && ++order[i] == WORDS)
		order[i++] = 0;
	return i < count;
}

static void
of_all_words_the_last_one_counts_in_whatever_order(void **state)
{
	static const struct ban ann = { .kind = BAN_USER,
		.name = { "ann", 3 } };
	unsigned order[WORDS] = { 0 };

	(void)state;
	do {
		struct bans_writer *to = bans_writer_new(arena);
		size_t last = last_word(order, 5);

		say_in_order(to, order, 5);
		assert_int_equal(
			bans_writer_has(to, &ann), words[last].what == BAN_SET);
		assert_int_equal(
			bans_writer_since(to, &ann), words[last].since);
		bans_writer_free(&to);
	} while (next_order(order, 5));
}

static void
that_a_ban_is_over_is_a_last_word(void **state)
{
	struct ban ban = ban_of(BAN_USER, "a", "ann");

	(void)state;
	ban.what = BAN_SET;
	ban.since = 20;
	ban.until = 30;
	assert_int_equal(bans_writer_take(writer, &ban), BANS_GIVEN);
	bans_writer_expire(writer, 30);
	assert_int_equal(bans_writer_take(writer, &ban), BANS_GIVEN);
	bans_writer_expire(writer, 31);
	assert_int_equal(bans_writer_count(writer), 0);
	ban.since = 19;
	ban.until = 0;
	assert_int_equal(bans_writer_take(writer, &ban), BANS_AS_BEFORE);
	ban.since = 21;
	assert_int_equal(bans_writer_take(writer, &ban), BANS_GIVEN);
}

static struct ban
lifted(char name[16], unsigned number)
{
	struct ban ban = { .what = BAN_LIFT, .kind = BAN_USER, .since = 9 };

	snprintf(name, 16, "u%u", number);
	ban.name = text_of(name);
	return ban;
}

static void
of_those_that_were_lifted_the_first_are_forgotten(void **state)
{
	uint64_t number = 0;
	unsigned count = 0;
	struct ban ban;
	char name[16];

	(void)state;
	for (unsigned i = 0; i <= BANS_LIFTED_MAX; i++) {
		ban = lifted(name, i);
		assert_false(bans_writer_lift(writer, &ban));
	}
	while ((number = bans_writer_next_lifted(writer, number, &ban)) > 0) {
		struct ban wanted = lifted(name, ++count);

		assert_true(ban_is_same(&ban, &wanted));
		assert_int_equal(ban.since, 9);
	}
	assert_int_equal(count, BANS_LIFTED_MAX);
	ban = lifted(name, 0);
	assert_int_equal(bans_writer_since(writer, &ban), 0);
}

static void
what_was_lifted_stands_in_a_checkpoint_too(void **state)
{
	struct buffer bytes = { 0 };
	struct ban ban;
	struct unpack in;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		ban = lifted(name, i);
		bans_writer_lift(writer, &ban);
	}
	ban.what = BAN_SET;
	ban.since = 10;
	assert_int_equal(bans_writer_take(writer, &ban), BANS_GIVEN);
	bans_writer_write_lifted(writer, &bytes);
	for (size_t cut = 0; cut <= bytes.length; cut++) {
		struct bans_writer *part = bans_writer_new(arena);

		in = unpack_of((struct text){ (char *)bytes.data, cut });
		assert_int_equal(bans_writer_read_lifted(part, &in),
			cut == 0 || cut == bytes.length / 2 ||
				cut == bytes.length);
		ban = lifted(name, 1);
		if (cut == bytes.length)
			assert_int_equal(bans_writer_since(part, &ban), 9);
		ban = lifted(name, 2);
		assert_int_equal(bans_writer_since(part, &ban), 0);
		bans_writer_free(&part);
	}
	buffer_fini(&bytes);
}

static void
a_ban_is_over_when_its_time_has_come(void **state)
{
	struct ban ban = ban_of(BAN_USER, "a", "ann");
	uint64_t now_ms = clock_unix_ms();

	(void)state;
	ban.until = now_ms + 3600000;
	set(ban);
	ban.name = TEXT_LITERAL("ben");
	ban.until = now_ms - 1;
	set(ban);
	assert_true(is_user_banned("a", "ann"));
	assert_false(is_user_banned("a", "ben"));
	assert_int_equal(bans_writer_count(writer), 2);
	bans_writer_expire(writer, now_ms);
	assert_int_equal(bans_writer_count(writer), 1);
	bans_writer_expire(writer, now_ms + 3599999);
	assert_int_equal(bans_writer_count(writer), 1);
	bans_writer_expire(writer, now_ms + 3600000);
	assert_int_equal(bans_writer_count(writer), 0);
}

static void
a_ban_given_again_is_one_ban(void **state)
{
	struct ban ban = ban_of(BAN_USER, "a", "ann");
	struct ban_entry entry;

	(void)state;
	set(ban);
	ban.reason = TEXT_LITERAL("again");
	ban.until = clock_unix_ms() + 1000000;
	set(ban);
	assert_int_equal(bans_writer_count(writer), 1);
	assert_int_not_equal(bans_next(arena, 0, &entry), BANS_NO_PLACE);
	assert_int_equal(entry.reason_length, 5);
	assert_int_equal(
		bans_next(arena, entry.place + 1, &entry), BANS_NO_PLACE);
	assert_true(bans_writer_lift(writer, &ban));
	assert_false(bans_writer_lift(writer, &ban));
	assert_false(is_user_banned("a", "ann"));
	assert_int_equal(bans_next(arena, 0, &entry), BANS_NO_PLACE);
}

static struct ban
numbered(char name[16], unsigned number)
{
	snprintf(name, 16, "u%u", number);
	return ban_of(BAN_USER, "a", name);
}

static void
as_many_as_may_be_are_all_found_and_one_more_is_refused(void **state)
{
	struct ban_entry entry;
	uint32_t place = 0;
	struct ban ban;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < BANS_MAX; i++)
		set(numbered(name, i));
	ban = numbered(name, BANS_MAX);
	assert_false(bans_writer_set(writer, &ban));
	set(numbered(name, 7)); /* once more */
	for (unsigned i = 0; i < BANS_MAX; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		assert_true(is_user_banned("a", name));
	}
	for (unsigned i = 0; i < BANS_MAX; i++)
		place = 1 + bans_next(arena, place, &entry);
	assert_int_equal(bans_next(arena, place, &entry), BANS_NO_PLACE);
	for (unsigned i = 0; i < BANS_MAX; i++) {
		ban = numbered(name, i);
		assert_true(bans_writer_lift(writer, &ban));
	}
	assert_int_equal(bans_writer_count(writer), 0);
	for (unsigned i = 0; i < BANS_MAX; i++)
		set(numbered(name, i + 1));
	assert_false(is_user_banned("a", "u0"));
}

static void
a_writer_that_follows_shows_its_own_when_it_is_ready(void **state)
{
	struct ban ban = ban_of(BAN_USER, "a", "cleo");

	(void)state;
	set(ban_of(BAN_USER, "a", "ann"));
	for (int i = 0; i < 3; i++) {
		struct bans_writer *next = bans_writer_new(arena);

		ban.name = i % 2 ? TEXT_LITERAL("cleo") : TEXT_LITERAL("dan");
		assert_true(bans_writer_set(next, &ban));
		assert_true(is_user_banned("a", i == 0   ? "ann"
						: i == 1 ? "dan"
							 : "cleo"));
		assert_false(is_user_banned("a", i % 2 ? "cleo" : "dan"));
		bans_writer_publish(next);
		assert_true(is_user_banned("a", i % 2 ? "cleo" : "dan"));
		assert_false(is_user_banned("a", i % 2 ? "dan" : "cleo"));
		assert_false(is_user_banned("a", "ann"));
		bans_writer_free(&writer);
		writer = next;
	}
}

static void
before_the_first_are_known_nobody_is_found(void **state)
{
	struct arena *other = arena_create(&shape);
	const struct ban_subject subject = { .user = TEXT_LITERAL("ann") };
	struct ban_entry entry;

	(void)state;
	assert_true(bans_are_known(arena));
	assert_false(bans_are_known(other));
	assert_false(bans_find(other, &subject, TEXT_LITERAL(""), NULL));
	assert_int_equal(bans_next(other, 0, &entry), BANS_NO_PLACE);
	arena_free(&other);
}

static void
a_checkpoint_brings_all_back(void **state)
{
	struct buffer bytes = { 0 };
	struct ban ban = ban_of(BAN_ISSUED, "a", "");
	struct unpack in;

	(void)state;
	ban.issued = 77;
	set(ban);
	set(ban_of(BAN_USER, "a", "ann"));
	set(ban_of_address("", "192.0.2.0/24"));
	bans_writer_write(writer, &bytes);
	bans_writer_free(&writer);
	writer = bans_writer_new(arena);
	in = unpack_of(buffer_text(&bytes));
	assert_true(bans_writer_read(writer, &in));
	bans_writer_publish(writer);
	assert_int_equal(bans_writer_count(writer), 3);
	assert_true(is_user_banned("a", "ann"));
	assert_true(is_address_banned("a", "192.0.2.3"));
	assert_true(is_token_banned("a", "x", "", 76));
	for (size_t cut = 1; cut < bytes.length; cut++) {
		struct bans_writer *part = bans_writer_new(arena);

		in = unpack_of((struct text){ (char *)bytes.data, cut });
		if (bans_writer_read(part, &in))
			assert_in_range(bans_writer_count(part), 1, 2);
		bans_writer_free(&part);
	}
	buffer_fini(&bytes);
}

static void
what_cannot_be_a_ban_is_not_sound(void **state)
{
	char longest[BAN_NAME_BYTES_MAX + 2];
	struct ban ban = ban_of(BAN_USER, "a", "ann");

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	ban.bits = 1;
	assert_false(ban_is_sound(&ban));
	ban = ban_of(BAN_USER, "a", "");
	assert_false(ban_is_sound(&ban));
	ban = ban_of(BAN_USER, "a", "a\nb");
	assert_false(ban_is_sound(&ban));
	ban = ban_of(BAN_TOKEN, "a", longest);
	assert_false(ban_is_sound(&ban));
	ban = ban_of(BAN_TOKEN, "a", longest + 1);
	assert_true(ban_is_sound(&ban));
	ban.room = TEXT_LITERAL("r");
	assert_false(ban_is_sound(&ban));
	ban = ban_of(BAN_ISSUED, "a", "ann");
	assert_false(ban_is_sound(&ban));
	ban.issued = 1;
	assert_true(ban_is_sound(&ban));
	ban = ban_of_address("a", "10.0.0.0/8");
	assert_true(ban_is_sound(&ban));
	ban.bits = 4;
	assert_false(ban_is_sound(&ban));
	ban.bits = 129;
	assert_false(ban_is_sound(&ban));
	ban = ban_of(BAN_KINDS, "a", "ann");
	assert_false(ban_is_sound(&ban));
}

static _Atomic bool is_over;
static _Atomic unsigned missed, wrong;

static void *
read_all_the_time(void *self)
{
	(void)self;
	while (!is_over) {
		missed += !is_user_banned("a", "u0");
		wrong += is_user_banned("a", "nobody");
	}
	return NULL;
}

/* So many come and go that every place and chain is used many times. */
static void
who_stays_banned_is_found_whatever_else_changes(void **state)
{
	pthread_t thread;
	struct ban ban;
	char name[16];

	(void)state;
	set(numbered(name, 0));
	assert_true(thread_start(&thread, read_all_the_time, NULL));
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 1; i < 3000; i++)
			set(numbered(name, i));
		set(numbered(name, 0)); /* given anew */
		for (unsigned i = 1; i < 3000; i++) {
			ban = numbered(name, i);
			assert_true(bans_writer_lift(writer, &ban));
		}
	}
	is_over = true;
	pthread_join(thread, NULL);
	assert_int_equal(missed, 0);
	assert_int_equal(wrong, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_user_is_banned_in_one_tenant_or_in_all),
		TEST(a_ban_from_one_room_is_one_from_no_other),
		TEST(addresses_are_banned_by_what_they_begin_with),
		TEST(who_has_no_address_is_in_no_network),
		TEST(a_token_is_revoked_by_its_name_or_by_its_age),
		TEST(of_all_words_the_last_one_counts_in_whatever_order),
		TEST(that_a_ban_is_over_is_a_last_word),
		TEST(of_those_that_were_lifted_the_first_are_forgotten),
		TEST(what_was_lifted_stands_in_a_checkpoint_too),
		TEST(a_ban_is_over_when_its_time_has_come),
		TEST(a_ban_given_again_is_one_ban),
		TEST(as_many_as_may_be_are_all_found_and_one_more_is_refused),
		TEST(a_writer_that_follows_shows_its_own_when_it_is_ready),
		TEST(before_the_first_are_known_nobody_is_found),
		TEST(a_checkpoint_brings_all_back),
		TEST(what_cannot_be_a_ban_is_not_sound),
		TEST(who_stays_banned_is_found_whatever_else_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
