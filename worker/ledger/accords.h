/*
 * Accords: what this ledger knows of what another host had, so that it can tell
 * what a client who comes from there cannot have seen. A mark of an accord
 * says: when the clock of that host was `there`, it had all that had got its
 * place here while our clock was not later than `here`. That stays true,
 * whatever dies; a mark less makes no answer wrong, only longer.
 *
 * How one comes about: the ledger puts down up to where it has each journal,
 * and waits until that host has told (EXTENTS) that it has as much of each. A
 * host that was cut off from a third one has not, so there are no marks until
 * it has caught up. Journals of hosts that are no peers any more do not count.
 *
 * Of each host ACCORD_MARKS_MAX marks are kept, the farther apart the older
 * they are, and of ACCORDS_MAX hosts; they lie in the checkpoint.
 */
#ifndef WORKER_LEDGER_ACCORDS_H
#define WORKER_LEDGER_ACCORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/records.h"

#define ACCORDS_MAX 64
#define ACCORD_MARKS_MAX 128

struct buffer;
struct hosts;
struct unpack;

struct accord_mark {
	uint64_t there, here; /* clocks, as in ids */
};

struct accord {
	uint64_t host, store; /* of that store alone */
	struct accord_mark marks[ACCORD_MARKS_MAX];
	size_t count;

	/* What it is to have for the next mark; NULL: nothing is put down. */
	uint64_t here;
	struct extent *wanted;
	size_t wanted_count;
};

/* Zeroed is empty. */
struct accords {
	struct accord *list;
	size_t count;
};

/* What this ledger has of its own and of others, all of it in the journal. */
struct accord_now {
	struct extent own;
	const struct hosts *hosts;
	uint64_t clock; /* no place has a later one */
};

void accords_fini(struct accords *accords);

/* false: what is told makes no sense. */
bool accords_take(struct accords *accords, const struct extents *told,
	const struct accord_now *now);

/* Whatever got its place here while our clock was not later than *here, the
 * host with this store had when its clock was `there`. false: nothing is known
 * of that time. */
bool accords_find(const struct accords *accords, uint64_t store, uint64_t there,
	uint64_t *here);

/* The part of a checkpoint; read into none, false when it is no such part. */
void accords_write(const struct accords *accords, struct buffer *out);
bool accords_read(struct accords *accords, struct unpack *in);

#endif
