/*
 * The hall behind the door: who is being attended to, and what all of them
 * share. For door.c, door_visit.c and door_input.c.
 */
#ifndef WORKER_GATEWAY_DOOR_HALL_H
#define WORKER_GATEWAY_DOOR_HALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/buffer.h"
#include "shared/tls.h"
#include "worker/edge/shakes.h"
#include "worker/gateway/visitor.h"

struct door_lws;
struct event;
struct event_base;
struct hall;

struct visit {
	struct visit *prev, *next;
	struct hall *hall;
	struct event *event;
	int fd;
	unsigned listener;
	bool is_surplus; /* no descriptor was free above K */
	bool is_answered;
	bool wants_proxy; /* the line of a proxy comes first */
	bool wants_tls;
	struct tls *tls;     /* NULL also until the first byte of it */
	struct crowd *crowd; /* that it is counted in; NULL: none */
	size_t scanned;      /* of the head; when answered, bytes drained */
	uint64_t since_ms;
	struct buffer head;
	struct sockaddr_storage peer; /* the client, as far as it is known */
};

/* Where what comes in is put for a moment. */
#define HALL_INPUT_BYTES TLS_READ_BYTES

/* Where the visits are. */
struct hall {
	struct event_base *base;
	struct door_hooks hooks;
	void *self;
	struct door_limits limits;
	struct door_lws *lws;
	struct visit *waiting, *answered; /* the oldest first */
	size_t count;
	struct crowd *crowds;
	void (*on_left)(struct hall *hall); /* a visit ended */
	struct shakes shakes;
	uint8_t input[HALL_INPUT_BYTES];
};

#endif
