/*
 * The few words that every file of confab uses. Knows no module.
 */
#ifndef SHARED_BASE_H
#define SHARED_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))

#define CACHE_LINE 64

/* A promise between our own functions: always checked; a broken one is logged
 * and aborts this process, and the master starts a new one. Never for input. */
#define must(claim)                                                            \
	((claim) ? (void)0 : must_failed(#claim, __FILE__, __LINE__))

_Noreturn void must_failed(const char *claim, const char *file, int line);

/* malloc, calloc, realloc that never return NULL. */
void *base_alloc(size_t bytes);
void *base_alloc_zeroed(size_t count, size_t bytes);
void *base_realloc(void *old, size_t bytes);
char *base_strdup(const char *text);

#endif
