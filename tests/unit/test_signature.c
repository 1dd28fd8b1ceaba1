#include "worker/api/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
a_header_has_the_time_and_the_sum_over_time_and_body(void **state)
{
	char header[SIGNATURE_HEADER_BYTES];

	(void)state;
	signature_write(header, TEXT_LITERAL("secret"), 1795200000,
		TEXT_LITERAL("{\"a\":1}"));
	assert_string_equal(header, "X-Confab-Signature: "
				    "t=1795200000,v1="
				    "d2d694bf04ebdba7900ed072824e2c7278a2bf0fb0"
				    "cf8a38557712626fe4e3c4");
}

static void
without_a_secret_there_is_no_header(void **state)
{
	char header[SIGNATURE_HEADER_BYTES] = "x";

	(void)state;
	signature_write(
		header, TEXT_LITERAL(""), 1795200000, TEXT_LITERAL("x"));
	assert_string_equal(header, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_header_has_the_time_and_the_sum_over_time_and_body),
		cmocka_unit_test(without_a_secret_there_is_no_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
