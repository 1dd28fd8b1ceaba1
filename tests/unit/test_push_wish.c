/* What clients of the profile push say of themselves in their address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "worker/gateway/profiles/push_wish.h"

/* The types, one behind the other; NULL: it is no wish. */
static void
expect(const char *query, const char *user, const char *types)
{
	struct push_wish wish = { 0 };
	struct buffer json = { 0 }, found = { 0 };
	bool is_good = push_wish_find(text_of(query), &json) &&
		       push_wish_read(&wish, buffer_text(&json));

	assert_int_equal(is_good, user != NULL);
	for (size_t i = 0; is_good && i < wish.count; i++) {
		buffer_add_text(&found, wish.types[i]);
		buffer_add_byte(&found, ' ');
	}
	if (is_good) {
		assert_true(text_equal(wish.user, text_of(user)));
		assert_true(text_equal(buffer_text(&found), text_of(types)));
	}
	push_wish_fini(&wish);
	buffer_fini(&json);
	buffer_fini(&found);
}

static void
a_wish_is_read_as_browsers_and_programs_write_it(void **state)
{
	(void)state;
	expect("d={\"uid\":\"1\",\"types\":[\"notice\"]}", "1", "notice ");
	expect("d={%22uid%22:%22a%22,%22types%22:[%22b%22,%22c%22]}", "a",
		"b c ");
	expect("d=%7B%22UID%22%3A%22a%22%7D", "a", "notice ");
	expect("x=1&d={%22uid%22:%22a%22}&y=2", "a", "notice ");
	expect("d={%22uid%22:%22a%22,%22types%22:[]}", "a", "notice ");
	expect("d={%22uid%22:%22a%22,%22types%22:null}", "a", "notice ");
	expect("d=+{%22uid%22:%22%E5%B0%8F%22}+", "\xe5\xb0\x8f", "notice ");
}

static void
what_says_no_user_is_no_wish(void **state)
{
	static const char *const queries[] = { "", "d", "d=", "dd={}", "d={}",
		"d=[]", "d=1", "d={", "d=%", "d={%22uid%22:1}",
		"d={%22uid%22:%22%22}", "d={%22uid%22:%22a%00%22}",
		"d={%22uid%22:%22a%22,%22types%22:{}}",
		"d={%22uid%22:%22a%22,%22types%22:[1]}",
		"d={%22uid%22:%22a%22,%22types%22:[%22%22]}",
		"d={%22uid%22:%22a%22,%22token%22:1}",
		"d={%22uid%22:%22a%22}{}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(queries); i++)
		expect(queries[i], NULL, "");
}

static void
a_wish_names_so_many_types_and_no_more(void **state)
{
	(void)state;
	for (size_t count = PUSH_TYPES_MAX; count <= PUSH_TYPES_MAX + 1;
		count++) {
		struct buffer query = { 0 }, types = { 0 };

		buffer_add_string(&query, "d={\"uid\":\"a\",\"types\":[\"t\"");
		buffer_add_string(&types, "t ");
		for (size_t i = 1; i < count; i++) {
			buffer_add_string(&query, ",\"t\"");
			buffer_add_string(&types, "t ");
		}
		buffer_add(&query, "]}", 3);
		buffer_add_byte(&types, 0);
		expect((char *)query.data, count > PUSH_TYPES_MAX ? NULL : "a",
			(char *)types.data);
		buffer_fini(&query);
		buffer_fini(&types);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_wish_is_read_as_browsers_and_programs_write_it),
		cmocka_unit_test(what_says_no_user_is_no_wish),
		cmocka_unit_test(a_wish_names_so_many_types_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
