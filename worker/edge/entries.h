/*
 * Who is connected to this host, as the index knows it.
 */
#ifndef WORKER_EDGE_ENTRIES_H
#define WORKER_EDGE_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

struct edge;
struct index_entry;

/* A user's connections on one slot; valid until the next call. */
const struct index_entry *entries_of_user(struct edge *edge, unsigned slot,
	struct text tenant, struct text user, size_t *count);

/* The connection with this client id, if it is one of this host and of the
 * tenant. */
bool entries_find_client(const struct edge *edge, struct text tenant,
	struct text id, unsigned *slot, struct index_entry *entry);

#endif
