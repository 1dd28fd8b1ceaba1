/* What backends say in bodies and queries: every member read as what it is, and
 * the first wrong one named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/percent.h"
#include "worker/api/arguments_read.h"

static void
assert_refused(const struct arguments *arguments, const char *words)
{
	assert_int_equal(arguments->code, CODE_BAD_REQUEST);
	if (!strstr(arguments->error, words))
		fail_msg("%s: is not in: %s", words, arguments->error);
}

static void
assert_text(struct text text, const char *wanted)
{
	assert_int_equal(text.length, strlen(wanted));
	assert_memory_equal(text.at, wanted, text.length);
}

static void
bodies_that_are_no_objects_are_told_why(void **state)
{
	static const struct {
		struct text body;
		const char *why;
	} bad[] = {
		{ TEXT_LITERAL("nonsense"), "is no JSON: see line 1" },
		{ TEXT_LITERAL("{\"a\":1,\"a\":2}"),
			"repeats the member \"a\"" },
		{ TEXT_LITERAL("{\"a\":{\"\\n\":1,\"\\n\":2}}"),
			"repeats the member \"\\n\"" },
		{ TEXT_LITERAL("{\"a\":\"\xff\"}"), "is not UTF-8" },
		{ TEXT_LITERAL("[]"), "must be a JSON object" },
		{ TEXT_LITERAL("7"), "is no JSON" },
		{ TEXT_LITERAL("{}{}"), "is no JSON" },
		{ TEXT_LITERAL(
			  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
			"is nested deeper than 32" },
	};
	struct arguments arguments;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		arguments_read_body(&arguments, bad[i].body, false);
		assert_refused(&arguments, bad[i].why);
		arguments_fini(&arguments);
	}
}

static void
a_batch_is_an_array_of_objects(void **state)
{
	struct arguments batch, one;

	(void)state;
	arguments_read_body(
		&batch, TEXT_LITERAL("[{\"room\":\"a\"},{\"room\":7}]"), true);
	assert_int_equal(batch.code, CODE_OK);
	assert_int_equal(arguments_count(&batch), 2);
	one = arguments_of(&batch, 0);
	assert_text(arguments_name(&one, "room", 128, true), "a");
	one = arguments_of(&batch, 1);
	arguments_name(&one, "room", 128, true);
	assert_refused(&one, "room must be a string of 1 to 128 bytes");
	assert_int_equal(batch.code, CODE_OK);
	arguments_fini(&batch);

	arguments_read_body(&batch, TEXT_LITERAL("[{},7]"), true);
	assert_refused(&batch, "an array of objects");
	arguments_fini(&batch);
	arguments_read_body(&batch, TEXT_LITERAL("{}"), true);
	assert_int_equal(batch.code, CODE_OK);
	assert_int_equal(arguments_count(&batch), 0);
	arguments_fini(&batch);
}

static void
an_empty_body_is_an_empty_object(void **state)
{
	struct arguments arguments;

	(void)state;
	arguments_read_body(&arguments, (struct text){ NULL, 0 }, false);
	assert_int_equal(arguments.code, CODE_OK);
	assert_false(arguments_has(&arguments, "room"));
	arguments_fini(&arguments);
}

static void
members_are_read_as_what_they_are(void **state)
{
	struct text names[3];
	struct arguments arguments;

	(void)state;
	arguments_read_body(&arguments,
		TEXT_LITERAL(
			"{\"n\":5.0,\"f\":true,\"t\":\"x\\u0000\",\"l\":[\"a\","
			"\"b\"],\"big\":123456789012345678901234567890}"),
		false);
	assert_int_equal(arguments_number(&arguments, "n", 1, 9, 3), 5);
	assert_int_equal(arguments_number(&arguments, "none", 1, 9, 3), 3);
	assert_true(arguments_flag(&arguments, "f", false));
	assert_int_equal(arguments_text(&arguments, "t", 2).length, 2);
	assert_int_equal(arguments_list(&arguments, "l", 64, names, 3), 2);
	assert_text(names[1], "b");
	assert_int_equal(arguments.code, CODE_OK);
	arguments_number(&arguments, "big", 0, UINT64_MAX, 0);
	assert_refused(&arguments, "big must be an integer");
	arguments_fini(&arguments);
}

/* Each reader is given each of these, none of which it takes. */
static void
what_is_of_another_type_is_refused_by_name(void **state)
{
	static const char *const bad[] = { "null", "{}", "-1", "1.5", "\"\\n\"",
		"[]", "[1]", "[\"\"]", "1e300", "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (int reader = 0; reader < 5; reader++) {
			struct text names[2];
			struct buffer json = { 0 };
			struct arguments arguments;
			uint64_t time, origin;

			buffer_add_format(&json, "{\"mmm\":%s}", bad[i]);
			arguments_read_body(
				&arguments, buffer_text(&json), false);
			if (reader == 0)
				arguments_name(&arguments, "mmm", 9, false);
			else if (reader == 1)
				arguments_list(&arguments, "mmm", 9, names, 2);
			else if (reader == 2)
				arguments_number(&arguments, "mmm", 0, 9, 0);
			else if (reader == 3)
				arguments_flag(&arguments, "mmm", false);
			else
				arguments_id(&arguments, "mmm", &time, &origin);
			assert_refused(&arguments, "mmm must be ");
			arguments_fini(&arguments);
			buffer_fini(&json);
		}
	}
}

static void
only_the_first_fault_is_told(void **state)
{
	struct arguments arguments;

	(void)state;
	arguments_read_body(
		&arguments, TEXT_LITERAL("{\"a\":1,\"b\":1}"), false);
	arguments_name(&arguments, "a", 9, true);
	arguments_flag(&arguments, "b", true);
	assert_refused(&arguments, "a must be a string");
	arguments_fini(&arguments);
}

