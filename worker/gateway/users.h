/*
 * Where a user is: his sessions at this gateway.
 */
#ifndef WORKER_GATEWAY_USERS_H
#define WORKER_GATEWAY_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct gateway;
struct session;

/* His sessions here whose login is answered; valid until the next call. */
struct session *const *users_find(struct gateway *gateway, struct text tenant,
	struct text user, size_t *count);

/* The one at this place of the index, if it has this secret, or NULL; its login
 * may still be open. */
struct session *users_at(
	const struct gateway *gateway, uint64_t place, uint64_t secret);

#endif
