/* How a client says how far it has read, in a room and of what two said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/mail.h"
#include "tests/unit/gateway_fixture.h"

#define EPOCH 5

static int
set_up(void **state)
{
	(void)state;
	fixture_open(1);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

static void
assert_has(const char *frame, const char *part)
{
	if (!strstr(frame, part))
		fail_msg("'%s' is not in '%s'", part, frame);
}

static int
client(void)
{
	int fd = fixture_connect();

	fixture_say(fd, "{\"cmd\":\"login\",\"data\":{\"user\":\"anna\"}}");
	assert_has(fixture_read(fd), "\"code\":200");
	return fd;
}

/* The next letter must be of this kind. */
static struct unpack
letter_of(enum letter_kind kind)
{
	const struct letter *letter = fixture_letter();

	assert_non_null(letter);
	assert_int_equal(letter->kind, kind);
	return letter_open(letter);
}

static struct join
ask_join(int fd)
{
	struct unpack in;
	struct join join;

	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	in = letter_of(LETTER_JOIN);
	assert_true(join_unpack(&in, &join));
	return join;
}

static void
tell_joined(const struct join *join)
{
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join->request,
			.connection = join->connection,
			.tenant = join->tenant,
			.room = join->room,
			.epoch = EPOCH });
	fixture_turn();
}

static void
ask(int fd, const char *data)
{
	char json[256];

	snprintf(json, sizeof(json),
		"{\"seq\":3,\"cmd\":\"read\",\"data\":{%s}}", data);
	fixture_say(fd, json);
}

static struct mark
taken_mark(void)
{
	struct unpack in = letter_of(LETTER_READ);
	struct mark mark;

	assert_true(mark_unpack(&in, &mark));
	assert_true(text_equal(mark.user, TEXT_LITERAL("anna")));
	return mark;
}

static struct lookup
taken_lookup(void)
{
	struct unpack in = letter_of(LETTER_LOOKUP);
	struct lookup lookup;

	assert_true(lookup_unpack(&in, &lookup));
	return lookup;
}

static void
tell_marked(const struct mark *read, uint64_t offset)
{
	struct mark mark = *read;

	mark.offset = offset;
	fixture_tell(MARKED, mark_pack, mark);
	fixture_turn();
}

/* A message of the inbox of anna, with one other side. */
static void
tell_found(const struct lookup *lookup, const char *from, const char *other,
	uint64_t other_offset)
{
	struct buffer sides = { 0 }, one = { 0 }, all = { 0 };

	mail_add_side(&sides, &(struct mail_side){ TEXT_LITERAL("dora"), 55 });
	mail_add_side(
		&sides, &(struct mail_side){ text_of(other), other_offset });
	message_pack(&one, &(struct message){ .kind = STREAM_INBOX,
				   .stream = TEXT_LITERAL("anna"),
				   .from = text_of(from),
				   .offset = 8,
				   .body = TEXT_LITERAL("1"),
				   .others = *other ? buffer_text(&sides)
						    : TEXT_LITERAL("") });
	pack_text(&all, buffer_text(&one));
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = lookup->request,
			.epoch = EPOCH,
			.count = 1,
			.messages = buffer_text(&all) });
	buffer_fini(&sides);
	buffer_fini(&one);
	buffer_fini(&all);
	fixture_turn();
}

static void
the_ledger_is_told_of_a_room_at_once(void **state)
{
	int fd = client();
	struct join join = ask_join(fd);
	struct mark mark;

	(void)state;
	ask(fd, "\"room\":\"r\",\"offset\":7");
	assert_null(fixture_letter());
	tell_joined(&join);
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
	int fd = client();

	(void)state;
	ask(fd, "\"room\":\"r\",\"offset\":7");
	assert_has(fixture_read(fd), "\"code\":1003");
	fixture.class.read = MAY_ANYONE;
	ask(fd, "\"room\":\"r\",\"offset\":7");
	assert_has(fixture_read(fd), "\"code\":1003");
	assert_null(fixture_letter());
	close(fd);
}

