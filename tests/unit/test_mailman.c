/* What users see of messages outside rooms: each side its view, each message
 * once, and nothing that was not for them. */
#include "shared/mail.h"

#define OPEN_GATEWAY open_with_sides
#include "tests/unit/gateway_talk.h"

/* How far the offset of each side is from that of the side before it. */
static uint64_t apart;

static int
open_with_sides(void **state)
{
	apart = 10;
	return open_gateway(state);
}

/* The session that connected last. */
static struct session *
last_session(void)
{
	return (struct session *)fixture.gateway.lanes->all->previous;
}

/* Delivers what ann says to these others. */
static void
tell(struct message message, const char *const *others, size_t count)
{
	struct buffer sides = { 0 };

	for (size_t i = 0; i < count; i++)
		mail_add_side(&sides,
			&(struct mail_side){ text_of(others[i]),
				message.offset
					? message.offset + apart * (i + 1)
					: 0 });
	message.kind = STREAM_INBOX;
	message.tenant = TEXT_LITERAL("default");
	message.stream = message.from = TEXT_LITERAL("ann");
	message.epoch = INBOX_EPOCH;
	if (message.type.length == 0)
		message.type = TEXT_LITERAL("text");
	message.body = TEXT_LITERAL("1");
	message.others = buffer_text(&sides);
	fixture_tell(DELIVER, message_pack, message);
	buffer_fini(&sides);
}

static void
deliver(struct message message, const char *const *others, size_t count)
{
	tell(message, others, count);
	fixture_turn();
}

static const char *const bob[] = { "bob" };
static const char *const bob_and_cleo[] = { "bob", "cleo" };

static void
each_side_sees_its_own_offset(void **state)
{
	int from = client("ann"), to = client("bob"), other = client("cleo");
	const char *frame;

	(void)state;
	deliver((struct message){ .offset = 1, .key = TEXT_LITERAL("k") }, bob,
		1);
	frame = fixture_read(from);
	assert_has(frame, "\"cmd\":\"msg\"");
	assert_has(frame, "\"from\":\"ann\"");
	assert_has(frame, "\"to\":\"bob\",\"offset\":1,");
	assert_has(frame, "\"key\":\"k\"");
	frame = fixture_read(to);
	assert_has(frame, "\"to\":\"bob\",\"offset\":11,");
	assert_lacks(frame, "key");
	assert_silent(from);
	assert_silent(to);
	assert_silent(other);
}

static void
a_message_to_several_names_them_to_its_sender_alone(void **state)
{
	int from = client("ann"), to = client("bob"), other = client("cleo");
	const char *frame;

	(void)state;
	deliver((struct message){ .offset = 1 }, bob_and_cleo, 2);
	frame = fixture_read(from);
	assert_has(frame, "\"users\":[\"bob\",\"cleo\"],\"offset\":1,");
	assert_lacks(frame, "\"to\"");
	frame = fixture_read(to);
	assert_has(frame, "\"to\":\"bob\",\"offset\":11,");
	assert_lacks(frame, "cleo");
	assert_has(fixture_read(other), "\"to\":\"cleo\",\"offset\":21,");
}

static void
a_message_to_oneself_comes_once(void **state)
{
	int fd = client("ann");

	(void)state;
	deliver((struct message){ .offset = 1 }, NULL, 0);
	assert_has(fixture_read(fd), "\"to\":\"ann\",\"offset\":1,");
	assert_silent(fd);
}

static void
the_own_connection_gets_it_only_with_echo(void **state)
{
	int fd = client("ann"), second;
	struct message message = {
		.offset = 1,
		.asker_life = LIFE,
		.connection = session_connection(last_session()),
	};

	(void)state;
	second = client("ann");
	deliver(message, bob, 1);
	assert_silent(fd);
	assert_has(fixture_read(second), "\"offset\":1,");
	message.offset = 2;
	message.flags = MESSAGE_ECHO;
	deliver(message, bob, 1);
	assert_has(fixture_read(fd), "\"offset\":2,");
	assert_has(fixture_read(second), "\"offset\":2,");
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 0);
}

