/*
 * One connection as the index knows it.
 */
#ifndef SHARED_INDEX_ENTRY_H
#define SHARED_INDEX_ENTRY_H

#include <stdint.h>

#include "shared/message.h"

/* One logged-in connection. The client id that outsiders see is made of host,
 * slot, place and secret: index_client_id(). */
struct index_entry {
	uint64_t secret;   /* random, so that ids cannot be guessed */
	uint64_t since_ms; /* unix */
	uint64_t order;    /* of two of a user, the older has the smaller one */
	uint32_t place;    /* where it stands in its partition */
	uint32_t platform;
	uint8_t address[16]; /* IPv6, or IPv4 mapped (RFC 4291 2.5.5.2) */
	uint16_t port;
	uint8_t tenant_length, user_length;
	char tenant[TENANT_BYTES_MAX];
	char user[USER_BYTES_MAX];

	/* In the relay's partition: of which host it is, and where it stands
	 * there. host 0: of this one, and here. */
	uint16_t host, home_slot;
	uint32_t home_place;
};

#endif
