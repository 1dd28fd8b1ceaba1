#include "worker/api/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/pack.h"

static struct verdict verdict;
static const char *why;

static enum hooked_verdict
read_as(enum hook_what what, unsigned status, const char *text)
{
	verdict_read(&verdict, what, status, text_of(text), &why);
	return (enum hooked_verdict)verdict.hooked.verdict;
}

static void
assert_verdict(enum hook_what what, unsigned status, const char *text,
	enum hooked_verdict wanted)
{
	assert_int_equal(read_as(what, status, text), wanted);
	assert_int_equal(why != NULL, wanted == HOOKED_DOWN);
	verdict_fini(&verdict);
}

static void
nothing_and_an_empty_object_allow(void **state)
{
	(void)state;
	assert_verdict(HOOK_SAY, 204, "", HOOKED_ALLOWED);
	assert_verdict(HOOK_SAY, 200, "", HOOKED_ALLOWED);
	assert_verdict(HOOK_SAY, 200, " \r\n", HOOKED_ALLOWED);
	assert_verdict(HOOK_SAY, 200, "{}", HOOKED_ALLOWED);
	assert_verdict(HOOK_CONNECT, 299, "{\"allow\":true}", HOOKED_ALLOWED);
	assert_verdict(HOOK_CONNECT, 200, "{\"other\":[1]}", HOOKED_ALLOWED);
}

static void
a_refusal_has_the_words_of_the_backend_or_ours(void **state)
{
	(void)state;
	assert_int_equal(
		read_as(HOOK_SAY, 200, "{\"allow\":false,\"error\":\"no\"}"),
		HOOKED_REFUSED);
	assert_true(text_equal(verdict.hooked.error, TEXT_LITERAL("no")));
	verdict_fini(&verdict);
	assert_int_equal(
		read_as(HOOK_SAY, 403, "{\"error\":\"no\"}"), HOOKED_REFUSED);
	assert_true(text_equal(verdict.hooked.error, TEXT_LITERAL("no")));
	verdict_fini(&verdict);
	assert_int_equal(read_as(HOOK_SAY, 403, "no JSON"), HOOKED_REFUSED);
	assert_true(verdict.hooked.error.length > 10);
	verdict_fini(&verdict);
	assert_verdict(HOOK_SAY, 200, "{\"allow\":false}", HOOKED_REFUSED);
}

static void
a_login_gets_another_user_info_and_rooms(void **state)
{
	struct unpack rooms;

	(void)state;
	assert_int_equal(
		read_as(HOOK_CONNECT, 200,
			"{\"user\":\"u\",\"info\":{\"a\":1},\"rooms\":[\"r\","
			"\"s\"],\"body\":7}"),
		HOOKED_ALLOWED);
	assert_true(text_equal(verdict.hooked.user, TEXT_LITERAL("u")));
	assert_true(text_equal(verdict.hooked.info, TEXT_LITERAL("{\"a\":1}")));
	assert_int_equal(verdict.hooked.room_count, 2);
	rooms = unpack_of(verdict.hooked.rooms);
	assert_true(text_equal(unpack_text(&rooms), TEXT_LITERAL("r")));
	assert_true(text_equal(unpack_text(&rooms), TEXT_LITERAL("s")));
	assert_int_equal(verdict.hooked.body.length, 0);
	verdict_fini(&verdict);
}

static void
a_message_gets_another_type_and_body(void **state)
{
	(void)state;
	assert_int_equal(read_as(HOOK_SAY, 200,
				 "{\"type\":\"t\",\"body\":null,\"user\":7}"),
		HOOKED_ALLOWED);
	assert_true(text_equal(verdict.hooked.type, TEXT_LITERAL("t")));
	assert_true(text_equal(verdict.hooked.body, TEXT_LITERAL("null")));
	assert_int_equal(verdict.hooked.user.length, 0);
	verdict_fini(&verdict);
}

static void
what_makes_no_sense_is_no_answer(void **state)
{
	static const char *const of_logins[] = { "[]", "7", "{", "{\"a\":1",
		"{\"allow\":1}", "{\"allow\":\"yes\"}", "{\"user\":7}",
		"{\"user\":\"\"}", "{\"user\":\"a\\u0007\"}",
		"{\"rooms\":\"r\"}", "{\"rooms\":[7]}", "{\"rooms\":[\"\"]}",
		"{\"allow\":false,\"error\":7}",
		"{\"allow\":true,\"allow\":false}" };
	char text[2048] = "{\"info\":\"";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(of_logins); i++)
		assert_verdict(HOOK_CONNECT, 200, of_logins[i], HOOKED_DOWN);
	assert_verdict(HOOK_SAY, 200, "{\"type\":[]}", HOOKED_DOWN);
	assert_verdict(HOOK_SAY, 200, "\xff", HOOKED_DOWN);
	assert_verdict(HOOK_SAY, 404, "{}", HOOKED_DOWN);
	assert_verdict(HOOK_SAY, 500, "{}", HOOKED_DOWN);
	assert_verdict(HOOK_SAY, 302, "", HOOKED_DOWN);
	memset(text + strlen(text), 'x', 1100);
	strlcat(text, "\"}", sizeof(text));
	assert_verdict(HOOK_CONNECT, 200, text, HOOKED_DOWN);
}

static void
a_login_names_no_more_rooms_than_may_be(void **state)
{
	struct buffer text = { 0 };

	(void)state;
	buffer_add_string(&text, "{\"rooms\":[\"r\"");
	for (int i = 1; i < HOOKED_ROOMS_MAX; i++)
		buffer_add_string(&text, ",\"r\"");
	buffer_add_string(&text, "]}");
	buffer_add_byte(&text, 0);
	assert_verdict(
		HOOK_CONNECT, 200, (const char *)text.data, HOOKED_ALLOWED);
	text.length -= 3;
	buffer_add_string(&text, ",\"r\"]}");
	buffer_add_byte(&text, 0);
	assert_verdict(HOOK_CONNECT, 200, (const char *)text.data, HOOKED_DOWN);
	buffer_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_and_an_empty_object_allow),
		cmocka_unit_test(
			a_refusal_has_the_words_of_the_backend_or_ours),
		cmocka_unit_test(a_login_gets_another_user_info_and_rooms),
		cmocka_unit_test(a_message_gets_another_type_and_body),
		cmocka_unit_test(what_makes_no_sense_is_no_answer),
		cmocka_unit_test(a_login_names_no_more_rooms_than_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
