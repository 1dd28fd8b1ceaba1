#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "shared/address_range.h"
#include "shared/base.h"

static void
ranges_are_read_and_written(void **state)
{
	static const char *const same[][2] = { { "10.0.0.0/8", "10.0.0.0/8" },
		{ "10.1.2.3/8", "10.0.0.0/8" }, { "127.0.0.1", "127.0.0.1" },
		{ "1.2.3.4/32", "1.2.3.4" }, { "0.0.0.0/0", "0.0.0.0/0" },
		{ "::1", "::1" }, { "2001:DB8::ff/32", "2001:db8::/32" },
		{ "::/0", "::/0" }, { "::ffff:1.2.3.4", "1.2.3.4" },
		{ "::ffff:1.2.3.4/104", "1.0.0.0/8" },
		{ "fe80::ffff/121", "fe80::ff80/121" } };
	static const char *const bad[] = { "", "/", "10.0.0.0/", "10.0.0/8",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8 ",
		"::1/129", "::1/0000", "localhost", "1.2.3.4/8/8", "1.2.3.4:80",
		"[::1]", "10.0.0.0/0x8",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1" };
	struct address_range range;
	char text[ADDRESS_RANGE_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		assert_true(address_range_read(same[i][0], &range));
		address_range_write(&range, text);
		assert_string_equal(text, same[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (address_range_read(bad[i], &range))
			fail_msg("taken: %s", bad[i]);
}

static bool
has(const char *outer, const char *inner)
{
	struct address_range one, other;

	assert_true(address_range_read(outer, &one));
	assert_true(address_range_read(inner, &other));
	return address_range_has(&one, &other);
}

static void
a_range_has_what_is_within_it(void **state)
{
	(void)state;
	assert_true(has("10.0.0.0/8", "10.255.0.1"));
	assert_true(has("10.0.0.0/8", "::ffff:10.0.0.1"));
	assert_true(has("10.0.0.0/8", "10.9.0.0/16"));
	assert_true(has("::/0", "10.0.0.1"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(has("10.0.0.0/8", "11.0.0.1"));
	assert_false(has("10.0.0.0/8", "10.0.0.0/7"));
	assert_false(has("0.0.0.0/0", "::1"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
	assert_false(has("1.2.3.4", "1.2.3.5"));
}

static void
the_address_of_a_socket_is_a_range(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct address_range one, two;

	(void)state;
	inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
	inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr);
	assert_true(address_range_of((struct sockaddr *)&v4, &one));
	assert_true(address_range_of((struct sockaddr *)&v6, &two));
	assert_memory_equal(&one, &two, sizeof(one));
	assert_false(address_range_of(&other, &one));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_read_and_written),
		cmocka_unit_test(a_range_has_what_is_within_it),
		cmocka_unit_test(the_address_of_a_socket_is_a_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
