/*
 * The door: accepts TCP connections, reads the HTTP head, has libwebsockets do
 * the opening handshake of RFC 6455, and hands the socket over. After that
 * libwebsockets knows nothing of the connection. Everything that is not a
 * good upgrade gets one HTTP answer and is closed; nothing here waits for ever.
 *
 * Only door_lws.c includes libwebsockets.
 */
#ifndef WORKER_GATEWAY_DOOR_H
#define WORKER_GATEWAY_DOOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "worker/gateway/visitor.h"

struct door;
struct event_base;

struct door_listener {
	int fd; /* listening, borrowed */
	unsigned listener;
};

/* Makes the libwebsockets context with K descriptors, then raises the soft
 * limit of descriptors to the hard one. NULL when it cannot (logged). The
 * listeners are watched from door_open() on. */
struct door *door_new(struct event_base *base, const struct door_limits *limits,
	const struct door_hooks *hooks, void *self);
int door_open(
	struct door *door, const struct door_listener *listeners, size_t count);

/* Accepts no more; those at the door may finish. */
void door_shut(struct door *door);

/* Listeners have other numbers: numbers[old] is the new one, or
 * DOOR_NO_LISTENER when it is no more, and who came in by it is answered 503.
 */
#define DOOR_NO_LISTENER UINT_MAX
void door_renumber(struct door *door, const unsigned *numbers, size_t count);

/* Does anybody still stand at the door? */
bool door_is_empty(const struct door *door);
void door_free(struct door **door);

#endif
