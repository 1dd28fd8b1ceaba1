#include "tests/bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void
wire_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", errno ? strerror(errno) : "unexpected");
	exit(1);
}

double
wire_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
wire_want_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
wire_connect(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const char *address = getenv("ADDRESS");
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int yes = 1;

	if (address && inet_pton(AF_INET, address, &to.sin_addr) != 1)
		wire_die("ADDRESS is %s", address);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		wire_die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

void
wire_send_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent < 0)
			wire_die("send");
		at += sent;
		length -= (size_t)sent;
	}
}

/* The mask is zero, so the payload stays as it is. */
size_t
wire_make_text(uint8_t *out, const char *text, size_t length)
{
	size_t at = 2;

	out[0] = 0x81;
	if (length < 126) {
		out[1] = (uint8_t)(0x80 | length);
	} else {
		if (length > 65535)
			wire_die("a message of %zu bytes", length);
		out[1] = 0x80 | 126;
		out[at++] = (uint8_t)(length >> 8);
		out[at++] = (uint8_t)length;
	}
	memset(out + at, 0, 4);
	at += 4;
	memcpy(out + at, text, length);
	return at + length;
}

size_t
wire_make_say(uint8_t *out, size_t room_for, unsigned seq, const char *room,
	size_t body_bytes)
{
	char text[4096];
	int length = snprintf(text, sizeof(text),
		"{\"seq\":%u,\"cmd\":\"say\",\"data\":{\"room\":\"%s\","
		"\"body\":\"%0*d\"}}",
		seq, room, (int)body_bytes, 0);

	if (length < 0 || (size_t)length >= sizeof(text) ||
		(size_t)length + 14 > room_for)
		wire_die("a body of %zu bytes", body_bytes);
	return wire_make_text(out, text, (size_t)length);
}

/* Reads until the text stands in what came; nothing may come behind it. */
static void
expect(int fd, const char *wanted)
{
	char got[4096];
	size_t length = 0;

	for (;;) {
		ssize_t more =
			recv(fd, got + length, sizeof(got) - 1 - length, 0);

		if (more <= 0)
			wire_die("waiting for %s", wanted);
		length += (size_t)more;
		got[length] = 0;
		/* A frame's head may hold zeros; its text does not. */
		if (memmem(got, length, wanted, strlen(wanted)))
			return;
	}
}

static void
ask(int fd, const char *text)
{
	uint8_t out[1024];

	wire_send_all(fd, out, wire_make_text(out, text, strlen(text)));
	expect(fd, "\"code\":200");
}

struct peer
wire_enter(int port, const char *user, const char *room)
{
	struct peer peer = { .fd = wire_connect(port) };
	static const char head[] =
		"GET /chat HTTP/1.1\r\nHost: localhost\r\n"
		"Upgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\n\r\n";
	char text[512];

	wire_send_all(peer.fd, head, sizeof(head) - 1);
	expect(peer.fd, "\r\n\r\n");
	snprintf(text, sizeof(text),
		"{\"seq\":1,\"cmd\":\"login\",\"data\":{\"user\":\"%s\"}}",
		user);
	ask(peer.fd, text);
	if (room) {
		snprintf(text, sizeof(text),
			"{\"seq\":2,\"cmd\":\"join\",\"data\":{\"room\":"
			"\"%s\",\"events\":false}}",
			room);
		ask(peer.fd, text);
	}
	return peer;
}

/* Length of a head whose first two bytes are there. */
static size_t
head_size(const uint8_t *head)
{
	return head[1] == 127 ? 10 : head[1] == 126 ? 4 : 2;
}

static uint64_t
payload_size(const uint8_t *head)
{
	uint64_t size = 0;

	if (head[1] < 126)
		return head[1];
	for (size_t i = 2; i < head_size(head); i++)
		size = size << 8 | head[i];
	return size;
}

size_t
wire_count_frames(struct peer *peer, const uint8_t *data, size_t length)
{
	size_t count = 0;

	while (length > 0 || (peer->in_payload && peer->left == 0)) {
		if (peer->in_payload) {
			size_t taken =
				length < peer->left ? length : peer->left;

			data += taken;
			length -= taken;
			peer->left -= taken;
			if (peer->left > 0)
				break;
			peer->in_payload = 0;
			peer->head_length = 0;
			count++;
			continue;
		}
		peer->head[peer->head_length++] = *data++;
		length--;
		if (peer->head_length == 1 && peer->head[0] != 0x81)
			wire_die(
				"a frame that begins with %02x", peer->head[0]);
		if (peer->head_length >= 2 &&
			peer->head_length == head_size(peer->head)) {
			peer->left = payload_size(peer->head);
			peer->in_payload = 1;
		}
	}
	return count;
}
