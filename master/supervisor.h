/*
 * The master's loop: starts the children, watches their hearts, replaces those
 * that die or stand still, and ends them in the order in which messages flow.
 */
#ifndef MASTER_SUPERVISOR_H
#define MASTER_SUPERVISOR_H

#include <stdbool.h>

#include "shared/scoreboard.h"

struct arena_shape;
struct config;

/* One slot for each process of roles.def, as many as the configuration says,
 * and as many gateways again, so that new ones can serve beside old ones. is_on
 * tells by slot which serve from the start. */
void supervisor_shape(const struct config *config, struct arena_shape *shape,
	bool is_on[SLOTS_MAX]);

struct supervisor_needs;

/* What a run may end with besides an exit code: the program is to be executed
 * again, from the start. */
#define SUPERVISOR_ANEW (-1)

/* Runs until a stop; returns the exit code. */
int supervisor_run(const struct supervisor_needs *needs);

#endif
