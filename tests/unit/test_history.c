/* What clients look up of the past, and the letters that it becomes. */
#include "shared/stream.h"

#define OPEN_GATEWAY open_with_two_ledgers
#include "tests/unit/gateway_talk.h"

#define ID "0000000000g1h0004"
#define ID_TIME ((UINT64_C(16) << 10) + (1 << 5) + 17)
#define ID_ORIGIN 4

/* The lookup that the client's history becomes; it is answered. */
static struct lookup
asked(int fd, const char *data)
{
	struct lookup lookup;

	ask(fd, "history", data);
	lookup = taken_lookup();
	tell_found(&lookup, NULL);
	assert_has(fixture_read(fd), "\"messages\":[]");
	return lookup;
}

static void
assert_refused(int fd, const char *verb, const char *data, unsigned code,
	const char *error)
{
	char expected[32];
	const char *answer;

	snprintf(expected, sizeof(expected), "\"code\":%u,", code);
	ask(fd, verb, data);
	answer = fixture_read(fd);
	assert_has(answer, expected);
	assert_has(answer, error);
	assert_null(fixture_letter());
}

static void
a_page_is_anchored_in_one_of_six_ways(void **state)
{
	static const struct {
		const char *data;
		enum lookup_mode mode;
		uint64_t anchor, origin;
	} cases[] = {
		{ "\"room\":\"r\"", LOOKUP_NEWEST, 0, 0 },
		{ "\"room\":\"r\",\"before\":7", LOOKUP_BEFORE, 7, 0 },
		{ "\"room\":\"r\",\"after\":0", LOOKUP_AFTER, 0, 0 },
		{ "\"room\":\"r\",\"before_id\":\"" ID "\"", LOOKUP_BEFORE_ID,
			ID_TIME, ID_ORIGIN },
		{ "\"room\":\"r\",\"after_id\":\"" ID "\"", LOOKUP_AFTER_ID,
			ID_TIME, ID_ORIGIN },
		{ "\"room\":\"r\",\"from_time\":1700000000000",
			LOOKUP_FROM_TIME, UINT64_C(1700000000000) << 16, 0 },
	};
	int fd = client("anna");

	(void)state;
	join_room(fd, "r");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct lookup lookup = asked(fd, cases[i].data);

		assert_int_equal(lookup.kind, STREAM_ROOM);
		assert_true(text_equal(lookup.stream, TEXT_LITERAL("r")));
		assert_int_equal(lookup.with.length, 0);
		assert_int_equal(lookup.mode, cases[i].mode);
		assert_int_equal(lookup.anchor, cases[i].anchor);
		assert_int_equal(lookup.anchor_origin, cases[i].origin);
		assert_int_equal(lookup.limit, 50);
		assert_int_equal(lookup.changes, 0);
	}
	close(fd);
}

static void
an_inbox_is_ones_own_whole_or_with_one_user(void **state)
{
	int fd = client("anna");
	struct lookup lookup;

	(void)state;
	lookup = asked(fd, "\"inbox\":true,\"limit\":500");
	assert_int_equal(lookup.kind, STREAM_INBOX);
	assert_true(text_equal(lookup.stream, TEXT_LITERAL("anna")));
	assert_int_equal(lookup.with.length, 0);
	assert_int_equal(lookup.limit, 500);
	lookup = asked(fd, "\"user\":\"bob\",\"inbox\":false,\"after\":3");
	assert_int_equal(lookup.kind, STREAM_INBOX);
	assert_true(text_equal(lookup.stream, TEXT_LITERAL("anna")));
	assert_true(text_equal(lookup.with, TEXT_LITERAL("bob")));
	assert_int_equal(lookup.mode, LOOKUP_AFTER);
	close(fd);
}

/* All inboxes of a tenant are kept by one ledger, wherever rooms are. */
static void
an_inbox_is_asked_of_the_ledger_that_keeps_it(void **state)
{
	int fd = client("anna");
	unsigned ledger = stream_shard(
		STREAM_INBOX, TEXT_LITERAL("default"), TEXT_LITERAL("anna"), 2);

	(void)state;
	fixture.last_to = 0;
	asked(fd, "\"inbox\":true");
	assert_int_equal(fixture.last_to, LEDGER_SLOT + ledger);
	close(fd);
}

static void
what_is_not_clear_is_refused(void **state)
{
	int fd = client("anna");

	(void)state;
	join_room(fd, "r");
	assert_refused(fd, "history", "", 1001, "one of room, user and inbox");
	assert_refused(fd, "history", "\"inbox\":false", 1001, "one of");
	assert_refused(fd, "history", "\"room\":\"r\",\"user\":\"bob\"", 1001,
		"only one");
	assert_refused(fd, "history", "\"room\":\"r\",\"inbox\":true", 1001,
		"only one");
	assert_refused(fd, "history", "\"inbox\":1", 1001, "inbox must be");
	assert_refused(fd, "history", "\"user\":\"\"", 1001, "user must be");
	assert_refused(fd, "history",
		"\"room\":\"r\",\"before\":1,\"from_time\":1", 1001,
		"before and from_time cannot");
	assert_refused(fd, "history",
		"\"room\":\"r\",\"before_id\":\"" ID "\",\"after\":1", 1001,
		"after and before_id cannot");
	assert_refused(fd, "history", "\"room\":\"r\",\"after_id\":\"x\"", 1001,
		"after_id must be the id of a message");
	assert_refused(fd, "history",
		"\"room\":\"r\",\"before_id\":\"vvvvvvvvvvvvvvvvv\"", 1001,
		"before_id must be the id of a message");
	assert_refused(fd, "history",
		"\"room\":\"r\",\"before_id\":\"ezzzzzzzzzzzz0000\"", 1001,
		"before_id must be the id of a message");
	assert_refused(fd, "history",
		"\"room\":\"r\",\"before_id\":\"fvvvvvvvvvvvv0000\"", 1001,
		"before_id must be the id of a message");
	assert_refused(fd, "history",
		"\"room\":\"r\",\"from_time\":140737488355328", 1001,
		"from_time must be an integer");
	assert_refused(fd, "search", "\"text\":\"x\"", 1001, "one of room");
	assert_refused(fd, "search", "\"text\":\"x\",\"inbox\":true", 1001,
		"one of room");
	close(fd);
}

static void
a_room_must_be_joined_and_an_inbox_need_not(void **state)
{
	int fd = client("anna");

	(void)state;
	assert_refused(fd, "history", "\"room\":\"r\"", 1003, "join it first");
	asked(fd, "\"user\":\"bob\"");
	close(fd);
}

static void
what_two_said_is_searched_where_inboxes_are(void **state)
{
	int fd = client("anna");
	struct search search;

	(void)state;
	assert_refused(fd, "search", "\"user\":\"bob\",\"text\":\"x\"", 1003,
		"search is off in inboxes");
	fixture.config.inbox.search = true;
	ask(fd, "search", "\"user\":\"bob\",\"text\":\"x\"");
	fixture_take(SEARCH, search_unpack, &search);
	assert_int_equal(search.kind, STREAM_INBOX);
	assert_true(text_equal(search.stream, TEXT_LITERAL("anna")));
	assert_true(text_equal(search.with, TEXT_LITERAL("bob")));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_page_is_anchored_in_one_of_six_ways),
		TEST(an_inbox_is_ones_own_whole_or_with_one_user),
		TEST(an_inbox_is_asked_of_the_ledger_that_keeps_it),
		TEST(what_is_not_clear_is_refused),
		TEST(a_room_must_be_joined_and_an_inbox_need_not),
		TEST(what_two_said_is_searched_where_inboxes_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
