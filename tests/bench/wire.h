/*
 * What the programs of the benchmark share: connections to confab that log in
 * and join, frames out, and counting the frames that come in. They trust the
 * server and end the program when anything is not as it should be.
 */
#ifndef TESTS_BENCH_WIRE_H
#define TESTS_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* One connection and where it stands in the server's frames; zeroed but fd. */
struct peer {
	int fd;
	uint64_t left;       /* payload bytes of this frame still to come */
	uint8_t head[10];    /* of the frame that is coming */
	uint8_t head_length; /* bytes of it so far */
	uint8_t in_payload;
};

_Noreturn void wire_die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Seconds since some start. */
double wire_now(void);

/* Soft limit of descriptors up to the hard one. */
void wire_want_descriptors(void);

/* To 127.0.0.1, or what ADDRESS says. */
int wire_connect(int port);

/* Connects, shakes hands, logs in as user; joins room unless it is NULL. */
struct peer wire_enter(int port, const char *user, const char *room);

/* Writes a masked text frame; out has room for length + 14. */
size_t wire_make_text(uint8_t *out, const char *text, size_t length);

/* Formats a say; returns the length of the frame. */
size_t wire_make_say(uint8_t *out, size_t room_for, unsigned seq,
	const char *room, size_t body_bytes);

void wire_send_all(int fd, const void *data, size_t length);

/* How many frames end in these bytes. */
size_t wire_count_frames(struct peer *peer, const uint8_t *data, size_t length);

#endif
