/* The head reader of the door, without a socket: which requests are good
 * handshakes, and what is wrong with the others. */
#include "worker/gateway/door_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "worker/gateway/door_answer.h"

#define HOST "Host: h\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define GET "GET /chat HTTP/1.1\r\n"
#define REST UPGRADE CONNECTION VERSION KEY

/* The status for a head that is whole, 0 for one that is not. */
static int
status_of(struct text bytes, struct door_head *head)
{
	size_t scanned = 0;
	int status;

	switch (door_head_find_end(bytes, &scanned)) {
	case DOOR_HEAD_MORE:
		return 0;
	case DOOR_HEAD_BAD:
		return 400;
	case DOOR_HEAD_WHOLE:
		break;
	}
	assert_int_equal(scanned, bytes.length);
	status = door_head_read(head, bytes);
	return status ? status : door_head_judge(head);
}

static const struct {
	int status;
	const char *bytes;
} requests[] = {
	{ 101, GET HOST REST "\r\n" },
	{ 101, "\r\n\r\n" GET HOST REST "\r\n" },
	{ 101, GET "hOsT:h\r\n" REST "\r\n" },
	{ 101, GET HOST VERSION KEY CONNECTION
		"upgrade:  WebSocket \t\r\n\r\n" },
	{ 101, GET HOST UPGRADE VERSION KEY
		"Connection: keep-alive, uPgRaDe\r\n\r\n" },
	{ 101, GET HOST UPGRADE VERSION KEY "Connection: keep-alive\r\n"
					    "Connection: Upgrade\r\n\r\n" },
	{ 101, GET HOST REST "Content-Length: 0\r\n\r\n" },
	{ 101, GET HOST REST "X-Name: \xe4\xbd\xa0\r\nX-Empty:\r\n\r\n" },
	{ 0, "" },
	{ 0, GET HOST REST },
	{ 0, "\r\n\r\n\r\n\r\n" },
	/* not a handshake */
	{ 405, "POST /chat HTTP/1.1\r\n" HOST REST "\r\n" },
	{ 405, "get /chat HTTP/1.1\r\n" HOST REST "\r\n" },
	{ 405, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n" },
	{ 426, GET HOST "\r\n" },
	{ 426, GET HOST CONNECTION VERSION KEY "\r\n" },
	{ 426, GET HOST UPGRADE VERSION KEY "\r\n" },
	{ 426, GET HOST CONNECTION VERSION KEY "Upgrade: h2c\r\n\r\n" },
	{ 426, GET HOST CONNECTION VERSION KEY
		"Upgrade: h2c, websocket\r\n\r\n" },
	{ 426, GET HOST UPGRADE CONNECTION KEY "\r\n" },
	{ 426, GET HOST UPGRADE CONNECTION KEY
		"Sec-WebSocket-Version: 8\r\n\r\n" },
	{ 426, GET HOST UPGRADE CONNECTION KEY
		"Sec-WebSocket-Version: 13, 8\r\n\r\n" },
	{ 400, GET HOST UPGRADE CONNECTION VERSION "\r\n" },
	{ 400, GET HOST UPGRADE CONNECTION VERSION
		"Sec-WebSocket-Key:\r\n\r\n" },
	{ 400, GET HOST UPGRADE CONNECTION VERSION
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n" },
	{ 400, GET HOST UPGRADE CONNECTION VERSION
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ!=\r\n\r\n" },
	{ 400, GET HOST UPGRADE CONNECTION VERSION
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2!jZQ==\r\n\r\n" },
	/* a body */
	{ 400, GET HOST REST "Content-Length: 5\r\n\r\n" },
	{ 400, GET HOST REST "Content-Length: -0\r\n\r\n" },
	{ 411, GET HOST REST "Transfer-Encoding: chunked\r\n\r\n" },
	{ 400, GET HOST REST "Transfer-Encoding: chunked\r\n"
			     "Content-Length: 0\r\n\r\n" },
	/* twice what may stand once */
	{ 400, GET HOST HOST REST "\r\n" },
	{ 400, GET HOST REST UPGRADE "\r\n" },
	{ 400, GET HOST REST KEY "\r\n" },
	{ 400, GET HOST REST VERSION "\r\n" },
	{ 400, GET HOST REST "Origin: a\r\nOrigin: b\r\n\r\n" },
	{ 400, GET HOST REST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" },
	/* not HTTP */
	{ 400, GET REST "\r\n" },
	{ 400, "\x16\x03\x01" },
	{ 400, " GET /chat HTTP/1.1\r\n" },
	{ 400, "GET /chat HTTP/1.1\n" },
	{ 400, GET "Host: h\n" },
	{ 400, GET HOST REST " folded\r\n\r\n" },
	{ 400, GET HOST REST "\tfolded\r\n\r\n" },
	{ 400, GET "Host : h\r\n" REST "\r\n" },
	{ 400, GET HOST REST "no colon\r\n\r\n" },
	{ 400, GET HOST REST ": no name\r\n\r\n" },
	{ 400, GET HOST REST "X: a\rb\r\n\r\n" },
	{ 400, GET HOST REST "X: a\x7f\r\n\r\n" },
	{ 400, GET HOST REST "X\x01: a\r\n\r\n" },
	{ 400, "GET  /chat HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "GET chat HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "GET ?chat HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "GET /chat#a HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "GET /ch\xc3\xa4t HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "GET /chat\r\n" HOST "\r\n" },
	{ 505, "GET /chat HTTP/1.1 \r\n" HOST "\r\n" },
	{ 400, "GET /chat FTP/1.1\r\n" HOST "\r\n" },
	{ 400, "G(T /chat HTTP/1.1\r\n" HOST "\r\n" },
	{ 505, "GET /chat HTTP/1.0\r\n" HOST "\r\n" },
	{ 505, "GET /chat HTTP/2.0\r\n" HOST "\r\n" },
};

static void
each_request_gets_its_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct door_head head;
		int status = status_of(text_of(requests[i].bytes), &head);

		if (status != requests[i].status)
			print_error("request %zu: %s", i, requests[i].bytes);
		assert_int_equal(status, requests[i].status);
	}
}

static void
a_zero_byte_is_never_part_of_a_head(void **state)
{
	static const char bytes[] = GET HOST REST "X: a\0b\r\n\r\n";
	static const char name[] = GET HOST REST "X\0: a\r\n\r\n";
	static const char path[] = "GET /\0 HTTP/1.1\r\n" HOST "\r\n";
	struct door_head head;

	(void)state;
	assert_int_equal(status_of(TEXT_LITERAL(bytes), &head), 400);
	assert_int_equal(status_of(TEXT_LITERAL(name), &head), 400);
	assert_int_equal(status_of(TEXT_LITERAL(path), &head), 400);
}

static void
expect_target(const char *target, const char *path, const char *query)
{
	struct door_head head;
	char bytes[256];

	snprintf(bytes, sizeof(bytes), "GET %s HTTP/1.1\r\n" HOST REST "\r\n",
		target);
	assert_int_equal(status_of(text_of(bytes), &head), 101);
	assert_true(text_equal(head.path, text_of(path)));
	assert_true(text_equal(head.query, text_of(query)));
}

static void
a_target_is_path_and_query(void **state)
{
	(void)state;
	expect_target("/chat", "/chat", "");
	expect_target("/chat?", "/chat", "");
	expect_target("/chat?a=b&c?d", "/chat", "a=b&c?d");
	expect_target("/%63hat", "/%63hat", "");
	expect_target("http://h:8089/chat?a", "/chat", "a");
	expect_target("ws://h/chat", "/chat", "");
	expect_target("http://h", "/", "");
}

static void
the_subprotocol_is_one_of_a_list(void **state)
{
	static const struct {
		const char *field;
		bool is_offered;
	} offers[] = {
		{ "", false },
		{ "Sec-WebSocket-Protocol: confab.v1\r\n", true },
		{ "Sec-WebSocket-Protocol: soap , confab.v1,\r\n", true },
		{ "Sec-WebSocket-Protocol: soap\r\n"
		  "Sec-WebSocket-Protocol: confab.v1\r\n",
			true },
		{ "Sec-WebSocket-Protocol: confab.v10\r\n", false },
		{ "Sec-WebSocket-Protocol: Confab.V1\r\n", false },
		{ "Sec-WebSocket-Protocol: soap\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		struct door_head head;
		char bytes[512];

		snprintf(bytes, sizeof(bytes), GET HOST REST "%s\r\n",
			offers[i].field);
		assert_int_equal(status_of(text_of(bytes), &head), 101);
		assert_int_equal(head.offers_confab, offers[i].is_offered);
	}
}

static void
an_answer_says_its_length(void **state)
{
	static const int statuses[] = { 400, 403, 404, 405, 408, 411, 426, 431,
		503, 505 };
	char answer[DOOR_ANSWER_MAX + 1];
	size_t announced;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		size_t length = door_answer_write(answer, statuses[i], false);
		size_t head = door_answer_write(answer, statuses[i], true);
		char *body;

		door_answer_write(answer, statuses[i], false);
		answer[length] = 0;
		body = strstr(answer, "\r\n\r\n") + 4;
		assert_int_equal(sscanf(strstr(answer, "Content-Length: "),
					 "Content-Length: %zu", &announced),
			1);
		assert_int_equal(announced, strlen(body));
		assert_int_equal(head, length - announced);
		assert_non_null(strstr(answer, "Connection: close"));
	}
	door_answer_write(answer, 426, false);
	assert_non_null(strstr(answer, "\r\nSec-WebSocket-Version: 13\r\n"));
	assert_non_null(strstr(answer, "\r\nUpgrade: websocket\r\n"));
	door_answer_write(answer, 405, false);
	assert_non_null(strstr(answer, "\r\nAllow: GET\r\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_gets_its_status),
		cmocka_unit_test(a_zero_byte_is_never_part_of_a_head),
		cmocka_unit_test(a_target_is_path_and_query),
		cmocka_unit_test(the_subprotocol_is_one_of_a_list),
		cmocka_unit_test(an_answer_says_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
