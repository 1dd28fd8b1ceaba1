/* Edits and deletions: first the message is looked up, then the change goes to
 * all who have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/mail.h"
#include "tests/unit/gateway_fixture.h"

#define EPOCH 5
#define TIME (UINT64_C(1700000000000) << 16)
#define ORIGIN 9

static char id[MESSAGE_ID_LENGTH + 1];

static int
set_up(void **state)
{
	(void)state;
	fixture_open(1);
	message_id_write(id, TIME, ORIGIN);
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

static void
assert_silent(int fd)
{
	fixture_turn();
	assert_string_equal(fixture_read(fd), "");
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
taken_join(void)
{
	struct unpack in = letter_of(LETTER_JOIN);
	struct join join;

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
join_room(int fd)
{
	struct join join;

	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	join = taken_join();
	tell_joined(&join);
	assert_has(fixture_read(fd), "\"code\":200");
}

static void
ask(int fd, const char *verb, const char *where, const char *more)
{
	char json[512];

	snprintf(json, sizeof(json),
		"{\"seq\":3,\"cmd\":\"%s\",\"data\":{%s,\"id\":\"%s\"%s}}",
		verb, where, id, more);
	fixture_say(fd, json);
}

static void
ask_edit(int fd)
{
	ask(fd, "edit", "\"room\":\"r\"", ",\"body\":2");
}

static struct lookup
taken_lookup(void)
{
	struct unpack in = letter_of(LETTER_LOOKUP);
	struct lookup lookup;

	assert_true(lookup_unpack(&in, &lookup));
	assert_int_equal(lookup.mode, LOOKUP_ID);
	assert_int_equal(lookup.anchor, TIME);
	assert_int_equal(lookup.anchor_origin, ORIGIN);
	assert_int_equal(lookup.limit, 1);
	return lookup;
}

static struct message
taken_say(void)
{
	struct unpack in = letter_of(LETTER_SAY);
	struct message message;

	assert_true(message_unpack(&in, &message));
	return message;
}

/* Anna's message in room r. */
static struct message
message_in_room(void)
{
	return (struct message){ .id_time = TIME,
		.id_origin = ORIGIN,
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = TEXT_LITERAL("r"),
		.epoch = EPOCH,
		.offset = 8,
		.from = TEXT_LITERAL("anna"),
		.type = TEXT_LITERAL("note"),
		.body = TEXT_LITERAL("1") };
}

static void
tell_found(const struct lookup *lookup, const struct message *message)
{
	struct buffer one = { 0 }, all = { 0 };

	message_pack(&one, message);
	pack_text(&all, buffer_text(&one));
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = lookup->request,
			.epoch = EPOCH,
			.first = message->offset,
			.last = message->offset,
			.count = 1,
			.messages = buffer_text(&all) });
	buffer_fini(&one);
	buffer_fini(&all);
	fixture_turn();
}

static void
tell_said(const struct message *message)
{
	fixture_tell(SAID, said_pack,
		(struct said){ .request = message->request,
			.id_time = TIME + 1,
			.epoch = EPOCH,
			.offset = 9 });
	fixture_turn();
}

