#include "shared/index.h"

#include <string.h>

#include "shared/arena.h"
#include "shared/index_partition.h"
#include "shared/index_walk.h"

/*
 * Connections of a partition. A user may have thousands of them that come and
 * go all the time, so chains are linked both ways, and a reader has to start
 * anew only when the very place it steps on is taken away.
 */

static struct text
user_of(const struct index_entry *entry)
{
	return (struct text){ entry->user, entry->user_length };
}

static struct text
tenant_of(const struct index_entry *entry)
{
	return (struct text){ entry->tenant, entry->tenant_length };
}

/* 1 + an unused place, or 0. */
static uint32_t
take_place(struct partition *own)
{
	uint32_t at = index_load(&own->places_free);

	if (at) {
		struct index_place *place = index_place(own, at - 1);

		index_store(&own->places_free, index_load(&place->next));
		return at;
	}
	at = index_load(&own->places_used) + 1;
	if (at > own->connections)
		return 0;
	index_store(&own->places_used, at);
	return at;
}

static void
fill_place(struct partition *own, struct index_place *place,
	const struct index_entry *entry)
{
	uint64_t stamp = index_load_long(&own->last_stamp) + 1;
	uint64_t words[PLACE_WORDS];

	memcpy(words, entry, sizeof(words));
	for (size_t i = 0; i < PLACE_WORDS; i++)
		index_store_long(&place->words[i], words[i]);
	index_store_long(&own->last_stamp, stamp);
	index_store_long(&place->stamp, stamp);
}

bool
index_add(
	const struct arena *arena, unsigned own_slot, struct index_entry *entry)
{
	struct partition *own = arena_partition(arena, own_slot);
	uint32_t at = take_place(own);
	_Atomic uint32_t *chain;
	struct index_place *place;
	struct index_name name;
	uint32_t first;

	if (!at)
		return false;
	must(entry->user_length <= USER_BYTES_MAX);
	index_name_make(&name, arena, tenant_of(entry), user_of(entry));
	chain = index_user_chain(own, name.hash);
	first = index_load(chain);
	place = index_place(own, at - 1);
	entry->place = at - 1;
	index_store_long(&place->user_hash, name.hash);
	index_store(&place->next, first);
	index_store(&place->previous, 0);
	fill_place(own, place, entry);
	if (first)
		index_store(&index_place(own, first - 1)->previous, at);
	index_store(chain, at);
	return true;
}

void
index_remove(const struct arena *arena, unsigned own_slot, uint32_t at)
{
	struct partition *own = arena_partition(arena, own_slot);
	struct index_place *place;
	uint32_t next, previous;

	must(at < index_load(&own->places_used));
	place = index_place(own, at);
	must(index_load_long(&place->stamp) != 0);
	next = index_load(&place->next);
	previous = index_load(&place->previous);
	if (previous)
		index_store(&index_place(own, previous - 1)->next, next);
	else
		index_store(index_user_chain(
				    own, index_load_long(&place->user_hash)),
			next);
	if (next)
		index_store(&index_place(own, next - 1)->previous, previous);
	index_store_long(&place->stamp, 0);
	index_store(&place->next, index_load(&own->places_free));
	index_store(&own->places_free, at + 1);
}

/* False when another stands there now, or nobody. */
static bool
copy_place(const struct index_place *place, uint64_t stamp,
	struct index_entry *entry)
{
	uint64_t words[PLACE_WORDS];

	for (size_t i = 0; i < PLACE_WORDS; i++)
		words[i] = index_load_long(&place->words[i]);
	memcpy(entry, words, sizeof(*entry));
	return index_load_long(&place->stamp) == stamp;
}

static bool
read_place(const struct index_place *place, struct index_entry *entry)
{
	for (int i = 0; i < INDEX_TRIES; i++) {
		uint64_t stamp = index_load_long(&place->stamp);

		if (stamp == 0)
			return false;
		if (copy_place(place, stamp, entry))
			return true;
	}
	return false;
}

bool
index_read(const struct arena *arena, unsigned slot, uint32_t place,
	struct index_entry *entry)
{
	const struct partition *partition = arena_partition(arena, slot);
	uint32_t life = index_life(partition);

	return life != 0 && place < index_load(&partition->places_used) &&
	       read_place(index_place(partition, place), entry) &&
	       index_life(partition) == life;
}

uint32_t
index_next(const struct arena *arena, unsigned slot, uint32_t from)
{
	const struct partition *partition = arena_partition(arena, slot);
	uint32_t used = index_load(&partition->places_used);

	if (index_life(partition) == 0)
		return INDEX_NO_PLACE;
	for (uint32_t at = from; at < used; at++)
		if (index_load_long(&index_place(partition, at)->stamp))
			return at;
	return INDEX_NO_PLACE;
}

/* Whom a reader looks for, and what was found so far. */
struct search {
	struct index_name name;
	struct text tenant, user;
	struct index_entry *found;
	size_t max, count;
	size_t enough; /* the walk ends with so many; 0: all are counted */
};

