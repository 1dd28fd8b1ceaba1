/*
 * The listening sockets, all made before the first fork. For each TCP listener
 * every slot of its role has a socket of its own (SO_REUSEPORT), so the kernel
 * spreads connections and a dead process's queue waits for its successor. A
 * unix listener is one socket for all slots of the role, and so is a TCP
 * listener whose socket a service manager has given and nobody may bind beside.
 */
#ifndef MASTER_LISTENERS_H
#define MASTER_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/scoreboard.h"

struct arena_shape;
struct config;
struct heritage_socket;

struct listening {
	struct heritage_socket *sockets;
	size_t count;
	bool is_on[SLOTS_MAX]; /* the slot takes clients, if its role does */
};

/* Opens them all, for the slots that are on; -1 when one cannot be (logged),
 * then none is. wait: sockets of a server that just died may be in the way for
 * a moment. */
int listeners_open(const struct config *config, const struct arena_shape *shape,
	bool wait, struct listening *listening);
void listeners_close(const struct config *config, struct listening *listening);

/* What another configuration listens on: sockets of addresses that stay are in
 * both, others are opened. -1 when one cannot be (logged), then none is. */
int listeners_renew(const struct config *old, const struct listening *open,
	const struct config *config, const struct arena_shape *shape,
	struct listening *renewed);

/* After slots went on or off: every one that is on has a socket for each TCP
 * listener, and every socket belongs to one that is on, so that nobody waits in
 * a queue in vain. Sockets go from hand to hand; where there are too few, one
 * is opened. Where one cannot be (logged), all share those that there are. */
void listeners_spread(const struct config *config,
	const struct arena_shape *shape, struct listening *listening);

/* Closes those that are not in the other, too. */
void listeners_drop(const struct config *old, struct listening *listening,
	const struct listening *kept);

/* A unix stream socket that listens at a path, where a dead one may lie; -1
 * with errno, EADDRINUSE when somebody answers there. */
int listeners_open_unix(const char *path, unsigned mode);

#endif
