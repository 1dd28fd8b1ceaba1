/*
 * What commands of the profile confab read of their data beside what
 * arguments.h knows.
 */
#ifndef WORKER_GATEWAY_PROFILES_CONFAB_ARGS_H
#define WORKER_GATEWAY_PROFILES_CONFAB_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/edge/arguments.h"
#include "worker/gateway/seen_place.h"

struct buffer;
struct conversation;

/* One of room and user, or inbox:true where that may be. */
struct conversation args_conversation(
	struct arguments *args, bool may_be_inbox);

/* Where in a stream the client is: {epoch, offset, id?}; false when it does not
 * say. epoch 0: what it names cannot be in any store. */
bool args_place(
	struct arguments *args, const char *member, struct seen_place *seen);

/* Appends any value as it was sent, compact; false when it is missing. */
bool args_value(
	const struct arguments *args, const char *member, struct buffer *out);

/* Fails when one of these, which later versions know, is given. */
void args_not_yet(
	struct arguments *args, const char *const *members, size_t count);

#endif
