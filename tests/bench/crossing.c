/*
 * crossing PORT PORT ROOM BODY SENDERS: messages from one host to another. One
 * connection listens on the second port, SENDERS of them say on the first, all
 * in one room. Takes orders on standard input:
 *
 *	run COUNT WINDOW RATE   says COUNT messages, RATE of them a second (0:
 *as fast as it goes) and at most WINDOW of them not yet heard; answers "result
 *SECONDS P50 P99 P99.9 MAX", the way of a message in µs: with one sender they
 *arrive in the order they were said
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/bench/wire.h"

#define BATCH_BYTES (1 << 18)
#define EVENTS 64
#define STALL_MS 30000

static struct {
	struct peer listener, *senders;
	size_t sender_count, body_bytes;
	const char *room;
	unsigned seq;
	int epoll;
	size_t sent, heard, answered;
	double *said_at, *took;
} load;

static void
watch(struct peer *peer)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };

	if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, peer->fd, &event) < 0)
		wire_die("epoll_ctl");
}

static void
enter_all(int from, int to)
{
	load.epoll = epoll_create1(0);
	load.senders = calloc(load.sender_count, sizeof(load.senders[0]));
	load.listener = wire_enter(to, "listener", load.room);
	watch(&load.listener);
	for (size_t i = 0; i < load.sender_count; i++) {
		char user[32];

		snprintf(user, sizeof(user), "sender-%zu", i);
		load.senders[i] = wire_enter(from, user, load.room);
		watch(&load.senders[i]);
	}
}

/* By one write, from the next sender. */
static void
say(size_t count)
{
	static uint8_t batch[BATCH_BYTES];
	struct peer *sender = &load.senders[load.seq % load.sender_count];
	double now = wire_now();
	size_t length = 0;

	while (count-- > 0 &&
		length + 2 * load.body_bytes + 512 < sizeof(batch)) {
		length += wire_make_say(batch + length, sizeof(batch) - length,
			++load.seq, load.room, load.body_bytes);
		load.said_at[load.sent++] = now;
	}
	wire_send_all(sender->fd, batch, length);
}

static void
hear(const uint8_t *data, size_t length)
{
	size_t count = wire_count_frames(&load.listener, data, length);
	double now = wire_now();

	for (; count > 0 && load.heard < load.sent; count--, load.heard++)
		load.took[load.heard] = now - load.said_at[load.heard];
	if (count > 0)
		wire_die("more was heard than was said");
}

static void
read_from(struct peer *peer)
{
	static uint8_t data[1 << 18];
	ssize_t got = recv(peer->fd, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0)
		wire_die("a connection ended");
	if (peer == &load.listener)
		hear(data, (size_t)got);
	else if (memmem(data, (size_t)got, "\"error\"", 7))
		wire_die("%.*s", (int)got, (char *)data);
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void
tell(double seconds, size_t count)
{
	qsort(load.took, count, sizeof(load.took[0]), compare);
	printf("result %.6f %.0f %.0f %.0f %.0f\n", seconds,
		load.took[count / 2] * 1e6, load.took[count * 99 / 100] * 1e6,
		load.took[count * 999 / 1000] * 1e6,
		load.took[count - 1] * 1e6);
	fflush(stdout);
}

/* So many may be said now. */
static size_t
due(size_t count, size_t window, double rate, double start)
{
	size_t most = load.heard + window < count ? load.heard + window : count;

	if (rate > 0) {
		double by_now = (wire_now() - start) * rate + 1;

		most = by_now < (double)most ? (size_t)by_now : most;
	}
	return most > load.sent ? most - load.sent : 0;
}

static void
run(size_t count, size_t window, double rate)
{
	struct epoll_event events[EVENTS];
	double start = wire_now(), heard_at = start;

	load.said_at = calloc(count, sizeof(double));
	load.took = calloc(count, sizeof(double));
	load.sent = load.heard = 0;
	while (load.heard < count) {
		size_t more = due(count, window, rate, start);
		size_t before = load.heard;
		int ready;

		if (more > 0)
			say(more);
		ready = epoll_wait(load.epoll, events, EVENTS,
			load.sent < count ? 1 : 100);
		for (int i = 0; i < ready; i++)
			read_from(events[i].data.ptr);
		if (load.heard > before)
			heard_at = wire_now();
		if (wire_now() - heard_at > STALL_MS / 1000.0)
			wire_die("%zu said, %zu heard, nothing comes",
				load.sent, load.heard);
	}
	tell(wire_now() - start, count);
	free(load.said_at);
	free(load.took);
}

int
main(int argc, char **argv)
{
	char line[128];

	if (argc != 6) {
		fprintf(stderr,
			"usage: crossing PORT PORT ROOM BODY SENDERS\n");
		return 2;
	}
	load.room = argv[3];
	load.body_bytes = strtoul(argv[4], NULL, 10);
	load.sender_count = strtoul(argv[5], NULL, 10);
	enter_all(
		(int)strtol(argv[1], NULL, 10), (int)strtol(argv[2], NULL, 10));
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		size_t count, window;
		double rate;

		if (sscanf(line, "run %zu %zu %lf", &count, &window, &rate) !=
			3)
			break;
		run(count, window, rate);
	}
	return 0;
}
