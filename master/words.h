/*
 * The words that the status socket understands, and what each answers. What is
 * shown is read from the scoreboard and the index; no child is asked.
 */
#ifndef MASTER_WORDS_H
#define MASTER_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct answer;
struct arena;
struct config;

/* Whom the words speak of. */
struct words_context {
	const struct config *config;
	const struct arena *arena;
	uint64_t started_ms; /* clock_ms() */

	/* See acts.h. */
	void (*stop)(void *self);
	void (*drain)(void *self);
	bool (*reload)(void *self);
	void (*reopen)(void *self);
	bool (*upgrade)(void *self);
	bool (*set_gateways)(void *self, unsigned count);
	void *self;
};

/* Answers one request. may_change: the asker may do more than look. */
void words_answer(const struct words_context *context, struct text request,
	bool may_change, struct answer *answer);

#endif