static void
nothing_comes_twice_and_a_gap_is_counted(void **state)
{
	int fd = client("ann");

	(void)state;
	deliver((struct message){ .offset = 1 }, NULL, 0);
	deliver((struct message){ .offset = 1 }, NULL, 0);
	deliver((struct message){ .offset = 2 }, NULL, 0);
	deliver((struct message){ .offset = 1 }, NULL, 0);
	assert_has(fixture_read(fd), "\"offset\":1,");
	assert_has(fixture_read(fd), "\"offset\":2,");
	assert_silent(fd);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 0);
	deliver((struct message){ .offset = 4 }, NULL, 0);
	assert_has(fixture_read(fd), "\"offset\":4,");
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 1);
}

static void
what_the_login_brings_is_not_pushed_too(void **state)
{
	int fd = fixture_connect();
	struct join join;

	(void)state;
	fixture.keeps_entries = true;
	say_login(fd, "ann");
	join = taken_entry();
	deliver((struct message){ .offset = 1 }, NULL, 0);
	deliver((struct message){ .offset = 0 }, NULL, 0);
	fixture_let_in(&join, 2);
	deliver((struct message){ .offset = 2 }, NULL, 0);
	deliver((struct message){ .offset = 3 }, NULL, 0);
	assert_has(fixture_read(fd), "\"cmd\":\"login\"");
	assert_has(fixture_read(fd), "\"offset\":3,");
	assert_silent(fd);
}

static void
only_the_chosen_platform_of_a_recipient_gets_it(void **state)
{
	int web = client_on("bob", 101), phone = client_on("bob", 102);
	int own = client_on("ann", 101);

	(void)state;
	apart = 0;
	deliver((struct message){ .offset = 1, .only_platform = 1 + 102 }, bob,
		1);
	assert_silent(web);
	assert_has(fixture_read(phone), "\"only\":102");
	assert_has(fixture_read(own), "\"only\":102");
	deliver((struct message){ .offset = 2 }, bob, 1);
	assert_has(fixture_read(web), "\"offset\":2,");
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 0);
}

static void
what_is_over_is_not_delivered_late(void **state)
{
	int fd = client("bob");
	uint64_t now_ms = clock_unix_ms();

	(void)state;
	apart = 0;
	deliver((struct message){ .offset = 1, .until = now_ms - 1 }, bob, 1);
	assert_silent(fd);
	deliver((struct message){ .offset = 2, .until = now_ms + 60000 }, bob,
		1);
	assert_has(fixture_read(fd), "\"offset\":2,");
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_GAPS), 0);
}

static void
changes_are_pushed_as_what_they_are(void **state)
{
	int from = client("ann"), to = client("bob");
	struct message change = {
		.offset = 2,
		.flags = MESSAGE_EDIT,
		.of_time = 1,
		.of_offset = 1,
	};
	const char *frame;

	(void)state;
	deliver(change, bob, 1);
	frame = fixture_read(from);
	assert_has(frame, "{\"cmd\":\"edit\",");
	assert_has(frame, "\"of_offset\":1,\"type\":\"text\",\"body\":1}");
	frame = fixture_read(to);
	assert_has(frame, "{\"cmd\":\"edit\",");
	assert_has(frame, "\"of\":\"");
	assert_lacks(frame, "of_offset");
	change.offset = 3;
	change.flags = MESSAGE_DELETE;
	deliver(change, bob, 1);
	frame = fixture_read(to);
	assert_has(frame, "{\"cmd\":\"delete\",");
	assert_has(frame, "\"of\":\"");
	assert_lacks(frame, "body");
}

/* A message to connections of this gateway: these places with these secrets.
 */
static void
deliver_to_places(const uint64_t *pairs, size_t count)
{
	struct buffer others = { 0 };

	for (size_t i = 0; i < 2 * count; i++)
		pack_number(&others, pairs[i]);
	fixture_tell(DELIVER, message_pack,
		(struct message){
			.kind = STREAM_CLIENT,
			.tenant = TEXT_LITERAL("default"),
			.from = TEXT_LITERAL("ann"),
			.type = TEXT_LITERAL("text"),
			.body = TEXT_LITERAL("1"),
			.others = buffer_text(&others),
		});
	buffer_fini(&others);
	fixture_turn();
}

