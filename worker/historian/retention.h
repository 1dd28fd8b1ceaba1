/*
 * Retention: what is kept no longer leaves the archive, in small steps between
 * those of the intake. Used by the historian's main thread.
 *
 * Streams that got messages are looked at soon; all of them once after the
 * start, and again and again when some messages are kept for a time only. What
 * a kill leaves undone is found by the next start.
 */
#ifndef WORKER_HISTORIAN_RETENTION_H
#define WORKER_HISTORIAN_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/historian/store_retire.h"

struct indexer;
struct retention;

struct retention_options {
	struct store *store;
	struct indexer *indexer; /* NULL: there is no index */
	store_rule_of *rule_of;
	void *self;
	bool has_ages; /* some rule keeps messages for a time only */
};

enum retention_result {
	RETENTION_DONE,  /* look again when streams were touched, or later */
	RETENTION_LATER, /* there is more, but none of it is urgent */
	RETENTION_MORE,  /* the step is full */
};

struct retention *retention_new(const struct retention_options *options);
void retention_free(struct retention **retention);

/* Messages have come into these streams. */
void retention_note(
	struct retention *retention, const uint64_t *streams, size_t count);

/* One transaction at most. now_ms: of the monotonic clock. */
enum retention_result retention_step(
	struct retention *retention, uint64_t now_ms, uint64_t unix_ms);

/* Messages that went, so far. */
uint64_t retention_retired(const struct retention *retention);

#endif
