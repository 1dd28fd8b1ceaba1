/*
 * Many who come to the api at once: how many of one address may, and who waits
 * for his turn to shake hands. Test and server share one thread.
 */
#include "worker/api/approach.h"

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
#include "worker/api/curtain.h"
#include "worker/api/exchange.h"
#include "worker/api/gate.h"

#define GUARD_MS 30000
#define CLIENTS_MAX 48
#define SHARE 16
#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

static struct made made;
static SSL_CTX *context;

static struct house {
	struct event_base *base;
	struct evhttp *http;
	struct gates gates;
	struct exchanges exchanges;
	struct manners manners;
	struct network trusted;
	struct porch porch;
	struct row row;
	struct exchange *asked[CLIENTS_MAX];
	size_t asked_count;
	size_t arrived;
	int clients[CLIENTS_MAX];
	size_t count;
} house;

static void
on_request(struct evhttp_request *request, void *self)
{
	(void)self;
	assert_true(house.asked_count < CLIENTS_MAX);
	house.asked[house.asked_count++] =
		exchange_open(&house.exchanges, NULL, &house.gates, request);
}

static struct bufferevent *
on_connection(struct event_base *base, void *self)
{
	struct bufferevent *bufferevent = curtain_new(base, &house.manners);

	(void)self;
	gate_open(&house.gates, bufferevent);
	house.arrived++;
	return bufferevent;
}

static void
open_house(bool needs_tls, uint64_t crowd_max)
{
	struct tls_options options = { &made.pair, 1, false, NULL };

	house = (struct house){
		.base = event_base_new(),
		.manners = { .needs_tls = needs_tls },
		.porch = { .crowd_max = crowd_max },
		.gates = { .limits = { .head_bytes = 1024, .body_bytes = 100 },
			.head_ms = 5000,
			.whole_ms = 5000,
			.linger_ms = 500,
			.held_max = 100000,
			.row = &house.row,
			.porch = &house.porch,
			.manners = &house.manners },
	};
	if (needs_tls)
		house.manners.tls = tls_server_new(&options, NULL, 0);
	house.http = evhttp_new(house.base);
	evhttp_set_bevcb(house.http, on_connection, NULL);
	evhttp_set_gencb(house.http, on_request, NULL);
}

static void
close_house(void)
{
	for (size_t i = 0; i < house.count; i++)
		close(house.clients[i]);
	evhttp_free(house.http);
	gates_fini(&house.gates);
	assert_null(house.porch.crowds);
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

/* So many who come from this machine; until the api has seen them. */
static void
call_in(size_t count)
{
	static struct evhttp_bound_socket *bound;
	uint64_t until = clock_ms() + GUARD_MS;
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (house.count == 0)
		bound = evhttp_bind_socket_with_handle(
			house.http, "127.0.0.1", 0);
	assert_non_null(bound);
	getsockname(evhttp_bound_socket_get_fd(bound),
		(struct sockaddr *)&address, &length);
	for (size_t i = 0; i < count; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);

		assert_int_equal(
			connect(client, (struct sockaddr *)&address, length),
			0);
		fcntl(client, F_SETFL, O_NONBLOCK);
		house.clients[house.count++] = client;
	}
	while (house.arrived < house.count) {
		assert_true(clock_ms() < until);
		turn();
	}
}

static void
ask(size_t client)
{
	size_t before = house.asked_count;
	uint64_t until = clock_ms() + GUARD_MS;

	send(house.clients[client], GET, strlen(GET), 0);
	while (house.asked_count == before) {
		assert_true(clock_ms() < until);
		turn();
	}
}

/* Of the one who has asked last; 0: he was not refused. */
static int
refused(void)
{
	const struct intake *intake =
		exchange_refused(house.asked[house.asked_count - 1]);

	return intake ? intake->status : 0;
}

static uint64_t
turned_away(void)
{
	return row_read(&house.row, COUNTER_REFUSED_IP_CONNECTIONS);
}

