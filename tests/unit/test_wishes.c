/* What an operator wishes of a gateway: who is sent away and hears what, who
 * stays, and what is said in his name. */
#include "tests/unit/gateway_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "shared/mail.h"
#include "worker/gateway/wishes.h"

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
login(const char *user, unsigned platform)
{
	char json[128];
	int fd = fixture_connect();

	snprintf(json, sizeof(json),
		"{\"cmd\":\"login\",\"data\":{\"user\":\"%s\",\"platform\":%u}"
		"}",
		user, platform);
	fixture_say(fd, json);
	if (!fixture.keeps_entries)
		assert_has(fixture_read(fd), "\"code\":200");
	return fd;
}

static void
assert_here(int fd)
{
	assert_string_equal(fixture_read(fd), "");
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_has(fixture_read(fd), "\"code\":200");
}

static void
wish(struct wish wanted)
{
	struct buffer packed = { 0 };

	wanted.tenant = TEXT_LITERAL("default");
	wish_pack(&packed, &wanted);
	wishes_take(&fixture.gateway, buffer_text(&packed));
	buffer_fini(&packed);
	fixture_turn();
}

static struct join
ask_join(int fd)
{
	const struct letter *letter;
	struct unpack in;
	struct join join;

	fixture_say(fd, "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}");
	letter = fixture_letter();
	assert_non_null(letter);
	assert_int_equal(letter->kind, LETTER_JOIN);
	in = letter_open(letter);
	assert_true(join_unpack(&in, &join));
	return join;
}

static void
let_in(const struct join *join)
{
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join->request,
			.connection = join->connection,
			.tenant = join->tenant,
			.room = join->room,
			.epoch = 1 });
	fixture_turn();
}

static void
join(int fd)
{
	struct join asked = ask_join(fd);

	let_in(&asked);
	assert_has(fixture_read(fd), "\"code\":200");
}

static void
assert_left(bool is_lost)
{
	const struct letter *letter = fixture_letter();
	struct leave leave;
	struct unpack in;

	assert_non_null(letter);
	assert_int_equal(letter->kind, LETTER_LEAVE);
	in = letter_open(letter);
	assert_true(leave_unpack(&in, &leave));
	assert_int_equal(leave.lost, is_lost);
}

static struct message
said(void)
{
	const struct letter *letter = fixture_letter();
	struct message message;
	struct unpack in;

	assert_non_null(letter);
	assert_int_equal(letter->kind, LETTER_SAY);
	in = letter_open(letter);
	assert_true(message_unpack(&in, &message));
	return message;
}

static void
all_connections_of_a_user_are_sent_away(void **state)
{
	int one = login("ann", 101), two = login("ann", 102);
	int other = login("bob", 101);

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
	int web = login("ann", 101), zero = login("ann", 0);

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
	fd = login("ann", 101);
	assert_true(fixture_read_entry(fixture_letter(), &asked));
	wish((struct wish){
		.what = WISH_KICK_USER, .user = TEXT_LITERAL("ann") });
	fixture_let_in(&asked, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"kick\"");
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
}

static void
a_client_is_sent_away_by_its_secret(void **state)
{
	int one = login("ann", 101), two = login("ann", 101);
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
	int fd = login("ann", 101);

	(void)state;
	join(fd);
	wish((struct wish){
		.what = WISH_KICK_USER, .user = TEXT_LITERAL("ann") });
	assert_left(false);
}

static void
out_of_a_room_the_connection_stays(void **state)
{
	const struct wish out = { .what = WISH_KICK_MEMBER,
		.user = TEXT_LITERAL("ann"),
		.room = TEXT_LITERAL("r"),
		.words = TEXT_LITERAL("off topic") };
	int fd = login("ann", 101), elsewhere = login("ann", 102);

	(void)state;
	join(fd);
	wish(out);
	assert_string_equal(fixture_read(fd), "{\"cmd\":\"kick\",\"data\":{"
					      "\"reason\":\"off topic\","
					      "\"room\":\"r\"}}");
	assert_left(false);
	assert_here(fd);
	assert_here(elsewhere);
	wish(out);
	assert_here(fd);
	join(fd);
}

static void
who_is_about_to_join_is_let_in_and_sent_out(void **state)
{
	int fd = login("ann", 101);
	struct join asked = ask_join(fd);

	(void)state;
	wish((struct wish){ .what = WISH_KICK_MEMBER,
		.user = TEXT_LITERAL("ann"),
		.room = TEXT_LITERAL("r") });
	assert_string_equal(fixture_read(fd), "");
	let_in(&asked);
	assert_has(fixture_read(fd), "\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"kick\"");
	assert_left(false);
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
	message = said();
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
	int fd = login("ann", 101);

	(void)state;
	join(fd);
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
	message = said();
	assert_int_equal(message.kind, STREAM_INBOX);
	assert_true(text_equal(message.stream, TEXT_LITERAL("system")));
	in = unpack_of(message.others);
	assert_true(mail_next_side(&in, &side));
	assert_true(text_equal(side.user, TEXT_LITERAL("ann")));
	wish((struct wish){ .what = WISH_SAY_USER,
		.user = TEXT_LITERAL("system"),
		.words = TEXT_LITERAL("hello") });
	assert_int_equal(said().others.length, 0);
}

static void
the_ledger_that_refuses_it_answers_nobody(void **state)
{
	struct message message;
	int fd = login("ann", 101);

	(void)state;
	wish((struct wish){ .what = WISH_SAY_ROOM,
		.room = TEXT_LITERAL("r"),
		.words = TEXT_LITERAL("hello") });
	message = said();
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
	int fd = login("ann", 101);

	(void)state;
	wishes_take(&fixture.gateway, TEXT_LITERAL("\xff\xff\xff"));
	wish((struct wish){ .what = 77, .user = TEXT_LITERAL("ann") });
	wish((struct wish){ .what = WISH_KICK_CLIENT, .place = UINT64_MAX });
	assert_here(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
