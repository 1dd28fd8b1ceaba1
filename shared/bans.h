/*
 * Bans: who may not come in, or not into a room, and which tokens count no
 * more. They lie in the arena, where ledger 0 alone writes (bans_writer.h) and
 * everybody reads without a lock, without asking and without waiting. Those of
 * addresses in all tenants hold at the door already, the others where a tenant
 * is known.
 */
#ifndef SHARED_BANS_H
#define SHARED_BANS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ban.h"

struct arena;

#define BANS_NO_PLACE UINT32_MAX

/* Have they been read from the store since the arena was made? Before, nobody
 * is found. */
bool bans_are_known(const struct arena *arena);

/* Is he banned, from everything, or if a room is given from that one? Then
 * found, unless NULL, is why. Bans that are over do not count. */
bool bans_find(const struct arena *arena, const struct ban_subject *subject,
	struct text room, struct ban_entry *found);

/* Is there the ban that is named so, over or not? */
bool bans_has(const struct arena *arena, const struct ban *ban);

/* The next ban from this place on, over or not; BANS_NO_PLACE: there is none.
 * For paged listing. */
uint32_t bans_next(
	const struct arena *arena, uint32_t from, struct ban_entry *found);

#endif
