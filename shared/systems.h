/*
 * Systems: backends that have registered under a name of their own, over the
 * HTTP of a profile. Each is a tenant that stands in no configuration and has
 * the rules of the tenant `default`; its name begins with a character that no
 * configured one can have. They lie in the arena, where ledger 0 alone adds to
 * them and everybody reads without a lock. None is ever taken away.
 */
#ifndef SHARED_SYSTEMS_H
#define SHARED_SYSTEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/message.h"
#include "shared/text.h"

struct arena;
struct buffer;
struct unpack;

/* The tenant of the system that is called so, written to name. Any text that is
 * not empty has one of its own. */
struct text systems_tenant(char name[TENANT_BYTES_MAX], struct text system);

/* Is it the tenant of a system, registered or not? */
bool systems_is_tenant(struct text tenant);

/* Is it registered? */
bool systems_has(const struct arena *arena, struct text tenant);
size_t systems_count(const struct arena *arena);

/* Ledger 0: from now on everybody finds it. It is the tenant of a system.
 * False: there are as many as there may be. */
bool systems_add(const struct arena *arena, struct text tenant);

/* Ledger 0: the one at the next place that has one, in the order in which they
 * came; *place is behind it then, 0 to begin with. False: there are no more. */
bool systems_next(
	const struct arena *arena, uint64_t *place, struct text *tenant);

/* Ledger 0: the part of a checkpoint; read adds what it has, and is false when
 * it is no such part. */
void systems_write(const struct arena *arena, struct buffer *out);
bool systems_read(const struct arena *arena, struct unpack *in);

#endif
