/*
 * Which looks there are, and how they are asked for; see look.h.
 */
#ifndef MASTER_LOOKS_H
#define MASTER_LOOKS_H

#include <stdbool.h>

#include "shared/text.h"

struct answer;
struct words_context;

/* Answers when the request is a look; otherwise false. */
bool looks_answer(const struct words_context *context, struct text request,
	struct answer *answer);

/* Adds a row with words and meaning for each to a table. */
void looks_help(struct answer *answer);

#endif
