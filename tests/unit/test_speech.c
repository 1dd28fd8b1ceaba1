/* What a backend wants said: elements of a request, whatever was in the memory
 * that they are read into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shared/codes.h"
#include "worker/api/arguments_read.h"
#include "worker/api/speech.h"

#define KEY TEXT_LITERAL("of the request")

static struct arguments arguments;
static struct speech speech;

static unsigned
code_of(const char *json, int before)
{
	struct text text = text_of(json);

	arguments_read_body(&arguments, text, false);
	memset(&speech, before, sizeof(speech));
	speech_read(&speech, &arguments, text, KEY);
	return arguments.code;
}

static void
end(void)
{
	buffer_fini(&speech.body);
	arguments_fini(&arguments);
}

static void
assert_text(struct text text, const char *expected)
{
	assert_true(text_equal(text, text_of(expected)));
}

static void
what_is_not_said_is_the_same_each_time(void **state)
{
	static const int before[] = { 0, 1, 0xa5, 0xff };

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		assert_int_equal(
			code_of("{\"room\":\"r\",\"body\":1}", before[i]),
			CODE_OK);
		assert_int_equal(speech.to, SPEECH_TO_ROOMS);
		assert_int_equal(speech.count, 1);
		assert_text(speech.names[0], "r");
		assert_false(speech.is_many);
		assert_int_equal(speech.only_platform, 0);
		assert_text(speech.from, "system");
		assert_text(speech.type, "text");
		assert_text(speech.key, "of the request");
		assert_false(speech.has_shared_key);
		assert_int_equal(speech.keep, SPEECH_AS_USUAL);
		assert_int_equal(speech.until, 0);
		assert_text(buffer_text(&speech.body), "1");
		end();
	}
}

static void
what_is_said_is_read(void **state)
{
	(void)state;
	assert_int_equal(
		code_of("{\"user\":\"ann\",\"platform\":7,\"from\":\"bot\","
			"\"type\":\"t\",\"key\":\"own\",\"keep\":false,"
			"\"ttl\":60,\"body\":{\"a\": [1]}}",
			0xff),
		CODE_OK);
	assert_int_equal(speech.to, SPEECH_TO_USERS);
	assert_int_equal(speech.only_platform, 8);
	assert_text(speech.from, "bot");
	assert_text(speech.type, "t");
	assert_text(speech.key, "own");
	assert_int_equal(speech.keep, SPEECH_PASS);
	assert_true(speech.until > 0);
	assert_text(buffer_text(&speech.body), "{\"a\":[1]}");
	end();
}

static void
what_is_wrong_has_nobody_to_go_to(void **state)
{
	static const char *wrong[] = { "{\"body\":1}",
		"{\"room\":\"a\",\"all\":true,\"body\":1}",
		"{\"all\":false,\"body\":1}", "{\"room\":\"\",\"body\":1}" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(code_of(wrong[i], 0xff), CODE_BAD_REQUEST);
		assert_true(speech.to <= SPEECH_TO_ALL);
		assert_true(speech.count <= 1);
		end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_is_the_same_each_time),
		cmocka_unit_test(what_is_said_is_read),
		cmocka_unit_test(what_is_wrong_has_nobody_to_go_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