static void
wait_for_the_end(size_t client)
{
	uint64_t until = clock_ms() + GUARD_MS;
	char byte;
	ssize_t got;

	do {
		assert_true(clock_ms() < until);
		turn();
		got = recv(house.clients[client], &byte, 1, 0);
	} while (got > 0 || (got < 0 && errno == EAGAIN));
}

static void
one_too_many_is_refused(void **state)
{
	uint64_t until = clock_ms() + GUARD_MS;

	(void)state;
	open_house(false, 2);
	call_in(3);
	while (house.asked_count == 0) {
		assert_true(clock_ms() < until);
		turn();
	}
	assert_int_equal(refused(), 503);
	assert_int_equal(turned_away(), 1);
	for (size_t i = 0; i < 2; i++) {
		ask(i);
		assert_int_equal(refused(), 0);
	}
	close_house();
}

static void
one_who_goes_makes_room_at_once(void **state)
{
	(void)state;
	open_house(false, 1);
	for (size_t i = 0; i < 20; i++) {
		call_in(1);
		shutdown(house.clients[i], SHUT_RDWR);
		for (size_t k = 0; k < 5; k++)
			turn();
	}
	assert_int_equal(turned_away(), 0);
	close_house();
}

static void
one_who_shows_a_key_counts_no_more(void **state)
{
	(void)state;
	open_house(false, 1);
	for (size_t i = 0; i < 5; i++) {
		call_in(1);
		ask(i);
		assert_int_equal(refused(), 0);
		gate_welcome(house.asked[i]->gate);
	}
	assert_int_equal(turned_away(), 0);
	call_in(1);
	call_in(1);
	assert_int_equal(turned_away(), 1);
	close_house();
}

static void
one_who_speaks_for_others_is_no_crowd(void **state)
{
	(void)state;
	open_house(false, 1);
	network_read(text_of("127.0.0.0/8"), &house.trusted);
	house.manners.trusted = &house.trusted;
	house.manners.trusted_count = 1;
	call_in(5);
	assert_int_equal(turned_away(), 0);
	close_house();
}

static void
no_hand_is_shaken_with_one_too_many(void **state)
{
	(void)state;
	open_house(true, 2);
	call_in(3);
	wait_for_the_end(2);
	gates_sweep(&house.gates, clock_ms());
	assert_int_equal(turned_away(), 1);
	assert_int_equal(row_read(&house.row, COUNTER_TLS_FAILED), 0);
	assert_int_equal(house.asked_count, 0);
	close_house();
}

/* How many clients have something to read. */
static size_t
count_answered(void)
{
	size_t count = 0;
	char byte;

	for (size_t i = 0; i < house.count; i++)
		count += recv(house.clients[i], &byte, 1, MSG_PEEK) == 1;
	return count;
}

static void
a_turn_shakes_few_hands_and_all_in_the_end(void **state)
{
	SSL *clients[CLIENTS_MAX];
	uint64_t until = clock_ms() + GUARD_MS;
	size_t answered = 0;

	(void)state;
	open_house(true, 0);
	call_in(CLIENTS_MAX);
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		clients[i] = client_tls(context, house.clients[i], NULL, NULL);
		SSL_connect(clients[i]);
		ERR_clear_error();
	}
	while (answered < CLIENTS_MAX) {
		size_t now;

		assert_true(clock_ms() < until);
		event_base_loop(house.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		now = count_answered();
		assert_true(now - answered <= SHARE);
		answered = now;
	}
	assert_true(shakes_keep_waiting(&house.porch.shakes));
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		SSL_free(clients[i]);
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
		cmocka_unit_test(one_too_many_is_refused),
		cmocka_unit_test(one_who_goes_makes_room_at_once),
		cmocka_unit_test(one_who_shows_a_key_counts_no_more),
		cmocka_unit_test(one_who_speaks_for_others_is_no_crowd),
		cmocka_unit_test(no_hand_is_shaken_with_one_too_many),
		cmocka_unit_test(a_turn_shakes_few_hands_and_all_in_the_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
