/*
 * Whose connection a proxy passes on, by X-Forwarded-For: each proxy adds the
 * address that it was called from at the right. So the client is the rightmost
 * one that is no trusted proxy; what stands left of it anybody may have
 * invented.
 */
#ifndef SHARED_FORWARDED_H
#define SHARED_FORWARDED_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct manners;

/* address: of the peer, then of the client. values: of all these fields of the
 * head, in their order. Stays where a value is no address; a port behind one is
 * passed over. */
void forwarded_find(uint8_t address[16], const struct manners *manners,
	const struct text *values, size_t count);

#endif
