#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "worker/api/courier.h"

#define GUARD_MS 30000
#define HEARD_MAX 8192

/* A backend that says to each connection, once its request has come in whole,
 * what the test wants, and nothing when that is NULL. */
static struct {
	struct event_base *base;
	struct evconnlistener *listener;
	struct courier *courier;
	unsigned short port;
	const char *says;
	bool hangs_up;
	unsigned connections, requests;
	char heard[HEARD_MAX];
	struct bufferevent *open[64];
} backend;

/* What became of trips. */
static struct {
	unsigned count;
	unsigned status;
	char body[256];
	char error[256];
} outcome;

static bool
is_whole(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");

	return end && length &&
	       strlen(end + 4) >=
		       (size_t)atoi(length + strlen("Content-Length: "));
}

static void
on_read(struct bufferevent *bev, void *self)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	char request[HEARD_MAX] = { 0 };

	(void)self;
	evbuffer_copyout(input, request, sizeof(request) - 1);
	if (!is_whole(request))
		return;
	memcpy(backend.heard, request, sizeof(request));
	evbuffer_drain(input, evbuffer_get_length(input));
	backend.requests++;
	if (backend.says)
		assert_int_equal(send(bufferevent_getfd(bev), backend.says,
					 strlen(backend.says), MSG_NOSIGNAL),
			strlen(backend.says));
	if (backend.hangs_up)
		shutdown(bufferevent_getfd(bev), SHUT_RDWR);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *from, int length, void *self)
{
	struct bufferevent *bev =
		bufferevent_socket_new(backend.base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)from;
	(void)length;
	(void)self;
	assert_true(backend.connections < ARRAY_LEN(backend.open));
	backend.open[backend.connections++] = bev;
	bufferevent_setcb(bev, on_read, NULL, NULL, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static int
set_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);

	(void)state;
	memset(&backend, 0, sizeof(backend));
	memset(&outcome, 0, sizeof(outcome));
	unsetenv("http_proxy");
	backend.base = event_base_new();
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	backend.listener = evconnlistener_new_bind(backend.base, on_accept,
		NULL, LEV_OPT_CLOSE_ON_FREE, 16, (struct sockaddr *)&address,
		sizeof(address));
	assert_non_null(backend.listener);
	getsockname(evconnlistener_get_fd(backend.listener),
		(struct sockaddr *)&address, &length);
	backend.port = ntohs(address.sin_port);
	backend.courier = courier_new(backend.base);
	return backend.courier ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	courier_free(&backend.courier);
	for (unsigned i = 0; i < backend.connections; i++)
		bufferevent_free(backend.open[i]);
	if (backend.listener)
		evconnlistener_free(backend.listener);
	event_base_free(backend.base);
	return 0;
}

static void
note(void *self, const struct parcel_answer *answer)
{
	(void)self;
	outcome.count++;
	outcome.status = answer->status;
	snprintf(outcome.body, sizeof(outcome.body), "%.*s",
		TEXT_ARGS(answer->body));
	snprintf(outcome.error, sizeof(outcome.error), "%s",
		answer->error ? answer->error : "");
}

static struct trip *
send_within(const char *body, uint32_t timeout_ms)
{
	const char *const headers[] = { "X-Test: 7", NULL };
	char url[64];
	struct parcel parcel = { .url = url,
		.headers = headers,
		.body = text_of(body),
		.timeout_ms = timeout_ms,
		.answer_bytes_max = 100 };

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook", backend.port);
	return courier_send(backend.courier, &parcel, note, NULL);
}

static void
run_until(const unsigned *count, unsigned wanted)
{
	uint64_t until = clock_ms() + GUARD_MS;

	while (*count < wanted) {
		assert_true(clock_ms() < until);
		event_base_loop(backend.base, EVLOOP_ONCE);
	}
}

static void
a_request_goes_out_and_its_answer_comes_back(void **state)
{
	(void)state;
	backend.says = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	assert_non_null(send_within("{\"a\":1}", GUARD_MS));
	assert_int_equal(courier_trips(backend.courier), 1);
	assert_int_equal(outcome.count, 0);
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 200);
	assert_string_equal(outcome.body, "hello");
	assert_int_equal(courier_trips(backend.courier), 0);
	assert_int_equal(
		strncmp(backend.heard, "POST /hook HTTP/1.1\r\n", 21), 0);
	assert_non_null(strstr(backend.heard, "X-Test: 7\r\n"));
	assert_non_null(
		strstr(backend.heard, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(backend.heard, "\r\n\r\n{\"a\":1}"));
	assert_null(strstr(backend.heard, "Expect"));
}

