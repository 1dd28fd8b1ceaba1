/*
 * The word check: is all as it should be? From the scoreboard and the rings, a
 * row for each thing that was looked at, and first one for all. A row of the
 * table in words.c.
 */
#ifndef MASTER_WORDS_CHECK_H
#define MASTER_WORDS_CHECK_H

#include "shared/text.h"

struct answer;
struct words_context;

void words_check(const struct words_context *context, struct text argument,
	struct answer *answer);

#endif
