/*
 * What a client of host A has not seen, when the last that it saw there has the
 * id X: what came to A after X, or never. That was said no earlier than shortly
 * before X, as long as A heard all others; a host that was cut off from A may
 * have said it since the break. We know of breaks between A and us, and of A's
 * clock. For a while after a break A still catches up, so it counts on.
 */
#include "worker/ledger/overlap.h"

#include "shared/base.h"
#include "shared/links.h"
#include "shared/message.h"

/* The way between two hosts, with all repairs of a healthy link. */
#define LATE_MS 10000

/* So long after a break it is caught up. */
#define CATCH_UP_MS 60000

/* Clocks that are further off are none of ours. */
#define AHEAD_MS_MAX 60000

static bool
find_link(const struct links *links, uint64_t epoch, struct link_report *report)
{
	for (unsigned i = 0; i < LINKS_MAX; i++)
		if (links_read(links, i, report) && report->store == epoch &&
			report->state != LINK_REFUSED)
			return true;
	return false;
}

bool
overlap_begin(const struct links *links, uint64_t epoch, uint64_t id_time,
	uint64_t unix_ms, uint64_t *clock)
{
	uint64_t from_ms = message_unix_ms(id_time), late_ms = LATE_MS;
	struct link_report link;

	if (epoch == 0 || id_time == 0 || from_ms > unix_ms + AHEAD_MS_MAX ||
		!find_link(links, epoch, &link))
		return false;
	if (link.down_ms > 0 &&
		(link.state != LINK_UP || from_ms < link.up_ms + CATCH_UP_MS))
		from_ms = MIN_OF(from_ms, link.down_ms);
	if (link.clock_offset_ms > 0)
		late_ms += (uint64_t)link.clock_offset_ms;
	*clock = message_time_of(from_ms - MIN_OF(from_ms, late_ms));
	return true;
}
