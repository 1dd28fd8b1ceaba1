/*
 * The last place of a room or of an inbox that a client has seen, as it says.
 */
#ifndef WORKER_GATEWAY_SEEN_PLACE_H
#define WORKER_GATEWAY_SEEN_PLACE_H

#include <stdint.h>

/* epoch: which may be that of another host's stream; 0: of none. id_time: of
 * the id there, by which other hosts know it, and its origin; 0: it was not
 * said. */
struct seen_place {
	uint64_t epoch;
	uint64_t offset;
	uint64_t id_time, id_origin;
};

#endif
