/*
 * The arena: the one piece of memory that all processes of a host share. A
 * memfd made by the master before the first fork, cut into regions and sealed
 * against resizing. It holds the scoreboard, a ring for each ordered pair of
 * slots, one index partition per slot, what each has logged last and reports of
 * its traffic, who is banned, and how other hosts fare. Offsets only; no lock
 * anywhere. Untouched pages cost nothing.
 */
#ifndef SHARED_ARENA_H
#define SHARED_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/hash.h"
#include "shared/scoreboard.h"

struct ring;
struct partition;
struct notes;
struct tickets;
struct bans_region;
struct systems_region;
struct links;
struct traffic_board;

/* What the arena is made for. Equal shapes and equal struct layouts give equal
 * layout hashes. */
struct arena_shape {
	uint32_t slots;
	uint32_t ring_bytes;        /* capacity of each ring; power of two */
	uint32_t index_connections; /* per partition */
	uint32_t index_rooms;       /* per partition */
	uint8_t roles[SLOTS_MAX];   /* enum role of each slot */
};

struct arena;

/* Master only. NULL when the machine has no memory for it (logged). */
struct arena *arena_create(const struct arena_shape *shape);

/* Maps an arena made by another program, for upgrades; NULL when it is none or
 * its layout differs (logged). Takes the descriptor. */
struct arena *arena_attach(int fd);
void arena_free(struct arena **arena);

/* The memfd, not close-on-exec, so that an upgraded master can keep it. */
int arena_fd(const struct arena *arena);
const struct arena_shape *arena_shape(const struct arena *arena);

/* Drawn at random when the arena was made; tells one life of a host from
 * another. */
uint64_t arena_id(const struct arena *arena);
uint64_t arena_layout(const struct arena *arena);

/* The key for names in the index. */
const struct hash_key *arena_key(const struct arena *arena);

/* The keys of TLS session tickets; the master writes them. */
struct tickets *arena_tickets(const struct arena *arena);

struct row *arena_row(const struct arena *arena, unsigned slot);

/* The notes of a slot, and of the master behind those of the last slot. */
struct notes *arena_notes(const struct arena *arena, unsigned slot);

/* Where a gateway in this slot reports its traffic. */
struct traffic_board *arena_traffic(const struct arena *arena, unsigned slot);
struct ring *arena_ring(const struct arena *arena, unsigned from, unsigned to);
struct partition *arena_partition(const struct arena *arena, unsigned slot);

/* Who is banned; see bans.h. */
struct bans_region *arena_bans(const struct arena *arena);

/* Who has registered; see systems.h. */
struct systems_region *arena_systems(const struct arena *arena);

/* Other hosts; see links.h. */
struct links *arena_links(const struct arena *arena);

/* The eventfd of a slot; see bell.h. */
int arena_bell(const struct arena *arena, unsigned slot);

/* Slots in order of roles: the first one of a role (when there is none, where
 * it would be) and how many there are. */
unsigned arena_role_first(const struct arena *arena, enum role role);
unsigned arena_role_count(const struct arena *arena, enum role role);

#endif
