/*
 * The index: who is where on this host. One partition per slot, written by the
 * process in that slot alone and read by all, without a lock and without ever
 * waiting for the writer: each change is one store that a reader sees or not,
 * and counters tell a reader that what it stood on has been taken away.
 * A partition counts only while its owner lives: the owner opens it with its
 * life, the master closes it at reap, and readers skip a closed one at once.
 *
 * A partition holds its connections, user -> connections, and room -> how many
 * of its connections are members or about to be. What addresses do here is
 * counted in it too, see callers.h.
 */
#ifndef SHARED_INDEX_H
#define SHARED_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/client_id.h"
#include "shared/index_entry.h"
#include "shared/text.h"

struct arena;
struct partition;

#define INDEX_NO_PLACE UINT32_MAX

/* Owner, first thing: empties the partition, gives its memory back to the
 * system and opens it for this life (not 0). */
void index_open(const struct arena *arena, unsigned own_slot, uint32_t life);

/* Master, at reap. */
void index_close(struct partition *partition);

/* Owner: adds a connection and sets entry->place; false when it is full.
 * Lengths must be within those of the arrays. */
bool index_add(const struct arena *arena, unsigned own_slot,
	struct index_entry *entry);
void index_remove(const struct arena *arena, unsigned own_slot, uint32_t place);

/* Owner: counts one member more or fewer of a room. When the table of rooms is
 * full the partition claims all rooms until it is opened anew, so nothing is
 * lost; room_add then answers false (the caller logs it once). */
bool index_room_add(const struct arena *arena, unsigned own_slot,
	struct text tenant, struct text room);
void index_room_remove(const struct arena *arena, unsigned own_slot,
	struct text tenant, struct text room);

/* Anyone: has this slot members of the room (or claims all rooms)? Rooms of an
 * owner that sent JOIN are there for whoever has read that letter. */
bool index_has_room(const struct arena *arena, unsigned slot,
	struct text tenant, struct text room);

/* Anyone: how many connections of this slot are in the room. */
uint32_t index_room_connections(const struct arena *arena, unsigned slot,
	struct text tenant, struct text room);

/* Anyone: a consistent copy of one connection; false when nobody is there. */
bool index_read(const struct arena *arena, unsigned slot, uint32_t place,
	struct index_entry *entry);

/* Owner: the connection that was added can be found by its secret; and no more,
 * to be said before it is removed. */
void index_show_secret(
	const struct arena *arena, unsigned own_slot, uint32_t place);
void index_hide_secret(
	const struct arena *arena, unsigned own_slot, uint32_t place);

/* Anyone: a copy of the connection with this secret; who is not shown need not
 * be found. */
bool index_find_secret(const struct arena *arena, unsigned slot,
	uint64_t secret, struct index_entry *entry);

/* Anyone: the connection with this id, here or at another host; slot: of whose
 * partition it stands in. */
bool index_find_client(const struct arena *arena, unsigned own_host,
	struct text id, unsigned *slot, struct index_entry *entry);

/* The id of the connection as clients and backends see it. */
void index_client_id(const struct index_entry *entry, unsigned own_host,
	unsigned slot, char id[CLIENT_ID_LENGTH + 1]);

/* Anyone: the next place of this slot, from `from` on, where somebody stands,
 * or INDEX_NO_PLACE. For paged listing. */
uint32_t index_next(const struct arena *arena, unsigned slot, uint32_t from);

/* Anyone: copies of the connections of a user on this slot, up to max; returns
 * how many there are. Those that come or go meanwhile may be missed. */
size_t index_find_user(const struct arena *arena, unsigned slot,
	struct text tenant, struct text user, struct index_entry *found,
	size_t max);

/* Anyone: as index_find_user(), but only the newest connections, and the walk
 * ends with the max-th; returns how many were found. */
size_t index_find_newest(const struct arena *arena, unsigned slot,
	struct text tenant, struct text user, struct index_entry *found,
	size_t max);

/* Anyone: has the user a connection on this slot? One that its owner added
 * before it sent a letter is there for whoever has read that letter; when those
 * who come and go leave no certain answer, it is true. */
bool index_has_user(const struct arena *arena, unsigned slot,
	struct text tenant, struct text user);

#endif
