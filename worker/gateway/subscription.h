/*
 * Which types of messages a session wants to be shown of those that come to it
 * outside rooms. NULL is every type; memory is used only by who chooses.
 */
#ifndef WORKER_GATEWAY_SUBSCRIPTION_H
#define WORKER_GATEWAY_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

#define SUBSCRIPTION_TYPES_MAX 64

struct subscription;

bool subscription_has(
	const struct subscription *subscription, struct text type);

/* The types one by one, from 0; NULL has none. */
size_t subscription_count(const struct subscription *subscription);
struct text subscription_type(
	const struct subscription *subscription, size_t number);

/* From now on these too; from every type: these alone. False: they would be
 * more than SUBSCRIPTION_TYPES_MAX, and nothing has changed. */
bool subscription_add(struct subscription **subscription,
	const struct text *types, size_t count);

/* No longer these. Not of every type. */
void subscription_remove(struct subscription *subscription,
	const struct text *types, size_t count);

/* Every type again. */
void subscription_free(struct subscription **subscription);

/* No type at all. */
void subscription_empty(struct subscription **subscription);

#endif
