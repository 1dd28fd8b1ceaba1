#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/index.h"
#include "shared/journal.h"
#include "shared/ring.h"
#include "shared/scoreboard.h"
#include "worker/ledger/ledger.h"
#include "worker/ledger/places.h"
#include "worker/worker.h"

static struct ring *
ring_to(const struct ledger *ledger, unsigned slot)
{
	return arena_ring(ledger->arena, worker_slot(ledger->worker), slot);
}

void
delivery_init(struct ledger *ledger)
{
	ledger->deliveries =
		base_alloc_zeroed(ledger->edges, sizeof(struct delivery));
	for (unsigned i = 0; i < ledger->edges; i++)
		ledger->deliveries[i].position =
			ring_noted(ring_to(ledger, ledger->first_gateway + i));
}

bool
delivery_is_due(const struct ledger *ledger, unsigned slot, uint64_t end)
{
	unsigned i = slot - ledger->first_gateway;

	return i >= ledger->edges || end > ledger->deliveries[i].position;
}

bool
delivery_concerns(const struct ledger *ledger, unsigned slot,
	const struct message *message)
{
	struct places places = places_of(message);
	struct place place;

	if (message->kind == STREAM_ROOM)
		return index_has_room(
			ledger->arena, slot, message->tenant, message->stream);
	while (places_next(&places, &place))
		if (index_has_user(
			    ledger->arena, slot, message->tenant, place.user))
			return true;
	return false;
}

/* Is all in the ring that stood outside it when the mark was set? */
static bool
is_reached(const struct ledger *ledger, unsigned slot,
	const struct delivery *delivery)
{
	return worker_delayed(ledger->worker, slot) -
		       worker_overflow_of(ledger->worker, slot) >=
	       delivery->delayed;
}

static void
note_for(struct ledger *ledger, unsigned slot, struct delivery *delivery)
{
	struct ring *ring = ring_to(ledger, slot);

	if (!is_reached(ledger, slot, delivery))
		return;
	ring_note(ring, delivery->position);
	delivery->position = journal_end(ledger->journal);
	delivery->delayed = worker_delayed(ledger->worker, slot);
	if (is_reached(ledger, slot, delivery))
		ring_note(ring, delivery->position);
}

static bool
has_process(const struct ledger *ledger, unsigned slot)
{
	return worker_is_current(ledger->worker, slot,
		atomic_load(&arena_row(ledger->arena, slot)->life));
}

void
delivery_note(struct ledger *ledger)
{
	uint64_t least = journal_end(ledger->journal);

	for (unsigned i = 0; i < ledger->edges; i++) {
		unsigned slot = ledger->first_gateway + i;

		note_for(ledger, slot, &ledger->deliveries[i]);
		if (has_process(ledger, slot))
			least = MIN_OF(
				least, ring_noted(ring_to(ledger, slot)));
	}
	atomic_store_explicit(
		&ledger->row->delivered, least, memory_order_release);
}
