/*
 * An arena with an index for each of its gateways. Included by one test program
 * each, so everything is static.
 */
#ifndef TESTS_UNIT_ARENA_FIXTURE_H
#define TESTS_UNIT_ARENA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/index.h"

static struct arena *arena;

static inline void
arena_fixture_open(const struct arena_shape *shape)
{
	arena = arena_create(shape);
	assert_non_null(arena);
	for (unsigned i = 0; i < shape->slots; i++)
		if (shape->roles[i] == ROLE_GATEWAY)
			index_open(arena, i, 1);
}

static inline int
tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

#endif
