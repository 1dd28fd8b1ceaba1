/*
 * Walks through the index piece by piece, for those who list all of it. Users
 * and rooms hang in chains; a name is in the same chain of every partition of
 * an arena as long as that lives, so a list in the order of chains neither
 * misses nor repeats who is there the whole time.
 */
#ifndef SHARED_INDEX_WALK_H
#define SHARED_INDEX_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "shared/index_entry.h"
#include "shared/text.h"

struct arena;

/* What a walk along one chain tells. Texts are borrowed until it returns. */
struct index_walk {
	/* What this walk has told so far does not count: it begins anew. */
	void (*begin)(void *self);
	void (*connection)(void *self, const struct index_entry *entry);
	void (*room)(void *self, struct text tenant, struct text room,
		uint32_t connections);
	void *self;
	size_t most; /* it ends with so many */
};

/* How many places of this slot have ever been used; 0 when it is closed. */
uint32_t index_places(const struct arena *arena, unsigned slot);

/* The hash of a name in the index, and how many chains there are; a name hangs
 * in the chain hash % chains. */
uint64_t index_hash(
	const struct arena *arena, struct text tenant, struct text name);
uint32_t index_user_chains(const struct arena *arena);
uint32_t index_room_chains(const struct arena *arena);

/* The next chain of this slot, from `from` on, in which anybody is, or how many
 * there are. */
uint32_t index_next_user_chain(
	const struct arena *arena, unsigned slot, uint32_t from);
uint32_t index_next_room_chain(
	const struct arena *arena, unsigned slot, uint32_t from);

/* Tells connection() or room() of all in one chain of this slot, in no order;
 * those who come or go meanwhile may be missed. Returns how many were looked
 * at. */
size_t index_walk_users(const struct arena *arena, unsigned slot,
	uint32_t chain, const struct index_walk *walk);
size_t index_walk_rooms(const struct arena *arena, unsigned slot,
	uint32_t chain, const struct index_walk *walk);

#endif
