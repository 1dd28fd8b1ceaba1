/* To whom a client may say something, what goes to the ledger of that and what
 * past it, and which types a client wants to hear. */
#include "shared/client_id.h"
#include "shared/mail.h"
#include "tests/unit/gateway_talk.h"

/* The id of who logged in last, with so much added to its secret. */
static const char *
last_id(uint64_t more)
{
	static char id[CLIENT_ID_LENGTH + 1];
	const struct session *session =
		(struct session *)fixture.gateway.lanes->all->previous;
	struct index_entry entry;

	assert_true(index_read(fixture.arena, 0, session->place, &entry));
	client_id_write(id, 1, 0, entry.place, entry.secret + more);
	return id;
}

/* Sends a say with these members of data, and a body. */
static void
say(int fd, const char *data)
{
	char with_body[512];

	snprintf(with_body, sizeof(with_body), "%s,\"body\":1", data);
	ask(fd, "say", with_body);
}

static void
expect_code(int fd, const char *data, unsigned code)
{
	char part[32];

	say(fd, data);
	snprintf(part, sizeof(part), "\"code\":%u,", code);
	assert_has(fixture_read(fd), part);
	assert_null(fixture_letter());
}

static void
one_target_and_no_other_is_said_to(void **state)
{
	int fd = client("ann");

	(void)state;
	expect_code(fd, "\"type\":\"t\"", 1001);
	expect_code(fd, "\"room\":\"r\",\"user\":\"bob\"", 1001);
	expect_code(fd, "\"user\":\"bob\",\"users\":[\"bob\"]", 1001);
	expect_code(fd, "\"user\":\"\"", 1001);
	expect_code(fd, "\"user\":5", 1001);
	expect_code(fd, "\"users\":[]", 1001);
	expect_code(fd, "\"users\":[\"bob\",7]", 1001);
	expect_code(fd, "\"users\":\"bob\"", 1001);
	expect_code(fd, "\"clients\":{}", 1001);
	expect_code(fd, "\"all\":false", 1001);
	expect_code(fd, "\"all\":1", 1001);
	expect_code(fd, "\"user\":\"bob\",\"ttl\":0", 1001);
	expect_code(fd, "\"user\":\"bob\",\"ttl\":315360001", 1001);
	expect_code(fd, "\"user\":\"bob\",\"platform\":-1", 1001);
	expect_code(fd, "\"users\":[\"bob\"],\"platform\":101", 1001);
	expect_code(fd, "\"client\":\"x\",\"keep\":true", 1001);
	expect_code(fd, "\"all\":true,\"keep\":true", 1001);
}

static void
users_are_named_once_and_the_sender_is_none_of_the_others(void **state)
{
	int fd = client("ann");
	struct message message;
	struct unpack others;
	struct mail_side side;

	(void)state;
	say(fd, "\"users\":[\"eve\",\"bob\",\"ann\",\"bob\"],\"key\":\"k\"");
	message = taken_say();
	assert_int_equal(message.kind, STREAM_INBOX);
	assert_true(text_equal(message.stream, TEXT_LITERAL("ann")));
	assert_true(text_equal(message.from, TEXT_LITERAL("ann")));
	assert_true(text_equal(message.key, TEXT_LITERAL("k")));
	assert_int_equal(message.until, 0);
	others = unpack_of(message.others);
	assert_true(mail_next_side(&others, &side));
	assert_true(text_equal(side.user, TEXT_LITERAL("bob")));
	assert_int_equal(side.offset, 0);
	assert_true(mail_next_side(&others, &side));
	assert_true(text_equal(side.user, TEXT_LITERAL("eve")));
	assert_false(mail_next_side(&others, &side));

	say(fd, "\"user\":\"ann\"");
	message = taken_say();
	assert_int_equal(message.others.length, 0);
	assert_null(fixture_letter());
}

