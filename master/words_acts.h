/*
 * Words of the status socket that act on clients, messages and the log: kick,
 * say, edit, delete, set log. Rows of the table in words.c.
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

/* What anybody said in a room, as a moderator does. */
void words_edit(const struct words_context *context, struct text argument,
	struct answer *answer);
void words_delete(const struct words_context *context, struct text argument,
	struct answer *answer);

void words_set_log(const struct words_context *context, struct text argument,
	struct answer *answer);

#endif