static void
of_two_the_other_is_told_in_his_own_offsets(void **state)
{
	int fd = client();
	struct lookup lookup;
	struct mark mark;

	(void)state;
	ask(fd, "\"user\":\"bob\",\"offset\":12");
	lookup = taken_lookup();
	assert_int_equal(lookup.kind, STREAM_INBOX);
	assert_true(text_equal(lookup.stream, TEXT_LITERAL("anna")));
	assert_true(text_equal(lookup.with, TEXT_LITERAL("bob")));
	assert_int_equal(lookup.mode, LOOKUP_BEFORE);
	assert_int_equal(lookup.anchor, 13);
	assert_int_equal(lookup.limit, 1);
	assert_int_equal(lookup.changes, 1);
	tell_found(&lookup, "bob", "bob", 70);
	tell_found(&lookup, "bob", "bob", 71);
	mark = taken_mark();
	assert_null(fixture_letter());
	assert_int_equal(mark.kind, STREAM_INBOX);
	assert_true(text_equal(mark.stream, TEXT_LITERAL("anna")));
	assert_true(text_equal(mark.with, TEXT_LITERAL("bob")));
	assert_int_equal(mark.offset, 12);
	assert_int_equal(mark.with_offset, 70);
	assert_int_not_equal(mark.request, lookup.request);
	assert_string_equal(fixture_read(fd), "");
	tell_marked(&mark, 12);
	assert_has(fixture_read(fd), "{\"offset\":12,\"with_offset\":70}");
	close(fd);
}

static void
a_note_to_oneself_has_no_other_side(void **state)
{
	int fd = client();
	struct lookup lookup;

	(void)state;
	ask(fd, "\"user\":\"anna\",\"offset\":12");
	lookup = taken_lookup();
	tell_found(&lookup, "anna", "", 0);
	assert_int_equal(taken_mark().with_offset, 0);
	close(fd);
}

static void
offset_0_asks_the_ledger_at_once(void **state)
{
	int fd = client();
	struct mark mark;

	(void)state;
	ask(fd, "\"user\":\"bob\",\"offset\":0");
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
	int fd = client();
	struct lookup lookup;

	(void)state;
	ask(fd, "\"user\":\"bob\",\"offset\":1");
	lookup = taken_lookup();
	fixture_tell(
		PAGE, page_pack, (struct page){ .request = lookup.request });
	fixture_turn();
	assert_has(fixture_read(fd), "\"code\":1005");
	ask(fd, "\"user\":\"bob\",\"offset\":1");
	lookup = taken_lookup();
	fixture_tell(REFUSED, refused_pack,
		(struct refused){ .request = lookup.request,
			.code = 1004,
			.error = TEXT_LITERAL("not now") });
	fixture_turn();
	assert_has(fixture_read(fd), "\"code\":1004");
	assert_null(fixture_letter());
	close(fd);
}

static void
an_offset_is_needed_and_must_be_one(void **state)
{
	int fd = client();

	(void)state;
	ask(fd, "\"user\":\"bob\"");
	assert_has(fixture_read(fd), "offset is missing");
	ask(fd, "\"user\":\"bob\",\"offset\":9223372036854775807");
	assert_has(fixture_read(fd), "offset must be an integer");
	ask(fd, "\"offset\":1");
	assert_has(fixture_read(fd), "one of room and user");
	assert_null(fixture_letter());
	close(fd);
}

static void
a_full_ring_refuses_the_second_step_too(void **state)
{
	int fd = client();
	struct lookup lookup;

	(void)state;
	ask(fd, "\"user\":\"bob\",\"offset\":12");
	lookup = taken_lookup();
	fixture.is_full = true;
	tell_found(&lookup, "bob", "bob", 70);
	assert_has(fixture_read(fd), "\"code\":1004");
	close(fd);
	fixture_turn();
	assert_int_equal(fixture.gateway.lanes->count, 0);
}

#define with_gateway(test)                                                     \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_gateway(the_ledger_is_told_of_a_room_at_once),
		with_gateway(who_is_not_in_a_room_marks_nothing_there),
		with_gateway(of_two_the_other_is_told_in_his_own_offsets),
		with_gateway(a_note_to_oneself_has_no_other_side),
		with_gateway(offset_0_asks_the_ledger_at_once),
		with_gateway(where_nothing_was_said_there_is_nothing_to_mark),
		with_gateway(an_offset_is_needed_and_must_be_one),
		with_gateway(a_full_ring_refuses_the_second_step_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
