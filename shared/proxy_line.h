/*
 * The line that a proxy puts before a connection to tell whose it is: the PROXY
 * protocol, version 1 (text) and 2 (binary), as HAProxy's
 * doc/proxy-protocol.txt has it. What comes from a proxy that is not trusted is
 * never read.
 */
#ifndef SHARED_PROXY_LINE_H
#define SHARED_PROXY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

/* The longest one that is read; of version 2 with what may follow the
 * addresses. */
#define PROXY_LINE_BYTES 2048

enum proxy_line_end {
	PROXY_LINE_MORE, /* so far it is good */
	PROXY_LINE_WHOLE,
	PROXY_LINE_BAD,
};

struct proxy_line {
	size_t length; /* what follows is the connection's own */

	/* The client; else the proxy speaks for itself (LOCAL, a check of
	 * health) or does not know (UNKNOWN, a unix socket). */
	bool has_address;
	uint8_t address[16]; /* IPv4 is mapped, as in the index */
	uint16_t port;       /* host order */
};

enum proxy_line_end proxy_line_read(struct text bytes, struct proxy_line *line);

#endif
