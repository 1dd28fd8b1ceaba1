/*
 * The arguments that stand behind a word of the status socket.
 */
#ifndef MASTER_ARGUMENTS_H
#define MASTER_ARGUMENTS_H

#include <stdbool.h>

#include "shared/text.h"

/* The next argument, taken from the rest; empty when there is none. In double
 * quotes it may have spaces. */
struct text arguments_take(struct text *rest);

/* All that is left; without the quotes when they are around all of it. */
struct text arguments_take_rest(struct text *rest);

/* Is this the next argument? Then it is taken. */
bool arguments_take_word(struct text *rest, const char *word);

/* `tenant T` in front of the others; `default`, and false, without. */
bool arguments_take_tenant(struct text *rest, struct text *tenant);

#endif
