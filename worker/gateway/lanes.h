/*
 * All lanes of this process: one epoll set of their own, nested in the loop as
 * one event, one wheel for their timers, one buffer to read into, and the list
 * of those with something to settle at the end of a turn.
 */
#ifndef WORKER_GATEWAY_LANES_H
#define WORKER_GATEWAY_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "worker/gateway/lane.h"

struct config;
struct event_base;
struct row;

/* What the owner of a lane hears. */
struct lane_hooks {
	/* A text message; borrowed. */
	void (*on_text)(struct lane *lane, struct text text);

	/* No more texts come and nothing more is sent. Once. */
	void (*on_end)(struct lane *lane);

	/* The socket is gone and nobody refers to the lane: free it. */
	void (*on_dead)(struct lane *lane);

	/* The close code for a reason. */
	uint16_t (*close_code)(const struct lane *lane, enum close_why why);
};

/* Open to lane.c; others use the functions. */
struct lanes {
	const struct config *config;
	const struct lane_hooks *hooks;
	struct row *row; /* of this process, for the counters */
	struct wheel *wheel;
	struct event *event;
	int epoll;
	size_t count; /* that have a socket */
	struct lane *all;
	struct lane *dirty;
	struct lane **dirty_end;
	uint64_t now_ms;
	struct buffer scratch; /* control frames and replies are built here */
	uint8_t *input;
};

/* The most bytes that one lane may read in one turn. */
#define LANE_READ_BYTES 16384

/* NULL when the system has no epoll set for it (logged). */
struct lanes *lanes_new(struct event_base *base, const struct config *config,
	struct row *row, const struct lane_hooks *hooks);

/* Drops all that are left. */
void lanes_free(struct lanes **lanes);

/* At the end of each turn: writes what waits, ends what is to end. */
void lanes_settle(struct lanes *lanes);

/* About every 100 ms: the timers. */
void lanes_tick(struct lanes *lanes, uint64_t now_ms);

/* A lane has something to settle. */
void lanes_note(struct lanes *lanes, struct lane *lane);

#endif
