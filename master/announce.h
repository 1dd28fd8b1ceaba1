/*
 * How the server fares, for the service manager (notify.h).
 */
#ifndef MASTER_ANNOUNCE_H
#define MASTER_ANNOUNCE_H

#include <stdint.h>

struct supervisor;

/* At each tick. */
void announce_tick(struct supervisor *supervisor);

/* All serve for the first time. */
void announce_serving(void);

/* A reload begins; announce_tick() says when all children have taken it up. */
void announce_reload(struct supervisor *supervisor);

/* A stop or a drain begins, and will be over by then. */
void announce_ending(const struct supervisor *supervisor, uint64_t within_ms);

#endif
