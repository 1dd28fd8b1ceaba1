/*
 * pingpong PORT CONNECTIONS: enters one room so often, prints "ports P…" with
 * the local port of each, so that the caller can see which gateway holds which,
 * and then takes orders on standard input:
 *
 *	play A B COUNT   A says, B says when it has got it, and so on; answers
 *	                 "result P50 P99 MAX", the way of one message in µs
 *	quit
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/bench/wire.h"

#define CONNECTIONS_MAX 64
#define BODY_BYTES 64
#define ROOM "pingpong"

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void
tell_ports(const struct peer *peers, size_t count)
{
	printf("ports");
	for (size_t i = 0; i < count; i++) {
		struct sockaddr_in own;
		socklen_t size = sizeof(own);

		getsockname(peers[i].fd, (struct sockaddr *)&own, &size);
		printf(" %d", ntohs(own.sin_port));
	}
	printf("\n");
	fflush(stdout);
}

/* Until this peer has a push; its own replies are frames too and are skipped.
 */
static void
await_push(struct peer *peer)
{
	uint8_t data[4096];

	for (;;) {
		ssize_t got = recv(peer->fd, data, sizeof(data), 0);

		if (got <= 0)
			wire_die("a connection ended");
		if (memmem(data, (size_t)got, "\"cmd\":\"msg\"", 11))
			return;
	}
}

/* The others in the room get each message too; theirs must not pile up. */
static void
drain(struct peer *peers, size_t count, const struct peer *a,
	const struct peer *b)
{
	static uint8_t data[65536];

	for (size_t i = 0; i < count; i++) {
		if (&peers[i] == a || &peers[i] == b)
			continue;
		while (recv(peers[i].fd, data, sizeof(data), MSG_DONTWAIT) > 0)
			continue;
	}
}

static void
play(struct peer *peers, size_t count, size_t a, size_t b, size_t turns)
{
	double *times = calloc(turns, sizeof(times[0]));
	struct peer *from = &peers[a], *to = &peers[b];

	for (size_t i = 0; i < turns; i++) {
		struct peer *next = from;
		uint8_t frame[1024];
		size_t length = wire_make_say(
			frame, sizeof(frame), (unsigned)i, ROOM, BODY_BYTES);
		double start = wire_now();

		wire_send_all(from->fd, frame, length);
		await_push(to);
		times[i] = (wire_now() - start) * 1e6;
		from = to;
		to = next;
		if (i % 64 == 0)
			drain(peers, count, &peers[a], &peers[b]);
	}
	qsort(times, turns, sizeof(times[0]), compare);
	printf("result %.1f %.1f %.1f\n", times[turns / 2],
		times[turns * 99 / 100], times[turns - 1]);
	fflush(stdout);
	free(times);
}

int
main(int argc, char **argv)
{
	struct peer peers[CONNECTIONS_MAX];
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	char line[128];

	if (count < 2 || count > CONNECTIONS_MAX) {
		fprintf(stderr, "usage: pingpong PORT CONNECTIONS\n");
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		char user[32];

		snprintf(user, sizeof(user), "player-%zu", i);
		peers[i] =
			wire_enter((int)strtol(argv[1], NULL, 10), user, ROOM);
	}
	tell_ports(peers, count);
	while (fgets(line, sizeof(line), stdin)) {
		size_t a, b, turns;

		if (sscanf(line, "play %zu %zu %zu", &a, &b, &turns) != 3 ||
			a >= count || b >= count || turns == 0)
			break;
		play(peers, count, a, b, turns);
	}
	return 0;
}
