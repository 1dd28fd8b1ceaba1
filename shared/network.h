/*
 * Networks: an address, or all that begin with the same bits, as people write
 * them: "192.0.2.7", "192.0.2.0/24", "2001:db8::/32". Inside they are all IPv6,
 * those of IPv4 as mapped addresses (RFC 4291 2.5.5.2), as in the index.
 */
#ifndef SHARED_NETWORK_H
#define SHARED_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

#define NETWORK_BITS 128
#define NETWORK_TEXT_BYTES 52

struct network {
	uint8_t address[16];
	uint8_t bits; /* that count; the others are zero */
};

/* False when the text is none. Bits behind the prefix are cleared, so that one
 * network has one form. */
bool network_read(struct text text, struct network *network);
void network_write(
	char text[NETWORK_TEXT_BYTES], const struct network *network);

/* Clears all but the first bits. */
void network_cut(uint8_t address[16], unsigned bits);
bool network_has(const struct network *network, const uint8_t address[16]);

/* All zero is no address: who comes by a unix socket has that. */
bool network_is_address(const uint8_t address[16]);

#endif
