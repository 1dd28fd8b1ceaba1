#include "shared/address_range.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BITS 96

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static void
map(struct address_range *range, const void *ipv4)
{
	memcpy(range->bytes, mapped, sizeof(mapped));
	memcpy(range->bytes + sizeof(mapped), ipv4, 4);
}

static void
clear_rest(struct address_range *range)
{
	for (unsigned i = 0; i < sizeof(range->bytes); i++) {
		unsigned first = i * 8;

		if (first >= range->bits)
			range->bytes[i] = 0;
		else if (range->bits - first < 8)
			range->bytes[i] &=
				(uint8_t)(0xff << (8 - (range->bits - first)));
	}
}

/* At most three digits; -1: it is no number. */
static int
read_bits(const char *text)
{
	size_t length = strspn(text, "0123456789");

	if (length < 1 || length > 3 || text[length] != 0)
		return -1;
	return atoi(text);
}

bool
address_range_read(const char *text, struct address_range *range)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];
	struct in_addr ipv4;
	int bits, most = 128;

	memset(range, 0, sizeof(*range));
	if (length >= sizeof(host))
		return false;
	memcpy(host, text, length);
	host[length] = 0;
	if (inet_pton(AF_INET, host, &ipv4) == 1) {
		map(range, &ipv4);
		most = 32;
	} else if (inet_pton(AF_INET6, host, range->bytes) != 1) {
		return false;
	}
	bits = slash ? read_bits(slash + 1) : most;
	if (bits < 0 || bits > most)
		return false;
	range->bits = (unsigned)(bits + 128 - most);
	clear_rest(range);
	return true;
}

void
address_range_write(
	const struct address_range *range, char text[ADDRESS_RANGE_TEXT_BYTES])
{
	bool is_ipv4 = range->bits >= MAPPED_BITS &&
		       memcmp(range->bytes, mapped, sizeof(mapped)) == 0;
	unsigned before = is_ipv4 ? MAPPED_BITS : 0;
	char host[INET6_ADDRSTRLEN];

	inet_ntop(is_ipv4 ? AF_INET : AF_INET6, range->bytes + before / 8, host,
		sizeof(host));
	if (range->bits == 128)
		snprintf(text, ADDRESS_RANGE_TEXT_BYTES, "%s", host);
	else
		snprintf(text, ADDRESS_RANGE_TEXT_BYTES, "%s/%u", host,
			range->bits - before);
}

bool
address_range_of(const struct sockaddr *address, struct address_range *range)
{
	*range = (struct address_range){ .bits = 128 };
	if (address->sa_family == AF_INET)
		map(range, &((const struct sockaddr_in *)address)->sin_addr);
	else if (address->sa_family == AF_INET6)
		memcpy(range->bytes,
			&((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	else
		return false;
	return true;
}

bool
address_range_has(
	const struct address_range *outer, const struct address_range *inner)
{
	struct address_range cut = *inner;

	if (inner->bits < outer->bits)
		return false;
	cut.bits = outer->bits;
	clear_rest(&cut);
	return memcmp(cut.bytes, outer->bytes, sizeof(cut.bytes)) == 0;
}
