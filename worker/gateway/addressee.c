#include "worker/gateway/addressee.h"

#include <string.h>

#include "shared/buffer.h"
#include "shared/gojson.h"

void
addressee_fill(struct buffer *out, struct text payload, struct text user)
{
	const char *mark = memchr(payload.at, ADDRESSEE_MARK, payload.length);
	size_t before;

	if (!mark) {
		buffer_add_text(out, payload);
		return;
	}
	before = (size_t)(mark - payload.at);
	buffer_add(out, payload.at, before);
	gojson_write_string(out, user);
	buffer_add(out, mark + 1, payload.length - before - 1);
}
