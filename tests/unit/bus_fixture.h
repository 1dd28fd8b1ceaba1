/*
 * Hosts with a bus of their own, on loopback in the process of the test, what
 * they heard, and turns of their loop until something is there. For the tests
 * of the bus.
 */
#ifndef TESTS_UNIT_BUS_FIXTURE_H
#define TESTS_UNIT_BUS_FIXTURE_H

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/log.h"
#include "worker/relay/bus.h"

#define GUARD_SECONDS 30
#define FRAME_BYTES 100000

struct host {
	struct bus *bus;
	char url[64];
	unsigned port;

	unsigned pipes, dialed; /* that are up; of these, by itself */
	unsigned ups, downs;
	uint32_t pipe; /* the last that came up */

	unsigned frames;
	struct buffer frame; /* the last one */
	bool believes_nothing;

	/* Answers what it is asked with this; NULL: not at all. */
	const char *says;
	unsigned requests;
	unsigned answers, silences;
	struct buffer answer;
};

static struct event_base *base;
static struct event *guard;
static pthread_t loop_thread;

/* Hooks are for the thread of the loop. */
static inline void
check_thread(void)
{
	must(pthread_equal(pthread_self(), loop_thread));
}

static bool
on_frame(void *self, uint32_t pipe, struct text bytes)
{
	struct host *host = self;

	check_thread();
	assert_true(pipe != 0);
	host->frames++;
	host->frame.length = 0;
	buffer_add_text(&host->frame, bytes);
	return !host->believes_nothing;
}

static bool
on_request(void *self, struct text bytes, struct buffer *answer)
{
	struct host *host = self;

	check_thread();
	host->requests++;
	if (!host->says)
		return false;
	buffer_add_string(answer, host->says);
	buffer_add_text(answer, bytes);
	return true;
}

static void
on_answer(void *self, struct bus_peer *peer, const struct text *bytes)
{
	struct host *host = self;

	check_thread();
	assert_false(bus_is_asked(peer));
	host->answer.length = 0;
	if (bytes)
		buffer_add_text(&host->answer, *bytes);
	if (bytes)
		host->answers++;
	else
		host->silences++;
}

static void
on_pipe(void *self, uint32_t pipe, struct bus_peer *dialed, bool is_up)
{
	struct host *host = self;

	check_thread();
	if (is_up) {
		host->pipe = pipe;
		host->ups++;
		host->pipes++;
		host->dialed += dialed != NULL;
	} else {
		host->downs++;
		host->pipes--;
		host->dialed -= dialed != NULL;
	}
}

static void
on_guard(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	(void)self;
	fail_msg("nothing comes");
}

#define until(claim)                                                           \
	do {                                                                   \
		const struct timeval limit = { .tv_sec = GUARD_SECONDS };      \
		evtimer_add(guard, &limit);                                    \
		while (!(claim))                                               \
			event_base_loop(base, EVLOOP_ONCE);                    \
		evtimer_del(guard);                                            \
	} while (0)

static const struct bus_options usual = {
	.frame_bytes_max = FRAME_BYTES,
	.request_bytes_max = FRAME_BYTES,
	.answer_bytes_max = FRAME_BYTES,
	.waiting_bytes_max = 16U << 20,
	.request_ms = GUARD_SECONDS * 1000,
	.pipes_max = 16,
	.idle_ms = GUARD_SECONDS * 1000,
};

static inline bool
is_free(unsigned port)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_any };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool is_bound = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return is_bound;
}

/* One with a free one behind it. */
static inline unsigned
find_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t length = sizeof(at);
	unsigned port;

	do {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		at.sin_port = 0;
		assert_int_equal(
			bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
		getsockname(fd, (struct sockaddr *)&at, &length);
		port = ntohs(at.sin_port);
		close(fd);
	} while (port > 65533 || !is_free(port + 1));
	return port;
}

/* Listens again where it was, or first at a free port. */
static inline void
host_open(struct host *host, const char *where, const struct bus_options *like)
{
	static const struct bus_hooks hooks = {
		.on_frame = on_frame,
		.on_request = on_request,
		.on_answer = on_answer,
		.on_pipe = on_pipe,
	};
	struct bus_options options = *like;

	for (unsigned tries = 0; tries < 20 && !host->bus; tries++) {
		if (host->port == 0 || tries > 0)
			host->port = find_port();
		snprintf(host->url, sizeof(host->url), "%s:%u", where,
			host->port);
		options.listen = host->url;
		host->bus = bus_new(base, &options, &hooks, host);
	}
	assert_non_null(host->bus);
}

static inline void
host_close(struct host *host)
{
	bus_free(&host->bus);
	buffer_fini(&host->frame);
	buffer_fini(&host->answer);
}

static inline struct bus_peer *
dial(struct host *from, const struct host *to)
{
	struct bus_peer *peer = bus_add_peer(from->bus, to->url, NULL);

	assert_non_null(peer);
	return peer;
}

static inline unsigned
send_words(struct host *from, const char *words)
{
	return bus_send(from->bus, text_of(words));
}

static inline void
fixture_open(void)
{
	loop_thread = pthread_self();
	must(log_open("/dev/null", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT) == 0);
	base = event_base_new();
	guard = evtimer_new(base, on_guard, NULL);
}

static inline void
fixture_close(void)
{
	event_free(guard);
	event_base_free(base);
}

const char *__lsan_default_suppressions(void);

/* A socket or dialer of nng that is closed while it connects may leave a little
 * behind. What is ours is watched by a test that does not ask for this. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libnng.so\n";
}

#endif
