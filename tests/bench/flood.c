/*
 * flood PORT SENDERS WINDOW COUNT BODY: SENDERS connections, each in a room of
 * its own, say COUNT messages together, each with at most WINDOW of them
 * unanswered. One that was refused because the way to the ledger was full
 * (1004) is said again. Prints "result SECONDS SAID REFUSED".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/bench/wire.h"

#define BATCH_BYTES (1 << 20)
#define EVENTS 64
#define REFUSED "\"code\":1004"

struct sender {
	struct peer peer;
	char room[32];
	size_t sent, answered;
	size_t matched; /* bytes of REFUSED that the last read ended with */
};

static struct {
	size_t count, window, body_bytes, sent, said, refused;
} flood;

/* Fills the window by one write. */
static void
say_more(struct sender *sender)
{
	static uint8_t batch[BATCH_BYTES];
	size_t length = 0;

	while (sender->sent - sender->answered < flood.window &&
		flood.sent < flood.count &&
		length + 2 * flood.body_bytes + 512 < sizeof(batch)) {
		length += wire_make_say(batch + length, sizeof(batch) - length,
			(unsigned)++sender->sent, sender->room,
			flood.body_bytes);
		flood.sent++;
	}
	wire_send_all(sender->peer.fd, batch, length);
}

static size_t
count_refused(struct sender *sender, const uint8_t *data, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		if (data[i] == (uint8_t)REFUSED[sender->matched])
			sender->matched++;
		else
			sender->matched = data[i] == (uint8_t)REFUSED[0];
		if (sender->matched < sizeof(REFUSED) - 1)
			continue;
		sender->matched = 0;
		count++;
	}
	return count;
}

static void
read_answers(struct sender *sender)
{
	static uint8_t data[1 << 18];
	ssize_t got = recv(sender->peer.fd, data, sizeof(data), 0);
	size_t answers, refused;

	if (got <= 0)
		wire_die("a connection ended");
	answers = wire_count_frames(&sender->peer, data, (size_t)got);
	refused = count_refused(sender, data, (size_t)got);
	if (refused == 0 && memmem(data, (size_t)got, "\"error\"", 7))
		wire_die("%.*s", (int)got, (char *)data);
	sender->answered += answers;
	flood.said += answers - refused;
	flood.sent -= refused;
	flood.refused += refused;
}

static void
run(struct sender *senders, size_t count)
{
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(0);

	for (size_t i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN,
			.data.ptr = &senders[i] };

		epoll_ctl(epoll, EPOLL_CTL_ADD, senders[i].peer.fd, &event);
		say_more(&senders[i]);
	}
	while (flood.said < flood.count) {
		int ready = epoll_wait(epoll, events, EVENTS, 30000);

		if (ready <= 0)
			wire_die("%zu answers, nothing comes", flood.said);
		for (int i = 0; i < ready; i++) {
			read_answers(events[i].data.ptr);
			say_more(events[i].data.ptr);
		}
	}
}

int
main(int argc, char **argv)
{
	struct sender *senders;
	size_t count;
	double start;
	int port;

	if (argc != 6) {
		fprintf(stderr,
			"usage: flood PORT SENDERS WINDOW COUNT BODY\n");
		return 2;
	}
	port = (int)strtol(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	flood.window = strtoul(argv[3], NULL, 10);
	flood.count = strtoul(argv[4], NULL, 10);
	flood.body_bytes = strtoul(argv[5], NULL, 10);
	senders = calloc(count, sizeof(senders[0]));
	for (size_t i = 0; i < count; i++) {
		snprintf(senders[i].room, sizeof(senders[i].room), "flood-%zu",
			i);
		senders[i].peer =
			wire_enter(port, senders[i].room, senders[i].room);
	}
	start = wire_now();
	run(senders, count);
	printf("result %.6f %zu %zu\n", wire_now() - start, flood.said,
		flood.refused);
	return 0;
}
