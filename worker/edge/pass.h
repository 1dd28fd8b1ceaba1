/*
 * Passing on: a message that nobody remembers goes from this edge to all
 * gateways that have connections which are to get it, past ledger and journal,
 * and to the relay, which stands for those of other hosts. It has an id, but
 * neither epoch nor offset, and no order but that of its sender.
 *
 * Each of these gives the message its id, sends it, and returns how many
 * connections it goes to. Those here get it with the end of the turn.
 */
#ifndef WORKER_EDGE_PASS_H
#define WORKER_EDGE_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct edge;
struct message;

/* Does the rate of its room allow this message now? False: not before retry_ms.
 * For one that another edge has passed on, the answer comes too late. */
bool pass_may(struct edge *edge, const struct message *message, uint64_t now_ms,
	uint64_t *retry_ms);

/* All members; the connection that says it is counted if it is one. */
uint64_t pass_to_room(struct edge *edge, struct message *message);

/* Of the others and of the sender. The connection that says it is counted if it
 * wants an echo; so it is below. */
uint64_t pass_to_users(struct edge *edge, struct message *message);

/* ids: of clients, ascending. Returns how many of them there are; *reached is
 * how many it goes to. */
size_t pass_to_clients(struct edge *edge, struct message *message,
	const struct text *ids, size_t count, uint64_t *reached);

/* All who are logged in. */
uint64_t pass_to_all(struct edge *edge, struct message *message);

/* One that another host has passed on, with its id, to a room, users or all:
 * goes to the gateways of this host alone. */
void pass_here(struct edge *edge, const struct message *message);

#endif
