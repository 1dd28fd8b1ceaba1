/*
 * The streams of another host: the journal of each of its ledgers, which a
 * hauler brings to ours, and what it says live, which the roster takes. Both
 * are made whole by repair.
 */
#include "shared/base.h"
#include "shared/log.h"
#include "worker/relay/relay.h"
#include "worker/relay/roster.h"
#include "worker/worker.h"

/* While more waits outside full rings, live frames wait, too. */
#define OVERFLOW_BYTES (8U * 1024 * 1024)

#define KEEP_BYTES (256U * 1024)

bool
inflow_is_crowded(const struct relay *relay)
{
	return worker_overflow(relay->worker) > OVERFLOW_BYTES;
}

static bool
deliver_frame(struct peer *peer, struct text body, struct point from)
{
	struct unpack in = unpack_of(body), items;
	struct wire_live live;

	if (!wire_live_unpack(&in, &live))
		return false;
	if (live.number <= from.position)
		return true;
	items = unpack_of(live.items);
	while (items.at < items.end && !items.failed) {
		struct text item = unpack_text(&items);

		if (!items.failed)
			roster_item(peer->relay->roster, peer->host,
				live.number, item);
	}
	return !items.failed;
}

/* items: a row of packed texts, each one packed wire_live. */
static bool
deliver(void *self, struct point from, struct point to, struct text items)
{
	struct peer *peer = self;
	struct unpack in = unpack_of(items);

	(void)to;
	if (inflow_is_crowded(peer->relay))
		return false;
	while (in.at < in.end && !in.failed) {
		struct text body = unpack_text(&in);

		if (in.failed || !deliver_frame(peer, body, from)) {
			peers_refuse(peer, WIRE_NOT_OURS);
			break;
		}
	}
	return true;
}

static void
want_live(void *self, struct point from)
{
	struct peer *peer = self;

	peer->live_is_wanted = true;
	peer->live_from = from.position;
	asking_go_on(peer);
}

static void
begin_snapshot(struct peer *peer)
{
	roster_begin(peer->relay->roster, peer->host);
	peer->snapshots++;
	peer->page_after = 0;
	peer->snapshot = SNAPSHOT_PAGES;
}

/* What was said meanwhile is lost; who is there is asked anew. */
static void
on_live_hole(void *self, struct point from, struct point first)
{
	struct peer *peer = self;
	uint64_t now_ms = worker_now_ms(peer->relay->worker);

	if (now_ms >= peer->log_holes_ms) {
		peer->log_holes_ms = now_ms + LOG_AGAIN_MS;
		log_warning("peer %u: %llu frames of what nobody remembers are "
			    "lost",
			peer->host,
			(unsigned long long)(first.position -
					     MIN_OF(first.position,
						     from.position)));
	}
	begin_snapshot(peer);
}

static void
want_journal(void *self, unsigned host, unsigned ledger, struct point from)
{
	struct relay *relay = self;
	struct peer *peer = peers_of_host(relay, host);

	if (!peer || ledger >= LEDGERS_MAX)
		return;
	peer->wanted_from[ledger] = from;
	peer->journals_wanted |= 1U << ledger;
	asking_go_on(peer);
}

void
inflow_init(struct relay *relay)
{
	relay->live_hooks =
		(struct repair_hooks){ deliver, want_live, on_live_hole };
	relay->office.pull = want_journal;
}

void
inflow_free(struct peer *peer)
{
	for (unsigned i = 0; i < peer->ledgers; i++)
		hauler_free(&peer->haulers[i]);
	peer->ledgers = 0;
	repair_free(&peer->live);
	peer->live_is_open = false;
}

/* Where our ledgers are in journals that are new to us, they are asked. */
void
inflow_make(struct peer *peer, unsigned ledgers)
{
	struct relay *relay = peer->relay;

	if (peer->ledgers == ledgers && peer->live)
		return;
	inflow_free(peer);
	peer->ledgers = ledgers;
	for (unsigned i = 0; i < ledgers; i++)
		peer->haulers[i] = hauler_new(&relay->office, peer->host, i);
	peer->live = repair_new(&relay->live_hooks, peer, &repair_usual_limits);
	relay->ledgers_to_ask = (1U << relay->ledgers) - 1;
}

void
inflow_meet(struct peer *peer, bool is_same_life)
{
	for (unsigned i = 0; i < peer->ledgers; i++)
		hauler_meet(peer->haulers[i], peer->store);
	if (is_same_life && peer->live_is_open) {
		repair_wake(peer->live);
		if (!roster_find(peer->relay->roster, peer->host))
			peer->snapshot = SNAPSHOT_DUE;
		return;
	}
	peer->live_is_open = false;
	peer->live_is_wanted = false;
	peer->snapshot = SNAPSHOT_DUE;
}

/* The pages that are asked for from now on know all frames up to the head. */
static void
begin_live(struct peer *peer, uint64_t head)
{
	if (!peer->live_is_open)
		repair_reset(
			peer->live, peer->epoch, (struct point){ head, 0 });
	peer->live_is_open = true;
	begin_snapshot(peer);
}

static void
take_heads(struct peer *peer, struct text sources)
{
	struct unpack in = unpack_of(sources);

	for (unsigned i = 0; i < LEDGERS_MAX && in.at < in.end; i++) {
		struct text one = unpack_text(&in);
		struct unpack source_in = unpack_of(one);
		struct wire_source source;

		if (in.failed || !wire_source_unpack(&source_in, &source)) {
			peers_refuse(peer, WIRE_NOT_OURS);
			return;
		}
		if (source.ledger < peer->ledgers)
			hauler_head(peer->haulers[source.ledger], peer->store,
				(struct point){
					source.position, source.index });
	}
}

void
inflow_beat(struct peer *peer, const struct wire_beat *beat)
{
	if (peer->snapshot == SNAPSHOT_DUE)
		begin_live(peer, beat->live_head);
	if (peer->live_is_open)
		repair_head(peer->live, peer->epoch,
			(struct point){ beat->live_head, 0 });
	take_heads(peer, beat->sources);
	telling_pass_on(peer, beat);
	asking_go_on(peer);
}

void
inflow_live(struct peer *peer, struct text body, uint64_t number)
{
	struct buffer *row = &peer->relay->scratch;
	struct piece piece = { .from = { number - 1, 0 }, .to = { number, 0 } };

	if (!peer->live_is_open)
		return;
	buffer_clear(row, KEEP_BYTES);
	pack_text(row, body);
	piece.items = buffer_text(row);
	repair_frame(peer->live, peer->epoch, &piece);
}

void
inflow_live_answer(
	struct peer *peer, enum piece_state state, const struct piece *piece)
{
	if (peer->live_is_open)
		repair_answer(peer->live, peer->epoch, state, piece);
}

static bool
lags(const struct repair *repair)
{
	return point_is_before(repair_at(repair), repair_head_known(repair));
}

bool
inflow_turn(struct relay *relay, uint64_t now_ms)
{
	bool has_room = !inflow_is_crowded(relay), is_behind = false;

	for (unsigned i = 0; i < relay->peer_count; i++) {
		struct peer *peer = relay->peers[i];

		for (unsigned k = 0; k < peer->ledgers; k++) {
			hauler_turn(peer->haulers[k], now_ms);
			is_behind |= lags(hauler_repair(peer->haulers[k]));
		}
		is_behind |= refill_turn(peer, now_ms);
		if (!peer->live_is_open)
			continue;
		if (has_room)
			repair_room(peer->live);
		repair_tick(peer->live, now_ms);
		is_behind |= lags(peer->live);
	}
	return is_behind && peers_up(relay) > 0;
}
