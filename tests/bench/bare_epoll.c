/*
 * bare_epoll PORT BYTES: the least that a broadcast server can be. Every
 * connection is a receiver until it sends something; then it is the publisher,
 * and each BYTES of it go to each receiver by one send. No protocol, no memory
 * of messages, no other process: what confab's fan-out is measured against.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/wire.h"

#define FDS_MAX 65536
#define EVENTS 256
#define RECORD_MAX 65536

static struct {
	int epoll;
	int listener;
	bool is_receiver[FDS_MAX];
	int fd_end; /* behind the highest descriptor */
	size_t record_bytes;
	uint8_t record[RECORD_MAX];
	size_t record_length; /* bytes of the next record so far */
} bare;

static void
watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(bare.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		wire_die("epoll_ctl");
}

static void
listen_on(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int yes = 1;

	bare.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(bare.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(bare.listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		listen(bare.listener, 65535) < 0)
		wire_die("listen on %d", port);
	watch(bare.listener);
}

static void
take_in(void)
{
	int yes = 1;

	for (;;) {
		int fd = accept4(bare.listener, NULL, NULL, SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if (fd >= FDS_MAX)
			wire_die("too many connections");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		bare.is_receiver[fd] = true;
		if (fd >= bare.fd_end)
			bare.fd_end = fd + 1;
		watch(fd);
	}
}

static void
broadcast(void)
{
	for (int fd = 0; fd < bare.fd_end; fd++) {
		ssize_t sent;

		if (!bare.is_receiver[fd])
			continue;
		sent = send(fd, bare.record, bare.record_bytes, MSG_NOSIGNAL);
		if (sent != (ssize_t)bare.record_bytes)
			wire_die("send");
	}
}

static void
publish(const uint8_t *data, size_t length)
{
	while (length > 0) {
		size_t room = bare.record_bytes - bare.record_length;
		size_t taken = length < room ? length : room;

		memcpy(bare.record + bare.record_length, data, taken);
		bare.record_length += taken;
		data += taken;
		length -= taken;
		if (bare.record_length == bare.record_bytes) {
			broadcast();
			bare.record_length = 0;
		}
	}
}

static void
read_from(int fd)
{
	static uint8_t data[RECORD_MAX];
	ssize_t got = recv(fd, data, sizeof(data), 0);

	if (got > 0) {
		bare.is_receiver[fd] = false;
		publish(data, (size_t)got);
	} else if (got == 0 || errno != EAGAIN) {
		bare.is_receiver[fd] = false;
		close(fd);
	}
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	if (argc != 3 || strtoul(argv[2], NULL, 10) > RECORD_MAX) {
		fprintf(stderr, "usage: bare_epoll PORT BYTES\n");
		return 2;
	}
	wire_want_descriptors();
	bare.record_bytes = strtoul(argv[2], NULL, 10);
	bare.epoll = epoll_create1(0);
	listen_on((int)strtol(argv[1], NULL, 10));
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(bare.epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == bare.listener)
				take_in();
			else
				read_from(events[i].data.fd);
		}
	}
}
