#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buffer.h"

static struct buffer buffer;

static int
tear_down(void **state)
{
	(void)state;
	buffer_fini(&buffer);
	return 0;
}

static void
assert_content(const char *expected)
{
	assert_true(text_equal(buffer_text(&buffer), text_of(expected)));
}

static void
what_is_added_stands_behind_what_was_there(void **state)
{
	(void)state;
	buffer_add_string(&buffer, "one ");
	buffer_add_text(&buffer, TEXT_LITERAL("two "));
	buffer_add_byte(&buffer, '3');
	buffer_add_format(&buffer, " %d%%", 4);
	buffer_add(&buffer, NULL, 0);
	assert_content("one two 3 4%");
}

static void
it_grows_as_far_as_it_must(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++)
		buffer_add_byte(&buffer, (uint8_t)i);
	assert_int_equal(buffer.length, 100000);
	assert_true(buffer.capacity >= 100000 && buffer.capacity < 300000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buffer.data[i], (uint8_t)i);
}

static void
a_long_format_is_whole(void **state)
{
	char text[1000];

	(void)state;
	for (size_t length = 120; length < sizeof(text); length += 7) {
		memset(text, 'x', length);
		text[length] = 0;
		buffer_clear(&buffer, 1 << 20);
		buffer_add_format(&buffer, "%s", text);
		assert_content(text);
	}
}

static void
a_reserved_place_is_behind_the_end(void **state)
{
	uint8_t *at;

	(void)state;
	buffer_add_string(&buffer, "abc");
	at = buffer_reserve(&buffer, 5000);
	assert_ptr_equal(at, buffer.data + 3);
	assert_true(buffer.capacity >= 5003);
	memset(at, 'z', 5000);
	assert_content("abc");
}

static void
clearing_keeps_only_small_memory(void **state)
{
	const uint8_t *memory;

	(void)state;
	buffer_add_string(&buffer, "abc");
	memory = buffer.data;
	buffer_clear(&buffer, 4096);
	assert_int_equal(buffer.length, 0);
	assert_ptr_equal(buffer.data, memory);
	buffer_reserve(&buffer, 10000);
	buffer_clear(&buffer, 4096);
	assert_null(buffer.data);
	assert_int_equal(buffer.capacity, 0);
}

static void
the_rest_moves_up_when_the_front_is_dropped(void **state)
{
	(void)state;
	buffer_drop_front(&buffer, 0);
	buffer_add_string(&buffer, "abcdef");
	buffer_drop_front(&buffer, 4);
	assert_content("ef");
	buffer_drop_front(&buffer, 2);
	assert_content("");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			what_is_added_stands_behind_what_was_there, tear_down),
		cmocka_unit_test_teardown(
			it_grows_as_far_as_it_must, tear_down),
		cmocka_unit_test_teardown(a_long_format_is_whole, tear_down),
		cmocka_unit_test_teardown(
			a_reserved_place_is_behind_the_end, tear_down),
		cmocka_unit_test_teardown(
			clearing_keeps_only_small_memory, tear_down),
		cmocka_unit_test_teardown(
			the_rest_moves_up_when_the_front_is_dropped, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
