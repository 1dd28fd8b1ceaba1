/*
 * The master's loop: starts the children, watches their hearts, replaces those
 * that die or stand still, and ends them in the order in which messages flow.
 */
#ifndef MASTER_SUPERVISOR_H
#define MASTER_SUPERVISOR_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct arena_shape;
struct config;
struct heritage_socket;
struct premises;

/* One slot for each process of roles.def, as many as the configuration says. */
void supervisor_shape(const struct config *config, struct arena_shape *shape);

struct supervisor_needs {
	const struct config *config;
	const struct premises *premises;
	struct arena *arena;
	const struct heritage_socket *sockets;
	size_t socket_count;
	int status_fd; /* listening */

	/* All children serve for the first time. */
	void (*on_serving)(void *self);
	void *self;
};

/* Runs until a stop; returns the exit code. */
int supervisor_run(const struct supervisor_needs *needs);

#endif
