/*
 * What the writer of a journal does once, at its start: finds where the last
 * whole batch ends and cuts what a killed writer left unfinished behind it.
 * Damage is never cut: when whole batches follow a bad place, somebody has
 * to decide, so the start is refused with a sentence. Used by journal.c alone.
 */
#ifndef SHARED_JOURNAL_TAIL_H
#define SHARED_JOURNAL_TAIL_H

#include <stddef.h>
#include <stdint.h>

/* Checks the segments with these bases, opens the last one for writing and
 * finds the end of the journal. *fd is -1 when there is no segment; *count
 * becomes one less when the last one had not even a head. -1: refused (logged),
 * and nothing is open. */
int journal_tail_open(const char *directory, const uint64_t *bases,
	size_t *count, int *fd, uint64_t *end);

#endif
