/* What an operator wishes of a gateway: who is sent away and hears what, who
 * stays, and what is said in his name. */
#include "shared/mail.h"
#include "tests/unit/gateway_talk.h"

static void
all_connections_of_a_user_are_sent_away(void **state)
{
	int one = client_on("ann", 101), two = client_on("ann", 102);
	int other = client_on("bob", 101);

	(void)state;
	wish((struct wish){ .what = WISH_KICK_USER,
		.user = TEXT_LITERAL("ann"),
		.words = TEXT_LITERAL("be \"nice\"") });
	assert_string_equal(fixture_read(one), "{\"cmd\":\"kick\",\"data\":{"
					       "\"reason\":\"be \\\"nice\\\"\""
					       "}}");
	assert_string_equal(fixture_read(one), "CLOSE 4003");
	assert_has(fixture_read(two), "\"cmd\":\"kick\"");
	assert_string_equal(fixture_read(two), "CLOSE 4003");
	assert_here(other);
}

static void
of_one_platform_only_its_connections_go(void **state)
{
	int web = client_on("ann", 101), zero = client_on("ann", 0);

	(void)state;
	wish((struct wish){ .what = WISH_KICK_USER,
		.user = TEXT_LITERAL("ann"),
		.only_platform = 1 });
	assert_has(fixture_read(zero), "\"reason\":\"sent away\"");
	assert_string_equal(fixture_read(zero), "CLOSE 4003");
	assert_here(web);
}

static void
who_is_about_to_log_in_goes_too(void **state)
{
	struct join asked;
	int fd;

	(void)state;
	fixture.keeps_entries = true;
	fd = coming_on("ann", 101);
	asked = taken_entry();
	wish((struct wish){
		.what = WISH_KICK_USER, .user = TEXT_LITERAL("ann") });
	let_in(&asked, 0);
	assert_has(fixture_read(fd), "\"cmd\":\"kick\"");
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
}

static void
a_client_is_sent_away_by_its_secret(void **state)
{
	int one = client_on("ann", 101), two = client_on("ann", 101);
	struct index_entry entry;

	(void)state;
	assert_true(index_read(fixture.arena, 0, 0, &entry));
	wish((struct wish){ .what = WISH_KICK_CLIENT,
		.place = entry.place,
		.secret = entry.secret + 1 });
	assert_here(one);
	wish((struct wish){ .what = WISH_KICK_CLIENT,
		.place = entry.place,
		.secret = entry.secret });
	assert_has(fixture_read(one), "\"cmd\":\"kick\"");
	assert_string_equal(fixture_read(one), "CLOSE 4003");
	assert_here(two);
}

static void
who_is_sent_away_leaves_his_rooms_at_once(void **state)
{
	int fd = client_on("ann", 101);

	(void)state;
	join_room(fd, "r");
	wish((struct wish){
		.what = WISH_KICK_USER, .user = TEXT_LITERAL("ann") });
	assert_int_equal(taken_leave().lost, 0);
}

static void
out_of_a_room_the_connection_stays(void **state)
{
	const struct wish out = { .what = WISH_KICK_MEMBER,
		.user = TEXT_LITERAL("ann"),
		.room = TEXT_LITERAL("r"),
		.words = TEXT_LITERAL("off topic") };
	int fd = client_on("ann", 101), elsewhere = client_on("ann", 102);

	(void)state;
	join_room(fd, "r");
	wish(out);
	assert_string_equal(fixture_read(fd), "{\"cmd\":\"kick\",\"data\":{"
					      "\"reason\":\"off topic\","
					      "\"room\":\"r\"}}");
	assert_int_equal(taken_leave().lost, 0);
	assert_here(fd);
	assert_here(elsewhere);
	wish(out);
	assert_here(fd);
	join_room(fd, "r");
}

static void
who_is_about_to_join_is_let_in_and_sent_out(void **state)
{
	int fd = client_on("ann", 101);
	struct join asked = ask_join(fd);

	(void)state;
	wish((struct wish){ .what = WISH_KICK_MEMBER,
		.user = TEXT_LITERAL("ann"),
		.room = TEXT_LITERAL("r") });
	assert_silent(fd);
	answer_join(fd, &asked, 0);
	assert_has(fixture_read(fd), "\"cmd\":\"kick\"");
	assert_int_equal(taken_leave().lost, 0);
	assert_here(fd);
}

