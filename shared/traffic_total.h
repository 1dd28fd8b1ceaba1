/*
 * What all gateways report of their traffic, put together: for those who show
 * it.
 */
#ifndef SHARED_TRAFFIC_TOTAL_H
#define SHARED_TRAFFIC_TOTAL_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"
#include "shared/traffic.h"

struct arena;

struct traffic_total {
	struct traffic_room *rooms; /* most bytes first */
	size_t room_count;
	struct traffic_slow {
		unsigned slot;
		struct traffic_client client;
	} * clients; /* those first for whom most waits */
	size_t client_count;
};

/* Of those who live and have reported lately. tenant: only of this one; empty:
 * of all. now_ms: clock_ms(). */
void traffic_collect(struct traffic_total *total, const struct arena *arena,
	struct text tenant, uint64_t now_ms);
void traffic_fini(struct traffic_total *total);

#endif
