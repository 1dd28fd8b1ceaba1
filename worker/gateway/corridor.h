/*
 * The corridor of passages behind the door: who may go through it to an api,
 * how many may, and that they count as connections of their address.
 */
#ifndef WORKER_GATEWAY_CORRIDOR_H
#define WORKER_GATEWAY_CORRIDOR_H

#include <stdbool.h>

#include "worker/gateway/passage.h"

struct gateway;

struct corridor {
	struct gateway *gateway;
	struct passages passages;
};

/* descriptor_min: numbers below it are the door's. */
void corridor_init(struct corridor *corridor, struct gateway *gateway,
	struct event_base *base, unsigned descriptor_min);
void corridor_fini(struct corridor *corridor);

/* Has a profile of the listener plain HTTP? */
bool corridor_leads_from(const struct corridor *corridor, unsigned listener);

/* As door_hooks.on_pass. */
int corridor_take(struct corridor *corridor, const struct visitor *visitor);

bool corridor_is_empty(const struct corridor *corridor);

#endif
