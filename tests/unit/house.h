/*
 * A door with real sockets on loopback, in the process of the test: its owner,
 * its clients, and turns of its loop until something is there. For the tests of
 * the door.
 */
#ifndef TESTS_UNIT_HOUSE_H
#define TESTS_UNIT_HOUSE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/manners.h"
#include "shared/tls.h"
#include "worker/gateway/door.h"
#include "worker/gateway/door_lws.h"

#define GUARD_MS 30000
#define CROWD 500

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* RFC 6455 1.3 */
#define HEAD                                                                   \
	"GET /chat?x=1 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"          \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                 \
	"Sec-WebSocket-Key: " KEY "\r\n"
#define GOOD HEAD "\r\n"

/* A door, who came in through it, and what it told its owner. */
static struct house {
	struct event_base *base;
	struct door *door;
	int listening;
	uint16_t port;
	bool is_full;
	bool is_closed_to_all; /* whoever it is, behind a good handshake */
	size_t accepted, entered, refused;
	size_t admitted, dismissed;
	int last_status;
	int inside[CROWD];
	struct tls *tls[CROWD];
	const struct manners *manners;
	size_t events[DOOR_EVENT_COUNT];
	uint64_t crowd_max;
	struct sockaddr_storage admitted_peer;
	struct visitor last;
	struct buffer early;
	char path[64], query[64];
} house;

/* libwebsockets 4.3 leaves a descriptor open with each context. */
static size_t contexts, left_by_context;

static inline size_t
open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static inline enum door_verdict
may_enter(void *self, unsigned listener, struct text path, struct text origin)
{
	assert_ptr_equal(self, &house);
	assert_int_equal(listener, 7);
	if (!text_equal(path, TEXT_LITERAL("/chat")))
		return DOOR_NO_SUCH_PATH;
	if (text_equal(origin, TEXT_LITERAL("http://evil")))
		return DOOR_BAD_ORIGIN;
	return house.is_full ? DOOR_HOUSE_FULL : DOOR_WELCOME;
}

static inline const struct manners *
house_manners(void *self, unsigned listener)
{
	assert_ptr_equal(self, &house);
	assert_int_equal(listener, 7);
	return house.manners;
}

static inline uint64_t
house_crowd_max(void *self)
{
	(void)self;
	return house.crowd_max;
}

static inline void
on_event(void *self, enum door_event what)
{
	(void)self;
	house.events[what]++;
}

static inline int
admit(void *self, const struct sockaddr_storage *peer)
{
	assert_ptr_equal(self, &house);
	if (!house.manners)
		assert_int_equal(peer->ss_family, AF_INET);
	house.admitted_peer = *peer;
	if (house.is_closed_to_all)
		return 503;
	house.admitted++;
	return 0;
}

static inline void
dismiss(void *self, const struct sockaddr_storage *peer)
{
	assert_ptr_equal(self, &house);
	assert_int_equal(peer->ss_family, AF_INET);
	house.dismissed++;
}

static inline void
on_enter(void *self, const struct visitor *visitor)
{
	(void)self;
	assert_true(house.entered < CROWD);
	house.tls[house.entered] = visitor->tls;
	house.inside[house.entered++] = visitor->fd;
	house.last = *visitor;
	house.early.length = 0;
	buffer_add_text(&house.early, visitor->early);
	snprintf(house.path, sizeof(house.path), "%.*s",
		TEXT_ARGS(visitor->path));
	snprintf(house.query, sizeof(house.query), "%.*s",
		TEXT_ARGS(visitor->query));
}

static inline void
on_refuse(void *self, int status)
{
	(void)self;
	house.refused++;
	house.last_status = status;
}

static inline void
on_accept(void *self)
{
	(void)self;
	house.accepted++;
}

static const struct door_hooks hooks = {
	.may_enter = may_enter,
	.admit = admit,
	.dismiss = dismiss,
	.on_enter = on_enter,
	.on_refuse = on_refuse,
	.on_accept = on_accept,
	.on_event = on_event,
	.manners = house_manners,
	.crowd_max = house_crowd_max,
};

static inline void
house_listen(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	house.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(house.listening, (struct sockaddr *)&address,
				 sizeof(address)),
		0);
	assert_int_equal(listen(house.listening, 1024), 0);
	getsockname(house.listening, (struct sockaddr *)&address, &length);
	house.port = ntohs(address.sin_port);
}

static inline void
house_open(unsigned waiting_max, unsigned head_seconds)
{
	struct door_limits limits = {
		.head_bytes = 1024,
		.head_seconds = head_seconds,
		.waiting_max = waiting_max,
		.connections_max = 10000,
	};
	struct door_listener listener = { .listener = 7 };

	house = (struct house){ .base = event_base_new() };
	house_listen();
	contexts++;
	house.door = door_new(house.base, &limits, &hooks, &house);
	assert_non_null(house.door);
	listener.fd = house.listening;
	assert_int_equal(door_open(house.door, &listener, 1), 0);
}

