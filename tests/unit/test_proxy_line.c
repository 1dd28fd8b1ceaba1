/* The line of a proxy and X-Forwarded-For: who the client is. */
#include "shared/proxy_line.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/forwarded.h"
#include "shared/manners.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static const char *
host_of(const uint8_t address[16])
{
	static char host[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	memcpy(&in6, address, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6))
		inet_ntop(AF_INET, address + 12, host, sizeof(host));
	else
		inet_ntop(AF_INET6, address, host, sizeof(host));
	return host;
}

static void
the_text_form_names_the_client(void **state)
{
	static const struct {
		const char *bytes, *host;
		unsigned port;
	} cases[] = {
		{ "PROXY TCP4 192.0.2.7 198.51.100.1 50123 443\r\n",
			"192.0.2.7", 50123 },
		{ "PROXY TCP6 2001:db8::7 2001:db8::1 1 65535\r\n",
			"2001:db8::7", 1 },
		{ "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
			"255.255.255.255", 65535 },
		{ "PROXY UNKNOWN\r\n", NULL, 0 },
		{ "PROXY UNKNOWN ffff:f...f:ffff whatever 1 2\r\n", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct text bytes = text_of(cases[i].bytes);
		char more[200];
		struct proxy_line line;

		for (size_t length = 0; length < bytes.length; length++)
			assert_int_equal(
				proxy_line_read(
					(struct text){ bytes.at, length },
					&line),
				PROXY_LINE_MORE);
		snprintf(more, sizeof(more), "%sGET / HTTP/1.1\r\n",
			cases[i].bytes);
		assert_int_equal(proxy_line_read(text_of(more), &line),
			PROXY_LINE_WHOLE);
		assert_int_equal(line.length, bytes.length);
		assert_int_equal(line.has_address, cases[i].host != NULL);
		if (cases[i].host)
			assert_string_equal(
				host_of(line.address), cases[i].host);
		assert_int_equal(line.port, cases[i].port);
	}
}

static void
what_is_no_text_form_is_refused(void **state)
{
	static const char *const cases[] = {
		"GET / HTTP/1.1\r\n",
		"\x16\x03\x01\x02",
		"PROXY TCP4 192.0.2.7 198.51.100.1 50123 443\n",
		"PROXY TCP4  192.0.2.7 198.51.100.1 50123 443\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 50123 443 1\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 50123 443 \r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 50123\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
		"PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n",
		"PROXY TCP4 192.0.2.256 198.51.100.1 1 443\r\n",
		"PROXY TCP4 2001:db8::7 2001:db8::1 1 443\r\n",
		"PROXY TCP6 192.0.2.7 198.51.100.1 1 443\r\n",
		"PROXY TCP5 192.0.2.7 198.51.100.1 1 443\r\n",
		"PROXY tcp4 192.0.2.7 198.51.100.1 1 443\r\n",
		"PROXY UNKNOWNX\r\n",
		"PROXY \r\n",
		"PROXY\r\n",
		"proxy TCP4 192.0.2.7 198.51.100.1 1 443\r\n",
		"PROXY UNKNOWN ......................................"
		"............................................................"
		"..........\r\n",
	};
	struct proxy_line line;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(proxy_line_read(text_of(cases[i]), &line),
			PROXY_LINE_BAD);
	/* A zero does not hide what is behind it. */
	assert_int_equal(proxy_line_read(TEXT_LITERAL("PROXY TCP4 192.0.2.7\0x "
						      "198.51.100.1 1 443\r\n"),
				 &line),
		PROXY_LINE_BAD);
}

static void
assert_binary(struct text bytes, enum proxy_line_end end, const char *host,
	unsigned port)
{
	struct proxy_line line;

	assert_int_equal(proxy_line_read(bytes, &line), end);
	if (end != PROXY_LINE_WHOLE)
		return;
	assert_int_equal(line.has_address, host != NULL);
	assert_int_equal(line.port, port);
	if (host)
		assert_string_equal(host_of(line.address), host);
	for (size_t length = 1; length < line.length; length++)
		assert_int_equal(
			proxy_line_read(
				(struct text){ bytes.at, length }, &line),
			PROXY_LINE_MORE);
}

static void
the_binary_form_names_the_client(void **state)
{
	(void)state;
	assert_binary(TEXT_LITERAL(SIGNATURE "\x21\x11\x00\x0c"
					     "\xc0\x00\x02\x07\x0a\x00\x00\x01"
					     "\xc3\xcb\x01\xbb"),
		PROXY_LINE_WHOLE, "192.0.2.7", 50123);
	assert_binary(TEXT_LITERAL(SIGNATURE
			      "\x21\x21\x00\x24"
			      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
			      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
			      "\x00\x50\x01\xbb"),
		PROXY_LINE_WHOLE, "2001:db8::7", 80);
	/* Something of length 3 behind the addresses is passed over. */
	assert_binary(TEXT_LITERAL(SIGNATURE "\x21\x11\x00\x0f"
					     "\xc0\x00\x02\x07\x0a\x00\x00\x01"
					     "\xc3\xcb\x01\xbb\x04\x00\x00"),
		PROXY_LINE_WHOLE, "192.0.2.7", 50123);
	/* A check of health; a family that says nothing; a unix socket. */
	assert_binary(TEXT_LITERAL(SIGNATURE "\x20\x11\x00\x0c"
					     "\xc0\x00\x02\x07\x0a\x00\x00\x01"
					     "\xc3\xcb\x01\xbb"),
		PROXY_LINE_WHOLE, NULL, 0);
	assert_binary(TEXT_LITERAL(SIGNATURE "\x21\x00\x00\x00"),
		PROXY_LINE_WHOLE, NULL, 0);
	assert_binary(TEXT_LITERAL(SIGNATURE "\x21\x31\x00\x02xy"),
		PROXY_LINE_WHOLE, NULL, 0);
}

static void
what_is_no_binary_form_is_refused(void **state)
{
	(void)state;
	assert_binary(TEXT_LITERAL("\r\nGET / HTTP/1.1\r\n"), PROXY_LINE_BAD,
		NULL, 0);
	assert_binary(TEXT_LITERAL(SIGNATURE "\x11\x11\x00\x0c"),
		PROXY_LINE_BAD, NULL, 0);
	assert_binary(TEXT_LITERAL(SIGNATURE "\x22\x11\x00\x0c"),
		PROXY_LINE_BAD, NULL, 0);
	/* Shorter than its addresses, and longer than anybody needs. */
	assert_binary(TEXT_LITERAL(SIGNATURE "\x21\x11\x00\x0b"
					     "\xc0\x00\x02\x07\x0a\x00\x00\x01"
					     "\xc3\xcb\x01"),
		PROXY_LINE_BAD, NULL, 0);
	assert_binary(TEXT_LITERAL(SIGNATURE "\x21\x11\xff\xff"),
		PROXY_LINE_BAD, NULL, 0);
}

static void
the_rightmost_stranger_is_the_client(void **state)
{
	static const struct {
		const char *peer, *first, *second, *client;
	} cases[] = {
		{ "10.0.0.1", "192.0.2.7", NULL, "192.0.2.7" },
		{ "10.0.0.1", "203.0.113.9, 192.0.2.7", NULL, "192.0.2.7" },
		{ "10.0.0.1", "192.0.2.7, 10.0.0.2", NULL, "192.0.2.7" },
		{ "10.0.0.1", "203.0.113.9", " 192.0.2.7 ,10.9.9.9",
			"192.0.2.7" },
		{ "10.0.0.1", "192.0.2.7:1234", NULL, "192.0.2.7" },
		{ "10.0.0.1", "[2001:db8::7]:443", NULL, "2001:db8::7" },
		{ "10.0.0.1", "2001:db8::7", NULL, "2001:db8::7" },
		{ "10.0.0.1", "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3" },
		/* Nobody's word but a proxy's. */
		{ "192.0.2.1", "203.0.113.9", NULL, "192.0.2.1" },
		{ "10.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.8",
			"192.0.2.8" },
		/* No address ends it where it stands. */
		{ "10.0.0.1", "203.0.113.9, unknown", NULL, "10.0.0.1" },
		{ "10.0.0.1", "203.0.113.9,", NULL, "10.0.0.1" },
		{ "10.0.0.1", "", NULL, "10.0.0.1" },
		{ "10.0.0.1", ",,,", "[", "10.0.0.1" },
		{ "10.0.0.1", "10.0.0.0/8", NULL, "10.0.0.1" },
		{ "10.0.0.1", "::", NULL, "10.0.0.1" },
	};
	struct network trusted;
	struct manners manners = { .trusted = &trusted, .trusted_count = 1 };

	(void)state;
	assert_true(network_read(text_of("10.0.0.0/8"), &trusted));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct text values[2];
		struct network peer;
		size_t count = 0;

		assert_true(network_read(text_of(cases[i].peer), &peer));
		values[count++] = text_of(cases[i].first);
		if (cases[i].second)
			values[count++] = text_of(cases[i].second);
		forwarded_find(peer.address, &manners, values, count);
		assert_string_equal(host_of(peer.address), cases[i].client);
	}
}

/* Whoever may open a unix socket is trusted where anybody is. */
static void
trust_needs_somebody_to_trust(void **state)
{
	static const uint8_t nowhere[16];
	struct network trusted;
	struct manners manners = { .trusted = &trusted, .trusted_count = 1 };
	const struct manners none = { .proxy = true };

	(void)state;
	assert_true(network_read(text_of("10.0.0.1"), &trusted));
	assert_true(manners_trust(&manners, nowhere));
	assert_false(manners_trust(&none, nowhere));
	assert_true(manners_take_proxy(&none, nowhere));
	assert_true(manners_take_proxy(&manners, trusted.address));
	trusted.address[15]++;
	assert_true(manners_trust(&manners, trusted.address));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_form_names_the_client),
		cmocka_unit_test(what_is_no_text_form_is_refused),
		cmocka_unit_test(the_binary_form_names_the_client),
		cmocka_unit_test(what_is_no_binary_form_is_refused),
		cmocka_unit_test(the_rightmost_stranger_is_the_client),
		cmocka_unit_test(trust_needs_somebody_to_trust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
