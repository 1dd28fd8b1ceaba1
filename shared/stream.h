/*
 * What a stream is called inside confab: its kind, its tenant and its name in
 * one run of bytes, for tables and for sharding. Neither tenant nor name can
 * hold a control character, so the separator is never part of them.
 */
#ifndef SHARED_STREAM_H
#define SHARED_STREAM_H

#include <stdint.h>

#include "shared/message.h"
#include "shared/text.h"

#define STREAM_NAME_BYTES_MAX (2 + TENANT_BYTES_MAX + ROOM_BYTES_MAX)

struct stream_name {
	uint8_t length;
	char bytes[STREAM_NAME_BYTES_MAX]; /* kind, tenant, 0x1f, name */
};

/* tenant and name must be within their limits. kind: enum stream_kind. */
void stream_name_make(struct stream_name *made, unsigned kind,
	struct text tenant, struct text name);
struct text stream_name_text(const struct stream_name *name);

/* The parts, borrowed. */
unsigned stream_name_kind(const struct stream_name *name);
struct text stream_name_tenant(const struct stream_name *name);
struct text stream_name_name(const struct stream_name *name);

/* The last part of a whole name that lies elsewhere. */
struct text stream_text_name(struct text whole);

/* Which of so many ledgers keeps the stream; the same for ever. All inboxes of
 * a tenant are kept by one, so that a direct message goes into all that it
 * stands in by one write. */
unsigned stream_shard(
	unsigned kind, struct text tenant, struct text name, unsigned ledgers);

#endif
