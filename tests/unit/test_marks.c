#include "worker/ledger/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/pack.h"
#include "shared/records.h"

#define COUNT_MAX 1000

static struct marks marks;

static int
set_up(void **state)
{
	(void)state;
	marks_init(&marks, COUNT_MAX);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	marks_fini(&marks);
	return 0;
}

static struct mark
of_room(const char *tenant, const char *room, const char *user, uint64_t offset)
{
	return (struct mark){
		.kind = STREAM_ROOM,
		.tenant = text_of(tenant),
		.stream = text_of(room),
		.user = text_of(user),
		.with = TEXT_LITERAL(""),
		.offset = offset,
	};
}

static struct mark
of_two(const char *user, const char *with, uint64_t offset)
{
	return (struct mark){
		.kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"),
		.stream = text_of(user),
		.user = text_of(user),
		.with = text_of(with),
		.offset = offset,
		.with_offset = offset + 100,
	};
}

static void
a_mark_only_grows(void **state)
{
	struct mark mark = of_room("t", "r", "ann", 5);

	(void)state;
	assert_int_equal(marks_find(&marks, &mark), 0);
	assert_true(marks_set(&marks, &mark));
	assert_false(marks_set(&marks, &mark));
	mark.offset = 4;
	assert_false(marks_set(&marks, &mark));
	assert_int_equal(marks_find(&marks, &mark), 5);
	mark.offset = 6;
	assert_true(marks_set(&marks, &mark));
	assert_int_equal(marks_find(&marks, &mark), 6);
	assert_int_equal(marks.known.count, 1);
}

static void
of_two_each_knows_how_far_the_other_has_read(void **state)
{
	struct mark anns = of_two("ann", "bob", 5);
	struct mark bobs = of_two("bob", "ann", 0);
	struct mark eves = of_two("eve", "ann", 0);

	(void)state;
	anns.with_offset = 70;
	assert_true(marks_set(&marks, &anns));
	assert_int_equal(marks_find_with(&marks, &bobs), 70);
	assert_int_equal(marks_find_with(&marks, &anns), 0);
	assert_int_equal(marks_find_with(&marks, &eves), 0);
	assert_int_equal(marks_find(&marks, &bobs), 0);
	anns.offset = 4;
	anns.with_offset = 90;
	assert_false(marks_set(&marks, &anns));
	assert_int_equal(marks_find_with(&marks, &bobs), 70);
}

static void
nothing_read_is_no_mark(void **state)
{
	struct mark mark = of_room("t", "r", "ann", 0);

	(void)state;
	assert_false(marks_set(&marks, &mark));
	assert_int_equal(marks.known.count, 0);
}

static void
a_mark_belongs_to_stream_user_and_other_side(void **state)
{
	const struct mark others[] = {
		of_room("u", "r", "ann", 1),
		of_room("t", "s", "ann", 2),
		of_room("t", "r", "bob", 3),
		of_room("t", "ann", "ann", 4),
		of_two("ann", "bob", 5),
		of_two("ann", "eve", 6),
		of_two("bob", "ann", 7),
		of_two("ann", "ann", 8),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(marks_set(&marks, &others[i]));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(
			marks_find(&marks, &others[i]), others[i].offset);
}

static struct mark
number(unsigned i, uint64_t offset)
{
	static char room[16];

	snprintf(room, sizeof(room), "r%u", i);
	return of_room("t", room, "ann", offset);
}

static uint64_t
find_number(const struct marks *in, unsigned i)
{
	struct mark mark = number(i, 0);

	return marks_find(in, &mark);
}

static void
set_number(unsigned i, uint64_t offset)
{
	struct mark mark = number(i, offset);

	assert_true(marks_set(&marks, &mark));
}

static void
those_not_moved_for_longest_give_way(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_MAX; i++)
		set_number(i, 1);
	set_number(0, 2);
	assert_int_equal(marks.dropped, 0);
	set_number(COUNT_MAX, 1);
	set_number(COUNT_MAX + 1, 1);
	assert_int_equal(marks.dropped, 2);
	assert_int_equal(marks.known.count, COUNT_MAX);
	assert_int_equal(find_number(&marks, 0), 2);
	assert_int_equal(find_number(&marks, 1), 0);
	assert_int_equal(find_number(&marks, 2), 0);
	assert_int_equal(find_number(&marks, 3), 1);
	assert_int_equal(find_number(&marks, COUNT_MAX + 1), 1);
}

static struct marks
read_back(const struct buffer *picture)
{
	struct unpack in = unpack_of(buffer_text(picture));
	struct marks copy;

	marks_init(&copy, 2 * COUNT_MAX);
	assert_true(marks_read(&copy, &in));
	return copy;
}

