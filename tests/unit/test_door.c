/* The door: the handshake, the hand-over, crowds, and days when descriptors run
 * out. */
#include "worker/gateway/door.h"

#include <sys/resource.h>

#include "tests/unit/house.h"

static void
a_good_handshake_enters(void **state)
{
	int client, value = 0;
	socklen_t length = sizeof(value);
	const char *heard;

	(void)state;
	house_open(64, 10);
	client = client_open();
	client_say(client, GOOD);
	heard = client_hear(client, "\r\n\r\n");
	assert_int_equal(strncmp(heard, "HTTP/1.1 101 ", 13), 0);
	assert_non_null(strstr(heard, "\r\nSec-WebSocket-Accept: " ACCEPT));
	assert_null(strstr(heard, "Sec-WebSocket-Protocol"));
	assert_null(strstr(heard, "Sec-WebSocket-Extensions"));
	assert_string_equal(strstr(heard, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(house.entered, 1);
	assert_int_equal(house.accepted, 1);
	assert_int_equal(house.refused, 0);
	assert_string_equal(house.path, "/chat");
	assert_string_equal(house.query, "x=1");
	assert_int_equal(house.last.listener, 7);
	assert_int_equal(house.last.peer.ss_family, AF_INET);
	assert_int_equal(house.early.length, 0);
	assert_true(house.last.fd >= 64);
	assert_true(fcntl(house.last.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(house.last.fd, F_GETFD) & FD_CLOEXEC);
	getsockopt(house.last.fd, IPPROTO_TCP, TCP_NODELAY, &value, &length);
	assert_true(value);
	assert_true(door_is_empty(house.door));
	close(client);
	house_close();
}

/* libwebsockets drops its copy without shutdown(2), which would end both. */
static void
the_hand_over_ends_nothing(void **state)
{
	int client;

	(void)state;
	house_open(64, 10);
	client = client_open();
	client_say(client, GOOD);
	client_hear(client, "\r\n\r\n");
	assert_lives(client, house.last.fd);
	close(client);
	house_close();
}

static void
a_subprotocol_is_confirmed(void **state)
{
	int client;
	const char *heard;

	(void)state;
	house_open(64, 10);
	client = client_open();
	client_say(client,
		HEAD "Sec-WebSocket-Protocol: soap, confab.v1\r\n"
		     "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
	heard = client_hear(client, "\r\n\r\n");
	assert_non_null(
		strstr(heard, "\r\nSec-WebSocket-Protocol: confab.v1\r\n"));
	assert_null(strstr(heard, "Sec-WebSocket-Extensions"));
	close(client);
	client = client_open();
	client_say(client, HEAD "Sec-WebSocket-Protocol: soap\r\n\r\n");
	heard = client_hear(client, "\r\n\r\n");
	assert_int_equal(strncmp(heard, "HTTP/1.1 101 ", 13), 0);
	assert_null(strstr(heard, "Sec-WebSocket-Protocol"));
	close(client);
	house_close();
}

/* Frames in the same segment as the head, and more than the door reads: all of
 * it is either early or still in the socket, in order. */
static void
no_byte_behind_the_head_is_lost(void **state)
{
	static const size_t sizes[] = { 1, 11, 1900, 60000 };

	(void)state;
	house_open(64, 10);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct buffer sent = { 0 };
		uint64_t until = clock_ms() + GUARD_MS;
		int client = client_open();

		buffer_add_string(&sent, GOOD);
		for (size_t k = 0; k < sizes[i]; k++)
			buffer_add_byte(&sent, (uint8_t)(k * 7 + k / 256));
		client_send(client, sent.data, sent.length);
		client_hear(client, "\r\n\r\n");
		assert_true(house.early.length > 0);
		while (house.early.length < sizes[i]) {
			uint8_t *at = buffer_reserve(&house.early, 4096);
			ssize_t got = recv(house.last.fd, at, 4096, 0);

			assert_true(clock_ms() < until);
			assert_int_not_equal(got, 0);
			if (got > 0)
				house.early.length += (size_t)got;
		}
		assert_int_equal(house.early.length, sizes[i]);
		assert_memory_equal(house.early.data,
			sent.data + sent.length - sizes[i], sizes[i]);
		assert_lives(client, house.last.fd);
		buffer_fini(&sent);
		close(client);
	}
	house_close();
}

static void
a_head_may_come_byte_by_byte(void **state)
{
	int client;

	(void)state;
	house_open(64, 30);
	client = client_open();
	for (const char *at = GOOD; *at; at++) {
		client_send(client, at, 1);
		event_base_loop(house.base, EVLOOP_NONBLOCK);
	}
	client_hear(client, "\r\n\r\n");
	assert_lives(client, house.last.fd);
	close(client);
	house_close();
}

static void
who_is_gone_at_the_handshake_costs_nothing(void **state)
{
	struct linger reset = { .l_onoff = 1 };

	(void)state;
	house_open(64, 10);
	for (size_t i = 1; i <= 20; i++) {
		int client = client_open();

		client_say(client, GOOD);
		setsockopt(
			client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		if (i % 2) /* some before they are accepted, some after */
			wait_for(&house.accepted, i);
		close(client);
		wait_for(&house.accepted, i);
	}
	wait_until_empty();
	expect_refused("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 404);
	house_close();
}

/* The peer's side of a socket pair, full to the brim. */
static int
stuffed_socket(int *other)
{
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0, pair),
		0);
	while (send(pair[0], "full", 4, MSG_NOSIGNAL) > 0)
		;
	*other = pair[1];
	return pair[0];
}

static void
half_a_handshake_is_a_failure(void **state)
{
	struct door_lws *lws = door_lws_new(10000);
	int other, fd = stuffed_socket(&other);
	char byte;

	(void)state;
	contexts++;
	assert_non_null(lws);
	assert_int_equal(door_lws_greet(lws, fd, TEXT_LITERAL(KEY), false),
		DOOR_GREETING_FAILED);
	close(fd);
	while (recv(other, &byte, 1, 0) > 0)
		;
	close(other);
	fd = stuffed_socket(&other);
	close(other);
	assert_int_equal(door_lws_greet(lws, fd, TEXT_LITERAL(KEY), false),
		DOOR_GREETING_FAILED);
	close(fd);
	door_lws_free(&lws);
}

static void
crowd_comes(unsigned waiting_max)
{
	static int clients[CROWD];

	house_open(waiting_max, 30);
	for (size_t i = 0; i < CROWD; i++) {
		clients[i] = client_open();
		client_say(clients[i], GOOD);
	}
	wait_for(&house.entered, CROWD);
	for (size_t i = 0; i < CROWD; i++) {
		const char *heard = client_hear(clients[i], "\r\n\r\n");

		assert_int_equal(strncmp(heard, "HTTP/1.1 101 ", 13), 0);
		close(clients[i]);
	}
	assert_int_equal(house.accepted, CROWD);
	assert_int_equal(house.refused, 0);
	house_close();
}

static void
a_crowd_enters_at_once(void **state)
{
	(void)state;
	crowd_comes(1024);
}

static void
a_crowd_larger_than_the_hall_waits_and_enters(void **state)
{
	static int clients[CROWD];

	(void)state;
	crowd_comes(32);
	house_open(32, 30); /* now with heads that come after all are there */
	for (size_t i = 0; i < CROWD; i++)
		clients[i] = client_open();
	for (int i = 0; i < 20; i++)
		turn(house.listening);
	assert_int_equal(house.accepted, 32 / 4 * 3);
	for (size_t i = 0; i < CROWD; i++)
		client_say(clients[i], GOOD);
	wait_for(&house.entered, CROWD);
	for (size_t i = 0; i < CROWD; i++)
		close(clients[i]);
	house_close();
}

static void
slow_heads_cannot_keep_others_out(void **state)
{
	int slow[24], client;

	(void)state;
	house_open(32, 3600);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		slow[i] = client_open();
		client_say(slow[i], "GET /chat HTTP/1.1\r\n");
	}
	wait_for(&house.accepted, ARRAY_LEN(slow));
	client = client_open();
	client_say(client, GOOD);
	client_hear(client, "\r\n\r\n");
	assert_int_equal(house.entered, 1);
	assert_int_equal(house.last_status, 408);
	close(client);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++)
		close(slow[i]);
	house_close();
}

/* Takes every descriptor from `from` up to `below`; returns how many. */
static size_t
take_descriptors(int *taken, int from, int below)
{
	size_t count = 0;

	for (;;) {
		int fd = fcntl(house.listening, F_DUPFD_CLOEXEC, from);

		if (fd < 0)
			return count;
		if (fd >= below) {
			close(fd);
			return count;
		}
		taken[count++] = fd;
	}
}

static void
give_descriptors(const int *taken, size_t count)
{
	while (count)
		close(taken[--count]);
}

/* A descriptor >= K in libwebsockets writes past its tables. */
static void
no_descriptor_below_k_is_503_and_no_crash(void **state)
{
	int taken[64], client;
	size_t count;

	(void)state;
	house_open(64, 10);
	count = take_descriptors(taken, 0, 64);
	assert_true(count > 0);
	expect_refused(GOOD, 503);
	expect_refused(GOOD, 503);
	assert_int_equal(house.entered, 0);
	give_descriptors(taken, count);
	client = client_open();
	client_say(client, GOOD);
	client_hear(client, "\r\n\r\n");
	assert_lives(client, house.last.fd);
	close(client);
	house_close();
}

static void
no_descriptor_above_k_is_503(void **state)
{
	struct rlimit limit, small;
	int taken[64], client;
	size_t count;

	(void)state;
	house_open(64, 10);
	getrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
	small = (struct rlimit){ 80, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &small);
	count = take_descriptors(taken, 64, 80);
	assert_int_equal(count, 16);
	expect_refused(GOOD, 503);
	give_descriptors(taken, count);
	setrlimit(RLIMIT_NOFILE, &limit);
	client = client_open();
	client_say(client, GOOD);
	client_hear(client, "\r\n\r\n");
	assert_int_equal(house.entered, 1);
	close(client);
	house_close();
}

static void
no_descriptor_at_all_only_delays(void **state)
{
	struct rlimit limit, small;
	int taken[128], client;
	size_t count;

	(void)state;
	house_open(64, 10);
	client = client_open();
	client_say(client, GOOD);
	getrlimit(RLIMIT_NOFILE, &limit);
	small = (struct rlimit){ 80, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &small);
	count = take_descriptors(taken, 0, 80);
	for (int i = 0; i < 10; i++)
		turn(client);
	assert_int_equal(house.accepted, 0);
	give_descriptors(taken, count);
	setrlimit(RLIMIT_NOFILE, &limit);
	client_hear(client, "\r\n\r\n");
	assert_int_equal(house.entered, 1);
	close(client);
	house_close();
}

static void
a_shut_door_lets_finish_who_stands_there(void **state)
{
	int inside, outside;

	(void)state;
	house_open(64, 10);
	inside = client_open();
	wait_for(&house.accepted, 1);
	door_shut(house.door);
	assert_false(door_is_empty(house.door));
	outside = client_open();
	client_say(outside, GOOD);
	client_say(inside, GOOD);
	client_hear(inside, "\r\n\r\n");
	assert_lives(inside, house.last.fd);
	assert_true(door_is_empty(house.door));
	assert_int_equal(house.accepted, 1);
	assert_int_equal(house.entered, 1);
	close(inside);
	close(outside);
	house_close();
}

static void
a_door_can_be_freed_with_people_in_it(void **state)
{
	int waiting, answered;

	(void)state;
	house_open(64, 10);
	waiting = client_open();
	answered = client_open();
	client_say(answered, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	client_hear(answered, "404");
	wait_for(&house.accepted, 2);
	house_close();
	close(waiting);
	close(answered);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		door_test(a_good_handshake_enters),
		door_test(the_hand_over_ends_nothing),
		door_test(a_subprotocol_is_confirmed),
		door_test(no_byte_behind_the_head_is_lost),
		door_test(a_head_may_come_byte_by_byte),
		door_test(who_is_gone_at_the_handshake_costs_nothing),
		door_test(half_a_handshake_is_a_failure),
		door_test(a_crowd_enters_at_once),
		door_test(a_crowd_larger_than_the_hall_waits_and_enters),
		door_test(slow_heads_cannot_keep_others_out),
		door_test(no_descriptor_below_k_is_503_and_no_crash),
		door_test(no_descriptor_above_k_is_503),
		door_test(no_descriptor_at_all_only_delays),
		door_test(a_shut_door_lets_finish_who_stands_there),
		door_test(a_door_can_be_freed_with_people_in_it),
	};

	return cmocka_run_group_tests(tests, measure_context, NULL);
}