static void
what_is_said_to_a_room_goes_to_its_ledger(void **state)
{
	struct message message;

	(void)state;
	wish((struct wish){ .what = WISH_SAY_ROOM,
		.room = TEXT_LITERAL("r"),
		.words = TEXT_LITERAL("back \\ at \"10\"") });
	message = taken_say();
	assert_int_equal(message.kind, STREAM_ROOM);
	assert_true(text_equal(message.stream, TEXT_LITERAL("r")));
	assert_true(text_equal(message.from, TEXT_LITERAL("system")));
	assert_int_equal(message.platform, 0);
	assert_true(text_equal(
		message.body, TEXT_LITERAL("\"back \\\\ at \\\"10\\\"\"")));
}

static void
where_nothing_is_remembered_it_is_passed_on(void **state)
{
	int fd = client_on("ann", 101);

	(void)state;
	join_room(fd, "r");
	fixture.class.history = false;
	wish((struct wish){ .what = WISH_SAY_ROOM,
		.room = TEXT_LITERAL("r"),
		.words = TEXT_LITERAL("hello") });
	assert_has(fixture_read(fd), "\"body\":\"hello\"");
	assert_null(fixture_letter());
}

static void
what_is_said_to_a_user_stands_in_his_inbox(void **state)
{
	struct mail_side side;
	struct message message;
	struct unpack in;

	(void)state;
	wish((struct wish){ .what = WISH_SAY_USER,
		.user = TEXT_LITERAL("ann"),
		.words = TEXT_LITERAL("hello") });
	message = taken_say();
	assert_int_equal(message.kind, STREAM_INBOX);
	assert_true(text_equal(message.stream, TEXT_LITERAL("system")));
	in = unpack_of(message.others);
	assert_true(mail_next_side(&in, &side));
	assert_true(text_equal(side.user, TEXT_LITERAL("ann")));
	wish((struct wish){ .what = WISH_SAY_USER,
		.user = TEXT_LITERAL("system"),
		.words = TEXT_LITERAL("hello") });
	assert_int_equal(taken_say().others.length, 0);
}

static void
the_ledger_that_refuses_it_answers_nobody(void **state)
{
	struct message message;
	int fd = client_on("ann", 101);

	(void)state;
	wish((struct wish){ .what = WISH_SAY_ROOM,
		.room = TEXT_LITERAL("r"),
		.words = TEXT_LITERAL("hello") });
	message = taken_say();
	assert_true(wishes_are_refused(
		&(struct refused){ .request = message.request }));
	assert_false(wishes_are_refused(&(struct refused){ .request = 1 }));
	fixture_tell(REFUSED, refused_pack,
		(struct refused){ .request = message.request,
			.code = 1012,
			.error = TEXT_LITERAL("too fast") });
	fixture_tell(
		SAID, said_pack, (struct said){ .request = message.request });
	fixture_turn();
	assert_here(fd);
}

static void
noise_is_dropped(void **state)
{
	int fd = client_on("ann", 101);

	(void)state;
	wishes_take(&fixture.gateway, TEXT_LITERAL("\xff\xff\xff"));
	wish((struct wish){ .what = 77, .user = TEXT_LITERAL("ann") });
	wish((struct wish){ .what = WISH_KICK_CLIENT, .place = UINT64_MAX });
	assert_here(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_connections_of_a_user_are_sent_away),
		TEST(of_one_platform_only_its_connections_go),
		TEST(who_is_about_to_log_in_goes_too),
		TEST(a_client_is_sent_away_by_its_secret),
		TEST(who_is_sent_away_leaves_his_rooms_at_once),
		TEST(out_of_a_room_the_connection_stays),
		TEST(who_is_about_to_join_is_let_in_and_sent_out),
		TEST(what_is_said_to_a_room_goes_to_its_ledger),
		TEST(where_nothing_is_remembered_it_is_passed_on),
		TEST(what_is_said_to_a_user_stands_in_his_inbox),
		TEST(the_ledger_that_refuses_it_answers_nobody),
		TEST(noise_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