static void
a_connection_is_kept_for_the_next_request(void **state)
{
	(void)state;
	backend.says = "HTTP/1.1 204 No Content\r\n\r\n";
	for (unsigned i = 1; i <= 5; i++) {
		assert_non_null(send_within("", GUARD_MS));
		run_until(&outcome.count, i);
		assert_int_equal(outcome.status, 204);
	}
	assert_int_equal(backend.connections, 1);
}

static void
many_go_at_once(void **state)
{
	(void)state;
	backend.says = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	for (unsigned i = 0; i < 30; i++)
		assert_non_null(send_within("x", GUARD_MS));
	run_until(&outcome.count, 30);
	assert_int_equal(backend.requests, 30);
}

static void
a_backend_that_says_nothing_has_its_time(void **state)
{
	(void)state;
	assert_non_null(send_within("x", 50));
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 0);
	assert_string_equal(outcome.error, "no whole answer in time");
}

static void
half_an_answer_is_none(void **state)
{
	(void)state;
	backend.says = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel";
	backend.hangs_up = true;
	assert_non_null(send_within("x", GUARD_MS));
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 0);
	assert_true(outcome.error[0] != 0);
}

static void
what_is_no_http_is_no_answer(void **state)
{
	(void)state;
	backend.says = "\x16\x03\x01 this is something else\r\n\r\n";
	backend.hangs_up = true;
	assert_non_null(send_within("x", GUARD_MS));
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 0);
}

static void
an_answer_over_its_bound_is_given_up(void **state)
{
	char says[512] = "HTTP/1.1 200 OK\r\n\r\n";

	(void)state;
	memset(says + strlen(says), 'x', 101);
	backend.says = says;
	assert_non_null(send_within("x", GUARD_MS));
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 0);
	assert_string_equal(
		outcome.error, "the answer is larger than it may be");
}

static void
nobody_there_is_told_in_words(void **state)
{
	(void)state;
	evconnlistener_free(backend.listener);
	backend.listener = NULL;
	assert_non_null(send_within("x", GUARD_MS));
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 0);
	assert_true(outcome.error[0] != 0);
}

static void
redirections_are_not_followed(void **state)
{
	(void)state;
	backend.says = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
		       "Content-Length: 0\r\n\r\n";
	assert_non_null(send_within("x", GUARD_MS));
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 302);
}

static void
other_protocols_are_refused(void **state)
{
	struct parcel parcel = { .url = "file:///etc/passwd",
		.timeout_ms = GUARD_MS,
		.answer_bytes_max = 10000 };

	(void)state;
	if (courier_send(backend.courier, &parcel, note, NULL))
		run_until(&outcome.count, 1);
	assert_int_equal(outcome.status, 0);
	assert_string_equal(outcome.body, "");
}

static void
a_cancelled_trip_tells_nothing(void **state)
{
	struct trip *trip;

	(void)state;
	trip = send_within("x", GUARD_MS);
	run_until(&backend.requests, 1);
	courier_cancel(backend.courier, &trip);
	assert_null(trip);
	assert_int_equal(courier_trips(backend.courier), 0);
	backend.says = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	assert_non_null(send_within("y", GUARD_MS));
	run_until(&outcome.count, 1);
	assert_int_equal(outcome.count, 1);
}

static void
what_is_on_its_way_at_the_end_is_given_up(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_non_null(send_within("x", GUARD_MS));
	run_until(&backend.requests, 1);
	courier_free(&backend.courier);
	assert_int_equal(outcome.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_goes_out_and_its_answer_comes_back),
		TEST(a_connection_is_kept_for_the_next_request),
		TEST(many_go_at_once),
		TEST(a_backend_that_says_nothing_has_its_time),
		TEST(half_an_answer_is_none),
		TEST(what_is_no_http_is_no_answer),
		TEST(an_answer_over_its_bound_is_given_up),
		TEST(nobody_there_is_told_in_words),
		TEST(redirections_are_not_followed),
		TEST(other_protocols_are_refused),
		TEST(a_cancelled_trip_tells_nothing),
		TEST(what_is_on_its_way_at_the_end_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
