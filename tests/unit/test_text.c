#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/text.h"

static struct text
bytes(const char *at, size_t length)
{
	return (struct text){ at, length };
}

static void
texts_are_equal_by_their_bytes(void **state)
{
	(void)state;
	assert_true(text_equal(text_of("abc"), bytes("abcd", 3)));
	assert_false(text_equal(text_of("abc"), text_of("abd")));
	assert_false(text_equal(text_of("abc"), text_of("ab")));
	assert_false(text_equal(bytes("a\0b", 3), bytes("a\0c", 3)));
	assert_true(text_equal(bytes(NULL, 0), text_of("")));
}

static void
texts_sort_by_their_bytes(void **state)
{
	static const char *const sorted[] = { "", "A", "a", "a a", "aa", "b",
		"\x7f", "\xc3\xa9", "\xe4\xb8\xad" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		for (size_t j = 0; j < ARRAY_LEN(sorted); j++) {
			int order = text_compare(
				text_of(sorted[i]), text_of(sorted[j]));

			assert_int_equal(
				(order > 0) - (order < 0), (i > j) - (i < j));
		}
	assert_int_equal(text_compare(bytes(NULL, 0), text_of("")), 0);
}

static void
a_prefix_is_never_longer(void **state)
{
	(void)state;
	assert_true(text_has_prefix(text_of("live:1"), text_of("live:")));
	assert_true(text_has_prefix(text_of("live:"), text_of("live:")));
	assert_true(text_has_prefix(text_of("x"), bytes(NULL, 0)));
	assert_false(text_has_prefix(text_of("live"), text_of("live:")));
	assert_false(text_has_prefix(text_of("like:1"), text_of("live:")));
}

/* First and last code point of each row of RFC 3629, table in section 4. */
static void
all_of_utf8_is_accepted(void **state)
{
	static const char *const valid[] = { "", "a", "\x7f", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xe0\xbf\xbf", "\xe1\x80\x80",
		"\xec\xbf\xbf", "\xed\x80\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf0\xbf\xbf\xbf",
		"\xf1\x80\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x80\x80\x80",
		"\xf4\x8f\xbf\xbf", "x\xe4\xb8\xadx\xf0\x9f\x98\x80x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(valid); i++)
		assert_true(text_is_utf8(text_of(valid[i])));
	assert_true(text_is_utf8(bytes("a\0b", 3)));
	assert_true(text_is_utf8(bytes(NULL, 0)));
}

static void
what_is_not_utf8_is_refused(void **state)
{
	static const char *const invalid[] = { "\x80", "\xbf", "\xc0\x80",
		"\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x80\x80",
		"\xe0\x9f\xbf", "\xe1\x80", "\xe1\x80\x7f", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
		"\xf1\x80\x80", "\xf1\x80\x80\x7f", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xfe", "\xff", "a\xe4\xb8", "\xe4\xb8z" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
		assert_false(text_is_utf8(text_of(invalid[i])));
}

/* The heap copy lets the sanitizer see a read behind the end. */
static void
a_cut_character_is_not_read_past_its_end(void **state)
{
	static const char whole[] = "\xf0\x9f\x98\x80";

	(void)state;
	for (size_t length = 1; length < 4; length++) {
		char *cut = malloc(length);

		memcpy(cut, whole, length);
		assert_false(text_is_utf8(bytes(cut, length)));
		free(cut);
	}
}

static void
a_name_is_utf8_without_control_characters(void **state)
{
	static const char *const names[] = { "a", " ", "~", "lobby:1",
		"\xc2\xa0", "\xe4\xb8\xad\xe6\x96\x87", "\xe2\x80\x80" };
	static const char *const others[] = { "", "\n", "a\tb", "a\x1f", "\x7f",
		"\xc2\x80", "a\xc2\x9f", "\xff", "12345678901" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_true(text_is_name(text_of(names[i]), 1, 10));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(text_is_name(text_of(others[i]), 1, 10));
	assert_false(text_is_name(bytes("a\0b", 3), 1, 10));
	assert_true(text_is_name(text_of(""), 0, 10));
	assert_true(text_is_name(text_of("1234567890"), 1, 10));
}

static void
sorted_texts_are_there_once(void **state)
{
	struct text texts[] = { text_of("b"), text_of("a"), bytes("b\0", 2),
		text_of(""), text_of("b"), text_of("a") };
	static const struct text sorted[] = { TEXT_LITERAL(""),
		TEXT_LITERAL("a"), TEXT_LITERAL("b"), TEXT_LITERAL("b\0") };

	(void)state;
	assert_int_equal(text_sort(texts, ARRAY_LEN(texts)), ARRAY_LEN(sorted));
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		assert_true(text_equal(texts[i], sorted[i]));
	assert_int_equal(text_sort(NULL, 0), 0);
}

static void
a_hexadecimal_digit_has_a_value(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		const char *at = byte ? strchr(digits, byte) : NULL;
		int place = at ? (int)(at - digits) : -1;

		assert_int_equal(text_hex_digit((char)byte),
			place < 16 ? place : place - 6);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_equal_by_their_bytes),
		cmocka_unit_test(texts_sort_by_their_bytes),
		cmocka_unit_test(sorted_texts_are_there_once),
		cmocka_unit_test(a_hexadecimal_digit_has_a_value),
		cmocka_unit_test(a_prefix_is_never_longer),
		cmocka_unit_test(all_of_utf8_is_accepted),
		cmocka_unit_test(what_is_not_utf8_is_refused),
		cmocka_unit_test(a_cut_character_is_not_read_past_its_end),
		cmocka_unit_test(a_name_is_utf8_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
