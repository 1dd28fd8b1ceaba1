#include "master/announce.h"

#include <stdatomic.h>
#include <stdio.h>

#include "master/health.h"
#include "master/notify.h"
#include "master/supervisor_inside.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/scoreboard.h"

/* The line with figures changes no more often. */
#define STATUS_MS 3000

/* A reload takes no longer. */
#define RELOAD_MS 10000

/* An end takes no longer than it may, and this. */
#define SPARE_MS 10000

static void
tell_figures(struct supervisor *supervisor)
{
	uint64_t connections = 0, sessions = 0, messages = 0;
	char words[128];

	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct row *row = supervisor->children[i].row;

		connections += row_read(row, COUNTER_CONNECTIONS);
		sessions += row_read(row, COUNTER_SESSIONS);
		messages += row_read(row, COUNTER_MESSAGES);
	}
	snprintf(words, sizeof(words),
		"%s%llu connections, %llu logged in, %llu messages",
		supervisor->ending.is_on ? "ending: " : "",
		(unsigned long long)connections, (unsigned long long)sessions,
		(unsigned long long)messages);
	notify_status(words);
}

/* One that ends is replaced; one that should and does not is beyond us. An end
 * of all has limits of its own. */
static bool
is_healthy(const struct supervisor *supervisor)
{
	uint64_t stop_ms = (uint64_t)supervisor->needs.config->stop_seconds;

	if (supervisor->ending.is_on)
		return true;
	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];

		if (child_is_wanted(child) &&
			health_is_lost(child, supervisor->ticked_ms,
				supervisor->hearts_from_ms, stop_ms))
			return false;
	}
	return true;
}

/* Does anybody who serves go on by the old configuration? Not for long: who
 * does not come to hear of the new one is killed for standing still. */
static bool
is_reloaded(const struct supervisor *supervisor)
{
	if (supervisor->ticked_ms >= supervisor->reload_by_ms)
		return true;
	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];

		if (child->state == CHILD_SERVING &&
			atomic_load(&child->row->generation) !=
				supervisor->heritage.generation)
			return false;
	}
	return true;
}

void
announce_tick(struct supervisor *supervisor)
{
	uint64_t now_ms = supervisor->ticked_ms;

	if (!notify_is_heard())
		return;
	notify_retry();
	if (supervisor->reload_by_ms != 0 && is_reloaded(supervisor)) {
		supervisor->reload_by_ms = 0;
		if (!supervisor->ending.is_on)
			notify_say("READY=1");
	}
	if (is_healthy(supervisor))
		notify_watchdog(now_ms);
	if (supervisor->is_complete && now_ms >= supervisor->figures_ms) {
		supervisor->figures_ms = now_ms + STATUS_MS;
		tell_figures(supervisor);
	}
}

void
announce_serving(void)
{
	notify_say("READY=1");
}

void
announce_reload(struct supervisor *supervisor)
{
	if (!supervisor->is_complete)
		return;
	notify_reloading();
	supervisor->reload_by_ms = clock_ms() + RELOAD_MS;
}

/* The manager would end for good what stops; what starts anew does not. Either
 * may take longer than the manager would wait by itself. */
void
announce_ending(const struct supervisor *supervisor, uint64_t within_ms)
{
	char words[96];

	if (supervisor->upgrade.is_anew)
		notify_reloading();
	snprintf(words, sizeof(words), "%sEXTEND_TIMEOUT_USEC=%llu",
		supervisor->upgrade.is_anew ? "" : "STOPPING=1\n",
		(unsigned long long)(within_ms + SPARE_MS) * 1000);
	notify_say(words);
}
