/*
 * What a request says: members of a JSON object, or the parameters of a query,
 * read one by one. The first one that is wrong is remembered with a code and a
 * sentence, and what follows is not looked at, so a reader reads all it wants
 * and asks once. Members nobody reads are ignored.
 *
 * In a query everything is a word: numbers and flags are read from words, and a
 * list is one parameter given several times.
 */
#ifndef WORKER_EDGE_ARGUMENTS_H
#define WORKER_EDGE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/json.h"
#include "shared/records.h"
#include "shared/text.h"

struct arguments {
	json_t *data; /* an object, or an array of them; NULL: there is none */
	struct text source; /* the request as it came; empty: nobody asks */
	bool is_query;
	unsigned code; /* CODE_OK as long as all is well */
	char error[160];
};

__attribute__((format(printf, 3, 4))) void arguments_fail(
	struct arguments *arguments, unsigned code, const char *format, ...);

bool arguments_has(const struct arguments *arguments, const char *member);

/* A name: of a room, a user; empty when it is missing and need not be there. */
struct text arguments_name(struct arguments *arguments, const char *member,
	size_t max, bool is_needed);

/* 1 to `room` such names, in their order; returns how many. */
size_t arguments_list(struct arguments *arguments, const char *member,
	size_t max, struct text *names, size_t room);

/* The same, but sorted by bytes, and repeats once. */
size_t arguments_names(struct arguments *arguments, const char *member,
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

/* What a page of a history is anchored to: one of before, after, before_id,
 * after_id and from_time, or nothing. */
enum lookup_mode arguments_anchor(
	struct arguments *arguments, uint64_t *anchor, uint64_t *origin);

/* JSON has one kind of number, so 5.0 is 5; false when it is none of ours. */
bool arguments_whole_number(const json_t *value, uint64_t *number);

#endif
