/*
 * What a client of the profile `push` says of itself in its address:
 *
 *	/ws?d={"uid":"1","types":["notice"],"token":"…"}
 *
 * Read by push.c when the connection opens, and once more when its login is
 * answered.
 */
#ifndef WORKER_GATEWAY_PROFILES_PUSH_WISH_H
#define WORKER_GATEWAY_PROFILES_PUSH_WISH_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buffer.h"
#include "shared/json.h"
#include "shared/text.h"

#define PUSH_TYPES_MAX 64

struct push_wish {
	struct text user;
	struct text token;                 /* empty: none */
	struct text types[PUSH_TYPES_MAX]; /* at least one */
	size_t count;
	json_t *json; /* owns all of them */
};

/* Adds the parameter `d` of a query, decoded; false: there is none. */
bool push_wish_find(struct text query, struct buffer *out);

/* false: that is no wish. push_wish_fini() in either case. */
bool push_wish_read(struct push_wish *wish, struct text json);
void push_wish_fini(struct push_wish *wish);

#endif
