/*
 * Recovery of who comes from another host: what he has seen there stood in
 * another order, so he gets whatever may have come to him too late, and some of
 * it twice.
 */
#ifndef WORKER_LEDGER_OVERLAP_H
#define WORKER_LEDGER_OVERLAP_H

#include <stdbool.h>
#include <stdint.h>

struct accords;
struct links;

/* Where a client says that it comes from: the epoch of a stream there, and the
 * id of the last message that it saw. */
struct overlap_place {
	uint64_t epoch;
	uint64_t id_time, id_origin;
};

/* What this host knows of others. */
struct overlap_world {
	const struct accords *accords;
	const struct links *links; /* for their clocks */
	unsigned host;             /* this one */
	uint64_t unix_ms;          /* now */
};

/* The clock of this host from which on the client needs everything. false: it
 * cannot be told, since nothing is known of what a host with that epoch had
 * then, or it says what cannot be. */
bool overlap_begin(const struct overlap_world *world,
	const struct overlap_place *place, uint64_t *clock);

#endif
