/*
 * Where a user is: his sessions at this gateway, and his connections at any.
 */
#ifndef WORKER_GATEWAY_USERS_H
#define WORKER_GATEWAY_USERS_H

#include <stddef.h>

#include "shared/text.h"

struct gateway;
struct index_entry;
struct session;

/* His connections on one slot, as the index knows them; valid until the next
 * call. */
const struct index_entry *users_entries(struct gateway *gateway, unsigned slot,
	struct text tenant, struct text user, size_t *count);

/* His sessions here whose login is answered; valid until the next call. */
struct session *const *users_find(struct gateway *gateway, struct text tenant,
	struct text user, size_t *count);

#endif
