/*
 * What is gathered for one profile's members of one room until the end of the
 * turn: frames one behind the other, and for whom some of them are others, or
 * none. For fanout.c.
 */
#ifndef WORKER_GATEWAY_GATHERING_H
#define WORKER_GATEWAY_GATHERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/profiles.h"
#include "worker/gateway/outbox.h"

struct gateway;
struct room;
struct seat;

/* One frame of what is gathered. */
struct piece {
	uint32_t end; /* its last byte + 1 in the bundle */
	bool is_event;
	bool is_message;
	uint8_t user_length;
	uint32_t user_at;      /* in keyed; who gets another frame, or none */
	uint32_t keyed_at;     /* in keyed; that frame */
	uint32_t keyed_length; /* 0: none */
	uint64_t skip; /* the connection that does not get it; 0: none */
};

/* What one profile's members of one room get at the end of the turn. */
struct gathering {
	struct gathering *next; /* of another profile */
	struct bundle *bundle;
	struct bundle *quiet; /* without events; NULL until one needs it */
	struct push push, quiet_push; /* of these, while they are sent */
	struct buffer keyed;
	struct piece *pieces;
	size_t count, capacity;
	size_t quiet_count; /* frames in quiet */
	uint8_t profile;    /* enum profile_number */
	bool has_events;
};

/* The room's one, begun if there is none. */
struct gathering *gathering_of(struct gateway *gateway, struct room *room,
	enum profile_number profile);
void gathering_free(struct gathering **gathering);

/* The payload becomes the next frame. */
struct piece *gathering_add(struct room *room, struct gathering *gathering,
	const struct buffer *payload);

/* Of the piece added last: who said it gets this instead, or, where it is
 * empty, nothing. */
void gathering_add_own(struct gathering *gathering, struct text user,
	const struct buffer *payload);

/* How it goes to those who get all of it; before gathering_send(). */
void gathering_close(struct gathering *gathering, const struct room *room,
	enum slow_policy policy);

/* Returns how many frames the member got. */
size_t gathering_send(struct gathering *gathering, struct seat *seat);

#endif
