/*
 * One record of another host: what becomes of it here. For turn_haul.c alone.
 */
#ifndef WORKER_LEDGER_TURN_HAUL_ITEM_H
#define WORKER_LEDGER_TURN_HAUL_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct host_source;
struct ledger;

/* One that was taken; where it lies in turn.packed, as a letter. */
struct hauled {
	size_t packed;
	uint64_t id_time, id_origin;
};

/* Judges the packed message, which lies before source->ahead, and stages it.
 * What makes no sense is counted and passed over. false: it was taken, but
 * leaves nothing in the batch. */
bool turn_haul_item(struct ledger *ledger, const struct host_source *source,
	struct text packed);

/* The batch is in the journal. */
void turn_haul_item_done(struct ledger *ledger, const struct hauled *hauled);

#endif
