/* What an operator who traces is told by a gateway, and what is too much. */
#include "tests/unit/gateway_talk.h"

static void
trace_user(uint64_t number, const char *user)
{
	wish((struct wish){ .what = WISH_TRACE,
		.user = text_of(user),
		.trace = number,
		.seconds = 600 });
}

/* How many events since the last call. */
static unsigned
told(void)
{
	unsigned count = fixture.told_count;

	fixture.told_count = 0;
	return count;
}

static struct traced
last(void)
{
	struct unpack in = unpack_of(buffer_text(&fixture.told));
	struct traced traced;

	assert_true(traced_unpack(&in, &traced));
	return traced;
}

#define assert_text(text, expected)                                            \
	assert_true(text_equal((text), TEXT_LITERAL(expected)))

static void
while_nobody_traces_nothing_is_told(void **state)
{
	int fd = client("ann");

	(void)state;
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 0);
	assert_null(fixture.gateway.tracer);
}

static void
a_user_is_traced_until_it_ends(void **state)
{
	int ann = client("ann"), bob = client("bob");

	(void)state;
	trace_user(5, "ann");
	fixture_say(bob, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 0);
	fixture_say(ann, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 1);
	assert_int_equal(last().trace, 5);
	assert_int_equal(last().bytes, 14);
	assert_text(last().event, "request");
	assert_text(last().type, "ping");
	assert_text(last().user, "ann");
	wish((struct wish){ .what = WISH_TRACE_END, .trace = 4 });
	wish((struct wish){ .what = WISH_TRACE_END, .trace = 5 });
	assert_null(fixture.gateway.tracer);
	fixture_say(ann, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 0);
}

static void
what_is_said_to_him_is_told_without_the_body(void **state)
{
	int bob = client("bob");

	(void)state;
	trace_user(1, "ann");
	fixture_say(bob, "{\"cmd\":\"say\",\"data\":{\"user\":\"ann\","
			 "\"type\":\"note\",\"body\":\"secret\"}}");
	assert_int_equal(told(), 1);
	assert_text(last().event, "say");
	assert_text(last().user, "bob");
	assert_text(last().to, "ann");
	assert_text(last().type, "note");
	assert_int_equal(last().bytes, 8);
	assert_null(
		memmem(fixture.told.data, fixture.told.length, "secret", 6));
}

static void
a_client_alone_is_traced(void **state)
{
	int one = client("ann"), two = client("ann");
	struct index_entry entry;

	(void)state;
	assert_true(index_read(fixture.arena, 0, 0, &entry));
	wish((struct wish){ .what = WISH_TRACE,
		.place = entry.place,
		.secret = entry.secret,
		.trace = 1,
		.seconds = 600 });
	fixture_say(two, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 0);
	fixture_say(one, "{\"cmd\":\"logout\"}");
	assert_int_equal(told(), 2);
	assert_text(last().event, "logout");
	assert_int_equal(last().secret, entry.secret);
}

static void
so_many_events_a_second_are_told_and_the_rest_counted(void **state)
{
	int fd = client("ann");
	unsigned count;

	(void)state;
	trace_user(1, "ann");
	for (int i = 0; i < 1000; i++) {
		fixture_say(fd, "{\"cmd\":\"ping\"}");
		fixture_read(fd);
	}
	count = told();
	assert_in_range(count, 100, 999);
}

static void
what_the_master_does_not_read_is_counted(void **state)
{
	int fd = client("ann");

	(void)state;
	trace_user(1, "ann");
	fixture.is_full = true;
	for (int i = 0; i < 3; i++)
		fixture_say(fd, "{\"cmd\":\"ping\"}");
	fixture.is_full = false;
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 1);
	assert_int_equal(last().dropped, 3);
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_int_equal(last().dropped, 0);
}

static void
traces_are_few_and_of_names_that_can_be(void **state)
{
	static const char large[1000];
	int fd = client("ann");

	(void)state;
	wish((struct wish){ .what = WISH_TRACE,
		.room = { large, sizeof(large) },
		.trace = 1,
		.seconds = 600 });
	assert_null(fixture.gateway.tracer);
	for (unsigned i = 1; i < 100; i++)
		trace_user(i, "ann");
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 8);
	for (unsigned i = 1; i < 100; i++)
		wish((struct wish){ .what = WISH_TRACE_END, .trace = i });
	assert_null(fixture.gateway.tracer);
}

static void
a_trace_that_is_over_ends_by_itself(void **state)
{
	int fd = client("ann");

	(void)state;
	wish((struct wish){ .what = WISH_TRACE,
		.user = TEXT_LITERAL("ann"),
		.trace = 1,
		.seconds = 0 });
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_int_equal(told(), 0);
	assert_null(fixture.gateway.tracer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(while_nobody_traces_nothing_is_told),
		TEST(a_user_is_traced_until_it_ends),
		TEST(what_is_said_to_him_is_told_without_the_body),
		TEST(a_client_alone_is_traced),
		TEST(so_many_events_a_second_are_told_and_the_rest_counted),
		TEST(what_the_master_does_not_read_is_counted),
		TEST(traces_are_few_and_of_names_that_can_be),
		TEST(a_trace_that_is_over_ends_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
