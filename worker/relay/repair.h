/*
 * Repair: makes a whole row out of one stream of another host. It hands on each
 * record once and in order, keeps for a while what came ahead of a gap, asks
 * the origin for what is missing, and says what cannot be had any more. Used
 * for journals of ledgers and for the live stream alike; no I/O and no clock.
 *
 * Stretches are known by their points alone. Of a frame that is partly known
 * the point is cut, not the bytes: whoever takes it passes over items that do
 * not lie behind `from`.
 *
 * Hooks call nothing of repair.
 */
#ifndef WORKER_RELAY_REPAIR_H
#define WORKER_RELAY_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"
#include "worker/relay/piece.h"
#include "worker/relay/point.h"

struct repair;

struct repair_hooks {
	/* What lies behind from and not behind to. false: not now; it is
	 * offered again, from the same point, after repair_room(). */
	bool (*deliver)(void *self, struct point from, struct point to,
		struct text items);

	/* Ask the origin for what lies behind the point. The answer, if one
	 * comes, goes to repair_answer(), later. */
	void (*pull)(void *self, struct point from);

	/* What lies between the two cannot be had. first may lie before from:
	 * the origin has lost its tail and goes on from there. */
	void (*hole)(void *self, struct point from, struct point first);
};

struct repair_limits {
	size_t kept_bytes;   /* of frames ahead of a gap; one more than that
			      * when it was refused */
	uint64_t grace_ms;   /* so long a gap may close by itself */
	uint64_t timeout_ms; /* of a pull */
	uint64_t backoff_ms; /* after a pull that brought nothing; doubles */
	uint64_t backoff_ms_max;
	uint64_t lost_tail_ms;  /* so long heads lie behind us, before we ask */
	uint64_t hole_pause_ms; /* after a hole that came soon after another */
};

extern const struct repair_limits repair_usual_limits;

struct repair_counts {
	uint64_t frames;  /* that brought something new */
	uint64_t known;   /* frames and answers that did not */
	uint64_t strange; /* of another epoch, or that make no sense */
	uint64_t dropped; /* frames ahead that were not kept */
	uint64_t pulls;   /* asked */
	uint64_t repairs; /* of these, that brought something */
	uint64_t pulled_bytes;
	uint64_t holes, lost_bytes;
	size_t kept_bytes; /* now */
};

/* Nothing is taken before the first repair_reset(). hooks and limits stay the
 * caller's. */
struct repair *repair_new(const struct repair_hooks *hooks, void *self,
	const struct repair_limits *limits);
void repair_free(struct repair **repair);

/* The stream is of this epoch from now on and known up to the point; all of
 * before is forgotten, also what was asked. */
void repair_reset(struct repair *repair, uint64_t epoch, struct point at);

/* The taker has lost what lies behind the point, or knows more. */
void repair_rewind(struct repair *repair, struct point at);

/* The taker can take again. */
void repair_room(struct repair *repair);

/* The origin can be asked again: what was tried in vain does not count. */
void repair_wake(struct repair *repair);

/* What came from the origin; of another epoch: passed over. */
void repair_frame(
	struct repair *repair, uint64_t epoch, const struct piece *piece);
void repair_head(struct repair *repair, uint64_t epoch, struct point head);

/* The answer to a pull, late or not; from is what was asked with it. */
void repair_answer(struct repair *repair, uint64_t epoch,
	enum piece_state state, const struct piece *piece);

/* Time goes on: ms of a clock that never goes back. */
void repair_tick(struct repair *repair, uint64_t now_ms);

struct point repair_at(const struct repair *repair);

/* Of the origin, as far as was heard; and since how long we do not have all up
 * to there, 0: we have. */
struct point repair_head_known(const struct repair *repair);
uint64_t repair_lag_ms(const struct repair *repair);
const struct repair_counts *repair_counts(const struct repair *repair);

#endif
