/*
 * Entries stand in one run of memory and are named by their place in it plus
 * one, 0 for none; each is in a chain, by its name, and in the line of all, by
 * age. Chains are a linear hash (Litwin, 1980): with each key that is added one
 * chain is split, so that no message waits while a large table is made anew.
 */
#include "worker/ledger/keys.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/pack.h"
#include "shared/records.h"
#include "shared/stream.h"

#define ENTRIES_FIRST 64U
#define CHAINS_FIRST 64U

/* Longer than all texts that name a key, with their lengths. */
#define NAME_BYTES_MAX (TENANT_BYTES_MAX + USER_BYTES_MAX + KEY_BYTES_MAX + 16)

/* One key in a checkpoint. */
struct key_line {
	uint64_t high, low, target, id_time, offset, id_origin;
};

_Static_assert(sizeof(struct key_line) == 48, "lies on disk");
_Static_assert(sizeof(struct key_entry) == 56, "there are many");

void
keys_init(struct keys *keys, uint32_t count_max)
{
	*keys = (struct keys){ .count_max = count_max,
		.chain_count = CHAINS_FIRST,
		.chain_capacity = CHAINS_FIRST };
	hash_random(keys->secrets, sizeof(keys->secrets));
	keys->chains = base_alloc_zeroed(CHAINS_FIRST, sizeof(uint32_t));
}

void
keys_fini(struct keys *keys)
{
	free(keys->entries);
	free(keys->chains);
}

static struct key_entry *
entry_at(const struct keys *keys, uint32_t place)
{
	return &keys->entries[place - 1];
}

static size_t
add_part(uint8_t *bytes, size_t at, struct text part)
{
	must(part.length <= UINT16_MAX &&
		at + 2 + part.length <= NAME_BYTES_MAX);
	bytes[at] = (uint8_t)part.length;
	bytes[at + 1] = (uint8_t)(part.length >> 8);
	memcpy(bytes + at + 2, part.at, part.length);
	return at + 2 + part.length;
}

struct key_name
keys_name(const struct keys *keys, const struct message *message)
{
	uint8_t bytes[NAME_BYTES_MAX];
	struct stream_name stream;
	size_t length = add_part(bytes, 0, message->tenant);

	length = add_part(bytes, length, message->from);
	length = add_part(bytes, length, message->key);
	stream_name_make(&stream, (unsigned)message->kind, message->tenant,
		message->stream);
	return (struct key_name){
		.high = hash_bytes(&keys->secrets[0], bytes, length),
		.low = hash_bytes(&keys->secrets[1], bytes, length),
		.target = hash_bytes(
			&keys->secrets[0], stream.bytes, stream.length),
	};
}

/* Chains that are split already take one bit more of the hash. */
static uint32_t *
chain_of(const struct keys *keys, uint64_t low)
{
	uint32_t half = CHAINS_FIRST;
	uint64_t chain;

	while (half * 2 <= keys->chain_count)
		half *= 2;
	chain = low & (half * 2 - 1);
	if (chain >= keys->chain_count)
		chain -= half;
	return &keys->chains[chain];
}

/* One chain more: the next one in turn gives up part of what it holds. */
static void
split_chain(struct keys *keys)
{
	uint32_t half = CHAINS_FIRST, place, *from;

	if (keys->chain_count == keys->chain_capacity) {
		keys->chain_capacity *= 2;
		keys->chains = base_realloc(keys->chains,
			(size_t)keys->chain_capacity * sizeof(uint32_t));
	}
	while (half * 2 <= keys->chain_count)
		half *= 2;
	from = &keys->chains[keys->chain_count - half];
	keys->chains[keys->chain_count++] = 0;
	place = *from;
	*from = 0;
	while (place != 0) {
		struct key_entry *entry = entry_at(keys, place);
		uint32_t *to = chain_of(keys, entry->name.low), next;

		next = entry->next;
		entry->next = *to;
		*to = place;
		place = next;
	}
}

static uint32_t
find_place(const struct keys *keys, const struct key_name *name)
{
	uint32_t place = *chain_of(keys, name->low);

	while (place != 0) {
		const struct key_entry *entry = entry_at(keys, place);

		if (entry->name.high == name->high &&
			entry->name.low == name->low)
			break;
		place = entry->next;
	}
	return place;
}

static void
remove_entry(struct keys *keys, uint32_t place)
{
	struct key_entry *entry = entry_at(keys, place);
	uint32_t *at = chain_of(keys, entry->name.low);

	while (*at != place)
		at = &entry_at(keys, *at)->next;
	*at = entry->next;
	if (entry->older)
		entry_at(keys, entry->older)->newer = entry->newer;
	else
		keys->oldest = entry->newer;
	if (entry->newer)
		entry_at(keys, entry->newer)->older = entry->older;
	else
		keys->newest = entry->older;
	if (keys->settled == place)
		keys->settled = entry->older;
	if (keys->writing == place)
		keys->writing = entry->newer;
	entry->next = keys->free;
	keys->free = place;
	keys->count--;
}

/* A place that was given back, else the next one never used. Growing moves
 * pages and not bytes (mremap), so it takes no long time either. */
