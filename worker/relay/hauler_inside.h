/*
 * What the files of the hauler share, and nobody else sees.
 */
#ifndef WORKER_RELAY_HAULER_INSIDE_H
#define WORKER_RELAY_HAULER_INSIDE_H

#include "shared/buffer.h"
#include "worker/relay/hauler_berth.h"
#include "worker/relay/hauler_office.h"

struct repair;

/* What an origin can cause as often as it likes is logged so often. */
#define LOG_AGAIN_MS 10000

struct hauler {
	const struct hauler_office *office;
	struct berth_source source;
	struct repair *repair;
	bool is_running; /* repair is at a point of this epoch */
	bool is_blocked; /* it was refused something */
	uint64_t now_ms;
	uint64_t log_holes_ms, log_large_ms; /* again from then on */
	uint64_t archived; /* with the last answer that something is gone */
	struct hauler_counts counts;
	struct buffer letter, smaller;
	struct berth berths[]; /* one for each ledger of this host */
};

static inline struct berth *
hauler_berths_end(struct hauler *hauler)
{
	return hauler->berths + hauler->office->ledgers;
}

struct berth_way hauler_way(struct hauler *hauler);

/* Posts the items that the berth has got, up to the point; false: no room. */
bool hauler_post_items(
	struct hauler *hauler, struct berth *berth, struct point to);

/* Brings what lies behind from and not behind to to the ledgers that it belongs
 * to; false: no room for all of it. What went out then is not sent again: its
 * berth has passed it when the same items are cut once more. */
bool hauler_cut(struct hauler *hauler, struct point from, struct point to,
	struct text items);

#endif
