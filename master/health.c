#include "master/health.h"

#include <stdatomic.h>

#include "master/child.h"
#include "shared/base.h"
#include "shared/log.h"

#define READY_MS 30000
#define SILENT_MS 5000
#define DYING_MS 15000

void
health_check_start(struct child *child, uint64_t now_ms, uint64_t from_ms)
{
	if (now_ms <= MAX_OF(child->started_ms, from_ms) + READY_MS)
		return;
	log_error("%s: not ready after %d s, killed", child->name,
		READY_MS / 1000);
	child_kill(child);
}

void
health_check_heart(struct child *child, uint64_t now_ms, uint64_t from_ms)
{
	uint64_t beat_ms = atomic_load(&child->row->heartbeat_ms);
	uint64_t since_ms = MAX_OF(MAX_OF(beat_ms, from_ms), child->since_ms);

	if (now_ms <= since_ms + SILENT_MS)
		return;
	log_error("%s: pid %d has stood still for %llu ms, killed", child->name,
		(int)child->pid, (unsigned long long)(now_ms - beat_ms));
	child_kill(child);
}

void
health_check_report(
	const struct child *reporter, struct child *children, unsigned count)
{
	uint32_t slot = atomic_load(&reporter->row->stuck_slot);
	uint32_t life = atomic_load(&reporter->row->stuck_life);
	struct child *accused;

	if (slot == 0 || slot > count)
		return;
	accused = &children[slot - 1];
	if (accused->state != CHILD_SERVING || accused->life != life)
		return;
	log_error("%s: takes no letters of %s, killed", accused->name,
		reporter->name);
	child_kill(accused);
}

bool
health_is_lost(const struct child *child, uint64_t now_ms, uint64_t from_ms,
	uint64_t stop_ms)
{
	uint64_t beat_ms = atomic_load(&child->row->heartbeat_ms);
	uint64_t since_ms = MAX_OF(child->since_ms, from_ms) + DYING_MS;

	switch (child->state) {
	case CHILD_STARTING:
		return now_ms > since_ms + READY_MS;
	case CHILD_SERVING:
		since_ms = MAX_OF(since_ms, beat_ms + DYING_MS);
		return now_ms > since_ms + SILENT_MS;
	case CHILD_DRAINING:
		return now_ms > since_ms + stop_ms;
	case CHILD_ABSENT:
	case CHILD_RESTING:
		break;
	}
	return false;
}
