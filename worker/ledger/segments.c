/*
 * How long the files of a ledger's journal are kept: until nobody here needs
 * them, for ten minutes, and so much of them as other hosts may still ask for.
 */
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/journal.h"
#include "worker/ledger/checkpoint.h"
#include "worker/ledger/ledger.h"

/* How long segments are kept though nobody of this host needs them any more. */
#define REPLAY_WINDOW_SECONDS 600
#define FORGET_EVERY_MS 10000

/* The historian has all before this in the archive; so has everybody when
 * there is no archive. */
static uint64_t
archived(const struct ledger *ledger)
{
	if (ledger->historian == NO_SLOT)
		return UINT64_MAX;
	return atomic_load_explicit(&arena_row(ledger->arena, ledger->historian)
					     ->archived[ledger->number],
		memory_order_acquire);
}

/* Other hosts may ask for all behind this. */
static uint64_t
kept_for_hosts(const struct ledger *ledger)
{
	uint64_t end = journal_end(ledger->journal);
	uint64_t kept = (uint64_t)ledger->config->relay.repair_bytes;

	return ledger->relay == NO_SLOT ? end : end - MIN_OF(end, kept);
}

void
segments_forget(struct ledger *ledger, uint64_t now_ms)
{
	uint64_t position = MIN_OF(
		archived(ledger), checkpoint_covered(ledger->checkpoints));

	position = MIN_OF(position, events_followed(ledger));
	position = MIN_OF(position, kept_for_hosts(ledger));
	if (now_ms < ledger->forgot_ms + FORGET_EVERY_MS)
		return;
	ledger->forgot_ms = now_ms;
	position = restating_keep(ledger, position);
	journal_forget(ledger->journal, position, REPLAY_WINDOW_SECONDS);
}