static inline void
house_close(void)
{
	/* Nobody is counted who did not come in. */
	assert_int_equal(house.admitted, house.entered + house.dismissed);
	for (size_t i = 0; i < house.entered; i++) {
		tls_free(&house.tls[i]);
		close(house.inside[i]);
	}
	door_free(&house.door);
	assert_null(house.door);
	event_base_free(house.base);
	close(house.listening);
	buffer_fini(&house.early);
}

/* Clients keep out of the low numbers, which are the door's. */
static inline int
client_open(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int low = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = fcntl(low, F_DUPFD_CLOEXEC, 2000);

	assert_true(low >= 0);
	if (fd >= 0)
		close(low);
	else
		fd = low;
	address.sin_port = htons(house.port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* One turn of the door, then a moment for the socket to become readable. */
static inline void
turn(int fd)
{
	struct pollfd wait = { fd, POLLIN, 0 };

	event_base_loop(house.base, EVLOOP_NONBLOCK);
	poll(&wait, 1, 5);
	event_base_loop(house.base, EVLOOP_NONBLOCK);
}

static inline void
client_send(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;
	uint64_t until = clock_ms() + GUARD_MS;

	while (length) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent < 0) {
			assert_int_equal(errno, EAGAIN);
			assert_true(clock_ms() < until);
			turn(house.listening);
			continue;
		}
		at += sent;
		length -= (size_t)sent;
	}
}

static inline void
client_say(int fd, const char *text)
{
	client_send(fd, text, strlen(text));
}

/* What the door sends until the word is there or, without one, until it ends.
 */
static inline const char *
client_hear(int fd, const char *word)
{
	static char heard[4096];
	uint64_t until = clock_ms() + GUARD_MS;
	size_t length = 0;
	ssize_t got = -1;

	heard[0] = 0;
	while (got != 0 && (!word || !strstr(heard, word))) {
		turn(fd);
		assert_true(clock_ms() < until);
		got = recv(fd, heard + length, sizeof(heard) - 1 - length, 0);
		if (got < 0)
			assert_int_equal(errno, EAGAIN);
		else
			length += (size_t)got;
		heard[length] = 0;
	}
	return heard;
}

static inline void
wait_for(const size_t *count, size_t wanted)
{
	uint64_t until = clock_ms() + GUARD_MS;

	while (*count < wanted) {
		assert_true(clock_ms() < until);
		turn(house.listening);
	}
	assert_int_equal(*count, wanted);
}

static inline void
wait_until_empty(void)
{
	uint64_t until = clock_ms() + GUARD_MS;

	while (!door_is_empty(house.door)) {
		assert_true(clock_ms() < until);
		turn(house.listening);
	}
}

/* Both ends of the connection can still send, and neither has seen an end. */
static inline void
assert_lives(int client, int server)
{
	char byte = 0;

	for (int i = 0; i < 5; i++)
		turn(client);
	assert_int_equal(recv(client, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(send(server, "s", 1, MSG_NOSIGNAL), 1);
	assert_string_equal(client_hear(client, "s"), "s");
	client_say(client, "c");
	turn(server);
	assert_int_equal(recv(server, &byte, 1, 0), 1);
	assert_int_equal(byte, 'c');
	assert_int_equal(recv(server, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* A request that is refused: one answer with this status, then the end. */
static inline void
expect_refused(const char *request, int status)
{
	int client = client_open();
	char wanted[32];
	const char *heard;

	client_say(client, request);
	heard = client_hear(client, NULL);
	snprintf(wanted, sizeof(wanted), "HTTP/1.1 %d ", status);
	assert_int_equal(strncmp(heard, wanted, strlen(wanted)), 0);
	assert_null(strstr(strstr(heard, "Connection:") + 1, "Connection:"));
	assert_int_equal(house.last_status, status);
	close(client);
	wait_until_empty();
}

static inline int
measure_context(void **state)
{
	size_t before = open_descriptors();
	struct door_lws *lws = door_lws_new(10000);

	(void)state;
	door_lws_free(&lws);
	left_by_context = open_descriptors() - before;
	return left_by_context > 1 ? -1 : 0;
}

static inline int
count_descriptors(void **state)
{
	static size_t before;

	*state = &before;
	before = open_descriptors();
	contexts = 0;
	return 0;
}

static inline int
no_descriptor_is_left(void **state)
{
	size_t wanted = *(size_t *)*state + contexts * left_by_context;
	size_t now = open_descriptors();

	if (now == wanted)
		return 0;
	print_error("%zu descriptors instead of %zu\n", now, wanted);
	return -1;
}

#define door_test(claim)                                                       \
	cmocka_unit_test_setup_teardown(                                       \
		claim, count_descriptors, no_descriptor_is_left)

#endif
