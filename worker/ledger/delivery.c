#include <stdatomic.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/journal.h"
#include "shared/scoreboard.h"
#include "worker/ledger/ledger.h"
#include "worker/worker.h"

void
delivery_init(struct delivery *delivery, const struct ledger *ledger)
{
	*delivery = (struct delivery){
		.position = atomic_load(&ledger->row->delivered),
		.delayed =
			base_alloc_zeroed(ledger->gateways, sizeof(uint64_t)),
	};
}

void
delivery_fini(struct delivery *delivery)
{
	free(delivery->delayed);
}

/* Is all in the rings that stood outside them when the mark was set? */
static bool
is_reached(const struct ledger *ledger)
{
	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		if (worker_delayed(ledger->worker, slot) -
				worker_overflow_of(ledger->worker, slot) <
			ledger->delivery.delayed[i])
			return false;
	}
	return true;
}

static void
set_mark(struct ledger *ledger)
{
	struct delivery *delivery = &ledger->delivery;

	delivery->position = journal_end(ledger->journal);
	for (unsigned i = 0; i < ledger->gateways; i++)
		delivery->delayed[i] = worker_delayed(
			ledger->worker, ledger->first_gateway + i);
}

static void
publish(const struct ledger *ledger)
{
	atomic_store_explicit(&ledger->row->delivered,
		ledger->delivery.position, memory_order_release);
}

void
delivery_note(struct ledger *ledger)
{
	if (!is_reached(ledger))
		return;
	publish(ledger);
	set_mark(ledger);
	if (is_reached(ledger))
		publish(ledger);
}
