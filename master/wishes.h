/*
 * What an operator wishes of children, said to them over their lines. self is
 * the supervisor.
 */
#ifndef MASTER_WISHES_H
#define MASTER_WISHES_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

struct traced;

/* One packed wish for who lives in the slot. False: nobody, or he is too busy
 * to listen. */
bool wishes_say(void *self, unsigned slot, struct text wish);

/* What gateways tell of traces, a bounded number at a time; to be called while
 * there are any. */
void wishes_hear_traced(void *self,
	void (*on_traced)(void *to, unsigned slot, const struct traced *traced),
	void *to);

/* The level of the log, here and in all children, until the configuration is
 * read again. False: there is no such level, why tells which there are. */
bool wishes_set_log(void *self, const char *level, char *why, size_t why_bytes);

#endif
