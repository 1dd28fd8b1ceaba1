/*
 * The head of a request, as strictly as RFC 9112 allows, since what two parsers
 * read differently is an attack: lines end in CR LF, names are tokens, nothing
 * is folded, and the length of the body is told in one way.
 */
#ifndef WORKER_API_INTAKE_HEAD_H
#define WORKER_API_INTAKE_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;

struct intake_head {
	int status; /* to refuse it with; 0: it is good */
	const char *why;
	bool is_chunked;
	bool has_length;
	uint64_t length;       /* of the body, unless it is chunked */
	bool asks_to_continue; /* Expect: 100-continue */
	bool is_old;           /* HTTP/1.0 */
};

/* Reads a head with its empty line; appends it as evhttp is to see it: without
 * a body, because that is read here. */
void intake_head_read(
	struct intake_head *head, struct text bytes, struct buffer *out);

#endif
