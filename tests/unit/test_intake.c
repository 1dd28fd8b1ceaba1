/* Requests off the wire: what is whole, what is refused, and that neither
 * depends on the pieces it comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "worker/api/intake.h"

static const struct intake_limits limits = {
	.head_bytes = 512,
	.body_bytes = 16,
};

/* In pieces of so many bytes; returns how many were taken. */
static size_t
take(struct intake *intake, const char *bytes, size_t piece)
{
	size_t length = strlen(bytes), done = 0;

	*intake = (struct intake){ .phase = INTAKE_HEAD };
	while (done < length && intake->phase < INTAKE_WHOLE) {
		struct text part = { bytes + done,
			MIN_OF(piece, length - done) };
		size_t used = intake_take(intake, &limits, part);

		assert_true(
			used == part.length || intake->phase >= INTAKE_WHOLE);
		done += used;
	}
	return done;
}

#define HOST "Host: x\r\n"
#define POST "POST /a HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static void
whole_requests_are_taken_in_any_pieces(void **state)
{
	static const struct {
		const char *bytes;
		const char *body;
	} good[] = {
		{ "GET / HTTP/1.1\r\n" HOST "\r\n", "" },
		{ "GET / HTTP/1.0\r\n\r\n", "" },
		{ "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "" },
		{ "GET http://x/y?z HTTP/1.1\r\n" HOST "\r\n", "" },
		{ "GET /\xe4\xb8\xad HTTP/1.1\r\n" HOST "\r\n", "" },
		{ POST "Content-Length: 5\r\n\r\nhello", "hello" },
		{ POST "content-length:  16 \r\n\r\n0123456789abcdef",
			"0123456789abcdef" },
		{ POST "Content-Length: 0\r\n\r\n", "" },
		{ POST "\r\n", "" },
		{ "DELETE / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab",
			"ab" },
		{ CHUNKED "0\r\n\r\n", "" },
		{ CHUNKED "5\r\nhello\r\n0\r\n\r\n", "hello" },
		{ CHUNKED "5;a=b\r\nhello\r\n00B\r\n big worlds\r\n0\r\n"
			  "X: y\r\n\r\n",
			"hello big worlds" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		size_t length = strlen(good[i].bytes);

		for (size_t piece = 1; piece <= length; piece++) {
			struct intake intake;

			assert_int_equal(
				take(&intake, good[i].bytes, piece), length);
			assert_int_equal(intake.phase, INTAKE_WHOLE);
			assert_int_equal(
				intake.body.length, strlen(good[i].body));
			assert_memory_equal(intake.body.data, good[i].body,
				intake.body.length);
			intake_clear(&intake);
		}
	}
}

static void
what_is_wrong_is_refused_in_any_pieces(void **state)
{
	static const struct {
		int status;
		const char *bytes;
	} bad[] = {
		{ 400, "NONSENSE\r\n\r\n" },
		{ 400, "GET /\r\n\r\n" },
		{ 400, "GET  / HTTP/1.1\r\n" HOST "\r\n" },
		{ 400, "GET / HTTP/1.1 \r\n" HOST "\r\n" },
		{ 400, "GET / HTTX/1.1\r\n" HOST "\r\n" },
		{ 400, "GET / HTTP/1.11\r\n" HOST "\r\n" },
		{ 400, "G T / HTTP/1.1\r\n" HOST "\r\n" },
		{ 400, "GET /\x01 HTTP/1.1\r\n" HOST "\r\n" },
		{ 400, "GET //[ HTTP/1.1\r\n" HOST "\r\n" },
		{ 400, "GET / HTTP/1.1\n" },
		{ 400, "GET / HTTP/1.1\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" HOST "a\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" HOST "a : b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" HOST "a: \x02\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" HOST "a: b\rc\r\n\r\n" },
		{ 400, "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
		       "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
		       "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" },
		{ 400, POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n" },
		{ 400, POST "Content-Length: 1, 1\r\n\r\n" },
		{ 400, POST "Content-Length: -1\r\n\r\n" },
		{ 400, POST "Content-Length: +1\r\n\r\n" },
		{ 400, POST "Content-Length: 0x1\r\n\r\n" },
		{ 400, POST "Content-Length: \r\n\r\n" },
		{ 400, POST "Content-Length: 9999999999999999999\r\n\r\n" },
		{ 400, POST "Content-Length: 1\r\nTransfer-Encoding: chunked"
			    "\r\n\r\n" },
		{ 400, POST "Transfer-Encoding: chunked\r\n"
			    "Transfer-Encoding: chunked\r\n\r\n" },
		{ 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked"
		       "\r\n\r\n" },
		{ 400, CHUNKED "\r\n" },
		{ 400, CHUNKED "x\r\n" },
		{ 400, CHUNKED "-1\r\n" },
		{ 400, CHUNKED "0x1\r\n" },
		{ 400, CHUNKED "1\nx" },
		{ 400, CHUNKED "1\r\nxy\r\n" },
		{ 400, CHUNKED "00000000000000001\r\n" },
		{ 413, POST "Content-Length: 17\r\n\r\n" },
		{ 413, POST "Content-Length: 999999999999999999\r\n\r\n" },
		{ 413, CHUNKED "11\r\n" },
		{ 413, CHUNKED "8\r\n01234567\r\n9\r\n" },
		{ 413, CHUNKED "fffffffffffffff\r\n" },
		{ 417, POST "Expect: the-worst\r\n\r\n" },
		{ 501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n" },
		{ 501, "BREW /pot HTTP/1.1\r\n" HOST "\r\n" },
		{ 501, "TRACE / HTTP/1.1\r\n" HOST "\r\n" },
		{ 505, "GET / HTTP/2.0\r\n" HOST "\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		size_t length = strlen(bad[i].bytes);

		for (size_t piece = 1; piece <= length; piece++) {
			struct intake intake;

			take(&intake, bad[i].bytes, piece);
			if (intake.phase != INTAKE_REFUSED ||
				intake.status != bad[i].status)
				fail_msg("%d, not %d: %s", intake.status,
					bad[i].status, bad[i].bytes);
			assert_non_null(intake.why);
			intake_clear(&intake);
		}
	}
}

static void
a_zero_byte_is_refused(void **state)
{
	static const char bytes[] = "GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n";
	static const char chunk[] = CHUNKED "5\0\r\n";
	struct intake intake = { .phase = INTAKE_HEAD };

	(void)state;
	intake_take(
		&intake, &limits, (struct text){ bytes, sizeof(bytes) - 1 });
	assert_int_equal(intake.status, 400);
	intake_clear(&intake);
	intake_take(
		&intake, &limits, (struct text){ chunk, sizeof(chunk) - 1 });
	assert_int_equal(intake.status, 400);
	intake_clear(&intake);
}

static void
the_head_is_bounded_wherever_it_grows(void **state)
{
	static const char *const begins[] = { "", "GET /",
		"GET / HTTP/1.1\r\nX: ", CHUNKED "0\r\nX: " };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		struct intake intake;
		size_t taken = 0;

		take(&intake, begins[i], 1000);
		while (intake.phase < INTAKE_WHOLE && taken < 2000)
			taken += intake_take(
				&intake, &limits, TEXT_LITERAL("xxxxxxxx"));
		assert_int_equal(intake.status, 431);
		assert_true(taken <= 520);
		intake_clear(&intake);
	}
}

static void
there_are_not_too_many_fields(void **state)
{
	static const struct intake_limits wide = { .head_bytes = 65536 };
	struct intake intake = { .phase = INTAKE_HEAD };

	(void)state;
	intake_take(&intake, &wide, TEXT_LITERAL("GET / HTTP/1.1\r\n" HOST));
	for (int i = 0; i < 100; i++)
		intake_take(&intake, &wide, TEXT_LITERAL("a: b\r\n"));
	intake_take(&intake, &wide, TEXT_LITERAL("\r\n"));
	assert_int_equal(intake.status, 431);
	intake_clear(&intake);
}

static void
evhttp_hears_nothing_of_the_body(void **state)
{
	struct intake intake;

	(void)state;
	take(&intake,
		"POST /a?b HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n"
		"EXPECT: 100-continue\r\nX-Own: y:z\r\n\r\nab",
		1000);
	assert_int_equal(intake.phase, INTAKE_WHOLE);
	buffer_add_byte(&intake.head, 0);
	assert_string_equal((const char *)intake.head.data,
		"POST /a?b HTTP/1.1\r\nHost: x\r\nX-Own: y:z\r\n"
		"Content-Length: 0\r\n\r\n");
	intake_clear(&intake);
	take(&intake, CHUNKED "0\r\nA: b\r\n\r\n", 1000);
	buffer_add_byte(&intake.head, 0);
	assert_string_equal((const char *)intake.head.data,
		POST "Content-Length: 0\r\n\r\n");
	intake_clear(&intake);
}

static void
what_follows_a_request_is_left(void **state)
{
	static const char first[] = POST "Content-Length: 2\r\n\r\nab";
	struct intake intake;

	(void)state;
	assert_int_equal(
		take(&intake, POST "Content-Length: 2\r\n\r\nabGET /", 1000),
		sizeof(first) - 1);
	assert_int_equal(intake.phase, INTAKE_WHOLE);
	intake_clear(&intake);
}

static void
who_expects_100_is_told_before_the_body(void **state)
{
	struct intake intake;

	(void)state;
	take(&intake, POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
		1000);
	assert_true(intake.asks_to_continue);
	intake_take(&intake, &limits, TEXT_LITERAL("a"));
	assert_false(intake.asks_to_continue);
	intake_clear(&intake);
	take(&intake, POST "Expect: 100-continue\r\nContent-Length: 99\r\n\r\n",
		1000);
	assert_int_equal(intake.status, 413);
	assert_false(intake.asks_to_continue);
	intake_clear(&intake);
	take(&intake,
		"POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
		"Content-Length: 2\r\n\r\n",
		1000);
	assert_false(intake.asks_to_continue);
	intake_clear(&intake);
}

static void
it_knows_whether_anything_has_come(void **state)
{
	struct intake intake = { .phase = INTAKE_HEAD };

	(void)state;
	assert_false(intake_has_begun(&intake));
	intake_take(&intake, &limits, TEXT_LITERAL("G"));
	assert_true(intake_has_begun(&intake));
	intake_clear(&intake);
	assert_false(intake_has_begun(&intake));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_requests_are_taken_in_any_pieces),
		cmocka_unit_test(what_is_wrong_is_refused_in_any_pieces),
		cmocka_unit_test(a_zero_byte_is_refused),
		cmocka_unit_test(the_head_is_bounded_wherever_it_grows),
		cmocka_unit_test(there_are_not_too_many_fields),
		cmocka_unit_test(evhttp_hears_nothing_of_the_body),
		cmocka_unit_test(what_follows_a_request_is_left),
		cmocka_unit_test(who_expects_100_is_told_before_the_body),
		cmocka_unit_test(it_knows_whether_anything_has_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