static void
an_edit_is_said_when_the_message_was_found(void **state)
{
	int fd = client();
	struct message found = message_in_room(), said;
	struct lookup lookup;

	(void)state;
	join_room(fd);
	found.until = UINT64_C(99999999999999);
	ask(fd, "edit", "\"room\":\"r\"", ",\"body\":{\"n\": 1.50}");
	lookup = taken_lookup();
	assert_int_equal(lookup.kind, STREAM_ROOM);
	assert_true(text_equal(lookup.stream, TEXT_LITERAL("r")));
	assert_silent(fd);
	tell_found(&lookup, &found);
	said = taken_say();
	assert_int_equal(said.kind, STREAM_ROOM);
	assert_true(text_equal(said.stream, TEXT_LITERAL("r")));
	assert_true(text_equal(said.from, TEXT_LITERAL("anna")));
	assert_true(text_equal(said.type, TEXT_LITERAL("note")));
	assert_true(text_equal(said.body, TEXT_LITERAL("{\"n\":1.50}")));
	assert_int_equal(said.flags, MESSAGE_EDIT);
	assert_int_equal(said.of_time, TIME);
	assert_int_equal(said.of_origin, ORIGIN);
	assert_int_equal(said.of_offset, 8);
	assert_int_equal(said.until, found.until);
	assert_int_not_equal(said.request, lookup.request);
	assert_silent(fd);
	tell_said(&said);
	assert_has(fixture_read(fd), "{\"seq\":3,\"cmd\":\"edit\",\"code\":200,"
				     "\"data\":{\"id\":\"");
	assert_silent(fd);
	close(fd);
}

static void
a_deletion_says_which_and_nothing_else(void **state)
{
	int fd = client();
	struct message found = message_in_room(), said;
	struct lookup lookup;

	(void)state;
	join_room(fd);
	ask(fd, "delete", "\"room\":\"r\"", ",\"body\":7");
	lookup = taken_lookup();
	tell_found(&lookup, &found);
	said = taken_say();
	assert_int_equal(said.flags, MESSAGE_DELETE);
	assert_true(text_equal(said.body, TEXT_LITERAL("null")));
	assert_int_equal(said.of_offset, 8);
	tell_said(&said);
	assert_has(fixture_read(fd), "\"cmd\":\"delete\",\"code\":200");
	close(fd);
}

/* A message to bob and carl, as anna's inbox has it. */
static struct message
message_to_two(struct buffer *sides)
{
	struct message message = message_in_room();

	mail_add_side(sides, &(struct mail_side){ TEXT_LITERAL("bob"), 70 });
	mail_add_side(sides, &(struct mail_side){ TEXT_LITERAL("carl"), 80 });
	message.kind = STREAM_INBOX;
	message.stream = TEXT_LITERAL("anna");
	message.others = buffer_text(sides);
	message.only_platform = 102;
	return message;
}

static void
a_direct_message_changes_for_all_who_have_it(void **state)
{
	int fd = client();
	struct buffer sides = { 0 };
	struct message found = message_to_two(&sides), said;
	struct mail_side side;
	struct unpack others;
	struct lookup lookup;

	(void)state;
	ask(fd, "delete", "\"user\":\"carl\"", "");
	lookup = taken_lookup();
	assert_int_equal(lookup.kind, STREAM_INBOX);
	assert_true(text_equal(lookup.stream, TEXT_LITERAL("anna")));
	tell_found(&lookup, &found);
	said = taken_say();
	assert_int_equal(said.kind, STREAM_INBOX);
	assert_true(text_equal(said.stream, TEXT_LITERAL("anna")));
	assert_int_equal(said.only_platform, 102);
	others = unpack_of(said.others);
	assert_true(mail_next_side(&others, &side));
	assert_true(text_equal(side.user, TEXT_LITERAL("bob")));
	assert_int_equal(side.offset, 0);
	assert_true(mail_next_side(&others, &side));
	assert_true(text_equal(side.user, TEXT_LITERAL("carl")));
	assert_int_equal(side.offset, 0);
	assert_false(mail_next_side(&others, &side));
	tell_said(&said);
	assert_has(fixture_read(fd), "\"code\":200");
	buffer_fini(&sides);
	close(fd);
}

static void
a_note_to_oneself_is_found_by_ones_own_name(void **state)
{
	int fd = client();
	struct message found = message_in_room();
	struct lookup lookup;

	(void)state;
	found.kind = STREAM_INBOX;
	found.stream = TEXT_LITERAL("anna");
	ask(fd, "delete", "\"user\":\"bob\"", "");
	lookup = taken_lookup();
	tell_found(&lookup, &found);
	assert_has(fixture_read(fd), "\"code\":1005");
	ask(fd, "delete", "\"user\":\"anna\"", "");
	lookup = taken_lookup();
	tell_found(&lookup, &found);
	assert_int_equal(taken_say().others.length, 0);
	close(fd);
}

