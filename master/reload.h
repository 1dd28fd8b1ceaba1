/*
 * A reload: the configuration is read again, and when it is good, everything
 * that may change while the server runs does, without disconnecting anyone. On
 * any error all stays as it was.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

struct arena_shape;
struct child;
struct config;
struct listening;

struct reload {
	struct config *config;       /* gets new content */
	struct listening *listening; /* so does this */
	const struct arena_shape *shape;
	struct child *children;
	unsigned count;
	uint32_t *generation; /* of the configuration; counted on */

	/* Out: classes of rooms have changed, which the historian knows by
	 * threads of its own, so it is to be replaced. */
	bool needs_historian;
};

/* -1: it was not done (logged). */
int reload_run(struct reload *reload);

/* Tells all children what holds now: which sockets are whose. -1: no memory for
 * it (logged). */
int reload_tell(struct reload *reload);

#endif
