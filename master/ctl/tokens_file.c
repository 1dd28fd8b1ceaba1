#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "master/ctl/tokens_inside.h"
#include "shared/buffer.h"
#include "shared/crypto.h"

bool
tokens_read_file(const char *path, struct buffer *out)
{
	FILE *file = fopen(path, "re");
	size_t got;

	if (!file)
		goto fail;
	buffer_clear(out, SIZE_MAX);
	got = fread(buffer_reserve(out, CRYPTO_KEY_BYTES_MAX + 2), 1,
		CRYPTO_KEY_BYTES_MAX + 2, file);
	if (ferror(file))
		goto fail;
	fclose(file);
	out->length = got;
	if (got > 0 && out->data[got - 1] == '\n')
		out->length--;
	return true;

fail:
	fprintf(stderr, "confabctl: %s: %s\n", path, strerror(errno));
	if (file)
		fclose(file);
	return false;
}