/* False when the place was taken away meanwhile. */
static bool
visit_place(
	const struct index_place *place, uint64_t stamp, struct search *search)
{
	struct index_entry entry;

	if (index_load_long(&place->user_hash) != search->name.hash)
		return true;
	if (!copy_place(place, stamp, &entry))
		return false;
	if (!text_equal(tenant_of(&entry), search->tenant) ||
		!text_equal(user_of(&entry), search->user))
		return true;
	if (search->count < search->max)
		search->found[search->count] = entry;
	search->count++;
	return true;
}

/* One walk along the chain of a user. False when a place was taken away under
 * its feet: its stamp is 0 or greater than those before it, and what is behind
 * it may be another chain. */
static bool
walk_chain(const struct partition *partition, struct search *search)
{
	uint64_t below = index_load_long(&partition->last_stamp) + 1;
	uint32_t at =
		index_load(index_user_chain(partition, search->name.hash));

	while (at) {
		const struct index_place *place;
		uint64_t stamp;

		if (at > partition->connections)
			return false;
		place = index_place(partition, at - 1);
		stamp = index_load_long(&place->stamp);
		if (stamp == 0 || stamp >= below ||
			!visit_place(place, stamp, search))
			return false;
		if (search->enough && search->count == search->enough)
			return true;
		at = index_load(&place->next);
		if (index_load_long(&place->stamp) != stamp)
			return false;
		below = stamp;
	}
	return true;
}

/* False when connections kept leaving the chain under every walk; the last
 * walk's count may be too small then. A closed partition has nobody. */
static bool
search_user(const struct arena *arena, unsigned slot, struct search *search)
{
	const struct partition *partition = arena_partition(arena, slot);

	index_name_make(&search->name, arena, search->tenant, search->user);
	for (int i = 0; i < INDEX_TRIES; i++) {
		uint32_t life = index_life(partition);
		bool is_whole;

		search->count = 0;
		if (life == 0)
			return true;
		is_whole = walk_chain(partition, search);
		if (index_life(partition) == life && is_whole)
			return true;
	}
	return false;
}

size_t
index_find_user(const struct arena *arena, unsigned slot, struct text tenant,
	struct text user, struct index_entry *found, size_t max)
{
	struct search search = {
		.tenant = tenant, .user = user, .found = found, .max = max
	};

	search_user(arena, slot, &search);
	return search.count;
}

size_t
index_find_newest(const struct arena *arena, unsigned slot, struct text tenant,
	struct text user, struct index_entry *found, size_t max)
{
	struct search search = {
		.tenant = tenant,
		.user = user,
		.found = found,
		.max = max,
		.enough = max,
	};

	search_user(arena, slot, &search);
	return search.count;
}

bool
index_has_user(const struct arena *arena, unsigned slot, struct text tenant,
	struct text user)
{
	struct search search = { .tenant = tenant, .user = user, .enough = 1 };

	if (index_life(arena_partition(arena, slot)) == 0)
		return false;
	return !search_user(arena, slot, &search) || search.count > 0;
}

uint32_t
index_places(const struct arena *arena, unsigned slot)
{
	const struct partition *partition = arena_partition(arena, slot);

	return index_life(partition) ? index_load(&partition->places_used) : 0;
}

uint32_t
index_user_chains(const struct arena *arena)
{
	return arena_partition(arena, 0)->user_mask + 1;
}

uint32_t
index_next_user_chain(const struct arena *arena, unsigned slot, uint32_t from)
{
	const struct partition *partition = arena_partition(arena, slot);

	if (index_life(partition) == 0)
		return partition->user_mask + 1;
	while (from <= partition->user_mask &&
		index_load(index_user_chain(partition, from)) == 0)
		from++;
	return from;
}

/* As walk_chain(), for all who are in it. */
static bool
tell_chain(const struct partition *partition, uint32_t chain,
	const struct index_walk *walk, size_t *looked)
{
	uint64_t below = index_load_long(&partition->last_stamp) + 1;
	uint32_t at = index_load(index_user_chain(partition, chain));
	struct index_entry entry;

	for (size_t i = 0; at && i < walk->most; i++, ++*looked) {
		const struct index_place *place;
		uint64_t stamp;

		if (at > partition->connections)
			return false;
		place = index_place(partition, at - 1);
		stamp = index_load_long(&place->stamp);
		if (stamp == 0 || stamp >= below ||
			!copy_place(place, stamp, &entry))
			return false;
		walk->connection(walk->self, &entry);
		at = index_load(&place->next);
		if (index_load_long(&place->stamp) != stamp)
			return false;
		below = stamp;
	}
	return true;
}

size_t
index_walk_users(const struct arena *arena, unsigned slot, uint32_t chain,
	const struct index_walk *walk)
{
	const struct partition *partition = arena_partition(arena, slot);
	size_t looked = 0;

	for (int i = 0; i < INDEX_TRIES && looked <= walk->most; i++) {
		uint32_t life = index_life(partition);

		walk->begin(walk->self);
		if (life == 0)
			break;
		if (tell_chain(partition, chain, walk, &looked) &&
			index_life(partition) == life)
			break;
	}
	return looked;
}
