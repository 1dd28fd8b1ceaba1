#include "shared/base.h"

#include <stdlib.h>
#include <string.h>

#include "shared/log.h"

void
must_failed(const char *claim, const char *file, int line)
{
	log_error("broken promise: %s (%s:%d)", claim, file, line);
	abort();
}

void *
base_alloc(size_t bytes)
{
	void *memory = malloc(bytes ? bytes : 1);

	must(memory != NULL);
	return memory;
}

void *
base_alloc_zeroed(size_t count, size_t bytes)
{
	void *memory = calloc(count ? count : 1, bytes ? bytes : 1);

	must(memory != NULL);
	return memory;
}

void *
base_realloc(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes ? bytes : 1);

	must(memory != NULL);
	return memory;
}

char *
base_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(base_alloc(bytes), text, bytes);
}
