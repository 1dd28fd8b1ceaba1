/* How a client says how far it has read, in a room and of what two said. */
#include "shared/mail.h"
#include "tests/unit/gateway_talk.h"

static struct mark
taken_mark(void)
{
	struct mark mark;

	fixture_take(READ, mark_unpack, &mark);
	assert_true(text_equal(mark.user, TEXT_LITERAL("anna")));
	return mark;
}

static void
tell_marked(const struct mark *read, uint64_t offset)
{
	struct mark mark = *read;

	mark.offset = offset;
	fixture_tell(MARKED, mark_pack, mark);
	fixture_turn();
}

/* What was found of anna's inbox: between her and another, and dora. */
static void
tell_mail(const struct lookup *lookup, const char *from, const char *other,
	uint64_t other_offset)
{
	struct buffer sides = { 0 };
	struct message found = { .kind = STREAM_INBOX,
		.stream = TEXT_LITERAL("anna"),
		.from = text_of(from),
		.offset = 8,
		.body = TEXT_LITERAL("1") };

	mail_add_side(&sides, &(struct mail_side){ TEXT_LITERAL("dora"), 55 });
	mail_add_side(
		&sides, &(struct mail_side){ text_of(other), other_offset });
	if (*other)
		found.others = buffer_text(&sides);
	tell_found(lookup, &found);
	buffer_fini(&sides);
}

static void
the_ledger_is_told_of_a_room_at_once(void **state)
{
	int fd = client("anna");
	struct join join = ask_join(fd);
	struct mark mark;

	(void)state;
	ask(fd, "read", "\"room\":\"r\",\"offset\":7");
	assert_null(fixture_letter());
	tell_joined(&join, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\"");
	mark = taken_mark();
	assert_int_equal(mark.kind, STREAM_ROOM);
	assert_true(text_equal(mark.stream, TEXT_LITERAL("r")));
	assert_int_equal(mark.with.length, 0);
	assert_int_equal(mark.offset, 7);
	tell_marked(&mark, 9);
	assert_string_equal(fixture_read(fd),
		"{\"seq\":3,\"cmd\":\"read\",\"code\":200,"
		"\"data\":{\"offset\":9}}");
	close(fd);
}

static void
who_is_not_in_a_room_marks_nothing_there(void **state)
{
	int fd = client("anna");

	(void)state;
	ask(fd, "read", "\"room\":\"r\",\"offset\":7");
	assert_has(fixture_read(fd), "\"code\":1003");
	fixture.class.read = MAY_ANYONE;
	ask(fd, "read", "\"room\":\"r\",\"offset\":7");
	assert_has(fixture_read(fd), "\"code\":1003");
	assert_null(fixture_letter());
	close(fd);
}

static void
of_two_the_other_is_told_in_his_own_offsets(void **state)
{
	int fd = client("anna");
	struct lookup lookup;
	struct mark mark;

	(void)state;
	ask(fd, "read", "\"user\":\"bob\",\"offset\":12");
	lookup = taken_lookup();
	assert_int_equal(lookup.kind, STREAM_INBOX);
	assert_true(text_equal(lookup.stream, TEXT_LITERAL("anna")));
	assert_true(text_equal(lookup.with, TEXT_LITERAL("bob")));
	assert_int_equal(lookup.mode, LOOKUP_BEFORE);
	assert_int_equal(lookup.anchor, 13);
	assert_int_equal(lookup.limit, 1);
	assert_int_equal(lookup.changes, 1);
	tell_mail(&lookup, "bob", "bob", 70);
	tell_mail(&lookup, "bob", "bob", 71);
	mark = taken_mark();
	assert_null(fixture_letter());
	assert_int_equal(mark.kind, STREAM_INBOX);
	assert_true(text_equal(mark.stream, TEXT_LITERAL("anna")));
	assert_true(text_equal(mark.with, TEXT_LITERAL("bob")));
	assert_int_equal(mark.offset, 12);
	assert_int_equal(mark.with_offset, 70);
	assert_int_not_equal(mark.request, lookup.request);
	assert_silent(fd);
	tell_marked(&mark, 12);
	assert_has(fixture_read(fd), "{\"offset\":12,\"with_offset\":70}");
	close(fd);
}

static void
a_note_to_oneself_has_no_other_side(void **state)
{
	int fd = client("anna");
	struct lookup lookup;

	(void)state;
	ask(fd, "read", "\"user\":\"anna\",\"offset\":12");
	lookup = taken_lookup();
	tell_mail(&lookup, "anna", "", 0);
	assert_int_equal(taken_mark().with_offset, 0);
	close(fd);
}

static void
offset_0_asks_the_ledger_at_once(void **state)
{
	int fd = client("anna");
	struct mark mark;

	(void)state;
	ask(fd, "read", "\"user\":\"bob\",\"offset\":0");
	mark = taken_mark();
	assert_int_equal(mark.kind, STREAM_INBOX);
	assert_true(text_equal(mark.with, TEXT_LITERAL("bob")));
	assert_int_equal(mark.offset, 0);
	tell_marked(&mark, 7);
	assert_has(fixture_read(fd), "\"offset\":7");
	close(fd);
}

static void
where_nothing_was_said_there_is_nothing_to_mark(void **state)
{
	int fd = client("anna");
	struct lookup lookup;

	(void)state;
	ask(fd, "read", "\"user\":\"bob\",\"offset\":1");
	lookup = taken_lookup();
	tell_found(&lookup, NULL);
	assert_has(fixture_read(fd), "\"code\":1005");
	ask(fd, "read", "\"user\":\"bob\",\"offset\":1");
	lookup = taken_lookup();
	tell_refused(lookup.request, 1004);
	assert_has(fixture_read(fd), "\"code\":1004");
	assert_null(fixture_letter());
	close(fd);
}

static void
an_offset_is_needed_and_must_be_one(void **state)
{
	int fd = client("anna");

	(void)state;
	ask(fd, "read", "\"user\":\"bob\"");
	assert_has(fixture_read(fd), "offset is missing");
	ask(fd, "read", "\"user\":\"bob\",\"offset\":9223372036854775807");
	assert_has(fixture_read(fd), "offset must be an integer");
	ask(fd, "read", "\"offset\":1");
	assert_has(fixture_read(fd), "one of room and user");
	assert_null(fixture_letter());
	close(fd);
}

static void
a_full_ring_refuses_the_second_step_too(void **state)
{
	int fd = client("anna");
	struct lookup lookup;

	(void)state;
	ask(fd, "read", "\"user\":\"bob\",\"offset\":12");
	lookup = taken_lookup();
	fixture.is_full = true;
	tell_mail(&lookup, "bob", "bob", 70);
	assert_has(fixture_read(fd), "\"code\":1004");
	close(fd);
	fixture_turn();
	assert_int_equal(fixture.gateway.lanes->count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ledger_is_told_of_a_room_at_once),
		TEST(who_is_not_in_a_room_marks_nothing_there),
		TEST(of_two_the_other_is_told_in_his_own_offsets),
		TEST(a_note_to_oneself_has_no_other_side),
		TEST(offset_0_asks_the_ledger_at_once),
		TEST(where_nothing_was_said_there_is_nothing_to_mark),
		TEST(an_offset_is_needed_and_must_be_one),
		TEST(a_full_ring_refuses_the_second_step_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
