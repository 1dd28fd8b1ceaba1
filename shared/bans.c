#include "shared/bans.h"

#include <string.h>

#include "shared/arena.h"
#include "shared/bans_region.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/hash.h"
#include "shared/records.h"

/* A chain that changes while it is walked is walked again; more often than that
 * it does not. */
#define WALKS_MAX 16

static const struct bans_bank *
active_bank(const struct arena *arena)
{
	const struct bans_region *region = arena_bans(arena);
	uint32_t active =
		atomic_load_explicit(&region->active, memory_order_acquire);

	return active == 0 ? NULL : &region->banks[(active - 1) & 1];
}

bool
bans_are_known(const struct arena *arena)
{
	return active_bank(arena) != NULL;
}

enum walk {
	WALK_FOUND,
	WALK_NOT_FOUND,
	WALK_DISTURBED,
};

static enum walk
walk_chain(const struct bans_bank *bank, uint64_t hash, const struct ban *name,
	struct ban_entry *found)
{
	uint32_t at = atomic_load_explicit(
		&bank->chains[hash % BANS_CHAINS], memory_order_acquire);

	for (uint32_t steps = 0; at != 0; steps++) {
		const struct bans_place *place = &bank->places[at - 1];
		uint32_t stamp = atomic_load_explicit(
			&place->stamp, memory_order_acquire);
		uint64_t here = atomic_load_explicit(
			&place->hash, memory_order_acquire);
		uint32_t next = atomic_load_explicit(
			&place->next, memory_order_acquire);

		if ((stamp & 1) || next > BANS_PLACES || steps > BANS_PLACES)
			return WALK_DISTURBED;
		if (here == hash && bans_read_place(bank, at - 1, found)) {
			const struct ban ban = ban_of_entry(found);

			if (ban_is_same(&ban, name))
				return WALK_FOUND;
		}
		if (atomic_load_explicit(&place->stamp, memory_order_relaxed) !=
			stamp)
			return WALK_DISTURBED;
		at = next;
	}
	return WALK_NOT_FOUND;
}

struct ban_search {
	const struct bans_bank *bank;
	const struct hash_key *key;
	const struct ban_subject *subject;
	struct text room;
	uint64_t now_ms;
	struct ban_entry *found;
};

static bool
find_named(const struct bans_bank *bank, const struct hash_key *key,
	const struct ban *name, struct ban_entry *found)
{
	uint64_t hash = bans_hash(key, name);
	enum walk walk = WALK_DISTURBED;

	for (int i = 0; walk == WALK_DISTURBED && i < WALKS_MAX; i++)
		walk = walk_chain(bank, hash, name, found);
	return walk == WALK_FOUND;
}

static bool
is_there(const struct ban_search *search, const struct ban *name)
{
	struct ban ban;

	if (!find_named(search->bank, search->key, name, search->found))
		return false;
	ban = ban_of_entry(search->found);
	return !message_is_over(ban.until, search->now_ms) &&
	       ban_concerns(&ban, search->subject);
}

/* In the own tenant, and in all. */
static bool
is_named(const struct ban_search *search, enum ban_kind kind, struct text name,
	unsigned bits)
{
	struct ban ban = {
		.kind = kind,
		.tenant = search->subject->tenant,
		.name = name,
		.bits = bits,
		.room = search->room,
	};

	if (ban.tenant.length > 0 && is_there(search, &ban))
		return true;
	ban.tenant.length = 0;
	return is_there(search, &ban);
}

/* In each network that there is a ban of the length of. */
static bool
is_address_banned(const struct ban_search *search)
{
	const uint8_t *address = search->subject->address;
	const struct text name = { (const char *)address, 16 };

	if (address == NULL || !network_is_address(address))
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(search->bank->prefixes); i++) {
		uint64_t left = atomic_load_explicit(
			&search->bank->prefixes[i], memory_order_acquire);

		for (; left != 0; left &= left - 1) {
			unsigned bits =
				64 * i + (unsigned)__builtin_ctzll(left);
			uint8_t cut[16];

			memcpy(cut, name.at, sizeof(cut));
			network_cut(cut, bits);
			if (is_named(search, BAN_ADDRESS,
				    (struct text){ (char *)cut, 16 }, bits))
				return true;
		}
	}
	return false;
}

static bool
is_token_banned(const struct ban_search *search)
{
	const struct ban_subject *subject = search->subject;

	return subject->has_token && subject->jti.length > 0 &&
	       subject->jti.length <= BAN_NAME_BYTES_MAX &&
	       is_named(search, BAN_TOKEN, subject->jti, 0);
}

static bool
is_issued_too_early(const struct ban_search *search)
{
	const struct ban_subject *subject = search->subject;

	if (!subject->has_token)
		return false;
	return (subject->user.length > 0 &&
		       is_named(search, BAN_ISSUED, subject->user, 0)) ||
	       is_named(search, BAN_ISSUED, TEXT_LITERAL(""), 0);
}

static bool
is_user_banned(const struct ban_search *search)
{
	const struct ban_subject *subject = search->subject;

	return subject->user.length > 0 &&
	       is_named(search, BAN_USER, subject->user, 0);
}

/* Who asks has checked the lengths of names. */
bool
bans_find(const struct arena *arena, const struct ban_subject *subject,
	struct text room, struct ban_entry *found)
{
	static bool (*const looks[BAN_KINDS])(const struct ban_search *) = {
		[BAN_USER] = is_user_banned,
		[BAN_ADDRESS] = is_address_banned,
		[BAN_TOKEN] = is_token_banned,
		[BAN_ISSUED] = is_issued_too_early,
	};
	struct ban_entry unwanted;
	const struct ban_search search = {
		.bank = active_bank(arena),
		.key = arena_key(arena),
		.subject = subject,
		.room = room,
		.now_ms = clock_unix_ms(),
		.found = found ? found : &unwanted,
	};

	if (search.bank == NULL)
		return false;
	for (unsigned kind = 0; kind < BAN_KINDS; kind++)
		if (atomic_load_explicit(
			    &search.bank->counts[kind][room.length > 0],
			    memory_order_acquire) > 0 &&
			looks[kind](&search))
			return true;
	return false;
}

bool
bans_has(const struct arena *arena, const struct ban *ban)
{
	const struct bans_bank *bank = active_bank(arena);
	struct ban_entry found;

	return bank != NULL && find_named(bank, arena_key(arena), ban, &found);
}

uint32_t
bans_next(const struct arena *arena, uint32_t from, struct ban_entry *found)
{
	const struct bans_bank *bank = active_bank(arena);
	uint32_t end;

	if (bank == NULL)
		return BANS_NO_PLACE;
	end = atomic_load_explicit(&bank->end, memory_order_acquire);
	for (; from < end && from < BANS_PLACES; from++)
		if (bans_read_place(bank, from, found))
			return from;
	return BANS_NO_PLACE;
}
