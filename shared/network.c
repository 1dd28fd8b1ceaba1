#include "shared/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "shared/base.h"

#define MAPPED_BITS 96

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
read_bits(struct text text, unsigned most, unsigned *bits)
{
	*bits = 0;
	if (text.length == 0 || text.length > 3 ||
		(text.length > 1 && text.at[0] == '0'))
		return false;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		*bits = *bits * 10 + (unsigned)(text.at[i] - '0');
	}
	return *bits <= most;
}

static bool
read_address(struct text text, struct network *network, bool *is_v4)
{
	char string[INET6_ADDRSTRLEN];

	if (text.length >= sizeof(string) || memchr(text.at, 0, text.length))
		return false;
	memcpy(string, text.at, text.length);
	string[text.length] = 0;
	*is_v4 = inet_pton(AF_INET, string, network->address + 12) == 1;
	if (!*is_v4)
		return inet_pton(AF_INET6, string, network->address) == 1;
	memcpy(network->address, mapped, sizeof(mapped));
	return true;
}

bool
network_read(struct text text, struct network *network)
{
	const char *slash =
		text.length > 0 ? memchr(text.at, '/', text.length) : NULL;
	struct text address = text, length = { 0 };
	unsigned bits = NETWORK_BITS;
	bool is_v4;

	*network = (struct network){ 0 };
	if (slash) {
		address.length = (size_t)(slash - text.at);
		length = (struct text){ slash + 1,
			text.length - address.length - 1 };
	}
	if (address.length == 0 || !read_address(address, network, &is_v4))
		return false;
	if (slash && !read_bits(length, is_v4 ? 32 : NETWORK_BITS, &bits))
		return false;
	if (slash && is_v4)
		bits += MAPPED_BITS;
	network->bits = (uint8_t)bits;
	network_cut(network->address, bits);
	return true;
}

void
network_write(char text[NETWORK_TEXT_BYTES], const struct network *network)
{
	bool is_v4 = network->bits >= MAPPED_BITS &&
		     memcmp(network->address, mapped, sizeof(mapped)) == 0;
	char address[INET6_ADDRSTRLEN];
	unsigned bits = network->bits;

	must(inet_ntop(is_v4 ? AF_INET : AF_INET6,
		     network->address + (is_v4 ? 12 : 0), address,
		     sizeof(address)) != NULL);
	if (bits == NETWORK_BITS)
		snprintf(text, NETWORK_TEXT_BYTES, "%s", address);
	else
		snprintf(text, NETWORK_TEXT_BYTES, "%s/%u", address,
			is_v4 ? bits - MAPPED_BITS : bits);
}

void
network_cut(uint8_t address[16], unsigned bits)
{
	unsigned whole = bits / 8;

	must(bits <= NETWORK_BITS);
	if (bits == NETWORK_BITS)
		return;
	address[whole] &= (uint8_t)(0xff00U >> (bits % 8));
	memset(address + whole + 1, 0, 15 - whole);
}

bool
network_has(const struct network *network, const uint8_t address[16])
{
	uint8_t cut[16];

	memcpy(cut, address, sizeof(cut));
	network_cut(cut, network->bits);
	return memcmp(cut, network->address, sizeof(cut)) == 0;
}

bool
network_is_address(const uint8_t address[16])
{
	static const uint8_t none[16];

	return memcmp(address, none, sizeof(none)) != 0;
}
