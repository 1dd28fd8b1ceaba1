/*
 * What the master looks at again and again: whether children become ready,
 * live, rest or leave in time.
 */
#ifndef MASTER_WATCH_H
#define MASTER_WATCH_H

#include <stdbool.h>

struct supervisor;

/* Does somebody need another look soon? */
bool watch_look(struct supervisor *supervisor);

#endif
