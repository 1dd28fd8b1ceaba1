/*
 * The members of a request's data, read one by one. The first one that is wrong
 * is remembered with a sentence, and what follows is not looked at, so a reader
 * reads all it wants and asks once.
 */
#ifndef WORKER_GATEWAY_PROFILES_CONFAB_ARGS_H
#define WORKER_GATEWAY_PROFILES_CONFAB_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/json.h"
#include "shared/text.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/seen_place.h"

struct buffer;
struct conversation;

struct args {
	struct text request;   /* the text that it was read from */
	const json_t *data;    /* NULL: the request has none */
	enum answer_code code; /* CODE_OK as long as all is well */
	char error[160];
};

__attribute__((format(printf, 3, 4))) void args_fail(
	struct args *args, enum answer_code code, const char *format, ...);

bool args_has(const struct args *args, const char *member);

/* Empty when it is missing and need not be there. */
struct text args_name(
	struct args *args, const char *member, size_t max, bool is_needed);

/* An array of 1 to `room` such names, as sent; returns how many. */
size_t args_list(struct args *args, const char *member, size_t max,
	struct text *names, size_t room);

/* The same, but sorted by bytes, and repeats once. */
size_t args_names(struct args *args, const char *member, size_t max,
	struct text *names, size_t room);

/* Any string. */
struct text args_text(struct args *args, const char *member, size_t max);
uint64_t args_number(struct args *args, const char *member, uint64_t min,
	uint64_t max, uint64_t standard);
bool args_flag(struct args *args, const char *member, bool standard);

/* The id of a message; false when it is missing or none. */
bool args_id(struct args *args, const char *member, uint64_t *time,
	uint64_t *origin);

/* One of room and user, or inbox:true where that may be. */
struct conversation args_conversation(struct args *args, bool may_be_inbox);

/* Where in a stream the client is: {epoch, offset, id?}; false when it does not
 * say. epoch 0: what it names cannot be in any store. */
bool args_place(struct args *args, const char *member, struct seen_place *seen);

/* Appends any value as it was sent, compact; false when it is missing. */
bool args_value(
	const struct args *args, const char *member, struct buffer *out);

/* Fails when one of these, which later versions know, is given. */
void args_not_yet(struct args *args, const char *const *members, size_t count);

#endif
