#include "shared/forwarded.h"

#include <string.h>

#include "shared/base.h"
#include "shared/manners.h"
#include "shared/network.h"

static struct text
trim(struct text text)
{
	while (text.length && (*text.at == ' ' || *text.at == '\t')) {
		text.at++;
		text.length--;
	}
	while (text.length && (text.at[text.length - 1] == ' ' ||
				      text.at[text.length - 1] == '\t'))
		text.length--;
	return text;
}

/* Cuts off what stands behind the last comma, and the comma. */
static struct text
cut_last(struct text *list)
{
	const char *comma =
		list->length ? memrchr(list->at, ',', list->length) : NULL;
	struct text last = *list;

	list->length = comma ? (size_t)(comma - list->at) : 0;
	if (comma) {
		last.at = comma + 1;
		last.length -= list->length + 1;
	}
	return trim(last);
}

/* "[2001:db8::1]:443" and "192.0.2.1:443" without what is not the address. */
static struct text
without_port(struct text text)
{
	const char *colon =
		text.length ? memchr(text.at, ':', text.length) : NULL;
	const char *bracket =
		text.length ? memchr(text.at, ']', text.length) : NULL;

	if (bracket && *text.at == '[')
		return (struct text){ text.at + 1,
			(size_t)(bracket - text.at) - 1 };
	if (colon && !memchr(colon + 1, ':',
			     text.length - (size_t)(colon + 1 - text.at)))
		text.length = (size_t)(colon - text.at);
	return text;
}

static bool
read_address(struct text text, uint8_t address[16])
{
	struct network network;

	if (!network_read(without_port(text), &network) ||
		network.bits != NETWORK_BITS ||
		!network_is_address(network.address))
		return false;
	memcpy(address, network.address, sizeof(network.address));
	return true;
}

void
forwarded_find(uint8_t address[16], const struct manners *manners,
	const struct text *values, size_t count)
{
	while (count > 0) {
		struct text list = values[--count];

		do {
			if (!manners_trust(manners, address) ||
				!read_address(cut_last(&list), address))
				return;
		} while (list.length);
	}
}
