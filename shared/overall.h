/*
 * What the rows of all slots say together, for those who tell people and other
 * programs how the server fares.
 */
#ifndef SHARED_OVERALL_H
#define SHARED_OVERALL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/scoreboard.h"

struct arena;

/* A counter, of all slots, or of those of one role. */
uint64_t overall_count(const struct arena *arena, enum counter counter);
uint64_t overall_count_role(
	const struct arena *arena, enum role role, enum counter counter);

/* A histogram of all slots. */
void overall_histogram(const struct arena *arena, enum histogram_kind kind,
	struct histogram_sum *sum);

/* Nobody serves in this slot, and nobody is to. */
bool overall_is_empty(const struct row *row);

/* Processes that are to serve. */
uint64_t overall_wanted(const struct arena *arena);

/* One word for the state that the server is in. */
const char *overall_state(const struct arena *arena);

/* How far the historian has come in the journal of a ledger; false: there is no
 * historian. */
bool overall_archived(
	const struct arena *arena, unsigned ledger, uint64_t *archived);

/* Bytes of the journal of the ledger in this row that are not in the rings to
 * gateways yet, and not in the archive; 0 where nobody archives. */
uint64_t overall_undelivered(const struct row *ledger);
uint64_t overall_unarchived(
	const struct arena *arena, const struct row *ledger);

/* How full the fullest ring is, in percent. */
unsigned overall_ring_percent(const struct arena *arena);

#endif