static void
a_picture_shows_what_was_when_it_began(void **state)
{
	struct buffer picture = { 0 };
	struct marks copy;
	uint64_t next = 10000;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		set_number(i, 10 + i);
	for (unsigned round = 0; round < 2; round++) {
		buffer_clear(&picture, 0);
		marks_begin_writing(&marks);
		set_number(0, 1000 + round);
		assert_false(marks_write(&marks, &picture, 100));
		set_number(50, 2000 + round);
		set_number(450, 3000 + 2000 * round);
		set_number(450, 4000 + 2000 * round);
		set_number(700 + round, 1);
		while (!marks_write(&marks, &picture, 7))
			set_number(101, ++next);
		set_number(2, 5000 + round);
		copy = read_back(&picture);
		assert_int_equal(copy.known.count, 500 + round);
		if (round == 0)
			for (unsigned i = 0; i < 500; i++)
				assert_int_equal(find_number(&copy, i), 10 + i);
		else
			assert_int_equal(find_number(&copy, 450), 4000);
		assert_int_equal(find_number(&copy, 700 + round), 0);
		marks_fini(&copy);
	}
	assert_int_equal(find_number(&marks, 450), 6000);
	buffer_fini(&picture);
}

static void
what_gives_way_during_a_picture_is_still_in_it(void **state)
{
	struct buffer picture = { 0 };
	struct marks copy;

	(void)state;
	for (unsigned i = 0; i < COUNT_MAX; i++)
		set_number(i, 1);
	marks_begin_writing(&marks);
	for (unsigned i = 0; i < 10; i++)
		set_number(COUNT_MAX + i, 1);
	assert_true(marks_write(&marks, &picture, SIZE_MAX));
	copy = read_back(&picture);
	assert_int_equal(copy.known.count, COUNT_MAX);
	assert_int_equal(find_number(&copy, 0), 1);
	assert_int_equal(find_number(&copy, COUNT_MAX), 0);
	marks_fini(&copy);
	buffer_fini(&picture);
}

static void
no_end_that_is_cut_short_is_read(void **state)
{
	struct buffer picture = { 0 };
	struct marks copy;

	(void)state;
	set_number(1, 5);
	marks_begin_writing(&marks);
	assert_true(marks_write(&marks, &picture, SIZE_MAX));
	for (size_t length = 0; length < picture.length; length++) {
		struct unpack in = unpack_of(
			(struct text){ (char *)picture.data, length });

		if (length == sizeof(marks.known.secrets))
			continue; /* no marks */
		marks_init(&copy, COUNT_MAX);
		assert_false(marks_read(&copy, &in));
		marks_fini(&copy);
	}
	buffer_fini(&picture);
}

static void
a_mark_goes_through_the_journal(void **state)
{
	struct mark given = of_two("ann", "bob", 7), got;
	struct buffer others = { 0 }, packed = { 0 };
	struct message message;
	struct unpack in;

	(void)state;
	given.asker_slot = 3;
	given.asker_life = 4;
	given.connection = 5;
	marks_to_message(&given, &message, &others);
	message_pack(&packed, &message);
	in = unpack_of(buffer_text(&packed));
	assert_true(message_unpack(&in, &message));
	assert_true(marks_of_message(&message, &got));
	assert_true(text_equal(got.with, given.with));
	assert_true(text_equal(got.user, given.user));
	assert_int_equal(got.offset, 7);
	assert_int_equal(got.with_offset, 107);
	assert_int_equal(got.asker_slot, 3);
	assert_int_equal(got.asker_life, 4);
	assert_int_equal(got.connection, 5);
	message.others = TEXT_LITERAL("");
	assert_true(marks_of_message(&message, &got));
	assert_true(text_equal(got.with, given.user));
	message.kind = STREAM_ROOM;
	assert_true(marks_of_message(&message, &got));
	assert_int_equal(got.with.length, 0);
	message.flags = 0;
	assert_false(marks_of_message(&message, &got));
	buffer_fini(&others);
	buffer_fini(&packed);
}

static void
marks_of_nobody_or_in_another_inbox_are_none(void **state)
{
	char longest[130];
	struct mark mark = of_two("ann", "bob", 1);

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[129] = 0;
	assert_true(marks_are_sound(&mark));
	mark.stream = TEXT_LITERAL("bob");
	assert_false(marks_are_sound(&mark));
	mark = of_two("ann", "", 1);
	assert_false(marks_are_sound(&mark));
	mark = of_two("ann", longest, 1);
	assert_false(marks_are_sound(&mark));
	mark = of_room("t", "r", "", 1);
	assert_false(marks_are_sound(&mark));
	mark = of_room("t", longest, "ann", 1);
	assert_false(marks_are_sound(&mark));
	mark = of_room(longest, "r", "ann", 1);
	assert_false(marks_are_sound(&mark));
	mark = of_room("t", "r", longest, 1);
	assert_false(marks_are_sound(&mark));
	mark = of_room("t", "r", "ann", 1);
	assert_true(marks_are_sound(&mark));
	mark.kind = STREAM_TENANT;
	assert_false(marks_are_sound(&mark));
}

int
main(void)
{
#define marks_test(claim)                                                      \
	cmocka_unit_test_setup_teardown(claim, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		marks_test(a_mark_only_grows),
		marks_test(of_two_each_knows_how_far_the_other_has_read),
		marks_test(nothing_read_is_no_mark),
		marks_test(a_mark_belongs_to_stream_user_and_other_side),
		marks_test(those_not_moved_for_longest_give_way),
		marks_test(a_picture_shows_what_was_when_it_began),
		marks_test(what_gives_way_during_a_picture_is_still_in_it),
		marks_test(no_end_that_is_cut_short_is_read),
		marks_test(a_mark_goes_through_the_journal),
		marks_test(marks_of_nobody_or_in_another_inbox_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
