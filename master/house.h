/*
 * The house: all that is there before the first fork. It is made anew, or taken
 * over as the program before us has left it.
 */
#ifndef MASTER_HOUSE_H
#define MASTER_HOUSE_H

#include <stdbool.h>

#include "master/listeners.h"

struct arena;
struct config;
struct handover;
struct premises;

struct house {
	struct config *config; /* set before, and freed with the house */
	bool logs_to_stderr;   /* so is this: whatever log_file says */
	struct premises *premises;
	struct arena *arena;
	struct listening listening;
	char *status_path;
	int status_fd; /* -1: not open */
};

/* Takes the premises, opens sockets and log, makes the arena, and becomes the
 * user. -1: it cannot be (logged); the house is to be closed then, too. */
int house_open(struct house *house);

/* After an upgrade: everything is there, and is taken out of the handover. */
int house_inherit(struct house *house, struct handover *handover);

void house_close(struct house *house);

#endif
