/*
 * A tally: the names in one chain of the index, each once with what all slots
 * know of it. For those who list rooms and users; the walks of index_walk.h
 * fill it, slot by slot.
 */
#ifndef SHARED_TALLY_H
#define SHARED_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "shared/message.h"
#include "shared/scoreboard.h"
#include "shared/text.h"

struct arena;
struct index_walk;

struct tally_name {
	uint64_t hash;
	uint64_t connections; /* of all slots */
	uint64_t here;        /* of the slot that is walked */
	uint64_t since_ms;    /* of the oldest, unix; 0: not known */
	uint32_t slots;       /* that have any */
	uint32_t length;
	char bytes[ROOM_BYTES_MAX];
};

/* Of what: the functions of index_walk.h. */
struct tally_kind {
	uint32_t (*chains)(const struct arena *arena);
	uint32_t (*next)(
		const struct arena *arena, unsigned slot, uint32_t from);
	size_t (*walk)(const struct arena *arena, unsigned slot, uint32_t chain,
		const struct index_walk *walk);
};

extern const struct tally_kind tally_of_users, tally_of_rooms;

struct tally {
	const struct tally_kind *kind;
	const struct arena *arena;
	struct text tenant; /* only of this one */
	struct tally_name *names;
	size_t count, room;
	size_t looked;            /* at so many entries so far */
	uint32_t next[SLOTS_MAX]; /* of each slot: a chain that is not empty */
};

void tally_init(struct tally *tally, const struct tally_kind *kind,
	const struct arena *arena, struct text tenant);

/* The next chain, from `from` on, that has anybody anywhere, or as many as
 * there are; from never falls. */
uint32_t tally_next(struct tally *tally, uint32_t from);

/* Takes all slots' names of this chain in, in the order of their hashes. What
 * the tally had before is forgotten, but for looked. */
void tally_take(struct tally *tally, uint32_t chain);
void tally_fini(struct tally *tally);

#endif
