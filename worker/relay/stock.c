#include "worker/relay/stock.h"

#include <stdbool.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/relay/point.h"

/* As many as a ledger has. */
#define JOURNALS_MAX 256
#define HOLES_MAX 4

/* What one ledger has of it. */
struct taken {
	uint64_t epoch; /* 0: it has not told */
	struct point at;
	uint64_t holes[HOLES_MAX]; /* epochs of those that are open */
};

struct stock_journal {
	uint64_t host, ledger;
	struct taken taken[LEDGERS_MAX];
};

void
stock_init(struct stock *stock, unsigned ledgers)
{
	must(ledgers > 0 && ledgers <= LEDGERS_MAX);
	*stock = (struct stock){
		.ledgers = ledgers,
		.silent = (1U << ledgers) - 1,
	};
}

void
stock_fini(struct stock *stock)
{
	free(stock->journals);
	*stock = (struct stock){ 0 };
}

static struct stock_journal *
need(struct stock *stock, uint64_t host, uint64_t ledger)
{
	struct stock_journal *journal;

	for (size_t i = 0; i < stock->count; i++) {
		journal = &stock->journals[i];
		if (journal->host == host && journal->ledger == ledger)
			return journal;
	}
	if (stock->count == JOURNALS_MAX)
		return NULL;
	stock->journals = base_realloc(
		stock->journals, (stock->count + 1) * sizeof(*journal));
	journal = &stock->journals[stock->count++];
	*journal = (struct stock_journal){ .host = host, .ledger = ledger };
	return journal;
}

/* Sources behind the ledgers are holes in their journals. */
void
stock_at(struct stock *stock, unsigned ledger, const struct haul_place *place)
{
	uint64_t hole = place->ledger / LEDGERS_MAX;
	struct stock_journal *journal;
	struct taken *taken;

	if (ledger >= stock->ledgers || hole > HOLES_MAX)
		return;
	journal = need(stock, place->host, place->ledger % LEDGERS_MAX);
	if (!journal)
		return;
	taken = &journal->taken[ledger];
	if (hole > 0) {
		taken->holes[hole - 1] =
			place->position < HAUL_ARCHIVE_END ? place->epoch : 0;
		return;
	}
	taken->epoch = place->epoch;
	taken->at = (struct point){ place->position, place->index };
}

void
stock_told(struct stock *stock, unsigned ledger)
{
	if (ledger < stock->ledgers)
		stock->silent &= ~(1U << ledger);
}

static bool
is_whole(const struct taken *taken, uint64_t epoch)
{
	for (unsigned i = 0; i < HOLES_MAX; i++)
		if (taken->holes[i] == epoch)
			return false;
	return taken->epoch == epoch && epoch != 0;
}

static void
pack_journal(const struct stock *stock, const struct stock_journal *journal,
	struct buffer *out)
{
	struct point at = journal->taken[0].at;
	struct buffer one = { 0 };
	struct extent extent = { .host = journal->host,
		.ledger = journal->ledger,
		.epoch = journal->taken[0].epoch };

	for (unsigned i = 0; i < stock->ledgers; i++) {
		if (!is_whole(&journal->taken[i], extent.epoch))
			return;
		at = point_earlier(at, journal->taken[i].at);
	}
	extent.position = at.position;
	extent.index = at.index;
	extent_pack(&one, &extent);
	pack_text(out, buffer_text(&one));
	buffer_fini(&one);
}

void
stock_pack(const struct stock *stock, struct buffer *out)
{
	for (size_t i = 0; i < stock->count && stock->silent == 0; i++)
		pack_journal(stock, &stock->journals[i], out);
}
