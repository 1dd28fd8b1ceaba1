/*
 * How sessions of this host are kept; for locals*.c alone.
 */
#ifndef WORKER_RELAY_LOCALS_INSIDE_H
#define WORKER_RELAY_LOCALS_INSIDE_H

#include "shared/buffer.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/relay/wire.h"

/* A room of a session. Serials of a session only grow, and its rooms stand in
 * their order, so a page can go on behind one that has been left meanwhile. */
struct place {
	uint32_t serial;
	uint32_t round; /* as of a session */
	uint8_t flags;
	uint8_t name_length;
	uint64_t since;
	uint64_t info_hash; /* of what was told with it */
	char name[];
};

struct key {
	uint64_t connection;
	uint32_t slot;
	uint32_t life;
};

struct local {
	UT_hash_handle hh;
	struct key key;
	struct local *next, *prev; /* of its slot */
	uint64_t secret;
	uint32_t number; /* in locals->numbered */
	uint32_t round;  /* in which it was told of last */
	struct place **places;
	uint32_t place_count, place_room;
	uint32_t last_serial;
	struct buffer arrival; /* what others are told: a packed arrival */
	struct buffer info;    /* of its newest join */
};

struct gate {
	struct local *sessions;
	uint32_t dead_life;    /* and all before it */
	uint32_t round;        /* of telling all again */
	uint32_t awaited_life; /* has not told all yet; 0: none */
};

struct locals {
	locals_say *say;
	void *self;
	struct local *table;
	struct local **numbered; /* some NULL */
	uint32_t *free_numbers;
	uint32_t number_count, free_count, number_room;
	struct gate gates[SLOTS_MAX];
	unsigned awaited; /* gates */
	struct buffer record;
};

/* What others are told of it. */
void locals_pack_join(struct buffer *out, const struct local *local,
	const struct place *place);

#endif
