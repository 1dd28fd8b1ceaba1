/*
 * Connections to the api that begin with TLS or with the line of a proxy, over
 * a real evhttp. Test and server share one thread.
 */
#include "worker/api/curtain.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "shared/clock.h"
#include "shared/manners.h"
#include "shared/scoreboard.h"
#include "tests/unit/tls_fixture.h"
#include "worker/api/exchange.h"
#include "worker/api/gate.h"

#define GUARD_MS 30000
#define HEAD_MS 1000
#define WAITING_MAX 4
#define PROXY "PROXY TCP4 192.0.2.7 198.51.100.1 50123 443\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static struct made made;
static SSL_CTX *context;

static struct house {
	struct event_base *base;
	struct evhttp *http;
	struct gates gates;
	struct exchanges exchanges;
	struct exchange *waiting[WAITING_MAX];
	size_t count;
	struct manners manners;
	struct row row;
	int client;
	SSL *tls;
} house;

static void
on_request(struct evhttp_request *request, void *self)
{
	(void)self;
	assert_true(house.count < WAITING_MAX);
	house.waiting[house.count++] =
		exchange_open(&house.exchanges, NULL, &house.gates, request);
}

static struct bufferevent *
on_connection(struct event_base *base, void *self)
{
	struct bufferevent *bufferevent = curtain_new(base, &house.manners);

	(void)self;
	gate_open(&house.gates, bufferevent);
	return bufferevent;
}

static void
call_in(void)
{
	struct evhttp_bound_socket *bound =
		evhttp_bind_socket_with_handle(house.http, "127.0.0.1", 0);
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	assert_non_null(bound);
	house.client = socket(AF_INET, SOCK_STREAM, 0);
	getsockname(evhttp_bound_socket_get_fd(bound),
		(struct sockaddr *)&address, &length);
	assert_int_equal(
		connect(house.client, (struct sockaddr *)&address, length), 0);
	fcntl(house.client, F_SETFL, O_NONBLOCK);
}

static void
open_house(bool needs_tls, bool proxy)
{
	struct tls_options options = { &made.pair, 1, false, NULL };

	house = (struct house){
		.base = event_base_new(),
		.manners = { .needs_tls = needs_tls, .proxy = proxy },
		.gates = { .limits = { .head_bytes = 1024, .body_bytes = 100 },
			.head_ms = HEAD_MS,
			.whole_ms = 5000,
			.linger_ms = 500,
			.held_max = 1000,
			.row = &house.row,
			.manners = &house.manners },
	};
	if (needs_tls)
		house.manners.tls = tls_server_new(&options, NULL, 0);
	house.http = evhttp_new(house.base);
	evhttp_set_bevcb(house.http, on_connection, NULL);
	evhttp_set_gencb(house.http, on_request, NULL);
	call_in();
	if (needs_tls)
		house.tls = client_tls(context, house.client, NULL, NULL);
}

static void
close_house(void)
{
	SSL_free(house.tls);
	ERR_clear_error();
	close(house.client);
	evhttp_free(house.http);
	gates_fini(&house.gates);
	exchanges_fini(&house.exchanges);
	tls_server_free(&house.manners.tls);
	event_base_free(house.base);
}

static void
turn(void)
{
	event_base_loop(house.base, EVLOOP_NONBLOCK);
	usleep(100);
}

static void
shake(void)
{
	uint64_t until = clock_ms() + GUARD_MS;

	while (SSL_connect(house.tls) != 1) {
		assert_true(clock_ms() < until);
		ERR_clear_error();
		turn();
	}
}

static void
wait_for_requests(size_t count)
{
	uint64_t until = clock_ms() + GUARD_MS;

	while (house.count < count) {
		assert_true(clock_ms() < until);
		turn();
	}
	assert_int_equal(house.count, count);
}

static void
answer(size_t number, size_t length, char filling)
{
	struct evbuffer *body = evbuffer_new();
	char *bytes = base_alloc(length);

	memset(bytes, filling, length);
	evbuffer_add(body, bytes, length);
	exchange_close(house.waiting[number], 200, "OK", body);
	evbuffer_free(body);
	free(bytes);
}