static void
platform_and_ttl_go_with_the_message(void **state)
{
	int fd = client("ann");
	uint64_t before_ms = clock_unix_ms();
	struct message message;

	(void)state;
	say(fd, "\"user\":\"bob\",\"platform\":0,\"ttl\":60");
	message = taken_say();
	assert_int_equal(message.only_platform, 1);
	assert_in_range(
		message.until, before_ms + 60000, clock_unix_ms() + 60000);
}

static void
more_users_than_a_letter_takes_are_too_many(void **state)
{
	int fd = client("ann");
	struct buffer json = { 0 };

	(void)state;
	buffer_add_string(&json, "{\"cmd\":\"say\",\"data\":{\"body\":1,"
				 "\"users\":[");
	for (int i = 0; i < 1000; i++)
		buffer_add_format(&json, "%s\"%060d\"", i > 0 ? "," : "", i);
	buffer_add_string(&json, "]}}");
	fixture_send_frame(fd, 1, buffer_text(&json));
	for (int i = 0; i < 8; i++)
		fixture_turn();
	assert_has(fixture_read(fd), "\"code\":1012");
	assert_null(fixture_letter());
	buffer_fini(&json);
}

static void
what_is_not_kept_goes_past_the_ledger(void **state)
{
	int fd = client("ann"), own = client("ann");
	int web = client_on("bob", 101), phone = client_on("bob", 102);

	(void)state;
	say(fd, "\"user\":\"bob\",\"keep\":false");
	assert_has(fixture_read(fd), "\"reached\":3}");
	assert_has(fixture_read(own), "\"to\":\"bob\",\"type\"");
	assert_has(fixture_read(web), "\"to\":\"bob\",\"type\"");
	assert_has(fixture_read(phone), "\"to\":\"bob\",\"type\"");
	say(fd, "\"users\":[\"bob\",\"zoe\"],\"keep\":false,\"echo\":true");
	assert_has(fixture_read(fd), "\"users\":[\"bob\",\"zoe\"]");
	assert_has(fixture_read(fd), "\"reached\":4}");
	say(fd, "\"user\":\"bob\",\"platform\":102,\"keep\":false");
	assert_has(fixture_read(fd), "\"reached\":2}");
	assert_has(fixture_read(web), "\"to\":\"bob\"");
	assert_silent(web);
	assert_has(fixture_read(phone), "\"to\":\"bob\"");
	assert_has(fixture_read(phone), "\"only\":102");
	say(fd, "\"user\":\"zoe\",\"keep\":false");
	assert_has(fixture_read(fd), "\"reached\":1}");
	assert_null(fixture_letter());
}

static void
a_client_is_reached_by_its_id_alone(void **state)
{
	int fd = client("ann"), to = client("bob");
	char data[256];

	(void)state;
	snprintf(data, sizeof(data), "\"client\":\"%s\"", last_id(0));
	say(fd, data);
	assert_has(fixture_read(fd), "\"reached\":1}");
	assert_has(fixture_read(to), "\"client\":true");
	snprintf(data, sizeof(data), "\"client\":\"%s\"", last_id(1));
	expect_code(fd, data, 1005);
	expect_code(fd, "\"client\":\"nonsense\"", 1005);
	snprintf(data, sizeof(data),
		"\"clients\":[\"%s\",\"00ff000000000000aaaaaaaaaaaaaaaa\","
		"\"%s\",\"?\"]",
		last_id(0), last_id(0));
	say(fd, data);
	assert_has(fixture_read(fd), "\"reached\":1}");
	assert_has(fixture_read(to), "\"client\":true");
	assert_silent(to);
	expect_code(fd, "\"clients\":[\"?\"]", 200);
	assert_null(fixture_letter());
}

static void
a_client_hears_itself_only_with_echo(void **state)
{
	int fd = client("ann");
	char data[128];

	(void)state;
	snprintf(data, sizeof(data), "\"client\":\"%s\"", last_id(0));
	say(fd, data);
	assert_has(fixture_read(fd), "\"reached\":0}");
	assert_silent(fd);
	snprintf(data, sizeof(data), "\"client\":\"%s\",\"echo\":true",
		last_id(0));
	say(fd, data);
	assert_has(fixture_read(fd), "\"client\":true");
	assert_has(fixture_read(fd), "\"reached\":1}");
}

