/*
 * Who is connected, to this host or another, as the index knows it.
 */
#ifndef WORKER_EDGE_ENTRIES_H
#define WORKER_EDGE_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct edge;
struct index_entry;

/* A user's connections on one slot; valid until the next call. */
const struct index_entry *entries_of_user(struct edge *edge, unsigned slot,
	struct text tenant, struct text user, size_t *count);

/* The connection with this client id, if there is one of the tenant; slot: of
 * who knows it, a gateway or the relay. */
bool entries_find_client(const struct edge *edge, struct text tenant,
	struct text id, unsigned *slot, struct index_entry *entry);

#define ENTRIES_PLATFORMS_MAX 32

/* Ascending, each once; of more than the most, some are missing. */
struct entries_platforms {
	uint32_t numbers[ENTRIES_PLATFORMS_MAX];
	size_t count;
};

/* On which platforms a user is. However many connections he has, no more than
 * the newest few of each gateway are looked at, so that one on many of them
 * costs no more than others. */
void entries_platforms(const struct edge *edge, struct text tenant,
	struct text user, struct entries_platforms *platforms);

#endif
