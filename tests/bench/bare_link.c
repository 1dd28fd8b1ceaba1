/*
 * bare_link COUNT BYTES WINDOW: what two processes can do that pass each other
 * messages over one TCP connection of 127.0.0.1 and nothing else: COUNT
 * messages of BYTES, at most WINDOW of them not yet answered by a byte. Prints
 * "result SECONDS".
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/wire.h"

#define BUFFER_BYTES 65536

/* Answers each whole message by a byte, as many as came at once by one write.
 */
static void
answer(int fd, size_t bytes)
{
	static char data[BUFFER_BYTES], answers[BUFFER_BYTES];
	size_t part = 0;
	ssize_t got;

	while ((got = recv(fd, data, sizeof(data), 0)) > 0) {
		part += (size_t)got;
		wire_send_all(fd, answers, part / bytes);
		part %= bytes;
	}
}

static void
talk(int fd, size_t count, size_t bytes, size_t window)
{
	static char data[BUFFER_BYTES], answers[BUFFER_BYTES];
	size_t sent = 0, heard = 0;
	double start = wire_now();

	while (heard < count) {
		size_t most = heard + window < count ? heard + window : count;
		size_t more = (most - sent) * bytes < sizeof(data)
				      ? most - sent
				      : sizeof(data) / bytes;
		ssize_t got;

		wire_send_all(fd, data, more * bytes);
		sent += more;
		got = recv(fd, answers, sizeof(answers),
			sent < most ? MSG_DONTWAIT : 0);
		heard += got > 0 ? (size_t)got : 0;
	}
	printf("result %.6f\n", wire_now() - start);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd, one = 1;

	if (argc != 4) {
		fprintf(stderr, "usage: bare_link COUNT BYTES WINDOW\n");
		return 2;
	}
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		listen(listener, 1) < 0 ||
		getsockname(listener, (struct sockaddr *)&at, &size) < 0)
		wire_die("cannot listen");
	if (fork() == 0) {
		fd = accept(listener, NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		answer(fd, strtoul(argv[2], NULL, 10));
		_exit(0);
	}
	fd = wire_connect(ntohs(at.sin_port));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	talk(fd, strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10),
		strtoul(argv[3], NULL, 10));
	return 0;
}
