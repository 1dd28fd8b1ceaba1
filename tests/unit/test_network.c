/* Networks are read strictly and have one form each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/network.h"

static void
written(const char *text, const char *expected)
{
	char out[NETWORK_TEXT_BYTES];
	struct network network;

	assert_true(network_read(text_of(text), &network));
	network_write(out, &network);
	assert_string_equal(out, expected);
}

static void
a_network_is_written_in_one_form(void **state)
{
	(void)state;
	written("192.0.2.7", "192.0.2.7");
	written("192.0.2.7/32", "192.0.2.7");
	written("192.0.2.7/24", "192.0.2.0/24");
	written("192.0.2.255/25", "192.0.2.128/25");
	written("255.255.255.255/0", "0.0.0.0/0");
	written("2001:DB8:0:0::1", "2001:db8::1");
	written("2001:db8:ffff::1/33", "2001:db8:8000::/33");
	written("::/0", "::/0");
	written("::1/128", "::1");
	written("::ffff:192.0.2.7", "192.0.2.7");
	written("::ffff:192.0.2.7/120", "192.0.2.0/24");
	written("::ffff:0:0/95", "::fffe:0:0/95");
}

static void
what_is_no_network_is_refused(void **state)
{
	static const char *const bad[] = { "", "/", "/8", "1.2.3", "1.2.3.4/",
		"1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/08", "1.2.3.4/8/8",
		"1.2.3.4 ", " 1.2.3.4", "01.2.3.4", "1.2.3.4:80", "host",
		"::/129", "::/1000", ":::", "[::1]", "fe80::1%lo",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct network network;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(network_read(text_of(bad[i]), &network));
	assert_false(network_read((struct text){ 0 }, &network));
	assert_false(
		network_read((struct text){ "1.2.3.4\0001", 9 }, &network));
}

static bool
has(const char *text, const char *one)
{
	struct network network, address;

	assert_true(network_read(text_of(text), &network));
	assert_true(network_read(text_of(one), &address));
	return network_has(&network, address.address);
}

static void
a_network_has_what_begins_like_it(void **state)
{
	(void)state;
	assert_true(has("192.0.2.0/24", "192.0.2.0"));
	assert_true(has("192.0.2.0/24", "192.0.2.255"));
	assert_false(has("192.0.2.0/24", "192.0.3.0"));
	assert_true(has("192.0.2.128/25", "192.0.2.128"));
	assert_false(has("192.0.2.128/25", "192.0.2.127"));
	assert_true(has("0.0.0.0/0", "203.0.113.9"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
	assert_true(has("::/0", "2001:db8::1"));
	assert_true(has("::/0", "203.0.113.9"));
	assert_true(has("2001:db8::1", "2001:db8::1"));
	assert_false(has("2001:db8::1", "2001:db8::2"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_written_in_one_form),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(a_network_has_what_begins_like_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
