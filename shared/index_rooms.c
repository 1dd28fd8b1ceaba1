#include "shared/index.h"

#include <string.h>

#include "shared/arena.h"
#include "shared/hash.h"
#include "shared/index_partition.h"
#include "shared/index_walk.h"

/*
 * Rooms of a partition: a table of chained cells. There are as many buckets as
 * rooms and the hash is keyed, so chains are short; one that reaches CHAIN_MAX
 * counts as a full table. A cell's name never changes while it hangs in a
 * chain, its count of members is one word.
 */

#define CHAIN_MAX 64

static bool
has_name(const struct index_cell *cell, const struct index_name *name)
{
	if (index_load_long(&cell->hash) != name->hash)
		return false;
	for (uint32_t i = 0; i < (name->length + 7) / 8; i++)
		if (index_load_long(&cell->words[i]) != name->is.words[i])
			return false;
	return true;
}

/* The link that leads to the cell of this name, with *at 1 + its index, or the
 * one that ended its chain when it was looked at, with *at 0. NULL, 0 when the
 * chain is as long as any may be. */
static _Atomic uint32_t *
find_link(const struct partition *partition, const struct index_name *name,
	uint32_t *at)
{
	_Atomic uint32_t *link =
		&index_room_bucket(partition, name->hash)->first;

	for (int i = 0; i < CHAIN_MAX; i++) {
		struct index_cell *cell;

		*at = index_load(link);
		if (*at == 0)
			return link;
		if (*at > partition->rooms)
			break;
		cell = index_cell(partition, *at - 1);
		if (has_name(cell, name))
			return link;
		link = &cell->next;
	}
	*at = 0;
	return NULL;
}

/* 1 + the index of an unused cell, or 0. */
static uint32_t
take_cell(struct partition *own)
{
	uint32_t at = index_load(&own->cells_free);

	if (at) {
		struct index_cell *cell = index_cell(own, at - 1);

		index_store(&own->cells_free, index_load(&cell->next));
		return at;
	}
	at = index_load(&own->cells_used) + 1;
	if (at > own->rooms)
		return 0;
	index_store(&own->cells_used, at);
	return at;
}

static void
add_count(_Atomic uint32_t *count, int change)
{
	index_store(count, index_load(count) + (uint32_t)change);
}

bool
index_room_add(const struct arena *arena, unsigned own_slot, struct text tenant,
	struct text room)
{
	struct partition *own = arena_partition(arena, own_slot);
	struct index_name name;
	struct index_cell *cell;
	_Atomic uint32_t *link;
	uint32_t at;

	index_name_make(&name, arena, tenant, room);
	link = find_link(own, &name, &at);
	if (at) {
		add_count(&index_cell(own, at - 1)->members, 1);
		return true;
	}
	at = link ? take_cell(own) : 0;
	if (!at) {
		index_store(&own->claims_all, 1);
		return false;
	}
	cell = index_cell(own, at - 1);
	for (uint32_t i = 0; i < (name.length + 7) / 8; i++)
		index_store_long(&cell->words[i], name.is.words[i]);
	index_store_long(&cell->hash, name.hash);
	index_store(&cell->members, 1);
	index_store(&cell->next, 0);
	add_count(&own->room_count, 1);
	index_store(link, at);
	return true;
}

void
index_room_remove(const struct arena *arena, unsigned own_slot,
	struct text tenant, struct text room)
{
	struct partition *own = arena_partition(arena, own_slot);
	struct index_bucket *bucket;
	struct index_cell *cell;
	struct index_name name;
	_Atomic uint32_t *link;
	uint32_t at;

	index_name_make(&name, arena, tenant, room);
	bucket = index_room_bucket(own, name.hash);
	link = find_link(own, &name, &at);
	if (!at) {
		/* It may have found the table full when it came. */
		must(index_load(&own->claims_all));
		return;
	}
	cell = index_cell(own, at - 1);
	add_count(&cell->members, -1);
	if (index_load(&cell->members) > 0)
		return;
	index_store(link, index_load(&cell->next));
	add_count(&bucket->removals, 1);
	index_store(&cell->next, index_load(&own->cells_free));
	index_store(&own->cells_free, at);
	add_count(&own->room_count, -1);
}

enum found {
	FOUND,
	NOT_THERE,
	NOT_SURE, /* rooms kept leaving the chain */
};

