/*
 * How many gateways serve, while the server runs. One that leaves hands its
 * sockets on first, then drains; one that comes takes over or opens its own. So
 * no connection that waits to be accepted is lost.
 */
#ifndef MASTER_FLEET_H
#define MASTER_FLEET_H

#include <stdbool.h>

struct supervisor;

unsigned fleet_count(const struct supervisor *supervisor);

/* As many as that, but at least one. -1: not all of it can be done (logged). */
int fleet_set(struct supervisor *supervisor, unsigned count);

/* None serves until fleet_set() is called: all drain, and who connects
 * meanwhile waits in the queues of the sockets, which stay open here. */
void fleet_rest(struct supervisor *supervisor);

/* An upgrade: as many new gateways are started as there are old ones, with
 * sockets of their own; when all serve, the old ones hand theirs on and drain,
 * or else the new ones are taken back. */
void fleet_start_new(struct supervisor *supervisor);
bool fleet_new_serve(const struct supervisor *supervisor);
void fleet_change_over(struct supervisor *supervisor);
void fleet_give_up_new(struct supervisor *supervisor);

#endif
