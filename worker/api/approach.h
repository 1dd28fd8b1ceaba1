/*
 * The approach to an api: what a connection passes before its first request.
 * Too many of its address may be here already that have shown no key, the line
 * of a proxy may come first, and a TLS handshake has its turn.
 */
#ifndef WORKER_API_APPROACH_H
#define WORKER_API_APPROACH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

#include "worker/edge/shakes.h"

struct buffer;
struct crowd;
struct event_base;
struct manners;

/* What all connections of the process share. */
struct porch {
	struct crowd *crowds;
	uint64_t crowd_max; /* of one address; 0: any number */
	struct shakes shakes;
};

struct approach {
	struct porch *porch;
	struct crowd *crowd; /* that it is counted in; NULL: none */
	bool wants_proxy;    /* the line of a proxy comes first */
	bool has_client;     /* it named him */
	bool is_shaking;     /* hands, by TLS */
	uint16_t port;       /* of the client */
	uint8_t address[16];
	struct timeval turn; /* in which it may shake hands */
};

/* Counts the one at the descriptor, if he has an address and does not speak for
 * others; manners: of the listener; NULL: none. Are there too many then? */
void approach_join(
	struct approach *approach, const struct manners *manners, int fd);
bool approach_is_crowded(const struct approach *approach);

/* He has shown who he is, or has gone. */
void approach_leave(struct approach *approach);

enum approach_step {
	APPROACH_MORE,
	APPROACH_PASSED,
	APPROACH_BAD, /* the line, or it is not his to say */
};

/* Takes the line from the front of the bytes once it is whole; whom it names
 * has joined then. */
enum approach_step approach_take_line(struct approach *approach,
	const struct manners *manners, int fd, struct buffer *bytes);

/* May his handshake go on in this turn of the loop? */
bool approach_may_shake(struct approach *approach, struct event_base *base);

#endif