static void
all_are_those_who_are_logged_in(void **state)
{
	int fd = client("ann"), to = client("bob"), gone = client("eve");
	const struct text everybody = TEXT_LITERAL("");

	(void)state;
	fixture_connect();
	fixture_say(gone, "{\"cmd\":\"logout\"}");
	assert_has(fixture_read(gone), "\"code\":200");
	say(fd, "\"all\":true");
	assert_has(fixture_read(fd), "\"reached\":1}");
	assert_has(fixture_read(to), "\"all\":true");
	assert_silent(gone);
	close(to);
	fixture_turn();
	fixture_turn();
	say(fd, "\"all\":true");
	assert_has(fixture_read(fd), "\"reached\":0}");
	close(fd);
	fixture_turn();
	fixture_turn();
	assert_false(index_has_room(
		fixture.arena, 0, TEXT_LITERAL("default"), everybody));
}

static void
answers_come_in_the_order_of_what_was_said(void **state)
{
	int fd = client("ann");
	struct message message;

	(void)state;
	say(fd, "\"user\":\"bob\"");
	say(fd, "\"user\":\"bob\",\"keep\":false");
	say(fd, "\"user\":\"\"");
	assert_silent(fd);
	message = taken_say();
	tell_said(&message, 7);
	assert_has(fixture_read(fd), "\"offset\":7}");
	assert_has(fixture_read(fd), "\"reached\":0}");
	assert_has(fixture_read(fd), "\"code\":1001,");
}

static void
a_room_keeps_what_the_client_wants_and_its_class_permits(void **state)
{
	int fd = member("ann"), to = member("bob");

	(void)state;
	say(fd, "\"room\":\"r\",\"keep\":false");
	assert_has(fixture_read(fd), "\"reached\":1}");
	assert_has(fixture_read(to), "\"room\":\"r\",\"type\"");
	assert_null(fixture_letter());
	say(fd, "\"room\":\"r\",\"keep\":true,\"ttl\":1");
	assert_true(taken_say().until > 0);
	fixture.class.history = false;
	say(fd, "\"room\":\"r\"");
	fixture.class.history = true;
	assert_silent(fd);
}

static void
a_room_without_history_refuses_to_keep(void **state)
{
	int fd = member("ann");

	(void)state;
	fixture.class.history = false;
	expect_code(fd, "\"room\":\"r\",\"keep\":true", 1003);
	say(fd, "\"room\":\"r\"");
	assert_has(fixture_read(fd), "\"reached\":0}");
}

static void
only_subscribed_types_are_shown_outside_rooms(void **state)
{
	int fd = client("ann"), own = client("ann"), to = client("bob");

	(void)state;
	fixture_say(to, "{\"cmd\":\"subscribe\",\"data\":{\"types\":[\"b\","
			"\"a\",\"b\"]}}");
	assert_has(fixture_read(to), "\"data\":{\"types\":[\"b\",\"a\"]}");
	fixture_say(own, "{\"cmd\":\"unsubscribe\"}");
	assert_has(fixture_read(own), "\"data\":{\"types\":[]}");
	say(fd, "\"all\":true,\"type\":\"c\"");
	say(fd, "\"user\":\"bob\",\"keep\":false,\"type\":\"c\"");
	say(fd, "\"user\":\"bob\",\"keep\":false,\"type\":\"a\"");
	assert_has(fixture_read(to), "\"type\":\"a\"");
	assert_silent(to);
	assert_has(fixture_read(own), "\"to\":\"bob\",\"type\":\"c\"");
	assert_has(fixture_read(own), "\"to\":\"bob\",\"type\":\"a\"");
	assert_silent(own);
	fixture_say(to, "{\"cmd\":\"unsubscribe\",\"data\":{\"types\":[\"a\","
			"\"x\"]}}");
	assert_has(fixture_read(to), "\"data\":{\"types\":[\"b\"]}");
	say(fd, "\"all\":true,\"type\":\"a\"");
	assert_silent(to);
	fixture_say(to, "{\"cmd\":\"subscribe\"}");
	assert_has(fixture_read(to), "\"data\":{\"types\":[],\"all\":true}");
	say(fd, "\"all\":true,\"type\":\"a\"");
	assert_has(fixture_read(to), "\"type\":\"a\"");
}

