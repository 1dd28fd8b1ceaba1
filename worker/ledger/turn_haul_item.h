/*
 * One record of another host: what becomes of it here. For turn_haul*.c alone.
 */
#ifndef WORKER_LEDGER_TURN_HAUL_ITEM_H
#define WORKER_LEDGER_TURN_HAUL_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct host_source;
struct ledger;
struct message;
struct turn;

/* One that was taken; where it lies in turn.packed, as a letter. */
struct hauled {
	size_t packed;
	uint64_t id_time, id_origin;
};

/* Judges the packed message, which lies before source->ahead, and stages it.
 * What makes no sense is counted and passed over. false: it was taken, but
 * leaves nothing in the batch. */
bool turn_haul_item(
	struct ledger *ledger, struct host_source *source, struct text packed);

/* The batch is in the journal. */
void turn_haul_item_done(struct ledger *ledger, const struct hauled *hauled);

/* A note of another host, and no message; false: it makes no sense. */
bool turn_haul_note(struct ledger *ledger, const struct host_source *source,
	const struct message *message);
void turn_haul_note_done(struct ledger *ledger, const struct message *message);

/* One that was staged, at this place of turn.packed. */
void turn_haul_add(
	struct turn *turn, size_t packed, const struct message *message);

/* It came from the source, behind its point; nobody here has asked for it. */
void turn_haul_stamp(struct ledger *ledger, const struct host_source *source,
	struct message *message);

#endif
