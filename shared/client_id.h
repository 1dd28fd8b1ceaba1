/*
 * The id of a connection as clients see it: where it is (host, slot, place) and
 * a random secret, so that ids can be routed by anyone and guessed by nobody.
 * 32 hex digits: 4 host, 4 slot, 8 place, 16 secret.
 */
#ifndef SHARED_CLIENT_ID_H
#define SHARED_CLIENT_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

#define CLIENT_ID_LENGTH 32

void client_id_write(char id[CLIENT_ID_LENGTH + 1], unsigned host,
	unsigned slot, uint32_t place, uint64_t secret);

/* False when it is not written as client_id_write() does. What it names is to
 * be checked by the caller. */
bool client_id_read(struct text id, unsigned *host, unsigned *slot,
	uint32_t *place, uint64_t *secret);

#endif
