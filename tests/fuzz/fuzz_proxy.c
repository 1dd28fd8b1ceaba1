/*
 * The reader of what proxies say: the PROXY protocol and X-Forwarded-For. Where
 * a line ends must not depend on how it comes.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/forwarded.h"
#include "shared/manners.h"
#include "shared/proxy_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(struct text bytes)
{
	struct proxy_line whole, line = { 0 };
	enum proxy_line_end end = proxy_line_read(bytes, &whole);
	enum proxy_line_end pieces = PROXY_LINE_MORE;
	size_t length = 0;

	while (length < bytes.length && pieces == PROXY_LINE_MORE)
		pieces = proxy_line_read(
			(struct text){ bytes.at, ++length }, &line);
	must(pieces == end);
	must(end != PROXY_LINE_MORE || bytes.length < PROXY_LINE_BYTES);
	if (end != PROXY_LINE_WHOLE)
		return;
	must(whole.length == length && line.length == length);
	must(whole.has_address == line.has_address);
	must(memcmp(whole.address, line.address, 16) == 0);
}

/* Two values, parted by the first line break. */
static void
check_forwarded(struct text bytes)
{
	struct network trusted = { .bits = 8 };
	struct manners manners = { .trusted = &trusted, .trusted_count = 1 };
	const char *part =
		bytes.length ? memchr(bytes.at, '\n', bytes.length) : NULL;
	struct text values[2] = { bytes, { NULL, 0 } };
	uint8_t address[16] = { [15] = 1 };

	if (part) {
		values[0].length = (size_t)(part - bytes.at);
		values[1] = (struct text){ part + 1,
			bytes.length - values[0].length - 1 };
	}
	forwarded_find(address, &manners, values, part ? 2 : 1);
	must(network_is_address(address));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text bytes = { base_alloc(size), size };

	if (size)
		memcpy((char *)bytes.at, data, size);
	check_line(bytes);
	check_forwarded(bytes);
	free((char *)bytes.at);
	return 0;
}
