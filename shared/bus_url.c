#include "shared/bus_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/address.h"

#define NAME_BYTES_MAX 253
#define LABEL_BYTES_MAX 63

/* Behind the scheme; NULL when it is another. */
static const char *
skip_scheme(const char *text, bool *is_tls)
{
	static const char plain[] = "tcp://", tls[] = "tls+tcp://";

	*is_tls = strncmp(text, tls, strlen(tls)) == 0;
	if (*is_tls)
		return text + strlen(tls);
	return strncmp(text, plain, strlen(plain)) == 0 ? text + strlen(plain)
							: NULL;
}

static bool
read_port(const char *text, uint16_t *port)
{
	size_t length = strspn(text, "0123456789");
	long number = strtol(text, NULL, 10);

	*port = (uint16_t)number;
	return length >= 1 && length <= 5 && text[length] == 0 && number >= 1 &&
	       number < 65535;
}

/* Labels of letters, digits and hyphens; the last one is no number, or it were
 * an address that is none. */
static bool
is_host_name(const char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-";
	const char *label = host;

	if (strlen(host) > NAME_BYTES_MAX)
		return false;
	for (;;) {
		size_t length = strspn(label, letters);

		if (length < 1 || length > LABEL_BYTES_MAX || label[0] == '-' ||
			label[length - 1] == '-')
			return false;
		if (label[length] == 0)
			return strspn(label, "0123456789") != length;
		if (label[length] != '.')
			return false;
		label += length + 1;
	}
}

bool
bus_url_read(const char *text, struct bus_url *url)
{
	const char *host, *colon;
	struct address address;

	memset(url, 0, sizeof(*url));
	host = skip_scheme(text, &url->is_tls);
	colon = host ? strrchr(host, ':') : NULL;
	if (!colon || (size_t)(colon - host) >= sizeof(url->host) ||
		!read_port(colon + 1, &url->port))
		return false;
	memcpy(url->host, host, (size_t)(colon - host));
	if (address_read(host, &address)) {
		url->is_local = address_is_local(&address);
		return !address_is_unix(&address);
	}
	url->is_name = is_host_name(url->host);
	url->is_local = strcmp(url->host, "localhost") == 0;
	return url->is_name;
}
