/*
 * What a client of host A has not seen, when the last that it saw there has the
 * id X: what came to A after X, or never. When X got its place at A, the clock
 * there was not earlier than X; so the client has all that A had when its clock
 * was earlier, which our accord with A tells in our clock. What A did not have
 * then, for whatever reason, got its place here later than that.
 *
 * Unless X moves no clock, because nobody remembers it, or because the one that
 * gave it is too far ahead to be followed: then it is earlier by as much as
 * that clock is ahead of A's. And what nobody remembers comes to the client by
 * another way, where it overtakes what waits for a process that stands still.
 * One that does so for longer than LATE_MS is killed.
 */
#include "worker/ledger/overlap.h"

#include "shared/base.h"
#include "shared/links.h"
#include "shared/message.h"
#include "worker/ledger/accords.h"

#define LATE_MS 5000

/* An id that is so far ahead is of no time that we know. */
#define AHEAD_MS_MAX 60000

/* What is told of a clock is believed up to a month. */
#define OFFSET_MS_MAX (INT64_C(31) * 24 * 3600 * 1000)

static int64_t
offset_of(const struct link_report *link)
{
	return MAX_OF(
		-OFFSET_MS_MAX, MIN_OF(OFFSET_MS_MAX, link->clock_offset_ms));
}

/* How far the clock that gave the id is ahead of that of the host where it was
 * seen; if it is not known whose it is, it may be the farthest one. */
static uint64_t
ahead_ms(const struct overlap_world *world, const struct overlap_place *place)
{
	unsigned origin = message_origin_host(place->id_origin);
	int64_t of_origin = 0, of_store = 0, farthest = 0;
	bool is_known = origin == world->host;
	struct link_report link;

	for (unsigned i = 0; i < LINKS_MAX; i++) {
		if (!links_read(world->links, i, &link) || link.host == 0 ||
			link.state == LINK_REFUSED)
			continue;
		farthest = MAX_OF(farthest, offset_of(&link));
		if (link.store == place->epoch)
			of_store = offset_of(&link);
		if (link.host != origin || is_known)
			continue;
		of_origin = offset_of(&link);
		is_known = true;
	}
	if (!is_known)
		of_origin = farthest;
	return (uint64_t)MAX_OF(of_origin - of_store, 0);
}

bool
overlap_begin(const struct overlap_world *world,
	const struct overlap_place *place, uint64_t *clock)
{
	uint64_t from_ms = message_unix_ms(place->id_time);
	uint64_t late_ms = LATE_MS + ahead_ms(world, place), here;

	if (place->epoch == 0 || from_ms < late_ms ||
		from_ms > world->unix_ms + AHEAD_MS_MAX ||
		!accords_find(world->accords, place->epoch,
			message_time_of(from_ms - late_ms), &here))
		return false;
	*clock = here + 1;
	return true;
}
