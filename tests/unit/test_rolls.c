/* Which users belong to which rooms, as the ledger remembers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/records.h"
#include "worker/ledger/rolls.h"

static struct rolls rolls;
static struct buffer names;

static int
begin(void **state)
{
	(void)state;
	rolls = (struct rolls){ 0 };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	rolls_fini(&rolls);
	buffer_fini(&names);
	return 0;
}

static struct enrol
line(const char *room, const char *user, uint64_t platform)
{
	return (struct enrol){
		.tenant = TEXT_LITERAL("t"),
		.room = text_of(room),
		.user = text_of(user),
		.platform = platform,
	};
}

static void
add(const char *room, const char *user, uint64_t platform)
{
	struct enrol enrol = line(room, user, platform);

	rolls_add(&rolls, &enrol);
}

/* wanted: the names, with a space behind each. */
static void
expect_names(const struct roll *roll, const char *wanted)
{
	struct unpack in = unpack_of(roll->names);
	char found[512] = "";

	for (uint64_t i = 0; i < roll->count; i++) {
		struct text text = unpack_text(&in);
		char name[140];

		snprintf(name, sizeof(name), "%.*s ", TEXT_ARGS(text));
		strlcat(found, name, sizeof(found));
	}
	assert_false(in.failed);
	assert_string_equal(found, wanted);
}

static void
expect_page(const char *room, uint64_t platform, uint64_t from,
	size_t bytes_max, const char *wanted, bool more)
{
	struct roll roll = { 0 };
	const struct roll_wanted question = {
		.tenant = TEXT_LITERAL("t"),
		.room = text_of(room),
		.platform = platform,
		.from = from,
	};

	rolls_page(&rolls, &question, bytes_max, &names, &roll);
	expect_names(&roll, wanted);
	assert_int_equal(roll.more, more);
}

static void
expect_rooms_of(const char *user, const char *wanted)
{
	struct enrol enrol = line("", user, 0);
	struct roll roll = { 0 };

	rolls_rooms_of(&rolls, &enrol, &names, &roll);
	expect_names(&roll, wanted);
}

static void
add_some(void)
{
	add("r1", "ann", 1);
	add("r2", "ann", 2);
	add("r1", "ben", 2);
	add("r1", "ann", 2);
	add("r3", "cleo", 1);
}

static void
expect_some(void)
{
	assert_int_equal(rolls.count, 4);
	expect_page("r1", 0, 0, SIZE_MAX, "ann ben ", false);
	expect_page("r2", 0, 0, SIZE_MAX, "ann ", false);
	expect_page("r9", 0, 0, SIZE_MAX, "", false);
	expect_page("", 1, 0, SIZE_MAX, "r1 r3 ", false);
	expect_page("", 2, 0, SIZE_MAX, "r2 ", false);
	expect_page("", 3, 0, SIZE_MAX, "", false);
	expect_rooms_of("ann", "r1 r2 ");
	expect_rooms_of("eve", "");
}

static void
who_is_added_is_found_once_from_both_sides(void **state)
{
	(void)state;
	add_some();
	expect_some();
}

static void
tenants_are_kept_apart(void **state)
{
	struct enrol other = line("r1", "dan", 1);

	(void)state;
	other.tenant = TEXT_LITERAL("u");
	add_some();
	assert_false(rolls_have(&rolls, &other));
	rolls_add(&rolls, &other);
	assert_true(rolls_have(&rolls, &other));
	expect_page("r1", 0, 0, SIZE_MAX, "ann ben ", false);
	expect_page("", 1, 0, SIZE_MAX, "r1 r3 ", false);
}

static void
what_does_not_fit_comes_with_the_next_page(void **state)
{
	(void)state;
	add_some();
	expect_page("r1", 0, 0, 12, "ann ", true);
	expect_page("r1", 0, 1, 12, "ben ", false);
	expect_page("r1", 0, 2, 12, "", false);
	expect_page("", 1, 1, SIZE_MAX, "r3 ", false);
}

static void
a_user_is_in_so_many_rooms_only(void **state)
{
	struct enrol other = line("r", "ben", 1);
	char room[16];

	(void)state;
	for (unsigned i = 0; i < ROLLS_OF_USER_MAX; i++) {
		struct enrol enrol;

		snprintf(room, sizeof(room), "r%u", i);
		enrol = line(room, "ann", 1);
		assert_true(rolls_have_room_for(&rolls, &enrol, 0));
		rolls_add(&rolls, &enrol);
	}
	other.user = TEXT_LITERAL("ann");
	assert_false(rolls_have_room_for(&rolls, &other, 0));
	other.user = TEXT_LITERAL("ben");
	assert_true(rolls_have_room_for(&rolls, &other, 0));
	assert_false(rolls_have_room_for(&rolls, &other, ROLLS_OF_USER_MAX));
	assert_false(rolls_have_room_for(&rolls, &other, ROLLS_MAX));
}

static void
a_checkpoint_brings_all_back(void **state)
{
	struct buffer part = { 0 };
	struct unpack in;

	(void)state;
	add_some();
	rolls_write(&rolls, &part);
	rolls_fini(&rolls);
	in = unpack_of(buffer_text(&part));
	assert_true(rolls_read(&rolls, &in));
	expect_some();
	for (size_t cut = 1; cut < part.length; cut++) {
		struct text damaged = { (char *)part.data, part.length - cut };

		rolls_fini(&rolls);
		in = unpack_of(damaged);
		rolls_read(&rolls, &in);
		assert_true(rolls.count < 4);
	}
	buffer_fini(&part);
}

static void
the_journal_keeps_it_as_a_message(void **state)
{
	struct enrol enrol = line("r", "ann", 7), again;
	struct message message;

	(void)state;
	rolls_to_message(&enrol, &message);
	assert_true(message.flags & MESSAGE_NOTES);
	assert_true(rolls_of_message(&message, &again));
	assert_true(text_equal(again.room, enrol.room));
	assert_true(text_equal(again.user, enrol.user));
	assert_int_equal(again.platform, 7);
	message.from = TEXT_LITERAL("");
	assert_false(rolls_of_message(&message, &again));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_added_is_found_once_from_both_sides),
		TEST(tenants_are_kept_apart),
		TEST(what_does_not_fit_comes_with_the_next_page),
		TEST(a_user_is_in_so_many_rooms_only),
		TEST(a_checkpoint_brings_all_back),
		TEST(the_journal_keeps_it_as_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
