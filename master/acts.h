/*
 * What an operator may have the server do, by a signal or by a word on the
 * status socket. self is the supervisor.
 */
#ifndef MASTER_ACTS_H
#define MASTER_ACTS_H

#include <stdbool.h>

/* A second call ends all processes at once; one during a drain cuts that short.
 */
void acts_stop(void *self);
void acts_drain(void *self);

/* A drain over so many seconds instead of drain_seconds. false: not now, the
 * log says why. */
bool acts_drain_over(void *self, unsigned seconds);

/* Reads the configuration again. false: it stays as it was, the log says why.
 */
bool acts_reload(void *self);

/* Has the program file take over; false: not now, the log says why. */
bool acts_upgrade(void *self);

/* Gateways: so many more (or fewer); or so many. false: the log says why. */
bool acts_fleet(void *self, int change);
bool acts_set_gateways(void *self, unsigned count);

/* All gateways drain; those of the other two acts, or a reload, start some. */
void acts_rest(void *self);

/* Opens the log files again, here and in all children. */
void acts_reopen(void *self);

#endif
