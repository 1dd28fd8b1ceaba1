/* Edits and deletions: first the message is looked up, then the change goes to
 * all who have it. */
#include "shared/mail.h"

#define OPEN_GATEWAY open_with_id
#include "tests/unit/gateway_talk.h"

#define TIME (MESSAGE_TIME + 8)
#define ORIGIN 9

static char id[MESSAGE_ID_LENGTH + 1];

static int
open_with_id(void **state)
{
	open_gateway(state);
	message_id_write(id, TIME, ORIGIN);
	return 0;
}

static void
ask_change(int fd, const char *verb, const char *where, const char *more)
{
	char data[256];

	snprintf(data, sizeof(data), "%s,\"id\":\"%s\"%s", where, id, more);
	ask(fd, verb, data);
}

static void
ask_edit(int fd)
{
	ask_change(fd, "edit", "\"room\":\"r\"", ",\"body\":2");
}

/* The lookup of the message with that id. */
static struct lookup
id_looked_up(void)
{
	struct lookup lookup = taken_lookup();

	assert_int_equal(lookup.mode, LOOKUP_ID);
	assert_int_equal(lookup.anchor, TIME);
	assert_int_equal(lookup.anchor_origin, ORIGIN);
	assert_int_equal(lookup.limit, 1);
	return lookup;
}

/* Anna's message in room r. */
static struct message
message_of_anna(void)
{
	return message_in_room((struct message){ .id_origin = ORIGIN,
		.offset = 8,
		.from = TEXT_LITERAL("anna"),
		.type = TEXT_LITERAL("note") });
}

/* Whatever is looked up for the change, this is found. */
static void
find(const struct message *found)
{
	struct lookup lookup = id_looked_up();

	tell_found(&lookup, found);
}

static void
an_edit_is_said_when_the_message_was_found(void **state)
{
	int fd = member("anna");
	struct message found = message_of_anna(), said;
	struct lookup lookup;

	(void)state;
	found.until = UINT64_C(99999999999999);
	ask_change(fd, "edit", "\"room\":\"r\"", ",\"body\":{\"n\": 1.50}");
	lookup = id_looked_up();
	assert_int_equal(lookup.kind, STREAM_ROOM);
	assert_true(text_equal(lookup.stream, TEXT_LITERAL("r")));
	fixture_turn();
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
	fixture_turn();
	assert_silent(fd);
	tell_said(&said, 9);
	assert_has(fixture_read(fd), "{\"seq\":3,\"cmd\":\"edit\",\"code\":200,"
				     "\"data\":{\"id\":\"");
	fixture_turn();
	assert_silent(fd);
	close(fd);
}

static void
a_deletion_says_which_and_nothing_else(void **state)
{
	int fd = member("anna");
	struct message found = message_of_anna(), said;

	(void)state;
	ask_change(fd, "delete", "\"room\":\"r\"", ",\"body\":7");
	find(&found);
	said = taken_say();
	assert_int_equal(said.flags, MESSAGE_DELETE);
	assert_true(text_equal(said.body, TEXT_LITERAL("null")));
	assert_int_equal(said.of_offset, 8);
	tell_said(&said, 9);
	assert_has(fixture_read(fd), "\"cmd\":\"delete\",\"code\":200");
	close(fd);
}

/* A message to bob and carl, as anna's inbox has it. */
static struct message
message_to_two(struct buffer *sides)
{
	struct message message = message_of_anna();

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
	int fd = client("anna");
	struct buffer sides = { 0 };
	struct message found = message_to_two(&sides), said;
	struct mail_side side;
	struct unpack others;
	struct lookup lookup;

	(void)state;
	ask_change(fd, "delete", "\"user\":\"carl\"", "");
	lookup = id_looked_up();
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
	tell_said(&said, 9);
	assert_has(fixture_read(fd), "\"code\":200");
	buffer_fini(&sides);
	close(fd);
}

static void
a_note_to_oneself_is_found_by_ones_own_name(void **state)
{
	int fd = client("anna");
	struct message found = message_of_anna();

	(void)state;
	found.kind = STREAM_INBOX;
	found.stream = TEXT_LITERAL("anna");
	ask_change(fd, "delete", "\"user\":\"bob\"", "");
	find(&found);
	assert_has(fixture_read(fd), "\"code\":1005");
	ask_change(fd, "delete", "\"user\":\"anna\"", "");
	find(&found);
	assert_int_equal(taken_say().others.length, 0);
	close(fd);
}

/* Asks for an edit, lets it find this, and expects the refusal. */
static void
assert_refused(int fd, const char *where, const struct message *found,
	const char *code)
{

	ask_change(fd, "edit", where, ",\"body\":2");
	find(found);
	assert_has(fixture_read(fd), code);
	assert_null(fixture_letter());
}

static void
what_is_not_ones_own_or_not_there_stays_as_it_is(void **state)
{
	static const char room[] = "\"room\":\"r\"";
	int fd = member("anna");
	struct buffer sides = { 0 };
	struct message found = message_of_anna();

	(void)state;
	found.from = TEXT_LITERAL("bob");
	assert_refused(fd, room, &found, "\"code\":1003");
	found = message_of_anna();
	found.flags = MESSAGE_DELETED;
	assert_refused(fd, room, &found, "\"code\":1005");
	found.flags = MESSAGE_EDIT;
	assert_refused(fd, room, &found, "\"code\":1005");
	found.flags = 0;
	found.until = clock_unix_ms() - 1;
	assert_refused(fd, room, &found, "\"code\":1005");
	found = message_of_anna();
	found.id_time++;
	assert_refused(fd, room, &found, "\"code\":1005");
	found = message_to_two(&sides);
	assert_refused(fd, "\"user\":\"dora\"", &found, "\"code\":1005");
	buffer_fini(&sides);
	ask_edit(fd);
	find(NULL);
	assert_has(fixture_read(fd), "\"code\":1005");
	close(fd);
}

