/*
 * Networks: "10.0.0.0/8", "2001:db8::/32", or one address without a length. An
 * IPv4 address and the same one mapped into IPv6 (::ffff:10.0.0.1) are one.
 */
#ifndef SHARED_ADDRESS_RANGE_H
#define SHARED_ADDRESS_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_RANGE_TEXT_BYTES 52

struct sockaddr;

/* As IPv6, where IPv4 is mapped; what is behind the prefix is zero. */
struct address_range {
	uint8_t bytes[16];
	unsigned bits; /* 0 to 128 */
};

/* False when the text is none; bits behind the prefix are dropped. */
bool address_range_read(const char *text, struct address_range *range);
void address_range_write(
	const struct address_range *range, char text[ADDRESS_RANGE_TEXT_BYTES]);

/* The range of one address alone; false when it is not of the Internet. */
bool address_range_of(
	const struct sockaddr *address, struct address_range *range);

/* Is all of inner within outer? */
bool address_range_has(
	const struct address_range *outer, const struct address_range *inner);

#endif
