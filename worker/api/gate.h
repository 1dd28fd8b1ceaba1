/*
 * The gate of a connection: reads requests off the wire, whole and within
 * limits of size and time, before evhttp sees them. evhttp gets heads only, one
 * at a time, and never a byte of what was refused: in its place it gets an
 * empty request, so that a refusal is answered in its turn like any other.
 *
 * A client that is refused often still sends. Closing at once would make the
 * kernel throw away the answer, so the connection lingers: what comes is
 * dropped, for a short time, until the client has closed it.
 */
#ifndef WORKER_API_GATE_H
#define WORKER_API_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"
#include "worker/api/intake.h"

struct bufferevent;
struct event_base;
struct gate;
struct manners;
struct porch;
struct row;

struct gates {
	struct intake_limits limits;
	uint64_t head_ms, whole_ms; /* from its first byte */
	uint64_t linger_ms;
	struct row *row; /* of this process, for the counters; or NULL */
	const struct manners *manners; /* of the listener; NULL: none */
	struct porch *porch; /* of the process; NULL: nobody is counted */
	uint64_t held_bytes, held_max; /* by all gates */
	uint64_t look_again_ns;        /* for connections that are gone */
	struct gate *all;
	struct gate *by_bufferevent;
};

/* Wraps a connection's bufferevent, which evhttp may then be given. Where the
 * line of a proxy comes first, it is passed over. */
void gate_open(struct gates *gates, struct bufferevent *bufferevent);

/* Has shown a key, so that he is none of the many who might be anybody. */
void gate_welcome(struct gate *gate);

/* Who was named by such a line; false: nobody. */
bool gate_client(const struct gate *gate, uint8_t address[16], uint16_t *port);

/* NULL: it has none. */
struct gate *gate_find(struct gates *gates, struct bufferevent *bufferevent);

/* The request that evhttp was given last: its body, or why it was refused. */
struct text gate_body(const struct gate *gate);
const struct intake *gate_refused(const struct gate *gate);

/* The reply to it has been sent: the next one may come. */
void gate_go_on(struct gate *gate);

/* The reply to a refused one has been handed to evhttp. */
void gate_linger(struct gate *gate);

/* Refuses requests that take too long; frees the gates of connections that are
 * gone. Often. */
void gates_sweep(struct gates *gates, uint64_t now_ms);

/* When evhttp has freed all connections. */
void gates_fini(struct gates *gates);

#endif