static enum found
find_room(const struct partition *partition, const struct index_name *name,
	uint32_t *members)
{
	const struct index_bucket *bucket =
		index_room_bucket(partition, name->hash);

	for (int i = 0; i < INDEX_TRIES; i++) {
		uint32_t life = index_life(partition);
		uint32_t removals = index_load(&bucket->removals);
		uint32_t at;

		if (life == 0)
			return NOT_THERE;
		*members = 0;
		find_link(partition, name, &at);
		if (at)
			*members = index_load(
				&index_cell(partition, at - 1)->members);
		if (index_load(&bucket->removals) == removals &&
			index_life(partition) == life)
			return at ? FOUND : NOT_THERE;
	}
	return NOT_SURE;
}

bool
index_has_room(const struct arena *arena, unsigned slot, struct text tenant,
	struct text room)
{
	const struct partition *partition = arena_partition(arena, slot);
	struct index_name name;
	uint32_t members;

	if (index_life(partition) == 0)
		return false;
	if (index_load(&partition->claims_all))
		return true;
	if (index_load(&partition->room_count) == 0)
		return false;
	index_name_make(&name, arena, tenant, room);
	return find_room(partition, &name, &members) != NOT_THERE;
}

uint32_t
index_room_connections(const struct arena *arena, unsigned slot,
	struct text tenant, struct text room)
{
	const struct partition *partition = arena_partition(arena, slot);
	struct index_name name;
	uint32_t members = 0;

	index_name_make(&name, arena, tenant, room);
	if (find_room(partition, &name, &members) != FOUND)
		return 0;
	return members;
}

uint64_t
index_hash(const struct arena *arena, struct text tenant, struct text name)
{
	struct index_name made;

	index_name_make(&made, arena, tenant, name);
	return made.hash;
}

uint32_t
index_room_chains(const struct arena *arena)
{
	return arena_partition(arena, 0)->room_mask + 1;
}

uint32_t
index_next_room_chain(const struct arena *arena, unsigned slot, uint32_t from)
{
	const struct partition *partition = arena_partition(arena, slot);

	if (index_life(partition) == 0 ||
		index_load(&partition->room_count) == 0)
		return partition->room_mask + 1;
	while (from <= partition->room_mask &&
		index_load(&index_room_bucket(partition, from)->first) == 0)
		from++;
	return from;
}

/* False when it is taken away or filled at this moment. */
static bool
tell_cell(const struct arena *arena, const struct index_cell *cell,
	const struct index_walk *walk)
{
	uint64_t words[NAME_WORDS];
	const char *bytes = (const char *)words;
	size_t tenant_length, name_length;

	for (size_t i = 0; i < NAME_WORDS; i++)
		words[i] = index_load_long(&cell->words[i]);
	tenant_length = (uint8_t)bytes[0];
	name_length = (uint8_t)bytes[1];
	if (tenant_length > TENANT_BYTES_MAX || name_length > ROOM_BYTES_MAX ||
		hash_bytes(arena_key(arena), bytes,
			2 + tenant_length + name_length) !=
			index_load_long(&cell->hash))
		return false;
	walk->room(walk->self, (struct text){ bytes + 2, tenant_length },
		(struct text){ bytes + 2 + tenant_length, name_length },
		index_load(&cell->members));
	return true;
}

static bool
tell_rooms(const struct arena *arena, const struct partition *partition,
	uint32_t chain, const struct index_walk *walk, size_t *looked)
{
	uint32_t at = index_load(&index_room_bucket(partition, chain)->first);

	for (int i = 0; i < CHAIN_MAX && at; i++, ++*looked) {
		const struct index_cell *cell;

		if (at > partition->rooms)
			return false;
		cell = index_cell(partition, at - 1);
		if (!tell_cell(arena, cell, walk))
			return false;
		at = index_load(&cell->next);
	}
	return true;
}

size_t
index_walk_rooms(const struct arena *arena, unsigned slot, uint32_t chain,
	const struct index_walk *walk)
{
	const struct partition *partition = arena_partition(arena, slot);
	const struct index_bucket *bucket = index_room_bucket(partition, chain);
	size_t looked = 0;

	for (int i = 0; i < INDEX_TRIES; i++) {
		uint32_t life = index_life(partition);
		uint32_t removals = index_load(&bucket->removals);

		walk->begin(walk->self);
		if (life == 0 ||
			(tell_rooms(arena, partition, chain, walk, &looked) &&
				index_load(&bucket->removals) == removals &&
				index_life(partition) == life))
			break;
	}
	return looked;
}
