/*
 * One request as it comes in, in pieces of any size: its head, bounded and
 * judged, and its body, however it is sent. What is refused is refused as soon
 * as that is clear; the rest of it then stays unread.
 */
#ifndef WORKER_API_INTAKE_H
#define WORKER_API_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/text.h"

struct intake_limits {
	size_t head_bytes;
	size_t body_bytes;
};

enum intake_phase {
	INTAKE_HEAD,
	INTAKE_BODY,
	INTAKE_CHUNK_SIZE,
	INTAKE_CHUNK,
	INTAKE_CHUNK_END,
	INTAKE_TRAILER,
	INTAKE_WHOLE,
	INTAKE_REFUSED,
};

struct intake {
	enum intake_phase phase;
	struct buffer head; /* whole: as evhttp is to see it */
	struct buffer body;
	struct buffer line;    /* one that is not whole yet */
	size_t lines_bytes;    /* of lines around chunks */
	uint64_t left;         /* of the body, or of the chunk */
	bool asks_to_continue; /* and the body has not begun */
	int status;            /* why it was refused */
	const char *why;
};

/* Takes bytes until the request is whole or refused; returns how many. */
size_t intake_take(struct intake *intake, const struct intake_limits *limits,
	struct text bytes);

/* Refuses what has come so far. */
void intake_refuse(struct intake *intake, int status, const char *why);

/* Has any of it come? */
bool intake_has_begun(const struct intake *intake);

/* For the next request; frees all. */
void intake_clear(struct intake *intake);

#endif
