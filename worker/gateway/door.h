/*
 * The door: accepts TCP connections, reads the HTTP head, has libwebsockets do
 * the opening handshake of RFC 6455, and hands the socket over. After that
 * libwebsockets knows nothing of the connection. Everything that is not a
 * good upgrade gets one HTTP answer and is closed; nothing here waits for ever.
 *
 * The only file that includes libwebsockets.
 */
#ifndef WORKER_GATEWAY_DOOR_H
#define WORKER_GATEWAY_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "shared/text.h"

struct door;
struct event_base;

/* Who came in. All but fd is borrowed until the callback returns. */
struct visitor {
	int fd; /* non-blocking, TCP_NODELAY; now the receiver's */
	struct sockaddr_storage peer;
	unsigned listener;  /* index into config->listeners */
	struct text path;   /* "/chat" */
	struct text query;  /* what stood behind '?', undecoded */
	struct text early;  /* bytes that came right behind the head */
};

/* What the door answers to a head; see door_hooks.may_enter. */
enum door_verdict {
	DOOR_WELCOME,
	DOOR_NO_SUCH_PATH, /* 404 */
	DOOR_BAD_ORIGIN,   /* 403 */
	DOOR_HOUSE_FULL,   /* 503 */
};

struct door_hooks {
	enum door_verdict (*may_enter)(void *self, unsigned listener,
		struct text path, struct text origin);
	void (*on_enter)(void *self, const struct visitor *visitor);
	void (*on_refuse)(void *self, int status); /* for the counters */
	void (*on_accept)(void *self);
};

struct door_listener {
	int fd; /* listening, borrowed */
	unsigned listener;
};

struct door_limits {
	size_t head_bytes;        /* a longer head is answered 431 */
	unsigned head_seconds;    /* a slower one is answered 408 */
	unsigned waiting_max;     /* descriptors libwebsockets may hold: K */
	unsigned connections_max; /* what the process can hold altogether */
};

/* Makes the libwebsockets context with K descriptors, then raises the soft limit
 * of descriptors to the hard one. NULL when it cannot (logged). The listeners
 * are watched from door_open() on. */
struct door *door_new(struct event_base *base, const struct door_limits *limits,
	const struct door_hooks *hooks, void *self);
int door_open(struct door *door, const struct door_listener *listeners,
	size_t count);

/* Accepts no more; those at the door may finish. */
void door_shut(struct door *door);

/* Does anybody still stand at the door? */
bool door_is_empty(const struct door *door);
void door_free(struct door **door);

#endif
