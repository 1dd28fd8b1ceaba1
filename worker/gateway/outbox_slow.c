/*
 * What waits for a client that does not follow. A frame that may be half sent
 * is never touched, nor what the client asked for, nor what a room with
 * SLOW_CLOSE or nobody's room pushed.
 *
 * All of this is done only for clients whose sockets are full, and costs a walk
 * over what waits; what comes into question stands mostly at its beginning.
 */
#include <stdlib.h>
#include <string.h>

#include "worker/gateway/frame.h"
#include "worker/gateway/outbox.h"
#include "worker/gateway/outbox_inside.h"

/* How many frames begin at `from`, which one does, and before `end`. */
static uint64_t
count_frames(const struct bundle *bundle, size_t from, size_t end)
{
	uint64_t count = 0;

	for (; from < end; count++)
		from += frame_written_length(bundle->data + from);
	return count;
}

/* The end of the frame that this byte lies in; where one begins, it is that. */
static uint32_t
frame_end(const struct bundle *bundle, size_t byte)
{
	size_t at = 0;

	while (at < byte)
		at += frame_written_length(bundle->data + at);
	return (uint32_t)at;
}

static uint32_t
length_of(const struct entry *entry)
{
	return entry->end - entry->from;
}

/* Takes an entry out of the queue; the few before it move up. */
static void
remove_entry(struct outbox_queue *queue, uint32_t number)
{
	struct entry *entry = outbox_entry(queue, number);

	queue->bytes -= length_of(entry);
	queue->push_bytes -= length_of(entry);
	bundle_unref(&entry->bundle);
	for (; number > 0; number--)
		*outbox_entry(queue, number) = *outbox_entry(queue, number - 1);
	queue->first = (queue->first + 1) & (queue->capacity - 1);
	queue->count--;
}

/* Leaves of an entry only what is begun; true when that is nothing, and it is
 * removed. */
static bool
let_go(struct outbox_queue *queue, uint32_t number, uint64_t *dropped)
{
	struct entry *entry = outbox_entry(queue, number);
	uint32_t end = entry->is_begun ? frame_end(entry->bundle, entry->from)
				       : entry->from;

	*dropped += count_frames(entry->bundle, end, entry->end);
	queue->bytes -= entry->end - end;
	queue->push_bytes -= entry->end - end;
	entry->end = end;
	if (length_of(entry) > 0)
		return false;
	remove_entry(queue, number);
	return true;
}

static bool
may_go(const struct entry *entry)
{
	return entry->is_push && entry->policy != SLOW_CLOSE;
}

static bool
fits(const struct outbox *outbox, size_t length, size_t limit_bytes)
{
	size_t waiting = outbox->queue ? outbox->queue->push_bytes : 0;

	return waiting == 0 || waiting + length <= limit_bytes;
}

/* Lets the oldest go until there is room. */
static void
make_room(struct outbox *outbox, size_t length, size_t limit_bytes,
	uint64_t *dropped)
{
	struct outbox_queue *queue = outbox->queue;
	uint32_t number = 0;

	while (number < queue->count && !fits(outbox, length, limit_bytes))
		if (!may_go(outbox_entry(queue, number)) ||
			!let_go(queue, number, dropped))
			number++;
	if (queue->count == 0)
		outbox_fini(outbox);
}

static bool
is_of(const struct entry *entry, uint64_t source)
{
	return may_go(entry) && entry->source == source;
}

static bool
waits(struct outbox *outbox, uint64_t source)
{
	struct outbox_queue *queue = outbox->queue;

	for (uint32_t i = 0; queue && i < queue->count; i++)
		if (is_of(outbox_entry(queue, i), source))
			return true;
	return false;
}

static void
let_source_go(struct outbox *outbox, uint64_t source, uint64_t *dropped)
{
	struct outbox_queue *queue = outbox->queue;
	uint32_t number = 0;

	while (queue && number < queue->count)
		if (!is_of(outbox_entry(queue, number), source) ||
			!let_go(queue, number, dropped))
			number++;
	if (queue && queue->count == 0)
		outbox_fini(outbox);
}

