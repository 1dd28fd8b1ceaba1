/*
 * How an index partition lies in memory; for arena.c, which makes room for it,
 * for index*.c and for their tests.
 *
 * Connections stand in places, rooms in cells; both hang in chains from hash
 * buckets and are taken from a free list or from the part never used yet, so
 * memory is touched only as far as it is needed.
 *
 * Reading needs no lock and no waiting, wherever the owner stands or dies:
 *
 * - A place or cell is filled first and then hung into its chain by one store,
 *   and taken out by one store, so every chain is whole at every moment.
 * - A place has a stamp, 0 while nobody stands there and greater with each use.
 *   A copy is whole when the stamp is the same before and after it. New places
 *   are hung in front, so stamps fall along a chain: where one does not, the
 *   reader has stepped on a place just when it was taken away.
 * - A cell that has been taken out is counted in its bucket before it is filled
 *   anew. A reader who finds the count as it was before its walk has seen
 *   nothing but this chain.
 * - A caller's key is taken away before its counts are given to another, so
 *   counts between two readings of the same key are that key's.
 * - The life of the partition is read before and after; a successor empties the
 *   memory only between two lives.
 *
 * All words are stored with release and loaded with acquire: who sees a later
 * word sees the counts that were stored before it, without fences.
 */
#ifndef SHARED_INDEX_PARTITION_H
#define SHARED_INDEX_PARTITION_H

#include <stdatomic.h>

#include "shared/base.h"
#include "shared/index_entry.h"
#include "shared/text.h"

#define PLACE_WORDS (sizeof(struct index_entry) / 8)
#define NAME_WORDS ((2 + TENANT_BYTES_MAX + ROOM_BYTES_MAX + 7) / 8)
#define INDEX_TRIES 16

/* Numbers of places and cells in links are one more than their index, since 0
 * must mean none in zeroed memory. */
struct index_bucket {
	_Atomic uint32_t first;
	_Atomic uint32_t removals;
};

struct index_place {
	_Atomic uint64_t stamp;
	_Atomic uint64_t user_hash;
	_Atomic uint32_t next;
	_Atomic uint32_t previous;           /* for the owner */
	_Atomic uint64_t words[PLACE_WORDS]; /* a struct index_entry */
};

struct index_cell {
	_Atomic uint64_t hash;
	_Atomic uint32_t next;
	_Atomic uint32_t members;
	_Atomic uint64_t words[NAME_WORDS]; /* a struct index_name */
};

/* What one address does here; see callers.h. key 0: nobody's. */
struct index_caller {
	_Atomic uint64_t key;
	_Atomic uint64_t rate; /* connects by second, see callers.c */
	_Atomic uint32_t open; /* connections */
	uint32_t spare;
};

#define CALLERS_PER_BUCKET 8
#define HINTS_PER_BUCKET 8

struct partition {
	/* Constant after index_partition_init(). */
	_Alignas(CACHE_LINE) uint32_t connections;
	uint32_t rooms;
	uint32_t user_mask, room_mask; /* how many chains, less one */
	uint64_t users_at, places_at, room_buckets_at, cells_at;
	uint64_t callers_at, bytes;

	/* Written by the owner, seldom. */
	_Alignas(CACHE_LINE) _Atomic uint32_t opened_life;
	_Atomic uint32_t claims_all;
	_Atomic uint32_t room_count;
	_Atomic uint32_t hints_missing; /* places that found no bucket */

	/* Written by the owner, often. */
	_Alignas(CACHE_LINE) _Atomic uint32_t places_used; /* ever */
	_Atomic uint32_t places_free; /* first of the free list */
	_Atomic uint32_t cells_used;
	_Atomic uint32_t cells_free;
	_Atomic uint64_t last_stamp;

	/* Written by the master. */
	_Alignas(CACHE_LINE) _Atomic uint32_t closed_life;
};

_Static_assert(sizeof(struct index_entry) % 8 == 0, "entries are words");
_Static_assert(sizeof(struct index_bucket) == 8, "crosses processes");
_Static_assert(sizeof(struct index_place) == 24 + 8 * PLACE_WORDS,
	"crosses processes");
_Static_assert(
	sizeof(struct index_cell) == 16 + 8 * NAME_WORDS, "crosses processes");
_Static_assert(sizeof(struct index_caller) == 24, "crosses processes");
_Static_assert(sizeof(struct partition) == 4 * CACHE_LINE, "crosses processes");

/* The tables begin here, behind a header that stays when they are emptied; a
 * multiple of every page size in use. */
#define INDEX_TABLES_AT 65536

/* Bytes of memory that a partition takes. */
size_t index_partition_size(uint32_t connections, uint32_t rooms);

/* Hash of how the structs of a partition lie in memory. */
uint64_t index_partition_layout(void);

/* Master, once, in zeroed memory. */
void index_partition_init(
	struct partition *partition, uint32_t connections, uint32_t rooms);

struct arena;

/* A tenant and a name in it, as bytes that no other pair has. */
struct index_name {
	union {
		uint8_t bytes[8 * NAME_WORDS];
		uint64_t words[NAME_WORDS];
	} is;
	uint32_t length;
	uint64_t hash;
};

/* Texts must be within TENANT_BYTES_MAX and ROOM_BYTES_MAX. */
void index_name_make(struct index_name *made, const struct arena *arena,
	struct text tenant, struct text name);

static inline uint32_t
index_load(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static inline void
index_store(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static inline uint64_t
index_load_long(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static inline void
index_store_long(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

/* The life that a partition is open for, or 0. */
static inline uint32_t
index_life(const struct partition *partition)
{
	uint32_t life = index_load(&partition->opened_life);

	return life == index_load(&partition->closed_life) ? 0 : life;
}

static inline void *
index_at(const struct partition *partition, uint64_t offset)
{
	return (uint8_t *)(uintptr_t)partition + offset;
}

/* The first place of the chain that users with this hash are in. */
static inline _Atomic uint32_t *
index_user_chain(const struct partition *partition, uint64_t hash)
{
	_Atomic uint32_t *chains = index_at(partition, partition->users_at);

	return &chains[hash & partition->user_mask];
}

static inline struct index_bucket *
index_room_bucket(const struct partition *partition, uint64_t hash)
{
	struct index_bucket *buckets =
		index_at(partition, partition->room_buckets_at);

	return &buckets[hash & partition->room_mask];
}

static inline struct index_place *
index_place(const struct partition *partition, uint32_t place)
{
	struct index_place *places = index_at(partition, partition->places_at);

	return &places[place];
}

static inline struct index_cell *
index_cell(const struct partition *partition, uint32_t cell)
{
	struct index_cell *cells = index_at(partition, partition->cells_at);

	return &cells[cell];
}

/* Callers have twice as many places as connections, in buckets of a power of
 * two. */
static inline uint32_t
index_caller_mask(const struct partition *partition)
{
	return partition->user_mask / (CALLERS_PER_BUCKET / 2);
}

static inline struct index_caller *
index_callers(const struct partition *partition, uint32_t bucket)
{
	struct index_caller *callers =
		index_at(partition, partition->callers_at);

	return &callers[(size_t)bucket * CALLERS_PER_BUCKET];
}

/* Hints where a secret stands, see index_secrets.c: as many buckets as callers
 * have, behind them. */
static inline uint64_t
index_hints_at(const struct partition *partition)
{
	return partition->callers_at +
	       (index_caller_mask(partition) + UINT64_C(1)) *
		       CALLERS_PER_BUCKET * sizeof(struct index_caller);
}

#endif
