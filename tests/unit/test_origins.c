#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/origins.h"

static bool
allows(const char *pattern, const char *origin)
{
	char *patterns[] = { (char *)(uintptr_t)pattern };

	return origins_allow(patterns, 1, text_of(origin));
}

static void
a_star_alone_allows_all_and_none(void **state)
{
	(void)state;
	assert_true(allows("*", "https://anything.example"));
	assert_true(allows("*", ""));
}

static void
any_other_pattern_needs_an_origin(void **state)
{
	(void)state;
	assert_false(allows("https://a.example", ""));
	assert_false(allows("https://*", ""));
	assert_false(origins_allow(NULL, 0, text_of("https://a.example")));
}

static void
an_origin_matches_whole_and_without_regard_to_case(void **state)
{
	(void)state;
	assert_true(allows("https://a.example", "https://A.example"));
	assert_false(allows("https://a.example", "http://a.example"));
	assert_false(allows("https://a.example", "https://a.example.evil"));
	assert_false(allows("https://a.example", "https://a.example:81"));
	assert_true(allows("a.example:81", "https://a.example:81"));
	assert_true(allows("null", "null"));
}

static void
a_star_inside_stands_for_a_part_of_the_host(void **state)
{
	(void)state;
	assert_true(allows("https://*.a.example", "https://b.a.example"));
	assert_false(allows("https://*.a.example", "https://a.example"));
	assert_true(allows("*.a.example", "http://c.b.a.example"));
	assert_false(allows("*.a.example", "https://evil/.a.example"));
	assert_false(allows("https://aa*aa", "https://aaa"));
	assert_true(allows("http://localhost:*", "http://localhost:3000"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_star_alone_allows_all_and_none),
		cmocka_unit_test(any_other_pattern_needs_an_origin),
		cmocka_unit_test(
			an_origin_matches_whole_and_without_regard_to_case),
		cmocka_unit_test(a_star_inside_stands_for_a_part_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
