/*
 * fanout ws|raw PORT RECEIVERS ROOM BODY: holds RECEIVERS connections that read
 * and one that publishes, to confab (ws) or to bare_epoll (raw; BODY is then
 *the whole size of a frame). Takes orders on standard input:
 *
 *	run COUNT WINDOW   publishes COUNT messages, at most WINDOW of them not
 *yet with all receivers; answers "result SECONDS DELIVERIES BYTES"
 *	stall              reads no more from one of them, for ever; "stalled"
 *
 * ROOM "-": the receivers log in and join nothing; there is no publisher.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/wire.h"

#define EVENTS 512
#define READ_BYTES 65536
#define FRAME_MAX 65536
#define STALL_SECONDS 30

static struct {
	bool is_raw;
	int port;
	size_t count;
	const char *room;
	size_t body_bytes;
	struct peer *receivers;
	struct peer publisher;
	int epoll;
	unsigned seq;
	uint64_t received; /* frames, by all receivers together */
	uint64_t bytes;
} load;

static void
watch(struct peer *peer)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };

	if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, peer->fd, &event) < 0)
		wire_die("epoll_ctl");
}

static struct peer
enter(const char *kind, size_t number)
{
	char user[64];

	if (load.is_raw)
		return (struct peer){ .fd = wire_connect(load.port) };
	snprintf(user, sizeof(user), "%s-%zu", kind, number);
	return wire_enter(load.port, user,
		strcmp(load.room, "-") == 0 ? NULL : load.room);
}

static void
connect_all(void)
{
	double start = wire_now();

	load.epoll = epoll_create1(0);
	load.receivers = calloc(load.count, sizeof(load.receivers[0]));
	for (size_t i = 0; i < load.count; i++) {
		load.receivers[i] = enter("receiver", i);
		watch(&load.receivers[i]);
	}
	if (strcmp(load.room, "-") != 0) {
		load.publisher = enter("publisher", 0);
		watch(&load.publisher);
	}
	printf("ready %.3f\n", wire_now() - start);
	fflush(stdout);
}

/* For bare_epoll: what it sends on is a frame as confab would send it. */
static size_t
make_raw(uint8_t *out, size_t size)
{
	memset(out, '0', size);
	out[0] = 0x81;
	if (size <= 127) {
		out[1] = (uint8_t)(size - 2);
	} else {
		out[1] = 126;
		out[2] = (uint8_t)((size - 4) >> 8);
		out[3] = (uint8_t)(size - 4);
	}
	return size;
}

static void
publish(void)
{
	static uint8_t frame[FRAME_MAX];
	size_t length =
		load.is_raw ? make_raw(frame, load.body_bytes)
			    : wire_make_say(frame, sizeof(frame), ++load.seq,
				      load.room, load.body_bytes);

	wire_send_all(load.publisher.fd, frame, length);
}

static void
read_from(struct peer *peer)
{
	static uint8_t data[READ_BYTES];
	ssize_t got = recv(peer->fd, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0)
		wire_die("a connection ended");
	if (peer == &load.publisher) {
		if (memmem(data, (size_t)got, "\"error\"", 7))
			wire_die("%.*s", (int)got, (char *)data);
		return;
	}
	load.received += wire_count_frames(peer, data, (size_t)got);
	load.bytes += (uint64_t)got;
}

static void
run(size_t count, size_t window)
{
	struct epoll_event events[EVENTS];
	uint64_t goal = load.received + count * load.count;
	uint64_t before = load.received, bytes_before = load.bytes;
	double start = wire_now();
	size_t sent = 0;

	while (load.received < goal) {
		size_t done = (load.received - before) / load.count;
		int ready;

		for (; sent < count && sent - done < window; sent++)
			publish();
		ready = epoll_wait(
			load.epoll, events, EVENTS, STALL_SECONDS * 1000);
		if (ready == 0)
			wire_die("%zu messages sent, nothing comes", sent);
		for (int i = 0; i < ready; i++)
			read_from(events[i].data.ptr);
	}
	printf("result %.6f %llu %llu\n", wire_now() - start,
		(unsigned long long)(load.received - before),
		(unsigned long long)(load.bytes - bytes_before));
	fflush(stdout);
}

/* It is none of those that are counted from here on. */
static void
stall(void)
{
	if (epoll_ctl(load.epoll, EPOLL_CTL_DEL, load.receivers[0].fd, NULL) <
		0)
		wire_die("epoll_ctl");
	load.receivers++;
	load.count--;
	puts("stalled");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	char line[128];

	if (argc != 6) {
		fprintf(stderr,
			"usage: fanout ws|raw PORT RECEIVERS ROOM BODY\n");
		return 2;
	}
	wire_want_descriptors();
	load.is_raw = strcmp(argv[1], "raw") == 0;
	load.port = (int)strtol(argv[2], NULL, 10);
	load.count = strtoul(argv[3], NULL, 10);
	load.room = argv[4];
	load.body_bytes = strtoul(argv[5], NULL, 10);
	connect_all();
	while (fgets(line, sizeof(line), stdin)) {
		size_t count, window;

		if (strcmp(line, "stall\n") == 0)
			stall();
		else if (sscanf(line, "run %zu %zu", &count, &window) == 2)
			run(count, window);
		else
			break;
	}
	return 0;
}