/* Asks for an edit, lets it find this, and expects the refusal. */
static void
assert_refused(int fd, const char *where, const struct message *found,
	const char *code)
{
	struct lookup lookup;

	ask(fd, "edit", where, ",\"body\":2");
	lookup = taken_lookup();
	tell_found(&lookup, found);
	assert_has(fixture_read(fd), code);
	assert_null(fixture_letter());
}

static void
what_is_not_ones_own_or_not_there_stays_as_it_is(void **state)
{
	static const char room[] = "\"room\":\"r\"";
	int fd = client();
	struct buffer sides = { 0 };
	struct message found = message_in_room();
	struct lookup lookup;

	(void)state;
	join_room(fd);
	found.from = TEXT_LITERAL("bob");
	assert_refused(fd, room, &found, "\"code\":1003");
	found = message_in_room();
	found.flags = MESSAGE_DELETED;
	assert_refused(fd, room, &found, "\"code\":1005");
	found.flags = MESSAGE_EDIT;
	assert_refused(fd, room, &found, "\"code\":1005");
	found.flags = 0;
	found.until = clock_unix_ms() - 1;
	assert_refused(fd, room, &found, "\"code\":1005");
	found = message_in_room();
	found.id_time++;
	assert_refused(fd, room, &found, "\"code\":1005");
	found = message_to_two(&sides);
	assert_refused(fd, "\"user\":\"dora\"", &found, "\"code\":1005");
	buffer_fini(&sides);
	ask_edit(fd);
	lookup = taken_lookup();
	fixture_tell(
		PAGE, page_pack, (struct page){ .request = lookup.request });
	fixture_turn();
	assert_has(fixture_read(fd), "\"code\":1005");
	close(fd);
}

static void
one_who_may_not_say_may_not_change(void **state)
{
	int fd = client();

	(void)state;
	ask_edit(fd);
	assert_has(fixture_read(fd), "\"code\":1003");
	assert_null(fixture_letter());
	close(fd);
}

static void
a_request_without_all_it_needs_is_refused(void **state)
{
	int fd = client();

	(void)state;
	ask(fd, "edit", "\"room\":\"r\"", "");
	assert_has(fixture_read(fd), "body is missing");
	ask(fd, "edit", "\"all\":true", ",\"body\":1");
	assert_has(fixture_read(fd), "one of room and user");
	fixture_say(fd, "{\"cmd\":\"delete\",\"data\":{\"room\":\"r\"}}");
	assert_has(fixture_read(fd), "id must be the id of a message");
	assert_null(fixture_letter());
	close(fd);
}

/* After a kill of a ledger its successor may do a letter again. */
static void
an_answer_that_comes_twice_counts_once(void **state)
{
	int fd = client();
	struct message found = message_in_room(), said;
	struct lookup lookup;

	(void)state;
	join_room(fd);
	ask_edit(fd);
	lookup = taken_lookup();
	tell_found(&lookup, &found);
	tell_found(&lookup, &found);
	said = taken_say();
	assert_null(fixture_letter());
	tell_said(&said);
	tell_said(&said);
	tell_found(&lookup, &found);
	assert_has(fixture_read(fd), "\"code\":200");
	assert_silent(fd);
	close(fd);
}

