/* Words to search for: how texts are folded, what a body says, what matches,
 * and that no text becomes syntax of a query. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/words.h"
#include "worker/historian/store_query.h"

static void
check(void (*write)(struct buffer *, struct text), struct text in,
	const char *expected)
{
	struct buffer out = { 0 };

	write(&out, in);
	buffer_add_byte(&out, 0);
	assert_string_equal((const char *)out.data, expected);
	buffer_fini(&out);
}

#define assert_folds(in, expected) check(words_fold, text_of(in), expected)
#define assert_says(body, expected)                                            \
	check(words_of_body, text_of(body), expected)

static void
letters_lose_case_and_width(void **state)
{
	(void)state;
	assert_folds("Hello 123", "hello 123");
	assert_folds("ÄÖÜ ÅØÞ ×÷ Ÿ", "äöü åøþ ×÷ ÿ");
	assert_folds("ĀĐŁŃŊŽ", "āđłńŋž");
	assert_folds("ΆΈΪΣ ПРИВЁТ Ґ Ա", "άέϊσ привёт ґ ա");
	assert_folds("ẠỆ ＡＢＣｄ！～", "ạệ abcd!~");
	assert_folds("汉字 かな 한국 👍", "汉字 かな 한국 👍");
	assert_folds("ı ĳ ŉ ſ ß", "ı ĳ ŉ ſ ß");
}

static void
space_and_control_characters_become_spaces(void **state)
{
	(void)state;
	assert_folds("a\tb\nc\x7f", "a b c ");
	assert_folds("a\u00a0b\u3000c\u2028d\xc2\x85", "a b c d ");
	check(words_fold, (struct text){ "a\0b", 3 }, "a b");
}

static void
what_is_no_utf8_is_replaced(void **state)
{
	(void)state;
	assert_folds("a\xff\xc3", "a\ufffd\ufffd");
	assert_folds("\xed\xa0\x80", "\ufffd\ufffd\ufffd");
	assert_folds("\xf0\x9f\x91", "\ufffd\ufffd\ufffd");
}

static void
a_body_says_its_strings_and_not_its_names(void **state)
{
	(void)state;
	assert_says("\"Hello\"", "hello ");
	assert_says("{\"name\":\"Value\",\"n\":17,\"b\":true}", "value ");
	assert_says("[\"a\",{\"b\":[\"c\",null]},\"d\"]", "a c d ");
	assert_says("{\"a\" : \"b\" , \"c\":{}}", "b ");
	assert_says("17", "");
	assert_says("\"a:\"", "a: ");
}

static void
escapes_are_what_they_stand_for(void **state)
{
	(void)state;
	assert_says("\"a\\n\\t\\\"b\\\\\\/\"", "a  \"b\\/ ");
	assert_says("\"\\u4e16\\u754C\\u0041\"", "世界a ");
	assert_says("\"\\ud83d\\udc4d\"", "👍 ");
	assert_says("\"\\ud83d x\"", "\ufffd x ");
	assert_says("\"\\udc4d\\ud83d\\u0041\"", "\ufffd\ufffd ");
	assert_says("{\"a\\\":\":\"b\"}", "b ");
}

static void
a_body_that_breaks_off_does_no_harm(void **state)
{
	static const char *const bodies[] = { "\"", "\"abc", "\"\\", "\"\\u",
		"\"\\u12", "\"\\ud83d\\", "\"\\ud83d\\u", "\"\\ud83d\\udc",
		"{\"a\":", "[\"a\"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct buffer out = { 0 };

		words_of_body(&out, text_of(bodies[i]));
		assert_true(text_is_utf8(buffer_text(&out)));
		buffer_fini(&out);
	}
}

static bool
finds(const char *typed, const char *text)
{
	struct buffer folded = { 0 };
	struct words words;
	bool is_found;

	assert_true(words_read(&words, text_of(typed)));
	words_fold(&folded, text_of(text));
	is_found = words_match(&words, buffer_text(&folded));
	words_fini(&words);
	buffer_fini(&folded);
	return is_found;
}

static void
all_words_must_be_there_in_any_order(void **state)
{
	(void)state;
	assert_true(finds("fox quick", "The Quick brown Fox"));
	assert_true(finds("row", "The Quick brown Fox"));
	assert_false(finds("fox dog", "The Quick brown Fox"));
	assert_true(finds("世", "你好世界"));
	assert_true(finds(" \u3000世界 ", "你好世界"));
	assert_false(finds("界世", "你好世界"));
	assert_false(finds("a", ""));
}

static void
none_or_too_many_words_are_refused(void **state)
{
	static const char *const refused[] = { "", " ", "\t\u3000",
		"a a a a a a a a a a a a a a a a a" };
	struct words words;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		assert_false(words_read(&words, text_of(refused[i])));
		words_fini(&words);
	}
	assert_true(words_read(
		&words, TEXT_LITERAL("a a a a a a a a a a a a a a a a")));
	assert_int_equal(words.count, WORDS_MAX);
	words_fini(&words);
}

static void
assert_query(const char *typed, const char *expected)
{
	struct buffer query = { 0 };
	struct words words;

	words_read(&words, text_of(typed));
	assert_int_equal(store_query_write(&query, &words), expected != NULL);
	buffer_add_byte(&query, 0);
	assert_string_equal((const char *)query.data, expected ? expected : "");
	words_fini(&words);
	buffer_fini(&query);
}

static void
a_query_is_made_of_quoted_pieces(void **state)
{
	(void)state;
	assert_query("abc", "\"abc\"");
	assert_query("AND", "\"and\"");
	assert_query("abcde", "\"abc\" AND \"bcd\" AND \"cde\"");
	assert_query("你好世界", "\"你好世\" AND \"好世界\"");
	assert_query("a\"b", "\"a\"\"b\"");
	assert_query("\"\"\"", "\"\"\"\"\"\"\"\"");
	assert_query("a* NEAR(b", "\"nea\" AND \"ear\" AND \"ar(\" AND "
				  "\"r(b\"");
}

static void
short_words_leave_no_query(void **state)
{
	(void)state;
	assert_query("ab", NULL);
	assert_query("世界", NULL);
	assert_query("👍👍 ab 世", NULL);
	assert_query("ab abc", "\"abc\"");
}

static void
a_long_text_makes_a_bounded_query(void **state)
{
	char typed[257];
	struct buffer query = { 0 };
	struct words words;
	size_t pieces = 1;

	(void)state;
	memset(typed, 'x', 256);
	typed[256] = 0;
	assert_true(words_read(&words, text_of(typed)));
	assert_true(store_query_write(&query, &words));
	buffer_add_byte(&query, 0);
	for (const char *at = (const char *)query.data;
		(at = strstr(at, " AND ")) != NULL; at++)
		pieces++;
	assert_int_equal(pieces, STORE_QUERY_PIECES);
	words_fini(&words);
	buffer_fini(&query);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_lose_case_and_width),
		cmocka_unit_test(space_and_control_characters_become_spaces),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(a_body_says_its_strings_and_not_its_names),
		cmocka_unit_test(escapes_are_what_they_stand_for),
		cmocka_unit_test(a_body_that_breaks_off_does_no_harm),
		cmocka_unit_test(all_words_must_be_there_in_any_order),
		cmocka_unit_test(none_or_too_many_words_are_refused),
		cmocka_unit_test(a_query_is_made_of_quoted_pieces),
		cmocka_unit_test(short_words_leave_no_query),
		cmocka_unit_test(a_long_text_makes_a_bounded_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
