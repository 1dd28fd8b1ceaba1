/*
 * Whom the words of the status socket speak of, and what they may have done.
 */
#ifndef MASTER_WORDS_CONTEXT_H
#define MASTER_WORDS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct arena;
struct config;
struct traced;

/* One event that somebody traces, from the gateway in this slot; borrowed. */
typedef void wishes_traced(
	void *to, unsigned slot, const struct traced *traced);

struct words_context {
	const struct config *config;
	const struct arena *arena;
	uint64_t started_ms; /* clock_ms() */

	/* See acts.h. */
	void (*stop)(void *self);
	void (*drain)(void *self);
	bool (*drain_over)(void *self, unsigned seconds);
	bool (*reload)(void *self);
	void (*reopen)(void *self);
	bool (*upgrade)(void *self);
	bool (*set_gateways)(void *self, unsigned count);

	/* See wishes.h. */
	bool (*wish)(void *self, unsigned slot, struct text packed);
	void (*hear_traced)(void *self, wishes_traced *on_traced, void *to);
	bool (*set_log)(
		void *self, const char *level, char *why, size_t why_bytes);
	void *self;
};

#endif
