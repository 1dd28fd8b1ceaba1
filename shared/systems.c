#include "shared/systems.h"

#include <stdatomic.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/base64.h"
#include "shared/buffer.h"
#include "shared/crypto.h"
#include "shared/hash.h"
#include "shared/pack.h"
#include "shared/systems_region.h"

#define BEGIN '/'

/* A name that could be mistaken for another, or cannot be one as it is, is told
 * by its hash. */
struct text
systems_tenant(char name[TENANT_BYTES_MAX], struct text system)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct buffer out = { 0 };

	buffer_add_byte(&out, BEGIN);
	if (text_is_name(system, 1, TENANT_BYTES_MAX - 1) &&
		system.at[0] != BEGIN) {
		buffer_add_text(&out, system);
	} else {
		crypto_hmac(TEXT_LITERAL("system"), system, digest);
		buffer_add_byte(&out, BEGIN);
		base64_write(
			&out, (struct text){ (char *)digest, sizeof(digest) });
	}
	must(out.length <= TENANT_BYTES_MAX);
	memcpy(name, out.data, out.length);
	system = (struct text){ name, out.length };
	buffer_fini(&out);
	return system;
}

bool
systems_is_tenant(struct text tenant)
{
	return tenant.length > 1 && tenant.at[0] == BEGIN &&
	       text_is_name(tenant, 2, TENANT_BYTES_MAX);
}

static _Atomic uint32_t *
chain_of(const struct arena *arena, struct text tenant)
{
	return &arena_systems(arena)->chains[hash_bytes(arena_key(arena),
						     tenant.at, tenant.length) %
					     SYSTEMS_CHAINS];
}

bool
systems_has(const struct arena *arena, struct text tenant)
{
	const struct systems_region *region = arena_systems(arena);
	uint32_t at = atomic_load_explicit(
		chain_of(arena, tenant), memory_order_acquire);

	while (at != 0) {
		const struct system *system = &region->places[at - 1];

		if (text_equal(tenant,
			    (struct text){ system->name, system->length }))
			return true;
		at = system->next;
	}
	return false;
}

size_t
systems_count(const struct arena *arena)
{
	return atomic_load_explicit(
		&arena_systems(arena)->count, memory_order_acquire);
}

bool
systems_add(const struct arena *arena, struct text tenant)
{
	struct systems_region *region = arena_systems(arena);
	_Atomic uint32_t *chain = chain_of(arena, tenant);
	uint32_t count = (uint32_t)systems_count(arena);
	struct system *system = &region->places[count];

	must(systems_is_tenant(tenant));
	if (systems_has(arena, tenant))
		return true;
	if (count >= SYSTEMS_MAX)
		return false;
	atomic_store_explicit(&region->count, count + 1, memory_order_release);
	memcpy(system->name, tenant.at, tenant.length);
	system->length = (uint32_t)tenant.length;
	system->next = atomic_load_explicit(chain, memory_order_relaxed);
	atomic_store_explicit(chain, count + 1, memory_order_release);
	return true;
}

/* What a killed writer has left is in no chain. */
bool
systems_next(const struct arena *arena, uint64_t *place, struct text *tenant)
{
	const struct systems_region *region = arena_systems(arena);
	size_t count = MIN_OF(systems_count(arena), (size_t)SYSTEMS_MAX);

	while (*place < count) {
		const struct system *system = &region->places[(*place)++];

		*tenant = (struct text){ system->name,
			MIN_OF(system->length, (uint32_t)TENANT_BYTES_MAX) };
		if (systems_is_tenant(*tenant) && systems_has(arena, *tenant))
			return true;
	}
	return false;
}

/* By chains, so what a killed writer has lost is not in it. */
void
systems_write(const struct arena *arena, struct buffer *out)
{
	const struct systems_region *region = arena_systems(arena);

	for (size_t i = 0; i < SYSTEMS_CHAINS; i++) {
		uint32_t at = atomic_load_explicit(
			&region->chains[i], memory_order_acquire);

		while (at != 0) {
			const struct system *system = &region->places[at - 1];

			pack_text(out,
				(struct text){ system->name, system->length });
			at = system->next;
		}
	}
}

bool
systems_read(const struct arena *arena, struct unpack *in)
{
	while (in->at < in->end && !in->failed) {
		struct text tenant = unpack_text(in);

		if (in->failed || !systems_is_tenant(tenant) ||
			!systems_add(arena, tenant))
			return false;
	}
	return !in->failed;
}
