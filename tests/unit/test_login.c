/* How a client becomes a user: the entry into the inbox, with the test as the
 * ledger, and what waits for it. */
#include "shared/mail.h"
#include "shared/message.h"

#define OPEN_GATEWAY open_keeping_entries
#include "tests/unit/gateway_talk.h"

#define ANN "{\"seq\":1,\"cmd\":\"login\",\"data\":{\"user\":\"ann\"}}"

static size_t
logged_in(const char *user)
{
	struct index_entry entry;

	return index_find_user(fixture.arena, 0, TEXT_LITERAL("default"),
		text_of(user), &entry, 1);
}

/* One who logs in as ann, on platform 7, and was at this offset. */
static int
returning(uint64_t epoch, uint64_t offset)
{
	int fd = fixture_connect();

	ask_since(fd, "login", "\"user\":\"ann\",\"platform\":7", "inbox",
		epoch, offset);
	return fd;
}

/* A message to ann at this offset of her inbox, packed in a row. */
static void
add_mail(struct buffer *row, uint64_t offset, uint64_t only, const char *from)
{
	struct buffer one = { 0 }, others = { 0 };
	const struct mail_side side = { text_of(from), 1 };

	mail_add_side(&others, &side);
	message_pack(&one, &(struct message){
				   .kind = STREAM_INBOX,
				   .tenant = TEXT_LITERAL("default"),
				   .stream = TEXT_LITERAL("ann"),
				   .from = text_of(from),
				   .epoch = INBOX_EPOCH,
				   .offset = offset,
				   .type = TEXT_LITERAL("t"),
				   .body = TEXT_LITERAL("1"),
				   .others = buffer_text(&others),
				   .only_platform = only,
			   });
	pack_text(row, buffer_text(&one));
	buffer_fini(&one);
	buffer_fini(&others);
}

static void
nothing_is_answered_before_the_login_is(void **state)
{
	int fd = fixture_connect();
	struct join join;

	(void)state;
	fixture_say(fd, ANN);
	fixture_say(fd, "{\"seq\":2,\"cmd\":\"ping\"}");
	fixture_say(fd, "{\"seq\":3,\"cmd\":\"login\","
			"\"data\":{\"user\":\"eve\"}}");
	assert_silent(fd);
	assert_int_equal(fixture.letter_count, 1);
	join = taken_entry();
	assert_int_equal(join.flags, JOIN_INBOX);
	assert_true(text_equal(join.room, TEXT_LITERAL("ann")));
	let_in(&join, 5);
	assert_has(
		fixture_read(fd), "\"seq\":1,\"cmd\":\"login\",\"code\":200");
	assert_has(fixture_read(fd), "\"seq\":2,");
	assert_has(
		fixture_read(fd), "\"seq\":3,\"cmd\":\"login\",\"code\":1009");
}

static void
the_answer_says_where_the_inbox_is(void **state)
{
	int fd = fixture_connect();
	struct join join;
	char name[MESSAGE_EPOCH_LENGTH + 1], part[64];
	const char *frame;

	(void)state;
	fixture_say(fd, ANN);
	join = taken_entry();
	let_in(&join, 5);
	message_epoch_write(name, INBOX_EPOCH);
	snprintf(part, sizeof(part),
		"\"inbox\":{\"epoch\":\"%s\",\"offset\":5}", name);
	frame = fixture_read(fd);
	assert_has(frame, part);
	assert_lacks(frame, "recovered");
}

static void
a_full_ring_undoes_the_login(void **state)
{
	int fd = fixture_connect();
	struct join join;

	(void)state;
	fixture.is_full = true;
	fixture_say(fd, ANN);
	assert_has(fixture_read(fd), "\"code\":1004");
	assert_int_equal(logged_in("ann"), 0);
	fixture_say(fd, "{\"cmd\":\"rooms\"}");
	assert_has(fixture_read(fd), "\"code\":1000");
	fixture.is_full = false;
	fixture_turn();
	fixture_say(fd, ANN);
	join = taken_entry();
	let_in(&join, 0);
	assert_has(fixture_read(fd), "\"code\":200");
	assert_int_equal(logged_in("ann"), 1);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_SESSIONS), 1);
}

static void
what_waits_for_a_login_that_is_refused_finds_it_so(void **state)
{
	int fd = fixture_connect();
	struct join join;

	(void)state;
	fixture_say(fd, ANN);
	fixture_say(fd, "{\"seq\":2,\"cmd\":\"rooms\"}");
	fixture_say(fd, "{\"seq\":3,\"cmd\":\"login\","
			"\"data\":{\"user\":\"eve\"}}");
	fixture_say(fd, "{\"seq\":4,\"cmd\":\"ping\"}");
	join = taken_entry();
	tell_refused(join.request, 1004);
	assert_has(
		fixture_read(fd), "\"seq\":1,\"cmd\":\"login\",\"code\":1004");
	assert_has(
		fixture_read(fd), "\"seq\":2,\"cmd\":\"rooms\",\"code\":1000");
	assert_silent(fd);
	assert_int_equal(logged_in("ann"), 0);
	join = taken_entry();
	let_in(&join, 0);
	assert_has(
		fixture_read(fd), "\"seq\":3,\"cmd\":\"login\",\"code\":200");
	assert_has(fixture_read(fd), "\"seq\":4,");
	assert_int_equal(logged_in("eve"), 1);
}

