/*
 * A new configuration, as a child gets it from the master over its line: heard
 * word by word, and taken up as a whole between two turns of the loop. The
 * struct config stays where it is and gets new content, so whoever borrowed it
 * sees the new one; what was taken out of it (a class of rooms, a listener)
 * must not be kept from one turn to the next.
 *
 * Wishes come over the same line and are handed on one by one.
 */
#ifndef WORKER_RELOAD_H
#define WORKER_RELOAD_H

#include "shared/text.h"

struct heritage;
struct reload;

enum reload_heard {
	RELOAD_NOTHING,
	RELOAD_READY, /* all of a new configuration is here */
	RELOAD_WISH,  /* see reload_wish() */
	RELOAD_GONE,  /* the master is */
};

/* heritage: the worker's own, whose sockets are all its own and on the heap. */
struct reload *reload_new(struct heritage *heritage);
void reload_free(struct reload **reload);

enum reload_heard reload_hear(struct reload *reload);

/* The wish heard last, until the next word is heard. */
struct text reload_wish(const struct reload *reload);

/* Takes up what was heard. -1: it cannot be read, all stays as it was (logged).
 * The sockets of before are open until reload_finish(), so that a role can let
 * go of them first. */
int reload_take_up(struct reload *reload);
void reload_finish(struct reload *reload);

#endif
