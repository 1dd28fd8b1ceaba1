/* JSON as Go reads and writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/gojson.h"

#define REPLACED "\xef\xbf\xbd"

static void
expect_text(const char *json, const char *name, const char *wanted)
{
	json_t *value = gojson_read(text_of(json), false);
	struct text found;

	assert_non_null(value);
	assert_true(gojson_text(value, name, &found));
	assert_true(text_equal(found, text_of(wanted)));
	json_decref(value);
}

static void
names_are_found_in_any_case(void **state)
{
	(void)state;
	expect_text("{\"UserID\":\"a\"}", "userId", "a");
	expect_text("{\"userid\":\"a\"}", "USERID", "a");
	expect_text("{\"user_id\":\"a\"}", "userid", "");
}

static void
the_last_of_several_counts(void **state)
{
	(void)state;
	expect_text("{\"a\":\"1\",\"a\":\"2\"}", "a", "2");
	expect_text("{\"a\":\"1\",\"A\":\"2\"}", "a", "2");
	expect_text("{\"A\":\"1\",\"a\":\"2\"}", "A", "2");
	expect_text("{\"a\":\"1\",\"A\":null}", "a", "1");
}

static void
null_is_as_if_it_were_not_there(void **state)
{
	(void)state;
	expect_text("{\"a\":null}", "a", "");
}

static void
another_type_is_told(void **state)
{
	json_t *value = gojson_read(text_of("{\"a\":1}"), false);
	struct text found;

	(void)state;
	assert_false(gojson_text(value, "a", &found));
	json_decref(value);
}

static void
what_is_no_utf8_is_replaced(void **state)
{
	(void)state;
	expect_text("{\"a\":\"x\xffy\"}", "a", "x" REPLACED "y");
	expect_text("{\"a\":\"\xe4\xb8\"}", "a", REPLACED REPLACED);
	expect_text("{\"a\":\"\\ud800\"}", "a", REPLACED);
	expect_text("{\"a\":\"\\udc00\\ud800x\"}", "a", REPLACED REPLACED "x");
	expect_text("{\"a\":\"\\ud83d\\ude00\"}", "a", "\xf0\x9f\x98\x80");
	expect_text("{\"a\":\"\\/\\u4e2d\"}", "a", "/\xe4\xb8\xad");
}

static void
trash_behind_is_an_error_unless_it_is_allowed(void **state)
{
	json_t *value = gojson_read(text_of("{} x"), true);

	(void)state;
	assert_null(gojson_read(text_of("{} x"), false));
	assert_non_null(value);
	json_decref(value);
	value = gojson_read(text_of(" {} \n"), false);
	assert_non_null(value);
	json_decref(value);
}

static void
what_is_no_json_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "{", "{a:1}", "nul",
		"\"\\x\"", "\"\\u12\"", "[1,]", "\"\n\"", "\\" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(gojson_read(text_of(bad[i]), false));
}

static void
what_is_nested_too_deep_is_refused(void **state)
{
	struct buffer deep = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buffer_add_byte(&deep, '[');
	assert_null(gojson_read(buffer_text(&deep), false));
	buffer_fini(&deep);
}

static void
brackets_of_html_are_escaped(void **state)
{
	struct buffer out = { 0 };
	json_t *value = gojson_read(text_of("{\"<\":[1,\"&>\"]}"), false);

	(void)state;
	gojson_write_string(&out, text_of("a<b>&\"\xe2\x80\xa8\xe4\xb8\xad"));
	assert_true(text_equal(buffer_text(&out),
		text_of("\"a\\u003cb\\u003e\\u0026\\\"\\u2028\xe4\xb8\xad\"")));
	buffer_clear(&out, 0);
	gojson_write_value(&out, value);
	assert_true(text_equal(buffer_text(&out),
		text_of("{\"\\u003c\":[1,\"\\u0026\\u003e\"]}")));
	json_decref(value);
	buffer_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(the_last_of_several_counts),
		cmocka_unit_test(null_is_as_if_it_were_not_there),
		cmocka_unit_test(another_type_is_told),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(trash_behind_is_an_error_unless_it_is_allowed),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(what_is_nested_too_deep_is_refused),
		cmocka_unit_test(brackets_of_html_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
