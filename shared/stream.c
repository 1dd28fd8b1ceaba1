#include "shared/stream.h"

#include <string.h>

#include "shared/base.h"
#include "shared/hash.h"
#include "shared/records.h"

#define SEPARATOR 0x1f

static char *
append(char *at, struct text text)
{
	if (text.length)
		memcpy(at, text.at, text.length);
	return at + text.length;
}

void
stream_name_make(struct stream_name *made, unsigned kind, struct text tenant,
	struct text name)
{
	char *at = made->bytes;

	must(tenant.length <= TENANT_BYTES_MAX &&
		name.length <= ROOM_BYTES_MAX);
	*at++ = (char)kind;
	at = append(at, tenant);
	*at++ = SEPARATOR;
	at = append(at, name);
	made->length = (uint8_t)(at - made->bytes);
}

struct text
stream_name_text(const struct stream_name *name)
{
	return (struct text){ name->bytes, name->length };
}

unsigned
stream_name_kind(const struct stream_name *name)
{
	return (unsigned char)name->bytes[0];
}

struct text
stream_name_tenant(const struct stream_name *name)
{
	const char *tenant = name->bytes + 1;
	const char *end = memchr(tenant, SEPARATOR, name->length - 1U);

	must(end != NULL);
	return (struct text){ tenant, (size_t)(end - tenant) };
}

struct text
stream_name_name(const struct stream_name *name)
{
	return stream_text_name(stream_name_text(name));
}

struct text
stream_text_name(struct text whole)
{
	const char *at = memchr(whole.at, SEPARATOR, whole.length);

	must(at++ != NULL);
	return (struct text){ at, (size_t)(whole.at + whole.length - at) };
}

unsigned
stream_shard(
	unsigned kind, struct text tenant, struct text name, unsigned ledgers)
{
	struct stream_name made;

	if (ledgers == 1)
		return 0;
	if (kind == STREAM_INBOX)
		name = TEXT_LITERAL("");
	stream_name_make(&made, kind, tenant, name);
	return (unsigned)(hash_stable(made.bytes, made.length) % ledgers);
}
