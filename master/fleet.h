/*
 * How many gateways serve, while the server runs. One that leaves hands its
 * sockets on first, then drains; one that comes takes over or opens its own. So
 * no connection that waits to be accepted is lost.
 */
#ifndef MASTER_FLEET_H
#define MASTER_FLEET_H

struct supervisor;

unsigned fleet_count(const struct supervisor *supervisor);

/* As many as that, but at least one. -1: not all of it can be done (logged). */
int fleet_set(struct supervisor *supervisor, unsigned count);

#endif