static void
one_who_may_not_say_may_not_change(void **state)
{
	int fd = client("anna");

	(void)state;
	ask_edit(fd);
	assert_has(fixture_read(fd), "\"code\":1003");
	assert_null(fixture_letter());
	close(fd);
}

static void
a_request_without_all_it_needs_is_refused(void **state)
{
	int fd = client("anna");

	(void)state;
	ask_change(fd, "edit", "\"room\":\"r\"", "");
	assert_has(fixture_read(fd), "body is missing");
	ask_change(fd, "edit", "\"all\":true", ",\"body\":1");
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
	int fd = member("anna");
	struct message found = message_of_anna(), said;
	struct lookup lookup;

	(void)state;
	ask_edit(fd);
	lookup = id_looked_up();
	tell_found(&lookup, &found);
	tell_found(&lookup, &found);
	said = taken_say();
	assert_null(fixture_letter());
	tell_said(&said, 9);
	tell_said(&said, 9);
	tell_found(&lookup, &found);
	assert_has(fixture_read(fd), "\"code\":200");
	fixture_turn();
	assert_silent(fd);
	close(fd);
}

static void
what_comes_behind_a_change_finds_it_done(void **state)
{
	int fd = member("anna");
	struct message found = message_of_anna(), first, second;
	struct lookup lookup;

	(void)state;
	ask_edit(fd);
	ask_change(fd, "edit", "\"room\":\"r\"", ",\"body\":3");
	fixture_say(
		fd, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":4}}");
	lookup = id_looked_up();
	assert_null(fixture_letter());
	tell_found(&lookup, &found);
	first = taken_say();
	assert_true(text_equal(first.body, TEXT_LITERAL("2")));
	lookup = id_looked_up();
	assert_null(fixture_letter());
	tell_found(&lookup, &found);
	second = taken_say();
	assert_true(text_equal(second.body, TEXT_LITERAL("3")));
	assert_true(text_equal(taken_say().body, TEXT_LITERAL("4")));
	tell_said(&second, 9);
	tell_said(&first, 9);
	assert_has(fixture_read(fd), "\"cmd\":\"edit\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"edit\",\"code\":200");
	close(fd);
}

static void
changes_kept_for_a_join_come_in_their_order_too(void **state)
{
	int fd = client("anna");
	struct message found = message_of_anna(), edit, said;
	struct lookup lookup;
	struct join join;

	(void)state;
	join = ask_join(fd);
	ask_edit(fd);
	fixture_say(
		fd, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":3}}");
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	assert_null(fixture_letter());
	tell_joined(&join, 0);
	fixture_turn();
	lookup = id_looked_up();
	assert_null(fixture_letter());
	tell_found(&lookup, &found);
	edit = taken_say();
	assert_true(text_equal(edit.body, TEXT_LITERAL("2")));
	said = taken_say();
	assert_true(text_equal(said.body, TEXT_LITERAL("3")));
	tell_said(&said, 9);
	assert_null(fixture_letter());
	tell_said(&edit, 9);
	next_letter(LETTER_LEAVE);
	assert_has(fixture_read(fd), "\"cmd\":\"join\"");
	assert_has(fixture_read(fd), "\"cmd\":\"say\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"edit\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"logout\",\"code\":200");
	close(fd);
}

static void
a_change_that_the_ledger_cannot_take_is_refused(void **state)
{
	int fd = member("anna");
	struct message found = message_of_anna();
	struct lookup lookup;

	(void)state;
	ask_edit(fd);
	lookup = id_looked_up();
	tell_refused(lookup.request, 1004);
	assert_has(fixture_read(fd), "\"code\":1004");
	ask_edit(fd);
	lookup = id_looked_up();
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
	int fd = member("anna");
	struct message found = message_of_anna();
	struct lookup lookup;

	(void)state;
	ask_edit(fd);
	ask_edit(fd);
	lookup = id_looked_up();
	close(fd);
	fixture_turn();
	tell_found(&lookup, &found);
	next_letter(LETTER_LEAVE);
	assert_null(fixture_letter());
	assert_int_equal(fixture.gateway.lanes->count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_edit_is_said_when_the_message_was_found),
		TEST(a_deletion_says_which_and_nothing_else),
		TEST(a_direct_message_changes_for_all_who_have_it),
		TEST(a_note_to_oneself_is_found_by_ones_own_name),
		TEST(what_is_not_ones_own_or_not_there_stays_as_it_is),
		TEST(one_who_may_not_say_may_not_change),
		TEST(a_request_without_all_it_needs_is_refused),
		TEST(an_answer_that_comes_twice_counts_once),
		TEST(what_comes_behind_a_change_finds_it_done),
		TEST(changes_kept_for_a_join_come_in_their_order_too),
		TEST(a_change_that_the_ledger_cannot_take_is_refused),
		TEST(who_goes_meanwhile_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
