/*
 * The master's loop: starts the children, watches their hearts, replaces those
 * that die or stand still, and ends them in the order in which messages flow.
 */
#ifndef MASTER_SUPERVISOR_H
#define MASTER_SUPERVISOR_H

struct arena_shape;
struct config;

/* One slot for each process of roles.def, as many as the configuration says. */
void supervisor_shape(const struct config *config, struct arena_shape *shape);

struct supervisor_needs;

/* Runs until a stop; returns the exit code. */
int supervisor_run(const struct supervisor_needs *needs);

#endif
