#include "shared/bans_region.h"

#include <string.h>

#include "shared/hash.h"

uint64_t
bans_hash(const struct hash_key *key, const struct ban *ban)
{
	const struct text parts[] = { ban->tenant, ban->name, ban->room };
	uint8_t bytes[5 + TENANT_BYTES_MAX + BAN_NAME_BYTES_MAX +
		      ROOM_BYTES_MAX];
	size_t length = 0;

	bytes[length++] = (uint8_t)ban->kind;
	bytes[length++] = (uint8_t)ban->bits;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		bytes[length++] = (uint8_t)parts[i].length;
		if (parts[i].length > 0)
			memcpy(bytes + length, parts[i].at, parts[i].length);
		length += parts[i].length;
	}
	return hash_bytes(key, bytes, length);
}

static bool
is_whole(const struct ban_entry *entry)
{
	return entry->kind < BAN_KINDS && entry->bits <= NETWORK_BITS &&
	       entry->tenant_length <= sizeof(entry->tenant) &&
	       entry->name_length <= sizeof(entry->name) &&
	       entry->room_length <= sizeof(entry->room) &&
	       entry->reason_length <= sizeof(entry->reason);
}

bool
bans_read_place(
	const struct bans_bank *bank, uint32_t number, struct ban_entry *entry)
{
	const struct bans_place *place = &bank->places[number];
	uint32_t stamp =
		atomic_load_explicit(&place->stamp, memory_order_acquire);
	uint64_t words[BAN_WORDS];

	if (stamp & 1)
		return false;
	for (size_t i = 0; i < BAN_WORDS; i++)
		words[i] = atomic_load_explicit(
			&place->words[i], memory_order_acquire);
	if (atomic_load_explicit(&place->stamp, memory_order_relaxed) != stamp)
		return false;
	memcpy(entry, words, sizeof(*entry));
	return is_whole(entry);
}

size_t
bans_region_bytes(void)
{
	return sizeof(struct bans_region);
}

uint64_t
bans_region_layout(void)
{
	const uint64_t facts[] = { sizeof(struct bans_region),
		sizeof(struct bans_bank), sizeof(struct bans_place),
		offsetof(struct bans_bank, end),
		offsetof(struct bans_bank, prefixes),
		offsetof(struct bans_bank, chains),
		offsetof(struct bans_bank, places),
		offsetof(struct bans_place, words),
		offsetof(struct ban_entry, kind),
		offsetof(struct ban_entry, tenant),
		offsetof(struct ban_entry, name),
		offsetof(struct ban_entry, room),
		offsetof(struct ban_entry, reason) };

	return hash_stable(facts, sizeof(facts));
}
