#include "master/census.h"

#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/index.h"
#include "shared/records.h"
#include "shared/stream.h"

#define SHARE_OF_TIME 20

/* Hashes of the users seen: 64 keyed bits, so that two users are hardly ever
 * taken for one and nobody can make it happen. */
struct seen {
	uint64_t *hashes;
	size_t count, room;
};

static uint64_t
hash_user(const struct index_entry *entry)
{
	struct text tenant = { entry->tenant, entry->tenant_length };
	struct text user = { entry->user, entry->user_length };
	struct stream_name name;

	stream_name_make(&name, STREAM_INBOX, tenant, user);
	return hash_private(name.bytes, name.length);
}

static void
add_user(struct seen *seen, const struct index_entry *entry)
{
	if (seen->count == seen->room) {
		seen->room = seen->room ? seen->room * 2 : 1024;
		seen->hashes = base_realloc(
			seen->hashes, seen->room * sizeof(uint64_t));
	}
	seen->hashes[seen->count++] = hash_user(entry);
}

static void
walk_slot(struct seen *seen, const struct arena *arena, unsigned slot)
{
	struct index_entry entry;
	uint32_t place = index_next(arena, slot, 0);

	while (place != INDEX_NO_PLACE) {
		if (index_read(arena, slot, place, &entry))
			add_user(seen, &entry);
		place = index_next(arena, slot, place + 1);
	}
}

static int
compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

static uint64_t
count_different(struct seen *seen)
{
	uint64_t count = 0;

	if (seen->count > 0)
		qsort(seen->hashes, seen->count, sizeof(uint64_t), compare);
	for (size_t i = 0; i < seen->count; i++)
		count += i == 0 || seen->hashes[i] != seen->hashes[i - 1];
	return count;
}

uint64_t
census_users(const struct arena *arena)
{
	static uint64_t users, fresh_until_us;
	uint64_t begin_us = clock_us();
	struct seen seen = { 0 };

	if (begin_us < fresh_until_us)
		return users;
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++)
		walk_slot(&seen, arena, i);
	users = count_different(&seen);
	free(seen.hashes);
	fresh_until_us =
		clock_us() + (clock_us() - begin_us) * (SHARE_OF_TIME - 1);
	return users;
}
