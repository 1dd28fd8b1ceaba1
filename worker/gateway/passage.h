/*
 * Passages: what came to a WebSocket listener and is plain HTTP, where a
 * profile has that on the same port, is carried to an api process and back,
 * byte by byte. Which requests there are, how they end and what they mean is
 * the api's business; a passage knows only two sockets and what waits between
 * them.
 */
#ifndef WORKER_GATEWAY_PASSAGE_H
#define WORKER_GATEWAY_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct passage;
struct visitor;

struct passages {
	struct event_base *base;
	struct passage *all;
	size_t count;
	struct event *tick;
	bool is_ending;

	/* The owner's, before the first is opened. */
	size_t count_max;
	int descriptor_min; /* lower ones are the door's */
	void (*on_end)(
		void *self, const uint8_t address[16]); /* of a counted */
	void *self;
};

void passages_init(struct passages *passages, struct event_base *base);
void passages_fini(struct passages *passages);

/* From now on one ends as soon as it is between two requests. */
void passages_end(struct passages *passages);

/* Takes the visitor's socket and TLS, and what he sent so far. path: of the
 * api's unix socket. is_counted: its end is to be told, with the address of who
 * is connected. False: that cannot be reached, or there are too many; all stays
 * the caller's. */
bool passages_open(struct passages *passages, const struct visitor *visitor,
	const char *path, bool is_counted);

#endif
