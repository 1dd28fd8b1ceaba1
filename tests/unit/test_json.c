#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/json.h"

static bool
is_taken(struct text text)
{
	json_t *object = json_read_object(text);

	if (!object)
		return false;
	json_decref(object);
	return true;
}

static void
only_objects_are_taken(void **state)
{
	static const char *const taken[] = { "{}", " {\"a\":[1,2.5,null]} ",
		"{\"a\":{\"a\":1}}", "{\"\xe4\xb8\xad\":\"\\u4e2d\"}" };
	static const char *const refused[] = { "", " ", "[]", "1", "null",
		"\"a\"", "{", "{}}", "{} {}", "{\"a\":1,\"a\":2}", "{a:1}",
		"{\"a\":1,}", "{'a':1}", "{\"a\":\"\xff\"}",
		"{\"a\":\"\\ud800\"}", "{\"a\":NaN}", "{\"a\":01}",
		"{\"a\":1e999}", "{\"a\":\"\n\"}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		assert_true(is_taken(text_of(taken[i])));
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_false(is_taken(text_of(refused[i])));
	assert_false(is_taken((struct text){ NULL, 0 }));
	assert_false(is_taken(TEXT_LITERAL("{}\0")));
}

static void
an_integer_of_any_length_is_a_number(void **state)
{
	json_t *object =
		json_read_object(TEXT_LITERAL("{\"a\":99999999999999999999}"));

	(void)state;
	assert_non_null(object);
	assert_true(json_is_real(json_object_get(object, "a")));
	json_decref(object);
}

static bool
is_depth_taken(unsigned depth, const char *open, const char *close)
{
	struct buffer text = { 0 };
	bool taken;

	buffer_add_string(&text, "{\"a\":");
	for (unsigned i = 1; i < depth; i++)
		buffer_add_string(&text, open);
	buffer_add_byte(&text, '1');
	for (unsigned i = 1; i < depth; i++)
		buffer_add_string(&text, close);
	buffer_add_byte(&text, '}');
	taken = is_taken(buffer_text(&text));
	buffer_fini(&text);
	return taken;
}

static void
depth_is_bounded(void **state)
{
	struct buffer text = { 0 };

	(void)state;
	assert_true(is_depth_taken(JSON_DEPTH_MAX, "[", "]"));
	assert_false(is_depth_taken(JSON_DEPTH_MAX + 1, "[", "]"));
	assert_true(is_depth_taken(JSON_DEPTH_MAX, "{\"b\":", "}"));
	assert_false(is_depth_taken(JSON_DEPTH_MAX + 1, "{\"b\":", "}"));
	assert_false(is_depth_taken(100000, "[", "]"));
	/* brackets in a string are no depth */
	buffer_add_string(&text, "{\"a\":\"\\\"\\\\");
	for (int i = 0; i < 100; i++)
		buffer_add_string(&text, "[{");
	buffer_add_string(&text, "\"}");
	assert_true(is_taken(buffer_text(&text)));
	buffer_fini(&text);
}

/* Written as JSON, read again by the parser. */
static void
assert_comes_back(struct text text)
{
	struct buffer out = { 0 };
	json_t *object;
	struct text got;

	buffer_add_string(&out, "{\"t\":");
	json_write_string(&out, text);
	buffer_add_byte(&out, '}');
	object = json_read_object(buffer_text(&out));
	assert_non_null(object);
	assert_true(json_get_text(object, "t", &got));
	assert_true(text_equal(got, text));
	json_decref(object);
	buffer_fini(&out);
}

static void
any_text_is_written_as_a_string(void **state)
{
	(void)state;
	assert_comes_back((struct text){ NULL, 0 });
	assert_comes_back(TEXT_LITERAL("plain"));
	assert_comes_back(TEXT_LITERAL("\"\\/\b\f\n\r\t"));
	assert_comes_back(TEXT_LITERAL("a\0b"));
	assert_comes_back(TEXT_LITERAL("\xe4\xb8\xad \xf0\x9f\x98\x80"));
	for (char byte = 0; byte >= 0 && byte < 127; byte++)
		assert_comes_back((struct text){ &byte, 1 });
}

static void
values_are_written_compactly(void **state)
{
	struct buffer out = { 0 };
	json_t *object = json_read_object(
		TEXT_LITERAL(" { \"a\" : [ 1 , true , null , \"x\" ] } "));

	(void)state;
	json_write_value(&out, object);
	buffer_add_byte(&out, ' ');
	json_write_value(&out, json_object_get(object, "a"));
	assert_true(text_equal(buffer_text(&out),
		TEXT_LITERAL(
			"{\"a\":[1,true,null,\"x\"]} [1,true,null,\"x\"]")));
	json_decref(object);
	buffer_fini(&out);
}

static void
only_a_string_is_a_text(void **state)
{
	json_t *object = json_read_object(
		TEXT_LITERAL("{\"s\":\"x\\u0000y\",\"n\":1,\"z\":null}"));
	struct text text = TEXT_LITERAL("untouched");

	(void)state;
	assert_false(json_get_text(object, "n", &text));
	assert_false(json_get_text(object, "z", &text));
	assert_false(json_get_text(object, "missing", &text));
	assert_true(text_equal(text, TEXT_LITERAL("untouched")));
	assert_true(json_get_text(object, "s", &text));
	assert_true(text_equal(text, TEXT_LITERAL("x\0y")));
	json_decref(object);
}

static void
why_it_is_no_json_can_be_told(void **state)
{
	char why[128];

	(void)state;
	for (int length = 1; length < 200; length++) {
		struct buffer json = { 0 };

		buffer_add_string(&json, "{\"");
		for (int i = 0; i < length; i++)
			buffer_add_string(&json, "\xe4\xb8\xad");
		buffer_add_string(&json, "\":1,\"");
		for (int i = 0; i < length; i++)
			buffer_add_string(&json, "\xe4\xb8\xad");
		buffer_add_string(&json, "\":1}");
		assert_null(
			json_read_value(buffer_text(&json), why, sizeof(why)));
		assert_true(text_is_utf8(text_of(why)));
		assert_non_null(strstr(why, "repeats "));
		buffer_fini(&json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_objects_are_taken),
		cmocka_unit_test(an_integer_of_any_length_is_a_number),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(any_text_is_written_as_a_string),
		cmocka_unit_test(values_are_written_compactly),
		cmocka_unit_test(only_a_string_is_a_text),
		cmocka_unit_test(why_it_is_no_json_can_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