static void
who_goes_before_the_answer_leaves_nothing(void **state)
{
	int fd = fixture_connect();
	struct join join;

	(void)state;
	fixture_say(fd, ANN);
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	join = taken_entry();
	assert_int_equal(logged_in("ann"), 1);
	close(fd);
	fixture_turn();
	fixture_turn();
	assert_int_equal(logged_in("ann"), 0);
	let_in(&join, 5);
	assert_int_equal(fixture.gateway.lanes->count, 0);
	assert_int_equal(row_read(fixture.gateway.row, COUNTER_SESSIONS), 0);
	assert_null(fixture_letter());
}

static void
what_came_while_away_is_in_the_answer(void **state)
{
	int fd = returning(INBOX_EPOCH, 3);
	struct join join = taken_entry();
	struct buffer row = { 0 };
	struct lookup lookup;
	const char *frame;

	(void)state;
	assert_int_equal(join.flags, JOIN_INBOX | JOIN_RECOVER);
	assert_int_equal(join.from_epoch, INBOX_EPOCH);
	assert_int_equal(join.from_offset, 3);
	fixture_tell(BEHIND, behind_pack,
		(struct behind){ .request = join.request, .offset = 6 });
	lookup = taken_lookup();
	assert_int_equal(lookup.kind, STREAM_INBOX);
	assert_int_equal(lookup.anchor, 3);
	assert_int_equal(lookup.changes, 1);
	add_mail(&row, 4, 0, "bob");
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = lookup.request,
			.epoch = INBOX_EPOCH,
			.first = 4,
			.last = 5, /* the other one is over */
			.count = 1,
			.messages = buffer_text(&row) });
	buffer_clear(&row, SIZE_MAX);
	add_mail(&row, 6, 0, "bob");
	join = taken_entry();
	assert_int_equal(join.from_offset, 5);
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request,
			.epoch = INBOX_EPOCH,
			.offset = 6,
			.recovery = RECOVERY_WHOLE,
			.count = 1,
			.messages = buffer_text(&row) });
	fixture_turn();
	frame = fixture_read(fd);
	assert_has(frame, "\"recovered\":true,\"messages\":[{");
	assert_has(frame, "\"offset\":4,");
	assert_has(frame, "\"offset\":6,");
	buffer_fini(&row);
}

static void
a_login_that_cannot_be_recovered_now_is_none(void **state)
{
	int fd = returning(INBOX_EPOCH, 3);
	struct join join = taken_entry();
	struct lookup lookup;

	(void)state;
	fixture_tell(BEHIND, behind_pack,
		(struct behind){ .request = join.request, .offset = 6 });
	lookup = taken_lookup();
	tell_refused(lookup.request, 1004);
	assert_has(fixture_read(fd), "\"code\":1004");
	assert_int_equal(logged_in("ann"), 0);
}

static void
what_was_for_another_platform_is_not_recovered(void **state)
{
	int fd = returning(INBOX_EPOCH, 3);
	struct join join = taken_entry();
	struct buffer row = { 0 };
	const char *frame;

	(void)state;
	add_mail(&row, 4, 1 + 8, "bob");
	add_mail(&row, 5, 1 + 7, "bob");
	add_mail(&row, 6, 1 + 8, "ann");
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request,
			.epoch = INBOX_EPOCH,
			.offset = 6,
			.recovery = RECOVERY_WHOLE,
			.count = 3,
			.messages = buffer_text(&row) });
	fixture_turn();
	frame = fixture_read(fd);
	assert_has(frame, "\"recovered\":true");
	assert_lacks(frame, "\"offset\":4,");
	assert_has(frame, "\"offset\":5,");
	assert_has(frame, "\"offset\":6,\"type\"");
	buffer_fini(&row);
}

/* Answers the joins that were sent; returns how many there were. */
static size_t
answer_joins(void)
{
	const struct letter *letter;
	size_t count = 0;

	while ((letter = fixture_letter())) {
		struct unpack in = letter_open(letter);
		struct join join;

		assert_int_equal(letter->kind, LETTER_JOIN);
		assert_true(join_unpack(&in, &join));
		fixture_let_in(&join, 0);
		count++;
	}
	fixture_turn();
	return count;
}

static void
what_waits_for_a_login_is_looked_up_bit_by_bit(void **state)
{
	int fd = fixture_connect();
	struct join join;
	char json[256];
	size_t joins = 0, answers = 0;
	const char *frame;

	(void)state;
	fixture_say(fd, ANN);
	for (int i = 0; i < 20; i++) {
		snprintf(json, sizeof(json),
			"{\"cmd\":\"join\",\"data\":{\"room\":\"%d\","
			"\"since\":{\"epoch\":\"0000000000001\","
			"\"offset\":1}}}",
			i);
		fixture_say(fd, json);
	}
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	join = taken_entry();
	let_in(&join, 0);
	assert_has(fixture_read(fd), "\"cmd\":\"login\",\"code\":200");
	while (joins < 20) {
		size_t more = answer_joins();

		assert_in_range(more, 1, 8);
		joins += more;
	}
	while (*(frame = fixture_read(fd)))
		answers +=
			strstr(frame, "\"cmd\":\"join\",\"code\":200") != NULL;
	assert_int_equal(joins, 20);
	assert_int_equal(answers, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_answered_before_the_login_is),
		TEST(the_answer_says_where_the_inbox_is),
		TEST(a_full_ring_undoes_the_login),
		TEST(what_waits_for_a_login_that_is_refused_finds_it_so),
		TEST(who_goes_before_the_answer_leaves_nothing),
		TEST(what_came_while_away_is_in_the_answer),
		TEST(what_waits_for_a_login_is_looked_up_bit_by_bit),
		TEST(a_login_that_cannot_be_recovered_now_is_none),
		TEST(what_was_for_another_platform_is_not_recovered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
