/*
 * Where messages stand here that another host names by their ids: in marks that
 * came from its archive. On a connection of its own that can only read; used by
 * the reader threads, one each.
 */
#ifndef WORKER_HISTORIAN_STORE_PLACES_H
#define WORKER_HISTORIAN_STORE_PLACES_H

#include "shared/text.h"

struct buffer;
struct places_wanted;
struct store_places;

/* As store_reader_open(). */
struct store_places *store_places_open(const char *path);
void store_places_close(struct store_places **places);

/* Of the items, as in haul, those that are marks with the offsets that their
 * messages have here, 0: they are not here; all others as they are. What cannot
 * be read is left out. -1: the database failed (logged). */
int store_places_fill(struct store_places *places,
	const struct places_wanted *wanted, struct buffer *items);

#endif