static uint32_t
take_place(struct keys *keys)
{
	uint32_t place = keys->free;

	if (place != 0) {
		keys->free = entry_at(keys, place)->next;
		return place;
	}
	if (keys->used == keys->capacity) {
		keys->capacity = MAX_OF(ENTRIES_FIRST, keys->capacity * 2);
		keys->entries = base_realloc(keys->entries,
			(size_t)keys->capacity * sizeof(*keys->entries));
	}
	return ++keys->used;
}

static void
add_line(struct keys *keys, const struct key_line *line)
{
	uint32_t place = take_place(keys);
	struct key_entry *entry = entry_at(keys, place);
	uint32_t *chain;

	chain = chain_of(keys, line->low);
	*entry = (struct key_entry){
		.name = { line->high, line->low, line->target },
		.id_time = line->id_time,
		.offset = line->offset,
		.id_origin = (uint32_t)line->id_origin,
		.next = *chain,
		.older = keys->newest,
	};
	*chain = place;
	if (keys->newest)
		entry_at(keys, keys->newest)->newer = place;
	else
		keys->oldest = place;
	keys->newest = place;
	if (++keys->count > keys->chain_count)
		split_chain(keys);
}

static bool
is_too_old(const struct key_entry *entry, uint64_t unix_ms)
{
	return message_unix_ms(entry->id_time) + KEYS_KEPT_MS <= unix_ms;
}

const struct key_entry *
keys_find(
	const struct keys *keys, const struct key_name *name, uint64_t unix_ms)
{
	uint32_t place = find_place(keys, name);

	if (place == 0 || is_too_old(entry_at(keys, place), unix_ms))
		return NULL;
	return entry_at(keys, place);
}

void
keys_add(struct keys *keys, const struct key_name *name,
	const struct message *message)
{
	const struct key_line line = {
		.high = name->high,
		.low = name->low,
		.target = name->target,
		.id_time = message->id_time,
		.offset = message->offset,
		.id_origin = message->id_origin,
	};
	uint32_t old;

	/* Two go for one that comes, so all that are too old are gone soon. */
	keys_forget(keys, message_unix_ms(message->id_time), 2);
	old = find_place(keys, name);
	if (old != 0)
		remove_entry(keys, old);
	add_line(keys, &line);
}

bool
keys_is_fresh(const struct keys *keys, const struct key_entry *entry)
{
	return keys->settled == 0 ||
	       entry->id_time > entry_at(keys, keys->settled)->id_time;
}

void
keys_settle(struct keys *keys)
{
	keys->settled = keys->newest;
	for (; keys->count > keys->count_max; keys->dropped++)
		remove_entry(keys, keys->oldest);
}

void
keys_take_back(struct keys *keys)
{
	while (keys->newest != keys->settled)
		remove_entry(keys, keys->newest);
}

void
keys_forget(struct keys *keys, uint64_t unix_ms, unsigned most)
{
	for (; most > 0 && keys->oldest != 0; most--) {
		if (!is_too_old(entry_at(keys, keys->oldest), unix_ms))
			break;
		remove_entry(keys, keys->oldest);
	}
}

void
keys_replay(struct keys *keys, const struct message *message)
{
	struct key_name name;

	if (message->key.length == 0 || message->key.length > KEY_BYTES_MAX ||
		message->from.length > USER_BYTES_MAX ||
		(keys->newest != 0 &&
			message->id_time <=
				entry_at(keys, keys->newest)->id_time))
		return;
	name = keys_name(keys, message);
	keys_add(keys, &name, message);
	keys_settle(keys);
}

void
keys_begin_writing(struct keys *keys, struct buffer *out)
{
	must(keys->newest == keys->settled);
	buffer_add(out, keys->secrets, sizeof(keys->secrets));
	buffer_reserve(out, keys->count * sizeof(struct key_line));
	keys->writing = keys->oldest;
	keys->writing_to =
		keys->newest ? entry_at(keys, keys->newest)->id_time : 0;
}

bool
keys_write(struct keys *keys, struct buffer *out, size_t most)
{
	for (; keys->writing != 0; most--) {
		const struct key_entry *entry = entry_at(keys, keys->writing);
		const struct key_line line = { entry->name.high,
			entry->name.low, entry->name.target, entry->id_time,
			entry->offset, entry->id_origin };

		if (entry->id_time > keys->writing_to) {
			keys->writing = 0;
			break;
		}
		if (most == 0)
			return false;
		buffer_add(out, &line, sizeof(line));
		keys->writing = entry->newer;
	}
	return true;
}

static bool
take_bytes(struct unpack *in, void *to, size_t length)
{
	if (in->failed || (size_t)(in->end - in->at) < length) {
		in->failed = true;
		return false;
	}
	memcpy(to, in->at, length);
	in->at += length;
	return true;
}

bool
keys_read(struct keys *keys, struct unpack *in)
{
	struct key_line line;

	if (!take_bytes(in, keys->secrets, sizeof(keys->secrets)))
		return false;
	while (in->at < in->end) {
		if (!take_bytes(in, &line, sizeof(line)))
			return false;
		add_line(keys, &line);
	}
	keys_settle(keys);
	return true;
}
