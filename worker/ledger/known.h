/*
 * What is known of things that clients name: a table of entries, each known by
 * 128 bits and in a line by age. keys.h and marks.h are made of it.
 *
 * The 128 bits are two SipHashes of a row of texts, with secrets of this store.
 * Nobody outside can look for two rows that collide, and by chance it takes
 * some 10^19 entries at once. Of the texts nothing is kept.
 *
 * All calls take O(1), the growing included: no message waits while a large
 * table is made anew.
 */
#ifndef WORKER_LEDGER_KNOWN_H
#define WORKER_LEDGER_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "shared/hash.h"
#include "shared/text.h"

struct unpack;

struct known_name {
	uint64_t high, low;
};

/* What an entry begins with; only `mine` is the owner's. Places of entries are
 * numbers from 1 on; 0 is none. */
struct known_entry {
	struct known_name name;
	uint32_t next;         /* in the same chain */
	uint32_t older, newer; /* by age */
	uint32_t mine;
};

struct known {
	struct hash_key secrets[2];
	size_t entry_size;
	uint8_t *entries;
	uint32_t used, capacity;
	uint32_t free; /* of those used, chained by next */
	uint32_t oldest, newest;
	uint32_t count;
	uint32_t *chains; /* first of each */
	uint32_t chain_count, chain_capacity;
};

/* Draws secrets; those of a checkpoint may take their place while it is empty.
 * entry_size: of the owner's struct, which begins with a known_entry. */
void known_init(struct known *known, size_t entry_size);
void known_fini(struct known *known);

/* What a row of texts is called; together at most 512 bytes. */
struct known_name known_name_of(
	const struct known *known, const struct text *texts, size_t count);

/* The entry at a place, good until one is added; and where the name stands. */
void *known_at(const struct known *known, uint32_t place);
uint32_t known_find(const struct known *known, const struct known_name *name);

/* Adds the newest one, all zeros but its head; the name must not be there. */
uint32_t known_add(struct known *known, const struct known_name *name);
void known_remove(struct known *known, uint32_t place);

/* Makes it the newest one. */
void known_renew(struct known *known, uint32_t place);

/* Copies bytes that were written as they are; sets in->failed when there are
 * not so many. */
void known_take_bytes(struct unpack *in, void *to, size_t length);

#endif
