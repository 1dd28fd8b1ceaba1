/*
 * What a request of a backend says: the members of its JSON body, or the
 * parameters of its query, read one by one. The first one that is wrong is
 * remembered with a code and a sentence, and what follows is not looked at, so
 * a reader reads all it wants and asks once. Members nobody reads are ignored.
 *
 * In a query everything is a word: numbers and flags are read from words, and a
 * list is one parameter given several times.
 */
#ifndef WORKER_API_ARGUMENTS_H
#define WORKER_API_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/json.h"
#include "shared/text.h"

struct arguments {
	json_t *data; /* an object; an array when it is a batch; NULL: none */
	bool is_query;
	unsigned code; /* CODE_OK as long as all is well */
	char error[160];
};

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

void arguments_fini(struct arguments *arguments);

__attribute__((format(printf, 3, 4))) void arguments_fail(
	struct arguments *arguments, unsigned code, const char *format, ...);

bool arguments_has(const struct arguments *arguments, const char *member);

/* A name: of a room, a user; empty when it is missing and need not be there. */
struct text arguments_name(struct arguments *arguments, const char *member,
	size_t max, bool is_needed);

/* 1 to `room` such names, in their order; returns how many. */
size_t arguments_list(struct arguments *arguments, const char *member,
	size_t max, struct text *names, size_t room);

/* Any string; empty when it is missing. */
struct text arguments_text(
	struct arguments *arguments, const char *member, size_t max);
uint64_t arguments_number(struct arguments *arguments, const char *member,
	uint64_t min, uint64_t max, uint64_t standard);
bool arguments_flag(
	struct arguments *arguments, const char *member, bool standard);

/* The id of a message; false when it is missing or none. */
bool arguments_id(struct arguments *arguments, const char *member,
	uint64_t *time, uint64_t *origin);

#endif
