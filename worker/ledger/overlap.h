/*
 * Recovery of who comes from another host: what he has seen there stood in
 * another order, so he gets whatever may have come to him too late, and some of
 * it twice.
 */
#ifndef WORKER_LEDGER_OVERLAP_H
#define WORKER_LEDGER_OVERLAP_H

#include <stdbool.h>
#include <stdint.h>

struct links;

/* The clock of this host from which on a client needs everything whose last
 * message was that of id_time, in a stream of that epoch. false: it cannot be
 * told, since no host of ours has that epoch, or it says what cannot be. */
bool overlap_begin(const struct links *links, uint64_t epoch, uint64_t id_time,
	uint64_t unix_ms, uint64_t *clock);

#endif
