/*
 * The word trace: an answer that goes on for a while with what happens in a
 * room, or to a user or one client. A row of the table in words.c; status.c
 * keeps the trace with the asker.
 */
#ifndef MASTER_WORDS_TRACE_H
#define MASTER_WORDS_TRACE_H

#include <stdint.h>

#include "shared/text.h"

struct answer;
struct traced;
struct words_context;

/* The argument is all that follows the word. Begins a table; the answer says
 * which trace it is and how long it goes on. */
void words_trace(const struct words_context *context, struct text argument,
	struct answer *answer);

/* One more row. */
void words_trace_row(const struct words_context *context, struct answer *answer,
	const struct traced *traced, unsigned slot);

/* Gateways need not tell any more. */
void words_trace_end(const struct words_context *context, uint64_t trace);

#endif
