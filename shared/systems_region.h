/*
 * How systems lie in the arena; for systems.c.
 *
 * A place is written before it is linked into the chain of its hash and never
 * after that, so a reader needs no second look. The number of places goes up
 * before a place is linked: a writer that is killed in between has lost a
 * place, and nothing else.
 */
#ifndef SHARED_SYSTEMS_REGION_H
#define SHARED_SYSTEMS_REGION_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base.h"
#include "shared/message.h"

/* How many there may be. */
#define SYSTEMS_MAX 16384

#define SYSTEMS_CHAINS 4096

struct system {
	uint32_t next; /* in its chain: 1 + place, 0: none */
	uint32_t length;
	char name[TENANT_BYTES_MAX];
};

/* Written by ledger 0. */
struct systems_region {
	_Alignas(CACHE_LINE) _Atomic uint32_t count;
	_Atomic uint32_t chains[SYSTEMS_CHAINS]; /* 1 + place, 0: none */
	struct system places[SYSTEMS_MAX];
};

_Static_assert(sizeof(struct system) == 72, "crosses processes");

size_t systems_region_bytes(void);
uint64_t systems_region_layout(void);

#endif
