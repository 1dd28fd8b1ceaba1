/*
 * What the door and its owner say to each other: who came, who may come in, and
 * within which limits.
 */
#ifndef WORKER_GATEWAY_VISITOR_H
#define WORKER_GATEWAY_VISITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/text.h"

struct manners;
struct tls;

/* Who came in. All but fd is borrowed until the callback returns. */
struct visitor {
	int fd; /* >= K, non-blocking, TCP_NODELAY; now the receiver's */
	struct tls *tls; /* NULL: none is spoken; now the receiver's too */
	struct sockaddr_storage peer;
	struct sockaddr_storage speaker; /* whom it came from: he, or a proxy
					  * whose head names him */
	unsigned listener;               /* index into config->listeners */
	struct text path;                /* "/chat" */
	struct text query;               /* what stood behind '?', undecoded */
	struct text early; /* bytes that came right behind the head */
};

/* What the door answers to a head; see door_hooks.may_enter. */
enum door_verdict {
	DOOR_WELCOME,
	DOOR_NO_SUCH_PATH, /* 404 */
	DOOR_BAD_ORIGIN,   /* 403 */
	DOOR_HOUSE_FULL,   /* 503 */
};

/* What is counted before there is a head. */
enum door_event {
	DOOR_TLS_SHAKEN,
	DOOR_TLS_RESUMED, /* one of them, by a ticket */
	DOOR_TLS_FAILED,
	DOOR_PROXY_FAILED, /* a bad line, or not one's to say */
	DOOR_CROWDED,      /* too many of one address */
	DOOR_EVENT_COUNT
};

struct door_hooks {
	/* How one speaks at a listener; NULL: as plainly as can be. Borrowed
	 * until the next turn of the loop. */
	const struct manners *(*manners)(void *self, unsigned listener);

	enum door_verdict (*may_enter)(void *self, unsigned listener,
		struct text path, struct text origin);

	/* What asks for no WebSocket has another way here: on_pass() takes it
	 * as on_enter() would, with all that was read as early; not 0: the
	 * status to refuse him with, and all stays the door's. NULL: nothing
	 * has. */
	bool (*may_pass)(void *self, unsigned listener);
	int (*on_pass)(void *self, const struct visitor *visitor);

	/* Behind a good handshake, the last question; not 0: the status to
	 * refuse him with. Who may is entered, or dismissed, before anybody
	 * else is asked about. NULL: everybody may. */
	int (*admit)(void *self, const struct sockaddr_storage *peer);
	void (*dismiss)(void *self, const struct sockaddr_storage *peer);
	void (*on_enter)(void *self, const struct visitor *visitor);
	void (*on_refuse)(void *self, int status); /* for the counters */
	void (*on_accept)(void *self);
	void (*on_event)(void *self, enum door_event what);

	/* How many of one address may stand at the door; 0: any number. NULL:
	 * the same. */
	uint64_t (*crowd_max)(void *self);
};

struct door_limits {
	size_t head_bytes;        /* a longer head is answered 431 */
	unsigned head_seconds;    /* a slower one is answered 408 */
	unsigned waiting_max;     /* K: numbers below it are never clients */
	unsigned connections_max; /* what the process can hold altogether */
};

#endif
