#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/raw.h"

static void
assert_found(const char *object, const char *member, const char *expected)
{
	struct text value;

	assert_true(raw_find(text_of(object), member, &value));
	assert_int_equal(value.length, text_of(expected).length);
	assert_memory_equal(value.at, expected, value.length);
}

static void
a_value_is_found_as_it_was_sent(void **state)
{
	(void)state;
	assert_found("{\"a\":0.10}", "a", "0.10");
	assert_found(" { \"x\" : { \"a\" : 1 } , \"a\" : [ 1, {} ] } ", "a",
		"[ 1, {} ]");
	assert_found(
		"{\"x\":\"\\\"a\\\":\",\"a\":\"}\\\\\"}", "a", "\"}\\\\\"");
	assert_found("{\"a\":true\n}", "a", "true");
	assert_found("{\"\":1,\"a\":-12e3}", "a", "-12e3");
}

static void
what_is_not_there_is_not_found(void **state)
{
	struct text value;

	(void)state;
	assert_false(raw_find(text_of("{}"), "a", &value));
	assert_false(raw_find(text_of(""), "a", &value));
	assert_false(raw_find(text_of("{\"ab\":1}"), "a", &value));
	assert_false(raw_find(text_of("{\"x\":{\"a\":1}}"), "a", &value));
	assert_false(raw_find(text_of("{\"x\":\"a\"}"), "a", &value));
	assert_false(raw_find(text_of("{\"\\u0061\":1}"), "a", &value));
}

static void
only_space_between_parts_is_dropped(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	raw_write_compact(
		&out, text_of(" { \"a b\" :\t[ 1 ,\n\"c \\\" d\" ] } "));
	assert_int_equal(out.length, 20);
	assert_memory_equal(out.data, "{\"a b\":[1,\"c \\\" d\"]}", 20);
	buffer_fini(&out);
}

static void
an_integer_has_neither_point_nor_exponent(void **state)
{
	(void)state;
	assert_true(raw_is_integer(text_of("7")));
	assert_true(raw_is_integer(text_of("-123456789012345678901234567890")));
	assert_false(raw_is_integer(text_of("7.0")));
	assert_false(raw_is_integer(text_of("7e1")));
	assert_false(raw_is_integer(text_of("-")));
	assert_false(raw_is_integer(text_of("")));
}

static void
elements_are_found_as_they_were_sent(void **state)
{
	static const char *const elements[] = { "{\"a\":[1,2]}", "1.0",
		"\"],\"", "[ ]" };
	struct text rest =
		TEXT_LITERAL(" [{\"a\":[1,2]} , 1.0,\"],\",\n[ ] ] ");
	struct text value;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(raw_next(&rest, &value));
		assert_true(text_equal(value, text_of(elements[i])));
	}
	assert_false(raw_next(&rest, &value));
	rest = TEXT_LITERAL("[ ]");
	assert_false(raw_next(&rest, &value));
	rest = TEXT_LITERAL("{}");
	assert_false(raw_next(&rest, &value));
	rest = TEXT_LITERAL("");
	assert_false(raw_next(&rest, &value));
	rest = TEXT_LITERAL("[");
	assert_false(raw_next(&rest, &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_found_as_it_was_sent),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(only_space_between_parts_is_dropped),
		cmocka_unit_test(elements_are_found_as_they_were_sent),
		cmocka_unit_test(an_integer_has_neither_point_nor_exponent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
