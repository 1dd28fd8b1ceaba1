/*
 * Retirement: what is kept no longer leaves the archive, a few rows at a time.
 * Used by the historian's main thread, inside of a transaction of the store.
 *
 * Of each stream the oldest messages go, so what is kept begins at some offset
 * and has no holes. A message whose own end has come keeps its place, with
 * nothing in it, until its turn comes as that of the others.
 */
#ifndef WORKER_HISTORIAN_STORE_RETIRE_H
#define WORKER_HISTORIAN_STORE_RETIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct store;

/* 0: all of them, for ever. */
struct store_rule {
	uint64_t keep_messages;
	uint64_t keep_ms;
};

/* Fills in the rule for the messages of a stream. */
typedef void store_rule_of(
	void *self, unsigned kind, struct text name, struct store_rule *rule);

struct store_retirement {
	store_rule_of *rule_of;
	void *self;
	uint64_t unix_ms;
	size_t rows;    /* that may still go; counted down */
	size_t retired; /* messages that went; counted up */
};

enum store_retired {
	STORE_RETIRED_ALL,  /* nothing is left that is to go */
	STORE_RETIRED_SOME, /* there is more */
	STORE_RETIRED_FAILED,
};

enum store_retired store_retire_stream(struct store *store, uint64_t stream,
	struct store_retirement *retirement);

/* Those whose own end has come, whatever their stream. */
enum store_retired store_retire_ended(
	struct store *store, struct store_retirement *retirement);

/* The next stream after *stream; false when there is none. */
bool store_next_stream(struct store *store, uint64_t *stream);

/* What the index has still to take back are the notes from *first to *last; how
 * many there may be, 0: none. */
uint64_t store_withdrawn(struct store *store, uint64_t *first, uint64_t *last);

/* The index has taken back all up to this one; a part of them is forgotten. */
int store_forget_withdrawn(struct store *store, uint64_t number);

#endif
