/*
 * All lanes of this process: one epoll set of their own, nested in the loop as
 * one event, one wheel for their timers, one buffer to read into, and the list
 * of those with something to settle at the end of a turn.
 */
#ifndef WORKER_GATEWAY_LANES_H
#define WORKER_GATEWAY_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/gateway/lane.h"

struct config;
struct event_base;
struct row;

/* NULL when the system has no epoll set for it (logged). */
struct lanes *lanes_new(struct event_base *base, const struct config *config,
	struct row *row, const struct lane_hooks *hooks);

/* Drops all that are left. */
void lanes_free(struct lanes **lanes);

/* At the end of each turn: writes what waits, ends what is to end. */
void lanes_settle(struct lanes *lanes);

/* While the lanes rest they are not looked at; what comes waits in the sockets.
 */
void lanes_rest(struct lanes *lanes, bool is_on);

/* The process stops: all are told so, and end when they have answered. */
void lanes_close_all(struct lanes *lanes);

/* The configuration has other times. */
void lanes_renew(struct lanes *lanes);

/* About every 100 ms: the timers. */
void lanes_tick(struct lanes *lanes, uint64_t now_ms);

#endif
