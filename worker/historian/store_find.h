/*
 * The index of what is said as those who search see it: an optional helper. It
 * may be missing, be replaced by a new one at any time, or be damaged; then it
 * reaches nothing, tells so, and is looked for again by the next search.
 */
#ifndef WORKER_HISTORIAN_STORE_FIND_H
#define WORKER_HISTORIAN_STORE_FIND_H

#include <stdint.h>

#include "shared/text.h"

struct store_find;

/* As the last search met it. */
enum store_find_state {
	STORE_FIND_GOOD,
	STORE_FIND_MISSING,
	STORE_FIND_DAMAGED,
};

struct store_find *store_find_new(const char *path);
void store_find_free(struct store_find **find);

/* One search: between the two the index stands still for it. What takes until
 * hard_ms of the clock is broken off. */
void store_find_open(struct store_find *find, uint64_t hard_ms);
void store_find_close(struct store_find *find);

enum store_find_state store_find_state(const struct store_find *find);

/* Messages of the stream up to this offset are in the index. */
uint64_t store_find_progress(struct store_find *find, uint64_t stream);

/* The archive's notes of what was withdrawn are in the index up to this one. */
uint64_t store_find_taken_back(struct store_find *find);

/* The ids between the two, highest first, that a query finds; SQLite's codes.
 * The query is borrowed until store_find_stop(). */
void store_find_start(struct store_find *find, struct text query,
	uint64_t above, uint64_t below);
int store_find_next(struct store_find *find, uint64_t *id);
void store_find_stop(struct store_find *find);

#endif
