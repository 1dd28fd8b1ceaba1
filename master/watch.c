#include "master/watch.h"

#include "master/announce.h"
#include "master/health.h"
#include "master/supervisor_inside.h"
#include "shared/config.h"
#include "shared/log.h"

static void
look_whether_complete(struct supervisor *supervisor)
{
	if (supervisor->is_complete || supervisor->ending.is_on)
		return;
	for (unsigned i = 0; i < supervisor->count; i++)
		if (child_is_wanted(&supervisor->children[i]) &&
			supervisor->children[i].state != CHILD_SERVING)
			return;
	supervisor->is_complete = true;
	log_info("serving, %u processes", supervisor->count);
	announce_serving();
	if (supervisor->needs.on_serving)
		supervisor->needs.on_serving(supervisor->needs.self);
}

/* One that is replaced has the time of a stop, one that is not wanted any more
 * that of a drain too. */
static void
look_at_leaving(const struct supervisor *supervisor, struct child *child)
{
	const struct config *config = supervisor->needs.config;
	uint64_t limit_ms = (uint64_t)config->stop_seconds;

	if (!child_is_wanted(child))
		limit_ms += (uint64_t)config->drain_seconds;
	if (supervisor->ending.is_on ||
		supervisor->ticked_ms < child->since_ms + limit_ms)
		return;
	log_warning("%s: does not end in time, killing it", child->name);
	child_kill(child);
}

/* Returns whether the child needs another look soon. */
static bool
look_at(struct supervisor *supervisor, struct child *child)
{
	uint64_t now_ms = supervisor->ticked_ms;
	uint64_t from_ms = supervisor->hearts_from_ms;

	switch (child->state) {
	case CHILD_STARTING:
		if (child_notice_ready(child))
			supervisor_ring_all_bells(supervisor);
		else
			health_check_start(child, now_ms, from_ms);
		return true;
	case CHILD_RESTING:
		if (child->due_ms <= now_ms)
			supervisor_start(supervisor, child);
		return true;
	case CHILD_SERVING:
		health_check_heart(child, now_ms, from_ms);
		health_check_report(
			child, supervisor->children, supervisor->count);
		return false;
	case CHILD_DRAINING:
		look_at_leaving(supervisor, child);
		return false;
	case CHILD_ABSENT:
		break;
	}
	return false;
}

bool
watch_look(struct supervisor *supervisor)
{
	bool is_busy = false;

	for (unsigned i = 0; i < supervisor->count; i++)
		if (look_at(supervisor, &supervisor->children[i]))
			is_busy = true;
	look_whether_complete(supervisor);
	return is_busy;
}