static bool
queue_entry(struct outbox *outbox, const struct entry *entry,
	size_t limit_bytes, uint64_t *dropped)
{
	size_t length = length_of(entry);

	if (length == 0)
		return true;
	if (!fits(outbox, length, limit_bytes))
		make_room(outbox, length, limit_bytes, dropped);
	if (fits(outbox, length, limit_bytes)) {
		outbox_append(outbox, entry);
		return true;
	}
	if (entry->policy == SLOW_CLOSE)
		return false;
	*dropped += count_frames(entry->bundle, entry->from, entry->end);
	return true;
}

/* The newest message alone; in a bundle of its own where the one that it is in
 * is much larger, so that what is held is what is counted. */
static bool
queue_newest(struct outbox *outbox, const struct push *push, size_t limit_bytes,
	uint64_t *dropped)
{
	uint32_t length = push->newest_end - push->newest_from;
	struct entry entry = {
		.bundle = push->bundle,
		.source = push->source,
		.from = push->newest_from,
		.end = push->newest_end,
		.policy = SLOW_NEWEST,
		.is_push = true,
	};
	bool is_copied = length < push->bundle->length / 2;
	bool is_queued;

	if (is_copied) {
		entry.bundle = bundle_new(length);
		bundle_add(&entry.bundle,
			push->bundle->data + push->newest_from, length);
		entry.from = 0;
		entry.end = length;
	}
	is_queued = queue_entry(outbox, &entry, limit_bytes, dropped);
	if (is_copied)
		bundle_unref(&entry.bundle);
	return is_queued;
}

/* Of a source with SLOW_NEWEST, nothing of which is sent. Events alone do not
 * take the place of a message. */
static bool
push_newest(struct outbox *outbox, const struct push *push,
	const struct entry *whole, size_t limit_bytes, uint64_t *dropped)
{
	uint64_t count = count_frames(push->bundle, 0, push->bundle->length);

	if (push->newest_from < push->newest_end) {
		let_source_go(outbox, push->source, dropped);
		*dropped += count - 1;
		return queue_newest(outbox, push, limit_bytes, dropped);
	}
	if (!waits(outbox, push->source))
		return queue_entry(outbox, whole, limit_bytes, dropped);
	*dropped += count;
	return true;
}

/* The rest of a frame that is begun, and of what follows it the newest. */
static bool
push_rest(struct outbox *outbox, const struct push *push, size_t from,
	size_t limit_bytes, uint64_t *dropped)
{
	uint32_t end = frame_end(push->bundle, from);
	uint64_t count = count_frames(push->bundle, end, push->bundle->length);

	if (end > from)
		outbox_append(outbox, &(struct entry){
					      .bundle = push->bundle,
					      .source = push->source,
					      .from = (uint32_t)from,
					      .end = end,
					      .policy = SLOW_NEWEST,
					      .is_push = true,
					      .is_begun = true,
				      });
	if (push->newest_from < end || push->newest_from == push->newest_end) {
		*dropped += count;
		return true;
	}
	*dropped += count - 1;
	return queue_newest(outbox, push, limit_bytes, dropped);
}

bool
outbox_push(struct outbox *outbox, const struct push *push, size_t from,
	bool is_behind, size_t limit_bytes, uint64_t *dropped)
{
	struct entry whole = {
		.bundle = push->bundle,
		.source = push->source,
		.from = (uint32_t)from,
		.end = push->bundle->length,
		.policy = (uint8_t)push->policy,
		.is_push = true,
		.is_begun = from > 0,
	};

	*dropped = 0;
	if (push->policy != SLOW_NEWEST || !is_behind)
		return queue_entry(outbox, &whole, limit_bytes, dropped);
	if (from > 0)
		return push_rest(outbox, push, from, limit_bytes, dropped);
	return push_newest(outbox, push, &whole, limit_bytes, dropped);
}