static void
what_is_filtered_moves_the_inbox_on(void **state)
{
	int to = client("bob");
	struct message message = {
		.kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("default"),
		.stream = TEXT_LITERAL("ann"),
		.from = TEXT_LITERAL("ann"),
		.type = TEXT_LITERAL("c"),
		.body = TEXT_LITERAL("1"),
		.epoch = INBOX_EPOCH,
		.offset = 1,
	};

	(void)state;
	fixture_say(to, "{\"cmd\":\"subscribe\",\"data\":{\"types\":[\"a\"]}}");
	assert_has(fixture_read(to), "\"code\":200");
	message.others = TEXT_LITERAL("\3bob\1");
	fixture_tell(DELIVER, message_pack, message);
	fixture_turn();
	assert_silent(to);
	message.type = TEXT_LITERAL("a");
	message.others = TEXT_LITERAL("\3bob\2");
	fixture_tell(DELIVER, message_pack, message);
	fixture_turn();
	assert_has(fixture_read(to), "\"offset\":2,\"type\":\"a\"");
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 0);
}

static void
subscribe_to(int fd, int first, int count)
{
	struct buffer json = { 0 };

	buffer_add_string(
		&json, "{\"cmd\":\"subscribe\",\"data\":{\"types\":[");
	for (int i = 0; i < count; i++)
		buffer_add_format(
			&json, "%s\"%d\"", i > 0 ? "," : "", first + i);
	buffer_add_string(&json, "]}}");
	fixture_send_frame(fd, 1, buffer_text(&json));
	fixture_turn();
	buffer_fini(&json);
}

static void
subscriptions_are_bounded_and_end_with_the_login(void **state)
{
	int fd = client("ann");

	(void)state;
	subscribe_to(fd, 0, 65);
	assert_has(fixture_read(fd), "\"code\":1001,");
	fixture_say(fd, "{\"cmd\":\"unsubscribe\",\"data\":{\"types\":[\"a\"]}"
			"}");
	assert_has(fixture_read(fd), "\"code\":1009,");
	subscribe_to(fd, 0, 64);
	assert_has(fixture_read(fd), "\"code\":200,");
	subscribe_to(fd, 0, 64);
	assert_has(fixture_read(fd), "\"code\":200,");
	subscribe_to(fd, 64, 1);
	assert_has(fixture_read(fd), "\"code\":1012,");
	fixture_say(fd, "{\"cmd\":\"logout\"}");
	fixture_say(fd, "{\"cmd\":\"login\",\"data\":{\"user\":\"ann\"}}");
	assert_has(fixture_read(fd), "\"cmd\":\"logout\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"login\",\"code\":200");
	fixture_say(fd, "{\"cmd\":\"unsubscribe\",\"data\":{\"types\":[\"1\"]}"
			"}");
	assert_has(fixture_read(fd), "\"code\":1009,");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_target_and_no_other_is_said_to),
		TEST(users_are_named_once_and_the_sender_is_none_of_the_others),
		TEST(platform_and_ttl_go_with_the_message),
		TEST(more_users_than_a_letter_takes_are_too_many),
		TEST(what_is_not_kept_goes_past_the_ledger),
		TEST(a_client_is_reached_by_its_id_alone),
		TEST(a_client_hears_itself_only_with_echo),
		TEST(all_are_those_who_are_logged_in),
		TEST(answers_come_in_the_order_of_what_was_said),
		TEST(a_room_keeps_what_the_client_wants_and_its_class_permits),
		TEST(a_room_without_history_refuses_to_keep),
		TEST(only_subscribed_types_are_shown_outside_rooms),
		TEST(what_is_filtered_moves_the_inbox_on),
		TEST(subscriptions_are_bounded_and_end_with_the_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
