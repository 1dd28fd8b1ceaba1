#include "master/ending.h"

#include <signal.h>

#include "master/child.h"
#include "shared/clock.h"
#include "shared/log.h"

static const enum ending_phase phase_of_role[ROLE_COUNT] = {
	[ROLE_GATEWAY] = ENDING_EDGES,
	[ROLE_API] = ENDING_EDGES,
	[ROLE_LEDGER] = ENDING_LEDGERS,
	[ROLE_HISTORIAN] = ENDING_ARCHIVE,
	[ROLE_RELAY] = ENDING_ARCHIVE,
};

/* When a phase must be over, in percent of the whole. */
static const unsigned share_of_time[] = {
	[ENDING_EDGES] = 60,
	[ENDING_LEDGERS] = 80,
	[ENDING_ARCHIVE] = 100,
	[ENDING_OVER] = 100,
};

static enum ending_phase
phase_of(const struct child *child)
{
	return phase_of_role[child->row->role];
}

/* Asks those whose turn it is or was; asking twice does nothing. */
static void
ask(const struct ending *ending)
{
	for (unsigned i = 0; i < ending->count; i++) {
		struct child *child = &ending->children[i];

		if (phase_of(child) > ending->phase)
			continue;
		child_cancel(child);
		child_ask_to_end(child, SIGTERM);
	}
}

static bool
phase_is_over(const struct ending *ending)
{
	for (unsigned i = 0; i < ending->count; i++) {
		const struct child *child = &ending->children[i];

		if (phase_of(child) <= ending->phase &&
			child->state != CHILD_ABSENT)
			return false;
	}
	return true;
}

void
ending_begin(struct ending *ending, uint64_t stop_ms)
{
	ending->is_on = true;
	ending->phase = ENDING_EDGES;
	ending->began_ms = clock_ms();
	ending->stop_ms = stop_ms;
	ask(ending);
	ending_advance(ending);
}

void
ending_advance(struct ending *ending)
{
	while (ending->is_on && ending->phase < ENDING_OVER &&
		phase_is_over(ending)) {
		ending->phase++;
		ask(ending);
	}
}

bool
ending_is_over(const struct ending *ending)
{
	return ending->is_on && ending->phase == ENDING_OVER;
}

static void
kill_phase(const struct ending *ending)
{
	for (unsigned i = 0; i < ending->count; i++)
		if (phase_of(&ending->children[i]) <= ending->phase)
			child_kill(&ending->children[i]);
}

void
ending_look(const struct ending *ending, uint64_t now_ms)
{
	uint64_t share_ms =
		ending->stop_ms * share_of_time[ending->phase] / 100;

	if (!ending->is_on || ending_is_over(ending) ||
		now_ms < ending->began_ms + share_ms)
		return;
	log_warning("killing the processes that have not ended in time");
	kill_phase(ending);
}

void
ending_hurry(struct ending *ending)
{
	ending->phase = ENDING_ARCHIVE;
	ask(ending);
	kill_phase(ending);
}

bool
ending_wants(const struct ending *ending, const struct child *child)
{
	return !ending->is_on || phase_of(child) > ending->phase;
}
