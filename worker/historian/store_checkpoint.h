/*
 * The checkpointer: a thread that carries what is committed from the
 * write-ahead log into the database, on a connection of its own, so that the
 * syncs of a slow disk never stop the loop. It makes nobody wait (PASSIVE); a
 * log that grew long begins anew only when a pass ends while nothing is being
 * written, so the writer pauses when checkpointer_wants_quiet().
 */
#ifndef WORKER_HISTORIAN_STORE_CHECKPOINT_H
#define WORKER_HISTORIAN_STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

struct checkpointer;

/* A pass begins when the log has pass_pages; eight times that is very long.
 * NULL when the database cannot be opened (logged). */
struct checkpointer *checkpointer_new(const char *path, size_t pass_pages);

/* Waits for the pass that runs. */
void checkpointer_free(struct checkpointer **checkpointer);

/* Tells it how many pages the write-ahead log has, after a commit. */
void checkpointer_note(struct checkpointer *checkpointer, size_t log_pages);

/* The log is very long and a pass runs: write nothing until it ends. */
bool checkpointer_wants_quiet(struct checkpointer *checkpointer);

#endif
