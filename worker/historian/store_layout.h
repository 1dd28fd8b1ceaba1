/*
 * How a message is numbered in the archive, and which streams are meant.
 */
#ifndef WORKER_HISTORIAN_STORE_LAYOUT_H
#define WORKER_HISTORIAN_STORE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

/* id of a row = stream << STORE_OFFSET_BITS | offset. */
#define STORE_OFFSET_BITS 36
#define STORE_STREAM_BITS 27
#define STORE_OFFSET_MAX ((UINT64_C(1) << STORE_OFFSET_BITS) - 1)
#define STORE_STREAM_MAX ((UINT64_C(1) << STORE_STREAM_BITS) - 1)

/* Is it one of those streams? */
typedef bool store_filter(void *self, unsigned kind, struct text name);

#endif
