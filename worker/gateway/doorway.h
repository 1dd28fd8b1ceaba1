/*
 * The doorway of the gateway's process: the listeners that it has open, the
 * door and the corridor behind them, and what these ask of the house: who may
 * come in, and how he is to be spoken to.
 */
#ifndef WORKER_GATEWAY_DOORWAY_H
#define WORKER_GATEWAY_DOORWAY_H

#include <stdbool.h>

#include "worker/gateway/corridor.h"
#include "worker/gateway/fronts.h"

struct door;
struct gateway;
struct worker;

struct doorway {
	struct gateway *gateway;
	struct worker *worker;
	struct door *door;
	struct corridor corridor;
	struct fronts fronts;
};

/* Opens the listeners that are this process's. -1: it cannot be (logged); it is
 * to be closed then, too. */
int doorway_open(struct doorway *doorway, struct gateway *gateway,
	struct worker *worker);

/* Also one of zeroes, which was never opened. */
void doorway_close(struct doorway *doorway);

/* Nobody comes any more; passages end when their answers have come. */
void doorway_shut(struct doorway *doorway);

/* The configuration is another one, or the listeners are. Who stands at the
 * door goes on under the new rules. */
void doorway_renew(struct doorway *doorway);

/* Is a passage still open; does anybody still stand at the door? */
bool doorway_has_passages(const struct doorway *doorway);
bool doorway_has_visitors(const struct doorway *doorway);

#endif
