/*
 * The memory of recent messages, so that a page of what was said last is
 * answered without the archive. Of each stream it holds the last messages,
 * without a gap; so many of one stream, so many bytes of all; the oldest one of
 * all goes first.
 */
#ifndef WORKER_LEDGER_RECENT_H
#define WORKER_LEDGER_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct stream;

struct recent_message {
	struct recent_message *prev, *next;     /* in the stream */
	struct recent_message *before, *behind; /* among all, by age */
	struct stream *stream;
	uint64_t offset;
	size_t length;
	char record[]; /* the packed message */
};

struct recent {
	struct recent_message *oldest; /* of all (utlist) */
	uint64_t bytes, bytes_max;
	unsigned stream_max;
};

void recent_init(
	struct recent *recent, uint64_t bytes_max, unsigned stream_max);
void recent_fini(struct recent *recent);

/* Remembers the next message of a stream; copied. An offset that does not
 * follow the last one forgets what was remembered of the stream before. */
void recent_add(struct recent *recent, struct stream *stream, uint64_t offset,
	struct text record);

/* The oldest and the newest message that is remembered, or NULL. */
const struct recent_message *recent_first(const struct stream *stream);
const struct recent_message *recent_last(const struct stream *stream);

/* The message with this offset, or NULL. */
const struct recent_message *recent_find(
	const struct stream *stream, uint64_t offset);

#endif