/* Until so many of the byte have come. */
static void
wait_for_bytes(char wanted, size_t count)
{
	uint64_t until = clock_ms() + GUARD_MS;
	static char data[65536];
	size_t got;

	while (count > 0) {
		assert_true(clock_ms() < until);
		turn();
		if (!SSL_read_ex(house.tls, data, sizeof(data), &got)) {
			ERR_clear_error();
			continue;
		}
		for (size_t i = 0; i < got; i++)
			count -= data[i] == wanted;
	}
}

static void
wait_for_the_end(void)
{
	uint64_t until = clock_ms() + GUARD_MS;
	char byte;
	ssize_t got;

	do {
		assert_true(clock_ms() < until);
		turn();
		got = recv(house.client, &byte, 1, 0);
	} while (got > 0 || (got < 0 && errno == EAGAIN));
}

/* What is told of a time at once, and when that time is over. */
static void
let_time_pass(void)
{
	uint64_t now = clock_ms();

	for (int i = 0; i < 20; i++)
		turn();
	gates_sweep(&house.gates, now);
	for (int i = 0; i < 20; i++)
		turn();
	assert_non_null(house.gates.all);
	gates_sweep(&house.gates, now + HEAD_MS);
}

static void
answers_come_late_and_large_and_in_order(void **state)
{
	(void)state;
	open_house(true, false);
	shake();
	SSL_write(house.tls, GET("/a") GET("/b"), 2 * strlen(GET("/a")));
	wait_for_requests(1);
	assert_string_equal(house.waiting[0]->path, "/a");
	assert_string_equal(house.waiting[0]->peer.host, "127.0.0.1");
	answer(0, 3 << 20, '#');
	wait_for_bytes('#', 3 << 20);
	wait_for_requests(2);
	assert_string_equal(house.waiting[1]->path, "/b");
	answer(1, 10, '+');
	wait_for_bytes('+', 10);
	assert_int_equal(row_read(&house.row, COUNTER_TLS_HANDSHAKES), 1);
	assert_int_equal(row_read(&house.row, COUNTER_TLS_FAILED), 0);
	close_house();
}

static void
one_who_leaves_before_the_answer_harms_nobody(void **state)
{
	(void)state;
	open_house(true, false);
	shake();
	SSL_write(house.tls, GET("/a"), strlen(GET("/a")));
	wait_for_requests(1);
	shutdown(house.client, SHUT_RDWR);
	for (int i = 0; i < 50; i++)
		turn();
	answer(0, 100000, '#');
	for (int i = 0; i < 50; i++)
		turn();
	close_house();
}

static void
a_handshake_has_its_time(void **state)
{
	static const char *const begun[] = { "", "\x16\x03\x01\x02" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(begun); i++) {
		open_house(true, false);
		send(house.client, begun[i], strlen(begun[i]), 0);
		let_time_pass();
		wait_for_the_end();
		gates_sweep(&house.gates, clock_ms());
		assert_null(house.gates.all);
		assert_int_equal(row_read(&house.row, COUNTER_TLS_FAILED), 1);
		close_house();
	}
}

/* Whoever has shaken hands may take his time to ask. */
static void
one_who_is_through_may_wait(void **state)
{
	(void)state;
	open_house(true, false);
	shake();
	let_time_pass();
	for (int i = 0; i < 20; i++)
		turn();
	SSL_write(house.tls, GET("/a"), strlen(GET("/a")));
	wait_for_requests(1);
	answer(0, 10, '+');
	wait_for_bytes('+', 10);
	close_house();
}

static void
noise_is_dropped(void **state)
{
	(void)state;
	open_house(true, false);
	send(house.client, GET("/a"), strlen(GET("/a")), 0);
	wait_for_the_end();
	gates_sweep(&house.gates, clock_ms());
	assert_int_equal(row_read(&house.row, COUNTER_TLS_FAILED), 1);
	assert_int_equal(house.count, 0);
	close_house();
}