static void
what_comes_behind_a_change_finds_it_done(void **state)
{
	int fd = client();
	struct message found = message_in_room(), first, second;
	struct lookup lookup;

	(void)state;
	join_room(fd);
	ask_edit(fd);
	ask(fd, "edit", "\"room\":\"r\"", ",\"body\":3");
	fixture_say(
		fd, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":4}}");
	lookup = taken_lookup();
	assert_null(fixture_letter());
	tell_found(&lookup, &found);
	first = taken_say();
	assert_true(text_equal(first.body, TEXT_LITERAL("2")));
	lookup = taken_lookup();
	assert_null(fixture_letter());
	tell_found(&lookup, &found);
	second = taken_say();
	assert_true(text_equal(second.body, TEXT_LITERAL("3")));
	assert_true(text_equal(taken_say().body, TEXT_LITERAL("4")));
	tell_said(&second);
	tell_said(&first);
	assert_has(fixture_read(fd), "\"cmd\":\"edit\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"edit\",\"code\":200");
	close(fd);
}

static void
changes_kept_for_a_join_come_in_their_order_too(void **state)
{
	int fd = client();
	struct message found = message_in_room(), edit, said;
	struct lookup lookup;
	struct join join;

	(void)state;
	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	join = taken_join();
	ask_edit(fd);
	fixture_say(
		fd, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":3}}");
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	assert_null(fixture_letter());
	tell_joined(&join);
	lookup = taken_lookup();
	assert_null(fixture_letter());
	tell_found(&lookup, &found);
	edit = taken_say();
	assert_true(text_equal(edit.body, TEXT_LITERAL("2")));
	said = taken_say();
	assert_true(text_equal(said.body, TEXT_LITERAL("3")));
	tell_said(&said);
	assert_null(fixture_letter());
	tell_said(&edit);
	letter_of(LETTER_LEAVE);
	assert_has(fixture_read(fd), "\"cmd\":\"join\"");
	assert_has(fixture_read(fd), "\"cmd\":\"say\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"edit\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"logout\",\"code\":200");
	close(fd);
}

static void
a_change_that_the_ledger_cannot_take_is_refused(void **state)
{
	int fd = client();
	struct message found = message_in_room();
	struct lookup lookup;

	(void)state;
	join_room(fd);
	ask_edit(fd);
	lookup = taken_lookup();
	fixture_tell(REFUSED, refused_pack,
		(struct refused){ .request = lookup.request,
			.code = 1004,
			.error = TEXT_LITERAL("not now") });
	fixture_turn();
	assert_has(fixture_read(fd), "\"code\":1004");
	ask_edit(fd);
	lookup = taken_lookup();
	fixture.is_full = true;
	tell_found(&lookup, &found);
	assert_has(fixture_read(fd), "\"code\":1004");
	fixture.is_full = false;
	fixture_turn();
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_has(fixture_read(fd), "\"cmd\":\"ping\",\"code\":200");
	close(fd);
}

static void
who_goes_meanwhile_leaves_nothing_behind(void **state)
{
	int fd = client();
	struct message found = message_in_room();
	struct lookup lookup;

	(void)state;
	join_room(fd);
	ask_edit(fd);
	ask_edit(fd);
	lookup = taken_lookup();
	close(fd);
	fixture_turn();
	tell_found(&lookup, &found);
	letter_of(LETTER_LEAVE);
	assert_null(fixture_letter());
	assert_int_equal(fixture.gateway.lanes->count, 0);
}

#define with_gateway(test)                                                     \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_gateway(an_edit_is_said_when_the_message_was_found),
		with_gateway(a_deletion_says_which_and_nothing_else),
		with_gateway(a_direct_message_changes_for_all_who_have_it),
		with_gateway(a_note_to_oneself_is_found_by_ones_own_name),
		with_gateway(what_is_not_ones_own_or_not_there_stays_as_it_is),
		with_gateway(one_who_may_not_say_may_not_change),
		with_gateway(a_request_without_all_it_needs_is_refused),
		with_gateway(an_answer_that_comes_twice_counts_once),
		with_gateway(what_comes_behind_a_change_finds_it_done),
		with_gateway(changes_kept_for_a_join_come_in_their_order_too),
		with_gateway(a_change_that_the_ledger_cannot_take_is_refused),
		with_gateway(who_goes_meanwhile_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
