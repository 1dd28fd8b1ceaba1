#include "worker/gateway/drain.h"

#include "shared/base.h"
#include "shared/table.h"
#include "worker/gateway/lane.h"
#include "worker/gateway/session.h"

/* The longest time between the word and the close. */
#define NOTICE_MS_MAX 10000

/* How long the last ones may take to go. */
#define LAST_MS 6000

void
drain_begin(struct drain *drain, struct lanes *lanes, uint64_t length_ms,
	uint64_t now_ms)
{
	*drain = (struct drain){
		.lanes = lanes,
		.began_ms = now_ms,
		.length_ms = length_ms,
		.notice_ms = MIN_OF(length_ms / 2, (uint64_t)NOTICE_MS_MAX),
		.from = lanes->count,
	};
}

/* The word goes to the connections in the order in which they came; whoever has
 * it goes to the end of the list, so that the next one is always the first. */
static void
tell_next(struct drain *drain)
{
	struct lane *lane = drain->lanes->all;

	DL_DELETE2(drain->lanes->all, lane, previous, next);
	DL_APPEND2(drain->lanes->all, lane, previous, next);
	if (lane->state != LANE_OPEN)
		return;
	if (drain->notice_ms > 0)
		session_tell_drain((struct session *)lane, drain->notice_ms);
	lane_leave(lane, drain->notice_ms);
}

void
drain_go_on(struct drain *drain, uint64_t now_ms)
{
	uint64_t passed_ms = now_ms - drain->began_ms;
	uint64_t telling_ms = drain->length_ms - drain->notice_ms;
	size_t due = SIZE_MAX; /* some may still have stood at the door */

	if (passed_ms < telling_ms)
		due = (size_t)(drain->from * passed_ms / telling_ms);
	while (drain->told < due && drain->lanes->all &&
		!drain->lanes->all->is_leaving) {
		drain->told++;
		tell_next(drain);
	}
}

uint64_t
drain_end_ms(const struct drain *drain)
{
	return drain->began_ms + drain->length_ms + LAST_MS;
}
