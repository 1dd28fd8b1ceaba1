/*
 * Feed: the journal of a ledger of this host as other hosts get it, by the
 * relay alone: packed haul_items of what was said here. What came from
 * elsewhere and notes about sources do not cross; the points move over them.
 *
 * A feed goes on cheaply from where it ended last; reading elsewhere opens the
 * journal anew. So the live stream has a feed of its own, and so has whoever
 * pulls.
 */
#ifndef WORKER_RELAY_FEED_H
#define WORKER_RELAY_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "worker/relay/piece.h"
#include "worker/relay/point.h"

struct feed;

/* directory: of the ledger's journal. */
struct feed *feed_new(const char *directory);
void feed_free(struct feed **feed);

/* What lies behind the point, before limit (the row's journal_end; 0: the
 * ledger is not ready, there is no end yet): at most so many bytes of items,
 * but one item at least. Borrowed until the next call.
 *
 * PIECE_SOME: to may have moved without items. PIECE_END: so far; to lies
 * before from when the journal ends there. PIECE_GONE: goes on at first; that
 * lies before from when from is no place in this journal. PIECE_BAD: damaged,
 * with nothing behind it yet (logged). */
enum piece_state feed_read(struct feed *feed, struct point from, uint64_t limit,
	size_t bytes, struct piece *piece);

/* Records that could not be read, all together. */
uint64_t feed_bad_records(const struct feed *feed);

#endif