static void
a_client_is_known_by_place_and_secret(void **state)
{
	int fd = client("bob"), other = client("cleo");
	struct index_entry entry;
	uint64_t place = last_session()->place;
	const char *frame;

	(void)state;
	assert_true(index_read(fixture.arena, 0, (uint32_t)place, &entry));
	deliver_to_places((uint64_t[]){ place, entry.secret + 1, 100000, 1,
				  UINT64_MAX, 1 },
		3);
	assert_silent(other);
	deliver_to_places((uint64_t[]){ place, entry.secret }, 1);
	frame = fixture_read(other);
	assert_has(frame, "\"client\":true");
	assert_lacks(frame, "\"to\"");
	assert_lacks(frame, "offset");
	assert_silent(fd);
}

static void
all_is_everybody_who_is_logged_in(void **state)
{
	int stranger = fixture_connect(), a = client("ann"), b = client("bob");

	(void)state;
	fixture_tell(DELIVER, message_pack,
		(struct message){
			.kind = STREAM_TENANT,
			.tenant = TEXT_LITERAL("default"),
			.from = TEXT_LITERAL("ann"),
			.key = TEXT_LITERAL("k"),
			.type = TEXT_LITERAL("text"),
			.body = TEXT_LITERAL("1"),
		});
	fixture_turn();
	assert_silent(stranger);
	assert_has(fixture_read(a), "\"all\":true,\"type\":\"text\",\"key\"");
	assert_has(fixture_read(b), "\"all\":true,\"type\":\"text\",\"body\"");
}

static void
what_comes_in_one_turn_is_written_at_its_end_and_in_order(void **state)
{
	int fd = client("ann");

	(void)state;
	tell((struct message){ .offset = 1 }, NULL, 0);
	session_take(last_session(), TEXT_LITERAL("{\"cmd\":\"ping\"}"));
	tell((struct message){ .offset = 2 }, NULL, 0);
	assert_silent(fd);
	fixture_turn();
	assert_has(fixture_read(fd), "\"offset\":1,");
	assert_has(fixture_read(fd), "\"cmd\":\"ping\"");
	assert_has(fixture_read(fd), "\"offset\":2,");
	assert_silent(fd);
}

/* Twice as many bytes as may wait, in one turn. */
static void
who_reads_all_is_not_too_slow_for_a_lot_at_once(void **state)
{
	int fd = client("bob");
	struct buffer body = { 0 };
	size_t count = 2 * (size_t)fixture.config.outbox_bytes / 4096, got = 0;

	(void)state;
	buffer_add_byte(&body, '"');
	memset(buffer_reserve(&body, 4096), 'x', 4096);
	body.length += 4096;
	buffer_add_byte(&body, '"');
	for (size_t i = 0; i < count; i++) {
		fixture_tell(DELIVER, message_pack,
			(struct message){
				.kind = STREAM_INBOX,
				.tenant = TEXT_LITERAL("default"),
				.stream = TEXT_LITERAL("bob"),
				.from = TEXT_LITERAL("ann"),
				.type = TEXT_LITERAL("text"),
				.body = buffer_text(&body),
				.epoch = INBOX_EPOCH,
				.offset = i + 1,
			});
		fixture_receive(fd);
	}
	for (size_t i = 0; i < 2 * count && got < count; i++) {
		fixture_turn();
		while (strstr(fixture_read(fd), "\"cmd\":\"msg\""))
			got++;
	}
	assert_int_equal(got, count);
	buffer_fini(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_side_sees_its_own_offset),
		TEST(a_message_to_several_names_them_to_its_sender_alone),
		TEST(a_message_to_oneself_comes_once),
		TEST(the_own_connection_gets_it_only_with_echo),
		TEST(nothing_comes_twice_and_a_gap_is_counted),
		TEST(what_the_login_brings_is_not_pushed_too),
		TEST(only_the_chosen_platform_of_a_recipient_gets_it),
		TEST(what_is_over_is_not_delivered_late),
		TEST(changes_are_pushed_as_what_they_are),
		TEST(a_client_is_known_by_place_and_secret),
		TEST(all_is_everybody_who_is_logged_in),
		TEST(what_comes_in_one_turn_is_written_at_its_end_and_in_order),
		TEST(who_reads_all_is_not_too_slow_for_a_lot_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
