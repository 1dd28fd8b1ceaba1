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

/* When a phase must be over, in percent of the whole stop. */
static const unsigned share_of_time[] = {
	[ENDING_EDGES] = 60,
	[ENDING_LEDGERS] = 80,
	[ENDING_ARCHIVE] = 100,
	[ENDING_OVER] = 100,
};

/* Beyond drain_seconds, for clients that are slow to go. */
#define DRAIN_EXTRA_MS 10000

static enum ending_phase
phase_of(const struct child *child)
{
	return phase_of_role[child->row->role];
}

/* Is it the child's turn to end, or was it? */
static bool
is_due(const struct ending *ending, const struct child *child)
{
	if (ending->phase == ENDING_DRAIN)
		return child->row->role == ROLE_GATEWAY;
	return phase_of(child) <= ending->phase;
}

/* A starting child has nobody to send away. */
static int
signal_for(const struct ending *ending, const struct child *child)
{
	return ending->phase == ENDING_DRAIN && child->state == CHILD_SERVING
		       ? SIGQUIT
		       : SIGTERM;
}

/* Asking twice does nothing. */
static void
ask(const struct ending *ending)
{
	for (unsigned i = 0; i < ending->count; i++) {
		struct child *child = &ending->children[i];

		if (!is_due(ending, child))
			continue;
		child_cancel(child);
		child_ask_to_end(child, signal_for(ending, child));
	}
}

static bool
phase_is_over(const struct ending *ending)
{
	for (unsigned i = 0; i < ending->count; i++) {
		const struct child *child = &ending->children[i];

		if (is_due(ending, child) && child->state != CHILD_ABSENT)
			return false;
	}
	return true;
}

static void
enter(struct ending *ending, enum ending_phase phase)
{
	if (ending->phase == ENDING_DRAIN)
		ending->began_ms = clock_ms();
	ending->phase = phase;
	ask(ending);
}

/* Those that drain know already that they are to end; a second signal says that
 * it is now. */
static void
press(const struct ending *ending)
{
	for (unsigned i = 0; i < ending->count; i++)
		if (ending->children[i].state == CHILD_DRAINING)
			child_press(&ending->children[i], SIGTERM);
}

void
ending_begin(struct ending *ending, uint64_t stop_ms)
{
	ending->is_on = true;
	ending->stop_ms = stop_ms;
	ending->began_ms = clock_ms();
	ending->phase = ENDING_EDGES;
	press(ending);
	ask(ending);
	ending_advance(ending);
}

void
ending_advance(struct ending *ending)
{
	while (ending->is_on && ending->phase < ENDING_OVER &&
		phase_is_over(ending))
		enter(ending, ending->phase + 1);
}

void
ending_drain(struct ending *ending, uint64_t drain_ms, uint64_t stop_ms)
{
	ending->is_on = true;
	ending->phase = ENDING_DRAIN;
	ending->began_ms = clock_ms();
	ending->drain_ms = drain_ms;
	ending->stop_ms = stop_ms;
	ask(ending);
	ending_advance(ending);
}

bool
ending_cut_drain(struct ending *ending)
{
	if (!ending->is_on || ending->phase != ENDING_DRAIN)
		return false;
	press(ending);
	enter(ending, ENDING_EDGES);
	return true;
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
		if (is_due(ending, &ending->children[i]))
			child_kill(&ending->children[i]);
}

static uint64_t
time_of_phase(const struct ending *ending)
{
	if (ending->phase == ENDING_DRAIN)
		return ending->drain_ms + DRAIN_EXTRA_MS;
	return ending->stop_ms * share_of_time[ending->phase] / 100;
}

void
ending_look(struct ending *ending, uint64_t now_ms)
{
	if (!ending->is_on || ending_is_over(ending) ||
		now_ms < ending->began_ms + time_of_phase(ending))
		return;
	if (ending_cut_drain(ending)) {
		log_warning("the drain has used up its time, stopping");
		return;
	}
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
	return !ending->is_on || !is_due(ending, child);
}
