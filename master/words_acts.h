/*
 * Words of the status socket that act on clients and on the log: kick, say, set
 * log. Rows of the table in words.c.
 */
#ifndef MASTER_WORDS_ACTS_H
#define MASTER_WORDS_ACTS_H

#include "shared/text.h"

struct answer;
struct words_context;

/* The argument is all that follows the word. A name with spaces in it stands in
 * double quotes. */
void words_kick(const struct words_context *context, struct text argument,
	struct answer *answer);
void words_say(const struct words_context *context, struct text argument,
	struct answer *answer);

void words_set_log(const struct words_context *context, struct text argument,
	struct answer *answer);

#endif
