/*
 * Going to the background: the process that was started waits there until the
 * server serves, and tells by its exit code whether it does.
 */
#ifndef MASTER_BACKGROUND_H
#define MASTER_BACKGROUND_H

#include <stdbool.h>

/* Returns in the process that goes on, without a terminal: a descriptor, by
 * which the waiting one is told. fatal() when that cannot be. */
int background_go(bool keeps_stderr);

/* We serve. The descriptor, if there is one, is closed, and -1 then. */
void background_tell(int *waiting);

#endif
