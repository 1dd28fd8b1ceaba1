/*
 * Where a user is: his sessions at this gateway.
 */
#ifndef WORKER_GATEWAY_USERS_H
#define WORKER_GATEWAY_USERS_H

#include <stddef.h>

#include "shared/text.h"

struct gateway;
struct session;

/* His sessions here whose login is answered; valid until the next call. */
struct session *const *users_find(struct gateway *gateway, struct text tenant,
	struct text user, size_t *count);

#endif
