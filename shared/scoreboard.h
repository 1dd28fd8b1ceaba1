/*
 * The scoreboard: one row per slot, read by everyone, so that the status socket
 * and other processes learn how each fares without asking it.
 *
 * A slot is the place of one process; its successor after a death takes the
 * same slot with the next life. Each field has one writer: the master, or the
 * process that lives in the slot. All words are plain 64-bit or 32-bit atomics.
 */
#ifndef SHARED_SCOREBOARD_H
#define SHARED_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/base.h"
#include "shared/histogram.h"

#define LEDGERS_MAX 16
#define SLOTS_MAX 1024

enum role {
#define ROLE(symbol, name, entry, count) ROLE_##symbol,
#include "shared/roles.def"
#undef ROLE
	ROLE_COUNT
};

const char *role_name(enum role role);

enum child_state {
	CHILD_ABSENT,   /* no process */
	CHILD_STARTING, /* forked, not ready */
	CHILD_SERVING,
	CHILD_DRAINING, /* asked to go */
	CHILD_RESTING,  /* waits out a back-off */
};

const char *child_state_name(enum child_state state);

enum counter {
#define COUNTER(symbol, name, kind, help) COUNTER_##symbol,
#include "shared/counters.def"
#undef COUNTER
	COUNTER_COUNT
};

struct counter_info {
	const char *name;
	bool is_gauge;
	const char *help;
};

const struct counter_info *counter_info(enum counter counter);

struct histogram_info {
	const char *name;
	enum role role; /* nobody else measures it */
	const char *help;
};

const struct histogram_info *histogram_info(enum histogram_kind kind);

struct row {
	/* Written by the master. */
	_Alignas(CACHE_LINE) _Atomic uint32_t pid; /* 0 = nobody */
	_Atomic uint32_t life;     /* grows with each process; 0 = never any */
	_Atomic uint32_t state;    /* enum child_state */
	uint32_t role;             /* enum role; constant */
	uint32_t number;           /* which one of its role, from 0; constant */
	_Atomic uint32_t restarts; /* deaths that were not asked for */
	_Atomic uint32_t is_wanted; /* a process is to serve here */
	_Atomic uint64_t since_ms;  /* clock_ms() of the state's start */

	/* Written by the process in the slot. */
	_Alignas(CACHE_LINE) _Atomic uint64_t heartbeat_ms; /* clock_ms() */
	_Atomic uint32_t ready_life;  /* its life, once it serves */
	_Atomic uint32_t stuck_slot;  /* 1 + who takes no letters; 0 = none */
	_Atomic uint32_t stuck_life;  /* the life of that slot */
	_Atomic uint32_t generation;  /* of its configuration */
	_Atomic uint64_t journal_end; /* ledger: all before it is committed */
	_Atomic uint64_t store;     /* ledger: the id of data_dir; 0: not yet */
	_Atomic uint64_t clock;     /* ledger: all that it said up to this
				       id_time is committed */
	_Atomic uint64_t delivered; /* ledger: all before it is in the rings */
	_Atomic uint64_t archived[LEDGERS_MAX]; /* historian: committed; first
						   api: one more than it has
						   told; 0: it tells nothing */

	/* Written by the process in the slot; on a line of its own because
	 * every producer reads it after every letter. */
	_Alignas(CACHE_LINE) _Atomic uint32_t is_asleep;

	/* Written by the process in the slot. */
	_Alignas(CACHE_LINE) _Atomic uint64_t counters[COUNTER_COUNT];
	struct histogram histograms[HISTOGRAM_COUNT];
};

_Static_assert(sizeof(struct row) % CACHE_LINE == 0, "rows share no line");

/* For the owner of the row only: plain adds, no locked instruction. */
static inline void
row_count(struct row *own, enum counter counter, int64_t change)
{
	uint64_t old = atomic_load_explicit(
		&own->counters[counter], memory_order_relaxed);

	atomic_store_explicit(&own->counters[counter], old + (uint64_t)change,
		memory_order_relaxed);
}

static inline void
row_set(struct row *own, enum counter counter, uint64_t value)
{
	atomic_store_explicit(
		&own->counters[counter], value, memory_order_relaxed);
}

static inline uint64_t
row_read(const struct row *row, enum counter counter)
{
	return atomic_load_explicit(
		&row->counters[counter], memory_order_relaxed);
}

#endif
