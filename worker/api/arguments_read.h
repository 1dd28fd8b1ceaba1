/*
 * Where arguments of backends come from: JSON bodies, single or in batches, and
 * queries.
 */
#ifndef WORKER_API_ARGUMENTS_READ_H
#define WORKER_API_ARGUMENTS_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"
#include "worker/edge/arguments.h"

/* From the text of a body, which may be empty. An array is taken only where
 * may_be_batch, and when it holds only objects. */
void arguments_read_body(
	struct arguments *arguments, struct text text, bool may_be_batch);

/* From a query without its '?'; NULL is an empty one. */
void arguments_read_query(struct arguments *arguments, const char *query);

/* One of a batch; nothing of it is to be freed. */
struct arguments arguments_of(const struct arguments *batch, size_t index);

/* How many the batch has; 0 when it is none. */
size_t arguments_count(const struct arguments *arguments);

/* Of what was read here. */
void arguments_fini(struct arguments *arguments);

#endif
