/*
 * How an outbox lies in memory; for outbox.c, which fills and empties it, and
 * outbox_slow.c, which knows what may go when a client does not follow.
 */
#ifndef WORKER_GATEWAY_OUTBOX_INSIDE_H
#define WORKER_GATEWAY_OUTBOX_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bundle;
struct outbox;

/* Bytes of one bundle that wait. A private bundle has no other holder and may
 * grow while it is the last one. */
struct entry {
	struct bundle *bundle;
	uint64_t source;
	uint32_t from, end;
	uint8_t policy; /* enum slow_policy, of what is pushed */
	bool is_private;
	bool is_push;
	bool is_begun; /* perhaps in the middle of a frame */
};

/* A ring of entries; capacity is a power of two. Only the first one can be
 * begun. */
struct outbox_queue {
	size_t bytes;
	size_t push_bytes;
	uint32_t first, count, capacity;
	struct entry entries[];
};

static inline struct entry *
outbox_entry(struct outbox_queue *queue, uint32_t number)
{
	return &queue->entries[(queue->first + number) & (queue->capacity - 1)];
}

/* Takes a reference of its own. */
void outbox_append(struct outbox *outbox, const struct entry *entry);

#endif
