/*
 * What became of each message of a request to say something, and the reply that
 * tells it.
 */
#ifndef WORKER_API_OUTCOME_H
#define WORKER_API_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/records.h"
#include "shared/text.h"

struct exchange;

enum outcome_state {
	OUTCOME_WAITING,
	OUTCOME_SAID,
	OUTCOME_REFUSED,
};

struct outcome {
	enum outcome_state state;
	struct text room; /* of a message to many rooms; borrowed */

	/* SAID; offset 0: not remembered, but posted to so many. */
	struct said said;
	uint64_t reached;

	/* REFUSED. */
	unsigned code;
	char *error; /* owned */
	uint64_t retry_ms;
};

/* One element of a request: the outcomes from first on. */
struct outcome_part {
	size_t first, count;
	bool is_many; /* told as a list of rooms */
};

struct outcomes {
	bool is_batch; /* told as an array */
	struct outcome_part *parts;
	size_t part_count, part_room;
	struct outcome *all;
	size_t count, room, missing;
};

void outcomes_fini(struct outcomes *outcomes);

/* Begins an element. */
void outcomes_add_part(struct outcomes *outcomes, bool is_many);

/* One more message of the element begun last; waiting. Returns its number. */
size_t outcomes_add(struct outcomes *outcomes, struct text room);

/* What became of it. Each does nothing to one that waits no more. */
void outcomes_said(struct outcomes *outcomes, uint64_t number,
	const struct said *said, uint64_t reached);
void outcomes_refused(struct outcomes *outcomes, uint64_t number, unsigned code,
	struct text error, uint64_t retry_ms);

/* All that still wait. */
void outcomes_refuse_waiting(
	struct outcomes *outcomes, unsigned code, const char *error);

/* Nothing waits: the exchange is over. */
void outcomes_reply(const struct outcomes *outcomes, struct exchange *exchange);

#endif
