#include "shared/config.h"
#include "shared/journal.h"
#include "shared/letter.h"
#include "shared/scoreboard.h"
#include "worker/ledger/accords.h"
#include "worker/ledger/answers_inside.h"

/* The batch of this turn is in the journal, or taken back. What another host
 * has said came through our relay as it was. */
void
answers_extents(struct ledger *ledger, const struct letter *letter)
{
	const struct accord_now now = {
		.own = {
			.host = (uint64_t)ledger->config->host_id,
			.ledger = ledger->number,
			.epoch = ledger->epoch,
			.position = journal_end(ledger->journal),
		},
		.hosts = &ledger->hosts,
		.clock = ledger->id_time,
	};
	struct unpack in = letter_open(letter);
	struct extents told;

	if (!extents_unpack(&in, &told))
		answers_bad_letter(ledger, letter);
	else if (!accords_take(&ledger->accords, &told, &now))
		row_count(ledger->row, COUNTER_HAULED_BAD, 1);
}
