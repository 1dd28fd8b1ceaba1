/*
 * What a master hands to the program that takes its place by exec: descriptors,
 * which stay open, and who its children are. Written as lines of text, so that
 * a newer program reads what an older one wrote; lines that it does not know
 * are passed over.
 */
#ifndef MASTER_HANDOVER_H
#define MASTER_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/listeners.h"
#include "shared/buffer.h"
#include "shared/scoreboard.h"

struct handover_child {
	pid_t pid; /* 0: none */
	uint32_t life;
	unsigned state; /* enum child_state */
	bool was_healthy;
	int line;
	uint64_t since_ms, started_ms;
};

struct handover {
	int arena, status;
	int run_lock, data_lock, writers_lock;
	uint32_t generation;
	uint64_t started_ms;
	bool has_taken_over;
	char *path;           /* of the configuration; NULL: --dev */
	struct buffer config; /* the one that holds, as a file has it */
	struct listening listening;
	struct handover_child children[SLOTS_MAX];
};

/* A memfd that holds it, which survives an exec; -1: no memory (logged). */
int handover_write(const struct handover *handover);

/* Takes the descriptor. NULL when it is none (logged). */
struct handover *handover_read(int fd);

/* Frees what handover_read() made, but no descriptor. */
void handover_free(struct handover **handover);

/* Whether all descriptors in it are to be closed by the next exec. */
void handover_close_on_exec(const struct handover *handover, bool is_on);

#endif
