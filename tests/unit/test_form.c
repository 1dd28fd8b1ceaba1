/* Parameters of queries and forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "worker/api/form.h"

static void
expect(const char *urlencoded, const char *name, const char *wanted)
{
	struct form form = { 0 };

	form_read(&form, text_of(urlencoded));
	assert_true(text_equal(form_get(&form, name), text_of(wanted)));
	form_fini(&form);
}

static void
parameters_are_found_in_any_case_and_the_first_counts(void **state)
{
	(void)state;
	expect("appID=101&userId=a", "APPid", "101");
	expect("a=1&A=2", "a", "1");
	expect("a=1", "b", "");
	expect("a", "a", "");
	expect("", "a", "");
	expect("&&a=1&", "a", "1");
}

static void
values_are_decoded(void **state)
{
	(void)state;
	expect("m=%E4%B8%AD+x%2By%3D", "m", "\xe4\xb8\xad x+y=");
	expect("a=1=2", "a", "1=2");
	expect("a=%zz&b=2", "a", "");
	expect("a=%zz&b=2", "b", "2");
}

static void
a_body_may_be_json(void **state)
{
	struct form form = { 0 };

	(void)state;
	form_read_body(&form, text_of("{\"appID\":101,\"m\":\"x y\"}"));
	assert_true(text_equal(form_get(&form, "m"), text_of("x y")));
	assert_int_equal(form_number(&form, "appid"), 101);
	form_fini(&form);
}

static void
numbers_are_of_32_bits_or_zero(void **state)
{
	static const struct {
		const char *words;
		int32_t number;
	} cases[] = { { "1", 1 }, { "-1", -1 }, { "+7", 7 }, { "007", 7 },
		{ "2147483647", INT32_MAX }, { "-2147483648", INT32_MIN },
		{ "2147483648", 0 }, { "99999999999999999999", 0 }, { "", 0 },
		{ "-", 0 }, { "1.0", 0 }, { "x", 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct form form = { 0 };
		char words[64] = "n=";

		strlcat(words,
			cases[i].words[0] == '+' ? "%2B7" : cases[i].words,
			sizeof(words));
		form_read(&form, text_of(words));
		assert_int_equal(form_number(&form, "n"), cases[i].number);
		form_fini(&form);
	}
}

static void
more_fields_than_there_is_room_for_are_left_out(void **state)
{
	struct buffer words = { 0 };
	struct form form = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		buffer_add_format(&words, "f%d=%d&", i, i);
	form_read(&form, buffer_text(&words));
	assert_int_equal(form.count, FORM_FIELDS_MAX);
	assert_int_equal(form_number(&form, "f63"), 63);
	assert_false(form_has(&form, "f64"));
	form_fini(&form);
	buffer_fini(&words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			parameters_are_found_in_any_case_and_the_first_counts),
		cmocka_unit_test(values_are_decoded),
		cmocka_unit_test(a_body_may_be_json),
		cmocka_unit_test(numbers_are_of_32_bits_or_zero),
		cmocka_unit_test(
			more_fields_than_there_is_room_for_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
