/*
 * Entries stand in one run of memory and are named by their place in it plus
 * one, 0 for none; each is in a chain, by its name, and in the line of all, by
 * age. Chains are a linear hash (Litwin, 1980): with each entry that is added
 * one chain is split.
 */
#include "worker/ledger/known.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/pack.h"

#define ENTRIES_FIRST 64U
#define CHAINS_FIRST 64U
#define NAME_BYTES_MAX 512

void
known_init(struct known *known, size_t entry_size)
{
	*known = (struct known){ .entry_size = entry_size,
		.chain_count = CHAINS_FIRST,
		.chain_capacity = CHAINS_FIRST };
	hash_random(known->secrets, sizeof(known->secrets));
	known->chains = base_alloc_zeroed(CHAINS_FIRST, sizeof(uint32_t));
}

void
known_fini(struct known *known)
{
	free(known->entries);
	free(known->chains);
}

static struct known_entry *
head_at(const struct known *known, uint32_t place)
{
	return known_at(known, place);
}

void *
known_at(const struct known *known, uint32_t place)
{
	return known->entries + (size_t)(place - 1) * known->entry_size;
}

static size_t
add_text(uint8_t *bytes, size_t at, struct text text)
{
	must(text.length <= UINT16_MAX &&
		at + 2 + text.length <= NAME_BYTES_MAX);
	bytes[at] = (uint8_t)text.length;
	bytes[at + 1] = (uint8_t)(text.length >> 8);
	if (text.length)
		memcpy(bytes + at + 2, text.at, text.length);
	return at + 2 + text.length;
}

struct known_name
known_name_of(const struct known *known, const struct text *texts, size_t count)
{
	uint8_t bytes[NAME_BYTES_MAX];
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length = add_text(bytes, length, texts[i]);
	return (struct known_name){
		.high = hash_bytes(&known->secrets[0], bytes, length),
		.low = hash_bytes(&known->secrets[1], bytes, length),
	};
}

/* Chains that are split already take one bit more of the hash. */
static uint32_t *
chain_of(const struct known *known, uint64_t low)
{
	uint32_t half = CHAINS_FIRST;
	uint64_t chain;

	while (half * 2 <= known->chain_count)
		half *= 2;
	chain = low & (half * 2 - 1);
	if (chain >= known->chain_count)
		chain -= half;
	return &known->chains[chain];
}

/* One chain more: the next one in turn gives up part of what it holds. */
static void
split_chain(struct known *known)
{
	uint32_t half = CHAINS_FIRST, place, *from;

	if (known->chain_count == known->chain_capacity) {
		known->chain_capacity *= 2;
		known->chains = base_realloc(known->chains,
			(size_t)known->chain_capacity * sizeof(uint32_t));
	}
	while (half * 2 <= known->chain_count)
		half *= 2;
	from = &known->chains[known->chain_count - half];
	known->chains[known->chain_count++] = 0;
	place = *from;
	*from = 0;
	while (place != 0) {
		struct known_entry *entry = head_at(known, place);
		uint32_t *to = chain_of(known, entry->name.low), next;

		next = entry->next;
		entry->next = *to;
		*to = place;
		place = next;
	}
}

uint32_t
known_find(const struct known *known, const struct known_name *name)
{
	uint32_t place = *chain_of(known, name->low);

	while (place != 0) {
		const struct known_entry *entry = head_at(known, place);

		if (entry->name.high == name->high &&
			entry->name.low == name->low)
			break;
		place = entry->next;
	}
	return place;
}

static void
line_up(struct known *known, uint32_t place)
{
	struct known_entry *entry = head_at(known, place);

	entry->older = known->newest;
	entry->newer = 0;
	if (known->newest)
		head_at(known, known->newest)->newer = place;
	else
		known->oldest = place;
	known->newest = place;
}

static void
step_out(struct known *known, const struct known_entry *entry)
{
	if (entry->older)
		head_at(known, entry->older)->newer = entry->newer;
	else
		known->oldest = entry->newer;
	if (entry->newer)
		head_at(known, entry->newer)->older = entry->older;
	else
		known->newest = entry->older;
}

void
known_remove(struct known *known, uint32_t place)
{
	struct known_entry *entry = head_at(known, place);
	uint32_t *at = chain_of(known, entry->name.low);

	while (*at != place)
		at = &head_at(known, *at)->next;
	*at = entry->next;
	step_out(known, entry);
	entry->next = known->free;
	known->free = place;
	known->count--;
}

/* A place that was given back, else the next one never used. Growing moves
 * pages and not bytes (mremap), so it takes no long time either. */
static uint32_t
take_place(struct known *known)
{
	uint32_t place = known->free;

	if (place != 0) {
		known->free = head_at(known, place)->next;
		return place;
	}
	if (known->used == known->capacity) {
		known->capacity = MAX_OF(ENTRIES_FIRST, known->capacity * 2);
		known->entries = base_realloc(known->entries,
			(size_t)known->capacity * known->entry_size);
	}
	return ++known->used;
}

uint32_t
known_add(struct known *known, const struct known_name *name)
{
	uint32_t place = take_place(known);
	struct known_entry *entry = head_at(known, place);
	uint32_t *chain = chain_of(known, name->low);

	memset(entry, 0, known->entry_size);
	entry->name = *name;
	entry->next = *chain;
	*chain = place;
	line_up(known, place);
	if (++known->count > known->chain_count)
		split_chain(known);
	return place;
}

void
known_renew(struct known *known, uint32_t place)
{
	step_out(known, head_at(known, place));
	line_up(known, place);
}

void
known_take_bytes(struct unpack *in, void *to, size_t length)
{
	if (in->failed || (size_t)(in->end - in->at) < length) {
		in->failed = true;
		return;
	}
	memcpy(to, in->at, length);
	in->at += length;
}