static void
names_may_be_wanted_sorted_and_once(void **state)
{
	struct text names[4];
	struct arguments arguments;

	(void)state;
	arguments_read_body(
		&arguments, TEXT_LITERAL("{\"l\":[\"b\",\"a\",\"b\"]}"), false);
	assert_int_equal(arguments_names(&arguments, "l", 9, names, 4), 2);
	assert_text(names[0], "a");
	assert_text(names[1], "b");
	arguments_fini(&arguments);
}

static void
a_page_has_one_anchor_or_none(void **state)
{
	static const struct {
		const char *query;
		enum lookup_mode mode;
		uint64_t anchor;
	} good[] = {
		{ "", LOOKUP_NEWEST, 0 },
		{ "before=1", LOOKUP_BEFORE, 1 },
		{ "after=0", LOOKUP_AFTER, 0 },
		{ "after=7&room=r", LOOKUP_AFTER, 7 },
	};
	static const char *const bad[] = { "before=0", "before_id=x",
		"after_id=", "from_time=-1", "before=1&after=2",
		"from_time=1&after_id=2" };
	struct arguments arguments;
	uint64_t anchor, origin;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		anchor = 0;
		arguments_read_query(&arguments, good[i].query);
		assert_int_equal(arguments_anchor(&arguments, &anchor, &origin),
			good[i].mode);
		assert_int_equal(anchor, good[i].anchor);
		assert_int_equal(arguments.code, CODE_OK);
		arguments_fini(&arguments);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		arguments_read_query(&arguments, bad[i]);
		arguments_anchor(&arguments, &anchor, &origin);
		assert_int_equal(arguments.code, CODE_BAD_REQUEST);
		arguments_fini(&arguments);
	}
}

static void
a_query_is_read_like_a_body(void **state)
{
	struct text names[3];
	struct arguments arguments;

	(void)state;
	arguments_read_query(&arguments,
		"room=caf%C3%A9+1&limit=20&listed=true&u=a&u=b%2Cc&&one=x&"
		"flag&empty=");
	assert_int_equal(arguments.code, CODE_OK);
	assert_text(
		arguments_name(&arguments, "room", 128, true), "caf\xc3\xa9 1");
	assert_int_equal(arguments_number(&arguments, "limit", 1, 99, 0), 20);
	assert_true(arguments_flag(&arguments, "listed", false));
	assert_int_equal(arguments_list(&arguments, "u", 64, names, 3), 2);
	assert_text(names[1], "b,c");
	assert_int_equal(arguments_list(&arguments, "one", 64, names, 3), 1);
	assert_text(arguments_text(&arguments, "flag", 9), "");
	assert_text(arguments_text(&arguments, "empty", 9), "");
	assert_int_equal(arguments.code, CODE_OK);
	arguments_name(&arguments, "u", 64, true);
	assert_refused(&arguments, "u must be a string");
	arguments_fini(&arguments);
}

static void
numbers_in_a_query_are_digits(void **state)
{
	static const char *const bad[] = { "n=", "n=-1", "n=+1", "n=1.0", "n=x",
		"n=0x10", "n=99999999999999999999", "n=1&n=2", "n=100" };
	struct arguments arguments;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		arguments_read_query(&arguments, bad[i]);
		arguments_number(&arguments, "n", 0, 99, 0);
		assert_refused(&arguments, "n must be an integer");
		arguments_fini(&arguments);
	}
}

static void
broken_queries_are_refused(void **state)
{
	static const char *const bad[] = { "a=%", "a=%0", "a=%zz", "%00=a",
		"a=%00", "a=%ff", "=a", "a=1&b=%c3" };
	struct arguments arguments;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		arguments_read_query(&arguments, bad[i]);
		assert_refused(&arguments, "of the query");
		arguments_fini(&arguments);
	}
	arguments_read_query(&arguments, NULL);
	assert_int_equal(arguments.code, CODE_OK);
	arguments_fini(&arguments);
}

static void
a_query_has_a_bounded_number_of_parameters(void **state)
{
	struct buffer query = { 0 };
	struct arguments arguments;

	(void)state;
	for (int i = 0; i < 2000; i++)
		buffer_add_string(&query, "a=1&");
	buffer_add_byte(&query, 0);
	arguments_read_query(&arguments, (const char *)query.data);
	assert_refused(&arguments, "more than 1100 parameters");
	arguments_fini(&arguments);
	buffer_fini(&query);
}

static void
plus_is_a_space_only_in_forms(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	assert_true(percent_decode(TEXT_LITERAL("a+%2B"), false, &out));
	assert_text(buffer_text(&out), "a++");
	assert_true(percent_decode(TEXT_LITERAL("a+%2B"), true, &out));
	assert_text(buffer_text(&out), "a++a +");
	buffer_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_that_are_no_objects_are_told_why),
		cmocka_unit_test(a_batch_is_an_array_of_objects),
		cmocka_unit_test(an_empty_body_is_an_empty_object),
		cmocka_unit_test(members_are_read_as_what_they_are),
		cmocka_unit_test(what_is_of_another_type_is_refused_by_name),
		cmocka_unit_test(only_the_first_fault_is_told),
		cmocka_unit_test(names_may_be_wanted_sorted_and_once),
		cmocka_unit_test(a_page_has_one_anchor_or_none),
		cmocka_unit_test(a_query_is_read_like_a_body),
		cmocka_unit_test(numbers_in_a_query_are_digits),
		cmocka_unit_test(broken_queries_are_refused),
		cmocka_unit_test(a_query_has_a_bounded_number_of_parameters),
		cmocka_unit_test(plus_is_a_space_only_in_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
