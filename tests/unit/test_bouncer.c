/* Who is banned is kept out, and who is in already goes. */
#include <arpa/inet.h>

#include "shared/bans_region.h"
#include "shared/network.h"
#include "tests/unit/gateway_talk.h"
#include "worker/gateway/bouncer.h"

#define JOIN "{\"cmd\":\"join\",\"data\":{\"room\":\"r\"}}"

static struct network network;

static struct ban
of_user(const char *user)
{
	return (struct ban){ .what = BAN_SET,
		.kind = BAN_USER,
		.tenant = TEXT_LITERAL("default"),
		.name = text_of(user) };
}

static struct ban
of_address(const char *text)
{
	assert_true(network_read(text_of(text), &network));
	return (struct ban){ .what = BAN_SET,
		.kind = BAN_ADDRESS,
		.name = { (char *)network.address, 16 },
		.bits = network.bits };
}

/* As ledger 0 does. */
static void
give(struct ban ban)
{
	assert_true(ban_is_sound(&ban));
	assert_true(bans_writer_set(fixture.bans, &ban));
	fixture_tell(BAN, ban_pack, ban);
	fixture_turn();
}

/* By a predecessor, who did not come to telling it. */
static void
give_silently(struct ban ban)
{
	assert_true(bans_writer_set(fixture.bans, &ban));
}

static void
look(void)
{
	fixture_tell(BAN, ban_pack, (struct ban){ .what = BAN_LOOK });
	fixture_turn();
}

static void
lift(struct ban ban)
{
	assert_true(bans_writer_lift(fixture.bans, &ban));
}

static uint64_t
count(enum counter counter)
{
	return row_read(fixture.gateway.row, counter);
}

static void
expect_thrown_out(int fd, const char *reason)
{
	const char *frame = fixture_read(fd);

	assert_has(frame, "{\"cmd\":\"kick\",\"data\":{\"reason\":");
	assert_has(frame, reason);
	assert_string_equal(fixture_read(fd), "CLOSE 4003");
}

static void
who_is_banned_is_closed_and_cannot_log_in(void **state)
{
	int one = client_on("ann", 101), two = client_on("ann", 102);
	int other = client_on("bob", 101), later;
	struct ban ban = of_user("ann");

	(void)state;
	ban.reason = TEXT_LITERAL("spam");
	give(ban);
	expect_thrown_out(one, "spam");
	expect_thrown_out(two, "spam");
	assert_here(other);
	assert_int_equal(count(COUNTER_CLOSED_BANNED), 2);

	later = coming_on("ann", 101);
	assert_has(fixture_read(later), "\"code\":1003");
	assert_here(later);
	log_in(later, "cleo");
	assert_int_equal(count(COUNTER_REFUSED_BANNED), 1);

	lift(ban);
	client_on("ann", 101);
}

static void
the_refusal_says_why(void **state)
{
	struct ban ban = of_user("ann");
	int fd;

	(void)state;
	give(ban);
	fd = coming_on("ann", 101);
	assert_has(fixture_read(fd), "\"error\":\"you are banned\"");
	ban.reason = TEXT_LITERAL("was \"rude\"");
	give(ban);
	fd = coming_on("ann", 101);
	assert_has(fixture_read(fd), "\"you are banned: was \\\"rude\\\"\"");
}

static void
a_ban_in_another_tenant_concerns_nobody_here(void **state)
{
	struct ban ban = of_user("ann");
	int fd = client("ann");

	(void)state;
	ban.tenant = TEXT_LITERAL("other");
	give(ban);
	assert_here(fd);
	ban.tenant = TEXT_LITERAL("");
	give(ban);
	expect_thrown_out(fd, "banned");
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
	give(of_user("ann"));
	assert_silent(fd);
	let_in(&asked, 0);
	expect_thrown_out(fd, "banned");

	/* And nobody has told us of this one. */
	fd = coming_on("bob", 101);
	asked = taken_entry();
	give_silently(of_user("bob"));
	let_in(&asked, 0);
	expect_thrown_out(fd, "banned");
}

static void
until_bans_are_known_nobody_is_let_in(void **state)
{
	struct bans_region *region = arena_bans(fixture.arena);
	uint32_t active = region->active;
	struct join asked;
	int fd;

	(void)state;
	fixture.keeps_entries = true;
	fd = coming_on("ann", 101);
	asked = taken_entry();
	region->active = 0;
	let_in(&asked, 0);
	assert_has(fixture_read(fd), "\"code\":1004");
	region->active = active;
	say_login(fd, "ann");
	asked = taken_entry();
	let_in(&asked, 0);
	assert_has(fixture_read(fd), "\"code\":200");
}

