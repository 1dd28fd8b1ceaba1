/*
 * How a stop goes: in phases along the way of a message, those who make
 * messages before those who keep them. Each phase has its share of the time, so
 * that an edge that stands still does not cost the ledgers theirs. A drain is a
 * stop with a phase before it, in which the gateways send their clients away.
 */
#ifndef MASTER_ENDING_H
#define MASTER_ENDING_H

#include <stdbool.h>
#include <stdint.h>

struct child;

enum ending_phase {
	ENDING_DRAIN,
	ENDING_EDGES,
	ENDING_LEDGERS,
	ENDING_ARCHIVE,
	ENDING_OVER,
};

/* All zero but the first two: nobody is ending. The children are borrowed. */
struct ending {
	struct child *children;
	unsigned count;
	bool is_on;
	enum ending_phase phase;
	uint64_t began_ms; /* the stop, or the drain before it */
	uint64_t stop_ms;  /* how long the stop may take */
	uint64_t drain_ms; /* how long the drain */
};

void ending_begin(struct ending *ending, uint64_t stop_ms);

/* Begins with a drain, which has so much time and no share of the stop's. */
void ending_drain(struct ending *ending, uint64_t drain_ms, uint64_t stop_ms);

/* Goes on from a drain to the stop; false when there is none. */
bool ending_cut_drain(struct ending *ending);

/* A child has ended: goes on to the next phase when it was the last one. */
void ending_advance(struct ending *ending);
bool ending_is_over(const struct ending *ending);

/* Kills those whose phase has used up its time; a drain only goes on to the
 * stop, for one may drain that began earlier, and for longer. */
void ending_look(struct ending *ending, uint64_t now_ms);

/* Waits for nobody any more. */
void ending_hurry(struct ending *ending);

/* Is the slot to be filled again when this child dies? While a stop is on,
 * those whose turn has not come are still needed. */
bool ending_wants(const struct ending *ending, const struct child *child);

#endif
