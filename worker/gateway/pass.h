/*
 * Passing on: a message that nobody remembers goes from this gateway to all
 * that have connections which are to get it, past ledger and journal. It has an
 * id, but neither epoch nor offset, and no order but that of its sender.
 *
 * Each of these gives the message its id, sends it, and returns how many
 * connections of this host it goes to. Those here get it with the end of the
 * turn.
 */
#ifndef WORKER_GATEWAY_PASS_H
#define WORKER_GATEWAY_PASS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct gateway;
struct message;

/* All members; the connection that says it is counted if it is one. */
uint64_t pass_to_room(struct gateway *gateway, struct message *message);

/* Of the others and of the sender. The connection that says it is counted if it
 * wants an echo; so it is below. */
uint64_t pass_to_users(struct gateway *gateway, struct message *message);

/* ids: of clients, ascending. Returns how many of them there are; *reached is
 * how many it goes to. */
size_t pass_to_clients(struct gateway *gateway, struct message *message,
	const struct text *ids, size_t count, uint64_t *reached);

/* All who are logged in. */
uint64_t pass_to_all(struct gateway *gateway, struct message *message);

#endif