static void
a_ban_of_an_address_closes_who_came_from_there(void **state)
{
	int user = client("ann"), nobody = fixture_connect();
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	struct sockaddr_in *v4 = (void *)&peer;

	(void)state;
	assert_int_equal(
		inet_pton(AF_INET, "192.0.2.7", &v4->sin_addr.s_addr), 1);
	assert_false(bouncer_bars(&fixture.gateway, &peer));
	give(of_address("192.0.2.0/24"));
	assert_here(user);
	assert_here(nobody);
	assert_true(bouncer_bars(&fixture.gateway, &peer));
	assert_int_equal(count(COUNTER_REFUSED_BANNED), 1);
	give(of_address("0.0.0.0/8"));
	expect_thrown_out(user, "banned");
	expect_thrown_out(nobody, "banned");
}

static void
an_address_of_one_tenant_is_refused_at_the_login(void **state)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	struct ban ban = of_address("0.0.0.0/8");
	int fd;

	(void)state;
	ban.tenant = TEXT_LITERAL("default");
	give(ban);
	assert_false(bouncer_bars(&fixture.gateway, &peer));
	fd = coming_on("ann", 101);
	assert_has(fixture_read(fd), "\"code\":1003");
}

static struct ban
from_room(const char *user, const char *room)
{
	struct ban ban = of_user(user);

	ban.room = text_of(room);
	return ban;
}

static void
a_ban_from_one_room_sends_out_of_it_alone(void **state)
{
	int fd = client("ann");
	struct leave leave;

	(void)state;
	join_room(fd, "r");
	join_room(fd, "s");
	give(from_room("ann", "r"));
	assert_has(fixture_read(fd), "\"cmd\":\"kick\",\"data\":{\"reason\":"
				     "\"banned\",\"room\":\"r\"");
	leave = taken_leave();
	assert_true(text_equal(leave.room, TEXT_LITERAL("r")));
	assert_int_equal(leave.lost, 0);
	assert_here(fd);
	give(from_room("ann", "t"));
	assert_here(fd);
	assert_int_equal(count(COUNTER_CLOSED_BANNED), 1);
}

static void
in_a_room_the_banned_may_do_nothing(void **state)
{
	static const char *const all[] = { JOIN,
		"{\"cmd\":\"say\",\"data\":{\"room\":\"r\",\"body\":1}}",
		"{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}",
		"{\"cmd\":\"members\",\"data\":{\"room\":\"r\"}}",
		"{\"cmd\":\"search\",\"data\":{\"room\":\"r\",\"text\":\"x\"}}",
		"{\"cmd\":\"read\",\"data\":{\"room\":\"r\",\"offset\":1}}" };
	int fd = client("ann");

	(void)state;
	fixture.class.say = fixture.class.read = MAY_ANYONE;
	give(from_room("ann", "r"));
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const char *frame;

		fixture_say(fd, all[i]);
		assert_null(fixture_letter());
		frame = fixture_read(fd);
		assert_has(frame, "\"code\":1003");
		assert_has(frame, "banned from this room");
	}
	assert_int_equal(count(COUNTER_REFUSED_BANNED), ARRAY_LEN(all));
	lift(from_room("ann", "r"));
	ask_join(fd);
}

static void
whose_join_is_open_is_sent_out_after_it(void **state)
{
	int fd = client("ann");
	struct join join;

	(void)state;
	fixture_say(fd, JOIN);
	join = taken_join();
	give(from_room("ann", "r"));
	assert_silent(fd);
	tell_joined(&join, 0);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
	assert_has(fixture_read(fd), "\"cmd\":\"kick\"");
	taken_leave();
	assert_here(fd);
}

static void
a_look_finds_all_that_was_not_told(void **state)
{
	int ann = client("ann"), bob = client("bob"), cleo = client("cleo");

	(void)state;
	join_room(bob, "r");
	join_room(bob, "s");
	join_room(bob, "t");
	give_silently(of_user("ann"));
	give_silently(from_room("bob", "r"));
	give_silently(from_room("bob", "t"));
	look();
	expect_thrown_out(ann, "banned");
	assert_has(fixture_read(bob), "\"cmd\":\"kick\",\"data\":{\"reason\":");
	assert_has(fixture_read(bob), "\"cmd\":\"kick\",\"data\":{\"reason\":");
	assert_here(bob);
	assert_here(cleo);
	look();
	assert_here(bob);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_banned_is_closed_and_cannot_log_in),
		TEST(the_refusal_says_why),
		TEST(a_ban_in_another_tenant_concerns_nobody_here),
		TEST(who_is_about_to_log_in_goes_too),
		TEST(until_bans_are_known_nobody_is_let_in),
		TEST(a_ban_of_an_address_closes_who_came_from_there),
		TEST(an_address_of_one_tenant_is_refused_at_the_login),
		TEST(a_ban_from_one_room_sends_out_of_it_alone),
		TEST(in_a_room_the_banned_may_do_nothing),
		TEST(whose_join_is_open_is_sent_out_after_it),
		TEST(a_look_finds_all_that_was_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
