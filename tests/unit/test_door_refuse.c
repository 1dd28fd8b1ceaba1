/* The door: those who are refused get one answer and see it, whatever else they
 * send. */
#include "worker/gateway/door.h"

#include "tests/unit/house.h"

static void
requests_are_refused_once_and_ended(void **state)
{
	char long_head[2048];

	(void)state;
	house_open(64, 10);
	expect_refused("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	expect_refused("POST / HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	expect_refused("GET /chat HTTP/1.1\r\nHost: h\r\n\r\n", 426);
	expect_refused("DELETE /chat HTTP/1.1\r\nHost: h\r\n\r\n", 405);
	expect_refused("GET /chat HTTP/1.0\r\nHost: h\r\n\r\n", 505);
	expect_refused("\x16\x03\x01\x02", 400);
	expect_refused(HEAD "Sec-WebSocket-Version: 13\r\n\r\n", 400);
	expect_refused(HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411);
	expect_refused(HEAD "Origin: http://evil\r\n\r\n", 403);
	house.is_full = true;
	expect_refused(GOOD, 503);
	house.is_full = false;
	house.is_closed_to_all = true;
	expect_refused(GOOD, 503);
	assert_int_equal(house.admitted, 0);
	memset(long_head, 'x', sizeof(long_head) - 1);
	memcpy(long_head, "GET /", 5);
	long_head[sizeof(long_head) - 1] = 0;
	expect_refused(long_head, 431);
	assert_int_equal(house.entered, 0);
	house_close();
}

/* Whole but longer than allowed, although it came in one read. */
static void
a_whole_head_over_the_limit_is_431(void **state)
{
	char head[1100];

	(void)state;
	house_open(64, 10);
	snprintf(head, sizeof(head), HEAD "X: %0*d\r\n\r\n",
		(int)(1024 - strlen(GOOD) - 5 + 1), 0);
	assert_int_equal(strlen(head), 1025);
	expect_refused(head, 431);
	house_close();
}

static void
a_second_request_behind_the_first_is_not_answered(void **state)
{
	(void)state;
	house_open(64, 10);
	expect_refused("GET /chat HTTP/1.1\r\nHost: h\r\n\r\n"
		       "POST /chat HTTP/1.1\r\nHost: h\r\n"
		       "Content-Length: 5\r\n\r\nhello",
		426);
	expect_refused("POST /chat HTTP/1.1\r\nHost: h\r\n"
		       "Content-Length: 5\r\n\r\nhello" GOOD,
		405);
	house_close();
}

static void
a_body_never_keeps_the_answer_away(void **state)
{
	char *body = calloc(1, 500000);
	const char *heard;
	int client;

	(void)state;
	house_open(64, 10);
	expect_refused("POST /chat HTTP/1.1\r\nHost: h\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		405);
	expect_refused("POST /chat HTTP/1.1\r\nHost: h\r\n"
		       "Content-Length: 99\r\nExpect: 100-continue\r\n\r\n",
		405);
	client = client_open();
	client_say(client, "POST /chat HTTP/1.1\r\nHost: h\r\n"
			   "Content-Length: 500000\r\n\r\n");
	client_send(client, body, 500000);
	heard = client_hear(client, NULL);
	assert_int_equal(strncmp(heard, "HTTP/1.1 405 ", 13), 0);
	close(client);
	free(body);
	house_close();
}

static void
who_stays_silent_after_the_answer_is_left(void **state)
{
	int client;

	(void)state;
	house_open(64, 10);
	client = client_open();
	client_say(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	client_hear(client, NULL);
	wait_until_empty(); /* although the client has not closed */
	close(client);
	house_close();
}

static void
a_slow_head_is_408(void **state)
{
	int silent, slow;
	const char *heard;

	(void)state;
	house_open(64, 1);
	silent = client_open();
	slow = client_open();
	client_say(slow, "GET /chat HTTP/1.1\r\n");
	heard = client_hear(slow, NULL);
	assert_int_equal(strncmp(heard, "HTTP/1.1 408 ", 13), 0);
	heard = client_hear(silent, NULL);
	assert_int_equal(strncmp(heard, "HTTP/1.1 408 ", 13), 0);
	close(slow);
	close(silent);
	wait_until_empty();
	house_close();
}

static void
who_goes_before_the_end_of_the_head_is_forgotten(void **state)
{
	int client;

	(void)state;
	house_open(64, 10);
	client = client_open();
	client_say(client, "GET /chat HT");
	wait_for(&house.accepted, 1);
	assert_false(door_is_empty(house.door));
	close(client);
	wait_until_empty();
	assert_int_equal(house.refused, 0);
	house_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		door_test(requests_are_refused_once_and_ended),
		door_test(a_whole_head_over_the_limit_is_431),
		door_test(a_second_request_behind_the_first_is_not_answered),
		door_test(a_body_never_keeps_the_answer_away),
		door_test(who_stays_silent_after_the_answer_is_left),
		door_test(a_slow_head_is_408),
		door_test(who_goes_before_the_end_of_the_head_is_forgotten),
	};

	return cmocka_run_group_tests(tests, measure_context, NULL);
}
