/*
 * The words that the status socket understands, and what each answers. What is
 * shown is read from the scoreboard and the index; no child is asked.
 */
#ifndef MASTER_WORDS_H
#define MASTER_WORDS_H

#include <stdbool.h>

#include "shared/text.h"

struct answer;
struct words_context;

/* Answers one request. may_change: the asker may do more than look. */
void words_answer(const struct words_context *context, struct text request,
	bool may_change, struct answer *answer);

#endif
