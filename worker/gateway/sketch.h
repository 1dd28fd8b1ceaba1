/*
 * A sketch: which rooms most is pushed to, of any number of rooms in a bounded
 * place (Space-Saving: a new room takes the place of the one that got least,
 * and inherits how much that was, so a busy room always comes in and stays).
 * The counts of a room are what came since it got its place.
 */
#ifndef WORKER_GATEWAY_SKETCH_H
#define WORKER_GATEWAY_SKETCH_H

#include <stdint.h>

#include "shared/traffic.h"

struct sketch {
	uint32_t count;
	uint64_t numbers[TRAFFIC_ROOMS]; /* of rooms */
	uint64_t weights[TRAFFIC_ROOMS]; /* bytes, its own and inherited */
	struct traffic_room rooms[TRAFFIC_ROOMS];
};

/* Something was pushed to a room; number is that room's alone. */
void sketch_add(struct sketch *sketch, uint64_t number, struct text tenant,
	struct text room, const struct traffic_room *pushed);

/* All of it, into a report; the sketch is empty then. */
void sketch_take(struct sketch *sketch, struct traffic_report *report);

#endif
