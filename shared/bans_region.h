/*
 * How bans lie in the arena; for bans.c, which reads, and bans_writer.c, which
 * writes.
 *
 * There are two banks; a writer fills the one that nobody reads and then turns
 * over, so nothing that a killed writer left half done is ever seen, and the
 * bans of the last one hold while the next one learns them. In a bank each ban
 * has a place, and is linked into the chain of its hash by one store when its
 * place is written. It is unlinked by one store too, and then its stamp moves
 * on: a reader who stood there begins anew.
 */
#ifndef SHARED_BANS_REGION_H
#define SHARED_BANS_REGION_H

#include <stdatomic.h>

#include "shared/ban.h"
#include "shared/base.h"
#include "shared/network.h"

struct hash_key;

#define BANS_CHAINS 16384

/* One more than there may be: a ban that is given anew has two for a moment. */
#define BANS_PLACES (BANS_MAX + 1)

#define BAN_WORDS (sizeof(struct ban_entry) / 8)

struct bans_place {
	_Atomic uint32_t stamp; /* even: a ban stands there */
	_Atomic uint32_t next;  /* in its chain: 1 + place, 0: none */
	_Atomic uint64_t hash;
	_Atomic uint64_t words[BAN_WORDS]; /* a struct ban_entry */
};

/* Written by ledger 0. */
struct bans_bank {
	/* How many there are of each kind, without and with a room. */
	_Alignas(CACHE_LINE) _Atomic uint32_t counts[BAN_KINDS][2];
	_Atomic uint32_t end; /* behind the highest place ever taken */

	/* A bit for each length of prefix that stands there. */
	_Atomic uint64_t prefixes[NETWORK_BITS / 64 + 1];
	_Atomic uint32_t chains[BANS_CHAINS]; /* 1 + place, 0: none */
	struct bans_place places[BANS_PLACES];
};

/* Written by ledger 0. */
struct bans_region {
	_Alignas(CACHE_LINE) _Atomic uint32_t active; /* 1 + bank; 0: none */
	struct bans_bank banks[2];
};

_Static_assert(sizeof(struct ban_entry) % 8 == 0, "copied in words");
_Static_assert(sizeof(struct ban_entry) == 616, "crosses processes");

/* Of what names a ban. */
uint64_t bans_hash(const struct hash_key *key, const struct ban *ban);

/* A consistent copy of what stands at a place; false when nothing does or it
 * changes. */
bool bans_read_place(
	const struct bans_bank *bank, uint32_t number, struct ban_entry *entry);

size_t bans_region_bytes(void);
uint64_t bans_region_layout(void);

#endif
