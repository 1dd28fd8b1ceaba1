/*
 * uthash with a keyed hash, so that no client can choose names that collide.
 * For tables in a process's own memory; never in the arena.
 */
#ifndef SHARED_TABLE_H
#define SHARED_TABLE_H

#include "shared/base.h"
#include "shared/hash.h"

#define HASH_FUNCTION(key, length, result)                                     \
	((result) = (unsigned)hash_private((key), (length)))
#define uthash_malloc(bytes) base_alloc(bytes)
#define uthash_fatal(text) must(!text)

#include <uthash.h>
#include <utlist.h>

#endif
