/* Arguments of words of the status socket, with and without quotes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "master/arguments.h"

static struct text rest;

#define assert_takes(expected)                                                 \
	assert_true(text_equal(arguments_take(&rest), TEXT_LITERAL(expected)))
#define assert_rest(expected)                                                  \
	assert_true(text_equal(rest, TEXT_LITERAL(expected)))

static void
words_are_taken_one_by_one(void **state)
{
	(void)state;
	rest = TEXT_LITERAL("  room  r1 be  nice ");
	assert_takes("room");
	assert_takes("r1");
	assert_rest("be  nice ");
	assert_takes("be");
	assert_takes("nice");
	assert_rest("");
	assert_takes("");
	assert_takes("");
}

static void
quotes_hold_a_name_together(void **state)
{
	(void)state;
	rest = TEXT_LITERAL("\"Ann  Lee\" \"\" said \"hi\"");
	assert_takes("Ann  Lee");
	assert_takes("");
	assert_rest("said \"hi\"");
	assert_takes("said");
	assert_takes("hi");
	assert_rest("");
}

static void
a_quote_that_does_not_end_goes_to_the_end(void **state)
{
	(void)state;
	rest = TEXT_LITERAL("\"Ann Lee");
	assert_takes("Ann Lee");
	assert_rest("");
	rest = TEXT_LITERAL("\"");
	assert_takes("");
	assert_rest("");
	rest = TEXT_LITERAL("a\"b c");
	assert_takes("a\"b");
}

static void
only_the_word_that_is_meant_is_taken(void **state)
{
	(void)state;
	rest = TEXT_LITERAL("user ann");
	assert_false(arguments_take_word(&rest, "room"));
	assert_false(arguments_take_word(&rest, "use"));
	assert_rest("user ann");
	assert_true(arguments_take_word(&rest, "user"));
	assert_rest("ann");
	rest = TEXT_LITERAL("");
	assert_false(arguments_take_word(&rest, "user"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_taken_one_by_one),
		cmocka_unit_test(quotes_hold_a_name_together),
		cmocka_unit_test(a_quote_that_does_not_end_goes_to_the_end),
		cmocka_unit_test(only_the_word_that_is_meant_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
