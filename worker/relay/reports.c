/*
 * How each host fares, into the arena.
 */
#include <stdio.h>
#include <string.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "worker/relay/relay.h"
#include "worker/worker.h"

/* A host that is none of our peers is shown when it goes on, and a while after.
 */
#define STRANGER_FROM_MS 3000
#define STRANGER_STAYS_MS 10000

static uint64_t
distance(struct point from, struct point to)
{
	return to.position - MIN_OF(to.position, from.position);
}

static void
add_repair(struct link_report *link, const struct repair *repair)
{
	const struct repair_counts *counts = repair_counts(repair);

	link->lag_ms = MAX_OF(link->lag_ms, repair_lag_ms(repair));
	link->repairs += counts->repairs;
	link->holes += counts->holes;
}

static void
gather(struct peer *peer)
{
	struct link_report *link = &peer->link;

	link->lag_ms = link->lag_bytes = link->lag_frames = 0;
	if (!peer->live)
		return;
	link->repairs = link->holes = link->lost_bytes = 0;
	link->is_snapshot = peer->snapshot == SNAPSHOT_DONE;
	for (unsigned i = 0; i < peer->ledgers; i++) {
		const struct hauler *hauler = peer->haulers[i];
		const struct repair *repair = hauler_repair(hauler);

		add_repair(link, repair);
		link->lost_bytes += repair_counts(repair)->lost_bytes;
		link->lag_bytes += distance(
			hauler_acked(hauler), repair_head_known(repair));
	}
	if (!peer->live_is_open)
		return;
	add_repair(link, peer->live ? peer->live : NULL);
	link->lost_frames = repair_counts(peer->live)->lost_bytes;
	link->lag_frames =
		distance(repair_at(peer->live), repair_head_known(peer->live));
}

static void
tell(struct relay *relay, unsigned place, const struct link_report *link,
	struct link_report *told)
{
	if (memcmp(link, told, sizeof(*link)) == 0)
		return;
	links_write(relay->links, place, link);
	*told = *link;
}

static void
tell_stranger(struct relay *relay, unsigned place, uint64_t now_ms)
{
	struct stranger *stranger = &relay->strangers[place];
	struct link_report link = { 0 };
	bool is_shown =
		stranger->host != 0 && !peers_of_host(relay, stranger->host) &&
		stranger->last_ms + STRANGER_STAYS_MS > now_ms &&
		stranger->last_ms >= stranger->first_ms + STRANGER_FROM_MS;

	if (is_shown) {
		link.host = stranger->host;
		link.state = LINK_REFUSED;
		link.reason = LINK_NO_PEER;
		link.refused = stranger->frames;
		link.since_ms = clock_unix_ms() - (now_ms - stranger->first_ms);
		snprintf(link.address, sizeof(link.address), "%s",
			stranger->address);
	}
	tell(relay, RELAY_PEERS_MAX + place, &link, &stranger->told);
	if (stranger->host != 0 &&
		stranger->last_ms + STRANGER_STAYS_MS <= now_ms)
		stranger->host = 0;
}

static void
count(struct relay *relay)
{
	uint64_t repairs = 0, holes = 0;

	for (unsigned i = 0; i < relay->peer_count; i++) {
		repairs += relay->peers[i]->link.repairs;
		holes += relay->peers[i]->link.holes;
	}
	row_count(relay->row, COUNTER_BUS_REPAIRS,
		(int64_t)(repairs - MIN_OF(repairs, relay->told_repairs)));
	row_count(relay->row, COUNTER_BUS_HOLES,
		(int64_t)(holes - MIN_OF(holes, relay->told_holes)));
	relay->told_repairs = repairs;
	relay->told_holes = holes;
}

/* What the bus had to do with those who can reach its ports. */
static void
count_bus(struct relay *relay)
{
	struct bus_figures now = bus_figures(relay->bus);
	const struct bus_figures *told = &relay->told_bus;

	row_count(relay->row, COUNTER_BUS_TURNED_AWAY,
		(int64_t)(now.pipes_refused + now.pipes_idle + now.pipes_cut -
			  told->pipes_refused - told->pipes_idle -
			  told->pipes_cut));
	row_count(relay->row, COUNTER_BUS_REFUSED,
		(int64_t)(now.pipes_distrusted - told->pipes_distrusted));
	row_count(relay->row, COUNTER_BUS_DROPPED,
		(int64_t)(now.frames_dropped - told->frames_dropped));
	relay->told_bus = now;
}

void
reports_write(struct relay *relay, uint64_t now_ms)
{
	unsigned up = peers_up(relay);

	for (unsigned i = 0; i < relay->peer_count; i++) {
		struct peer *peer = relay->peers[i];

		gather(peer);
		tell(relay, peer->place, &peer->link, &peer->told);
	}
	for (unsigned i = 0; i < STRANGERS_MAX; i++)
		tell_stranger(relay, i, now_ms);
	count(relay);
	count_bus(relay);
	if (up == relay->titled)
		return;
	relay->titled = up;
	worker_set_title(relay->worker, "%u host%s", up, up == 1 ? "" : "s");
}
