/*
 * What the supervisor is given: everything that is made before the first fork,
 * and stays main.c's.
 */
#ifndef MASTER_NEEDS_H
#define MASTER_NEEDS_H

#include <stdbool.h>

struct arena;
struct config;
struct handover;
struct listening;
struct premises;

struct supervisor_needs {
	struct config *config; /* its content changes at a reload */
	const struct premises *premises;
	struct arena *arena;
	struct listening *listening; /* so does this */
	bool logs_to_stderr;         /* whatever the configuration says */
	int status_fd;               /* listening */

	/* From the program before, after an upgrade; NULL: a fresh start. */
	const struct handover *handover;

	/* All children serve for the first time. */
	void (*on_serving)(void *self);
	void *self;
};

#endif
