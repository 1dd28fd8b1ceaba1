#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/base64.h"
#include "shared/buffer.h"

static void
assert_written(const char *bytes, const char *expected)
{
	struct buffer out = { 0 }, back = { 0 };

	base64_write(&out, text_of(bytes));
	assert_true(text_equal(buffer_text(&out), text_of(expected)));
	assert_true(base64_read(&back, buffer_text(&out)));
	assert_true(text_equal(buffer_text(&back), text_of(bytes)));
	buffer_fini(&out);
	buffer_fini(&back);
}

static void
bytes_are_written_as_in_rfc_4648(void **state)
{
	(void)state;
	assert_written("", "");
	assert_written("f", "Zg");
	assert_written("fo", "Zm8");
	assert_written("foo", "Zm9v");
	assert_written("foob", "Zm9vYg");
	assert_written("fooba", "Zm9vYmE");
	assert_written("foobar", "Zm9vYmFy");
	assert_written("\xfb\xff\xfe", "-__-");
}

static void
any_bytes_come_back(void **state)
{
	struct buffer out = { 0 }, back = { 0 };
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		struct text text = { bytes, length };

		buffer_clear(&out, 4096);
		buffer_clear(&back, 4096);
		base64_write(&out, text);
		assert_true(base64_read(&back, buffer_text(&out)));
		assert_true(text_equal(buffer_text(&back), text));
	}
	buffer_fini(&out);
	buffer_fini(&back);
}

static void
other_ways_to_write_bytes_are_refused(void **state)
{
	static const char *const wrong[] = { "Z", "Zg==", "Zg=", "Zm9", "Zh",
		"Zm9v\n", " Zm9v", "Zm9vY", "Zm+v", "Zm/v", "Zm.v",
		"Zm\xc3\xa4v" };
	struct buffer out = { 0 };

	(void)state;
	buffer_add_string(&out, "kept");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_false(base64_read(&out, text_of(wrong[i])));
		assert_true(
			text_equal(buffer_text(&out), TEXT_LITERAL("kept")));
	}
	assert_false(base64_read(&out, TEXT_LITERAL("Zm\0v")));
	buffer_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_written_as_in_rfc_4648),
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(other_ways_to_write_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
