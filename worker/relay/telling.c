/*
 * What this host has of all journals goes to the others, and what they have to
 * our ledgers: clients come from there and say what they saw last.
 */
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/letter.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/relay/relay.h"
#include "worker/relay/stock.h"
#include "worker/worker.h"

#define KEEP_BYTES (64U * 1024)
#define MARGIN_BYTES 512

/* A host may tell as often as it likes. */
#define AGAIN_MS 200

static void
pack_own(const struct relay *relay, unsigned ledger, struct buffer *out)
{
	struct extent extent = { .host = relay->host,
		.ledger = ledger,
		.epoch = relay_store(relay) };
	struct buffer one = { 0 };

	if (!relay_journal_end(relay, ledger, &extent.position))
		return;
	extent_pack(&one, &extent);
	pack_text(out, buffer_text(&one));
	buffer_fini(&one);
}

struct text
telling_extents(struct relay *relay)
{
	struct buffer *out = &relay->told;

	buffer_clear(out, KEEP_BYTES);
	for (unsigned i = 0; i < relay->ledgers; i++)
		pack_own(relay, i, out);
	stock_pack(&relay->stock, out);
	return buffer_text(out);
}

/* Read behind all points: whatever got its place before one of them, or whoever
 * joined before, has no later clock. */
uint64_t
telling_clock(const struct relay *relay)
{
	uint64_t clock = message_time_of(clock_unix_ms());

	for (unsigned i = 0; i < relay->ledgers; i++) {
		const struct row *row =
			arena_row(relay->arena, relay->first_ledger + i);

		clock = MAX_OF(clock, atomic_load_explicit(&row->clock,
					      memory_order_acquire));
	}
	return clock;
}

static struct text
pack_peers(struct relay *relay)
{
	struct buffer *out = &relay->told;

	buffer_clear(out, KEEP_BYTES);
	for (unsigned i = 0; i < relay->peer_count; i++)
		if (relay->peers[i]->link.state != LINK_SELF)
			pack_number(out, relay->peers[i]->link.host);
	return buffer_text(out);
}

/* A ledger that is busy gets the next ones. */
void
telling_pass_on(struct peer *peer, const struct wire_beat *beat)
{
	struct relay *relay = peer->relay;
	uint64_t now_ms = worker_now_ms(relay->worker);
	struct extents extents = {
		.host = peer->host,
		.store = peer->store,
		.clock = beat->clock,
		.items = beat->extents,
	};

	if (beat->extents.length == 0 || peer->store == 0 ||
		now_ms < peer->extents_ms + AGAIN_MS)
		return;
	peer->extents_ms = now_ms;
	extents.peers = pack_peers(relay);
	if (extents.items.length + extents.peers.length + MARGIN_BYTES >
		relay->office.letter_max)
		return;
	for (unsigned i = 0; i < relay->ledgers; i++) {
		letter_begin(&relay->scratch, LETTER_EXTENTS);
		extents_pack(&relay->scratch, &extents);
		relay->office.offer(
			relay->office.self, i, letter_end(&relay->scratch));
	}
}