static void
a_line_names_the_client(void **state)
{
	(void)state;
	open_house(false, true);
	for (const char *at = PROXY GET("/a"); *at; at++) {
		send(house.client, at, 1, 0);
		turn();
	}
	wait_for_requests(1);
	assert_string_equal(house.waiting[0]->path, "/a");
	assert_string_equal(house.waiting[0]->peer.host, "192.0.2.7");
	assert_int_equal(house.waiting[0]->peer.port, 50123);
	answer(0, 1, '#');
	close_house();
}

static void
a_line_has_its_time(void **state)
{
	(void)state;
	open_house(false, true);
	send(house.client, "PROXY TCP4", 10, 0);
	let_time_pass();
	wait_for_the_end();
	close_house();
}

static void
a_bad_line_is_dropped_and_counted(void **state)
{
	(void)state;
	open_house(false, true);
	send(house.client, GET("/a"), strlen(GET("/a")), 0);
	wait_for_the_end();
	assert_int_equal(row_read(&house.row, COUNTER_PROXY_FAILED), 1);
	assert_int_equal(house.count, 0);
	close_house();
}

static void
ask_behind_a_line(void)
{
	shake();
	SSL_write(house.tls, GET("/a"), strlen(GET("/a")));
	wait_for_requests(1);
	assert_string_equal(house.waiting[0]->path, "/a");
	assert_string_equal(house.waiting[0]->peer.host, "192.0.2.7");
	assert_int_equal(house.waiting[0]->peer.port, 50123);
	answer(0, 100000, '#');
	wait_for_bytes('#', 100000);
	assert_int_equal(row_read(&house.row, COUNTER_TLS_HANDSHAKES), 1);
	assert_int_equal(row_read(&house.row, COUNTER_PROXY_FAILED), 0);
}

static void
a_line_may_come_before_tls(void **state)
{
	(void)state;
	open_house(true, true);
	for (const char *at = PROXY; *at; at++) {
		send(house.client, at, 1, 0);
		turn();
	}
	ask_behind_a_line();
	close_house();
}

/* Which is kept for OpenSSL, however little that asks for at a time. */
static void
what_comes_with_the_line_is_the_first_of_tls(void **state)
{
	BIO *written = BIO_new(BIO_s_mem());
	char first[4096] = PROXY;
	int length;

	(void)state;
	open_house(true, true);
	BIO_up_ref(written);
	SSL_set0_wbio(house.tls, written);
	assert_int_equal(SSL_connect(house.tls), -1);
	ERR_clear_error();
	length = BIO_read(written, first + strlen(PROXY),
		(int)(sizeof(first) - strlen(PROXY)));
	assert_true(length > 0);
	SSL_set0_wbio(house.tls, BIO_new_socket(house.client, BIO_NOCLOSE));
	send(house.client, first, strlen(PROXY) + (size_t)length, 0);
	ask_behind_a_line();
	BIO_free(written);
	close_house();
}

static void
tls_without_its_line_is_dropped_and_counted(void **state)
{
	(void)state;
	open_house(true, true);
	assert_int_equal(SSL_connect(house.tls), -1);
	ERR_clear_error();
	wait_for_the_end();
	gates_sweep(&house.gates, clock_ms());
	assert_int_equal(row_read(&house.row, COUNTER_PROXY_FAILED), 1);
	assert_int_equal(row_read(&house.row, COUNTER_TLS_FAILED), 0);
	close_house();
}

static int
set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as in a worker */
	make_certificate(&made, "DNS:a.test", false);
	context = SSL_CTX_new(TLS_client_method());
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(context);
	free_certificate(&made);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_late_and_large_and_in_order),
		cmocka_unit_test(one_who_leaves_before_the_answer_harms_nobody),
		cmocka_unit_test(a_handshake_has_its_time),
		cmocka_unit_test(one_who_is_through_may_wait),
		cmocka_unit_test(noise_is_dropped),
		cmocka_unit_test(a_line_names_the_client),
		cmocka_unit_test(a_line_has_its_time),
		cmocka_unit_test(a_bad_line_is_dropped_and_counted),
		cmocka_unit_test(a_line_may_come_before_tls),
		cmocka_unit_test(what_comes_with_the_line_is_the_first_of_tls),
		cmocka_unit_test(tls_without_its_line_is_dropped_and_counted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
