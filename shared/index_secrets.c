#include "shared/index.h"

#include "shared/arena.h"
#include "shared/index_partition.h"

/*
 * Connections of other hosts are named by ids that say where they stand there;
 * here they stand elsewhere, and only their secret tells where. So the relay
 * leaves hints: the number of a place, one more, in a bucket of the secret. A
 * hint is only a guess, and who follows it looks whether the secret stands
 * there; so it needs no care when it is set or taken away. Secrets are random:
 * a bucket is full so seldom that who found none may look everywhere.
 */

static _Atomic uint32_t *
bucket_of(const struct partition *partition, uint64_t secret)
{
	_Atomic uint32_t *hints =
		index_at(partition, index_hints_at(partition));

	return &hints[(secret & index_caller_mask(partition)) *
		      HINTS_PER_BUCKET];
}

static bool
change_hint(const struct arena *arena, unsigned own_slot, uint32_t place,
	uint32_t before, uint32_t after)
{
	const struct partition *own = arena_partition(arena, own_slot);
	struct index_entry entry;
	_Atomic uint32_t *hints;

	must(index_read(arena, own_slot, place, &entry));
	hints = bucket_of(own, entry.secret);
	for (unsigned i = 0; i < HINTS_PER_BUCKET; i++) {
		if (index_load(&hints[i]) != before)
			continue;
		index_store(&hints[i], after);
		return true;
	}
	return false;
}

void
index_show_secret(const struct arena *arena, unsigned own_slot, uint32_t place)
{
	struct partition *own = arena_partition(arena, own_slot);

	if (!change_hint(arena, own_slot, place, 0, place + 1))
		index_store(&own->hints_missing,
			index_load(&own->hints_missing) + 1);
}

void
index_hide_secret(const struct arena *arena, unsigned own_slot, uint32_t place)
{
	struct partition *own = arena_partition(arena, own_slot);

	if (!change_hint(arena, own_slot, place, place + 1, 0))
		index_store(&own->hints_missing,
			index_load(&own->hints_missing) - 1);
}

static bool
find_everywhere(const struct arena *arena, unsigned slot, uint64_t secret,
	struct index_entry *entry)
{
	uint32_t place = index_next(arena, slot, 0);

	while (place != INDEX_NO_PLACE) {
		if (index_read(arena, slot, place, entry) &&
			entry->secret == secret)
			return true;
		place = index_next(arena, slot, place + 1);
	}
	return false;
}

bool
index_find_secret(const struct arena *arena, unsigned slot, uint64_t secret,
	struct index_entry *entry)
{
	const struct partition *partition = arena_partition(arena, slot);
	const _Atomic uint32_t *hints = bucket_of(partition, secret);

	if (index_life(partition) == 0)
		return false;
	for (unsigned i = 0; i < HINTS_PER_BUCKET; i++) {
		uint32_t place = index_load(&hints[i]);

		if (place != 0 && index_read(arena, slot, place - 1, entry) &&
			entry->secret == secret)
			return true;
	}
	return index_load(&partition->hints_missing) > 0 &&
	       find_everywhere(arena, slot, secret, entry);
}

static bool
find_here(const struct arena *arena, unsigned slot, uint32_t place,
	struct index_entry *entry)
{
	const struct arena_shape *shape = arena_shape(arena);

	return slot < shape->slots && shape->roles[slot] == ROLE_GATEWAY &&
	       index_read(arena, slot, place, entry);
}

bool
index_find_client(const struct arena *arena, unsigned own_host, struct text id,
	unsigned *slot, struct index_entry *entry)
{
	unsigned host, there;
	uint32_t place;
	uint64_t secret;

	if (!client_id_read(id, &host, &there, &place, &secret))
		return false;
	*slot = there;
	if (host == own_host)
		return find_here(arena, there, place, entry) &&
		       entry->secret == secret;
	*slot = arena_role_first(arena, ROLE_RELAY);
	return arena_role_count(arena, ROLE_RELAY) > 0 &&
	       index_find_secret(arena, *slot, secret, entry) &&
	       entry->host == host && entry->home_slot == there &&
	       entry->home_place == place;
}

void
index_client_id(const struct index_entry *entry, unsigned own_host,
	unsigned slot, char id[CLIENT_ID_LENGTH + 1])
{
	if (entry->host == 0)
		client_id_write(
			id, own_host, slot, entry->place, entry->secret);
	else
		client_id_write(id, entry->host, entry->home_slot,
			entry->home_place, entry->secret);
}
