/*
 * The intake: follows the journals of all ledgers and carries what they hold
 * into the store, in bounded steps. Used by the historian's main thread.
 */
#ifndef WORKER_HISTORIAN_INTAKE_H
#define WORKER_HISTORIAN_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intake;
struct store;

/* What one transaction writes; whole messages, so it can be some more. */
#define INTAKE_ROWS 1000

enum intake_result {
	INTAKE_DONE,    /* nothing is left that can be taken now */
	INTAKE_MORE,    /* a step was done and there is more */
	INTAKE_RESTING, /* the store failed; it is tried again in a second */
};

/* Follows data_dir/journal-0 to journal-(ledgers - 1) from where the store is.
 */
struct intake *intake_new(
	struct store *store, const char *data_dir, unsigned ledgers);
void intake_free(struct intake **intake);

/* One transaction at most. ends: for each ledger, how far its journal is
 * committed; 0 = not known yet. */
enum intake_result intake_step(
	struct intake *intake, const uint64_t *ends, uint64_t now_ms);

/* How far the journal of a ledger is committed to the archive. */
uint64_t intake_position(const struct intake *intake, unsigned ledger);

/* The last try failed, of the store or of this journal. */
bool intake_is_stuck(const struct intake *intake, unsigned ledger);

/* When those that the last step carried into the archive were taken in, unix
 * ms; of very many only some. */
const uint64_t *intake_times(const struct intake *intake, size_t *count);

/* Messages committed and transactions, so far. */
uint64_t intake_rows(const struct intake *intake);
uint64_t intake_commits(const struct intake *intake);

#endif
