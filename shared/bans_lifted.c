#include "shared/bans_lifted.h"

#include <stdlib.h>
#include <string.h>

#include "shared/ban.h"
#include "shared/pack.h"
#include "shared/table.h"

#define KEEP_BYTES 4096

struct ban_lifted {
	UT_hash_handle hh;
	uint64_t number;
	uint64_t since;
	size_t length;
	unsigned char key[]; /* the packed ban that it names, and no more */
};

void
bans_lifted_fini(struct bans_lifted *lifted)
{
	struct ban_lifted *entry, *next;

	HASH_ITER(hh, lifted->table, entry, next)
	{
		HASH_DEL(lifted->table, entry);
		free(entry);
	}
	lifted->count = 0;
	lifted->last = NULL;
	buffer_fini(&lifted->key);
}

static struct ban_lifted *
find(struct bans_lifted *lifted, const struct ban *ban)
{
	const struct ban named = {
		.what = BAN_LIFT,
		.kind = ban->kind,
		.tenant = ban->tenant,
		.name = ban->name,
		.bits = ban->bits,
		.room = ban->room,
		.issued = ban->kind == BAN_ISSUED, /* or it is not sound */
	};
	struct ban_lifted *found;

	buffer_clear(&lifted->key, KEEP_BYTES);
	ban_pack(&lifted->key, &named);
	HASH_FIND(
		hh, lifted->table, lifted->key.data, lifted->key.length, found);
	return found;
}

uint64_t
bans_lifted_since(struct bans_lifted *lifted, const struct ban *ban)
{
	const struct ban_lifted *found = find(lifted, ban);

	return found ? found->since : 0;
}

static void
take_out(struct bans_lifted *lifted, struct ban_lifted *entry)
{
	if (lifted->last == entry)
		lifted->last = NULL;
	HASH_DEL(lifted->table, entry);
	free(entry);
	lifted->count--;
}

void
bans_lifted_forget(struct bans_lifted *lifted, const struct ban *ban)
{
	struct ban_lifted *found = find(lifted, ban);

	if (found)
		take_out(lifted, found);
}

void
bans_lifted_note(struct bans_lifted *lifted, const struct ban *ban)
{
	struct ban_lifted *entry;
	size_t length;

	bans_lifted_forget(lifted, ban); /* and its name is in the key now */
	if (lifted->count == BANS_LIFTED_MAX)
		take_out(lifted, lifted->table);
	length = lifted->key.length;
	entry = base_alloc_zeroed(1, sizeof(*entry) + length);
	entry->number = ++lifted->given;
	entry->since = ban->since;
	entry->length = length;
	memcpy(entry->key, lifted->key.data, length);
	HASH_ADD_KEYPTR(hh, lifted->table, entry->key, length, entry);
	lifted->count++;
}

uint64_t
bans_lifted_next(struct bans_lifted *lifted, uint64_t after, struct ban *ban)
{
	struct ban_lifted *entry = lifted->table;
	struct unpack in;

	if (lifted->last && lifted->last->number == after)
		entry = lifted->last->hh.next;
	while (entry && entry->number <= after)
		entry = entry->hh.next;
	if (!entry)
		return 0;
	in = unpack_of(
		(struct text){ (const char *)entry->key, entry->length });
	must(ban_unpack(&in, ban));
	lifted->last = entry;
	ban->since = entry->since;
	return entry->number;
}
