#include "shared/tally.h"

#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/index_walk.h"

/* A user may have very many connections; those who share its chain are listed
 * when no more than so many stand before them, and no more are counted. */
#define CHAIN_ENTRIES_MAX 20000

static void
begin_slot(void *self)
{
	struct tally *tally = self;

	for (size_t i = 0; i < tally->count; i++)
		tally->names[i].here = 0;
}

static struct tally_name *
find_name(struct tally *tally, struct text name)
{
	struct tally_name *found;

	for (size_t i = 0; i < tally->count; i++) {
		found = &tally->names[i];
		if (text_equal(
			    name, (struct text){ found->bytes, found->length }))
			return found;
	}
	if (tally->count == tally->room) {
		tally->room = tally->room ? 2 * tally->room : 64;
		tally->names = base_realloc(
			tally->names, tally->room * sizeof(*tally->names));
	}
	found = &tally->names[tally->count++];
	*found = (struct tally_name){ .length = (uint32_t)name.length,
		.hash = index_hash(tally->arena, tally->tenant, name) };
	memcpy(found->bytes, name.at, name.length);
	return found;
}

static void
add_connection(void *self, const struct index_entry *entry)
{
	struct tally *tally = self;
	struct text tenant = { entry->tenant, entry->tenant_length };
	struct text user = { entry->user, entry->user_length };
	struct tally_name *name;

	if (!text_equal(tenant, tally->tenant))
		return;
	name = find_name(tally, user);
	name->here++;
	if (name->since_ms == 0 || entry->since_ms < name->since_ms)
		name->since_ms = entry->since_ms;
}

/* The room without a name is everybody of the tenant. */
static void
add_room(void *self, struct text tenant, struct text room, uint32_t connections)
{
	struct tally *tally = self;

	if (room.length > 0 && text_equal(tenant, tally->tenant))
		find_name(tally, room)->here = connections;
}

static void
end_slot(struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++) {
		struct tally_name *name = &tally->names[i];

		name->connections += name->here;
		name->slots += name->here > 0;
		name->here = 0;
	}
}

static int
compare(const void *a, const void *b)
{
	const struct tally_name *one = a, *other = b;

	return one->hash < other->hash ? -1 : one->hash > other->hash;
}

static void
sort(struct tally *tally)
{
	size_t kept = 0;

	for (size_t i = 0; i < tally->count; i++)
		if (tally->names[i].connections > 0)
			tally->names[kept++] = tally->names[i];
	tally->count = kept;
	if (kept > 1)
		qsort(tally->names, kept, sizeof(*tally->names), compare);
}

const struct tally_kind tally_of_users = { index_user_chains,
	index_next_user_chain, index_walk_users };
const struct tally_kind tally_of_rooms = { index_room_chains,
	index_next_room_chain, index_walk_rooms };

void
tally_init(struct tally *tally, const struct tally_kind *kind,
	const struct arena *arena, struct text tenant)
{
	*tally = (struct tally){
		.kind = kind, .arena = arena, .tenant = tenant
	};
}

uint32_t
tally_next(struct tally *tally, uint32_t from)
{
	unsigned slots = arena_shape(tally->arena)->slots;
	uint32_t found = tally->kind->chains(tally->arena);

	for (unsigned slot = 0; slot < slots; slot++) {
		uint32_t *next = &tally->next[slot];

		if (*next <= from)
			*next = tally->kind->next(tally->arena, slot, from);
		found = MIN_OF(found, *next);
	}
	return found;
}

void
tally_take(struct tally *tally, uint32_t chain)
{
	const struct index_walk walk = { .begin = begin_slot,
		.connection = add_connection,
		.room = add_room,
		.self = tally,
		.most = CHAIN_ENTRIES_MAX };
	unsigned slots = arena_shape(tally->arena)->slots;

	tally->count = 0;
	for (unsigned slot = 0; slot < slots; slot++) {
		if (tally->next[slot] != chain)
			continue;
		tally->looked +=
			tally->kind->walk(tally->arena, slot, chain, &walk);
		end_slot(tally);
	}
	sort(tally);
}

void
tally_fini(struct tally *tally)
{
	free(tally->names);
	tally->names = NULL;
}
