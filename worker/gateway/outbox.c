#include "worker/gateway/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "shared/base.h"
#include "worker/gateway/frame.h"

#define PIECES_PER_WRITE 64
#define PRIVATE_BYTES 512

/* A private bundle is not grown further, so that one whose client is always a
 * little behind does not keep all it ever held. */
#define PRIVATE_BYTES_MAX 16384

/* One bundle, of which everything from `from` on waits. A private bundle has no
 * other holder and may grow while it is the last one. */
struct entry {
	struct bundle *bundle;
	uint32_t from;
	bool is_private;
	bool is_push;
};

/* A ring of entries; capacity is a power of two. */
struct outbox_queue {
	size_t bytes;
	size_t push_bytes;
	uint32_t first, count, capacity;
	struct entry entries[];
};

struct bundle *
bundle_new(size_t capacity)
{
	struct bundle *bundle = base_alloc(sizeof(*bundle) + capacity);

	must(capacity <= UINT32_MAX);
	bundle->references = 1;
	bundle->length = 0;
	bundle->capacity = (uint32_t)capacity;
	return bundle;
}

struct bundle *
bundle_ref(struct bundle *bundle)
{
	bundle->references++;
	return bundle;
}

void
bundle_unref(struct bundle **bundle)
{
	struct bundle *old = *bundle;

	*bundle = NULL;
	if (old && --old->references == 0)
		free(old);
}

static uint8_t *
make_room(struct bundle **bundle, size_t more)
{
	struct bundle *old = *bundle;
	size_t need = old->length + more;
	size_t capacity = MAX_OF(old->capacity, 64U);

	must(old->references == 1 && need <= UINT32_MAX / 2);
	if (need > old->capacity) {
		while (capacity < need)
			capacity *= 2;
		old = base_realloc(old, sizeof(*old) + capacity);
		old->capacity = (uint32_t)capacity;
		*bundle = old;
	}
	return old->data + old->length;
}

void
bundle_add(struct bundle **bundle, const void *data, size_t length)
{
	if (length == 0)
		return;
	memcpy(make_room(bundle, length), data, length);
	(*bundle)->length += (uint32_t)length;
}

void
bundle_add_text(struct bundle **bundle, const void *data, size_t length)
{
	uint8_t head[FRAME_HEAD_MAX];

	bundle_add(bundle, head, frame_write_head(head, length));
	bundle_add(bundle, data, length);
}

static struct entry *
entry_at(struct outbox_queue *queue, uint32_t number)
{
	return &queue->entries[(queue->first + number) & (queue->capacity - 1)];
}

void
outbox_fini(struct outbox *outbox)
{
	struct outbox_queue *queue = outbox->queue;

	if (!queue)
		return;
	for (uint32_t i = 0; i < queue->count; i++)
		bundle_unref(&entry_at(queue, i)->bundle);
	free(queue);
	outbox->queue = NULL;
}

/* Makes room for one entry more. */
static struct outbox_queue *
grow(struct outbox *outbox)
{
	struct outbox_queue *old = outbox->queue, *queue;
	uint32_t capacity = old ? old->capacity * 2 : 4;

	if (old && old->count < old->capacity)
		return old;
	queue = base_alloc(
		sizeof(*queue) + capacity * sizeof(queue->entries[0]));
	*queue = (struct outbox_queue){ .capacity = capacity };
	if (old) {
		queue->bytes = old->bytes;
		queue->push_bytes = old->push_bytes;
		queue->count = old->count;
		for (uint32_t i = 0; i < old->count; i++)
			queue->entries[i] = *entry_at(old, i);
		free(old);
	}
	outbox->queue = queue;
	return queue;
}

static void
append(struct outbox *outbox, struct entry entry)
{
	struct outbox_queue *queue = grow(outbox);
	size_t length = entry.bundle->length - entry.from;

	*entry_at(queue, queue->count++) = entry;
	queue->bytes += length;
	if (entry.is_push)
		queue->push_bytes += length;
}

bool
outbox_push(struct outbox *outbox, struct bundle *bundle, size_t from,
	size_t limit_bytes)
{
	size_t waiting = outbox->queue ? outbox->queue->push_bytes : 0;
	size_t length = bundle->length - from;

	if (length == 0)
		return true;
	if (waiting > 0 && waiting + length > limit_bytes)
		return false;
	append(outbox, (struct entry){
			       .bundle = bundle_ref(bundle),
			       .from = (uint32_t)from,
			       .is_push = true,
		       });
	return true;
}

void
outbox_add(struct outbox *outbox, const void *data, size_t length)
{
	struct outbox_queue *queue = outbox->queue;
	struct bundle *bundle;

	if (length == 0)
		return;
	if (queue) {
		struct entry *last = entry_at(queue, queue->count - 1);

		if (last->is_private &&
			last->bundle->length < PRIVATE_BYTES_MAX) {
			bundle_add(&last->bundle, data, length);
			queue->bytes += length;
			return;
		}
	}
	bundle = bundle_new(MAX_OF(length, (size_t)PRIVATE_BYTES));
	bundle_add(&bundle, data, length);
	append(outbox, (struct entry){ .bundle = bundle, .is_private = true });
}

/* Forgets what the socket took. */
static void
consume(struct outbox *outbox, size_t length)
{
	struct outbox_queue *queue = outbox->queue;

	while (length > 0) {
		struct entry *entry = entry_at(queue, 0);
		size_t left = entry->bundle->length - entry->from;
		size_t taken = MIN_OF(left, length);

		length -= taken;
		queue->bytes -= taken;
		if (entry->is_push)
			queue->push_bytes -= taken;
		entry->from += (uint32_t)taken;
		if (taken < left)
			return;
		bundle_unref(&entry->bundle);
		queue->first = (queue->first + 1) & (queue->capacity - 1);
		queue->count--;
	}
	if (queue->count == 0)
		outbox_fini(outbox);
}

static size_t
gather(struct outbox_queue *queue, struct iovec *pieces, size_t *total)
{
	size_t count = MIN_OF(queue->count, (uint32_t)PIECES_PER_WRITE);

	*total = 0;
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = entry_at(queue, (uint32_t)i);

		pieces[i].iov_base = entry->bundle->data + entry->from;
		pieces[i].iov_len = entry->bundle->length - entry->from;
		*total += pieces[i].iov_len;
	}
	return count;
}

enum outbox_result
outbox_write(struct outbox *outbox, int fd, size_t *written)
{
	*written = 0;
	while (outbox->queue) {
		struct iovec pieces[PIECES_PER_WRITE];
		size_t total;
		struct msghdr message = {
			.msg_iov = pieces,
			.msg_iovlen = gather(outbox->queue, pieces, &total),
		};
		ssize_t took =
			sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (took < 0 && errno == EINTR)
			continue;
		if (took < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return OUTBOX_WAITS;
		if (took < 0)
			return OUTBOX_BROKEN;
		*written += (size_t)took;
		consume(outbox, (size_t)took);
		if ((size_t)took < total)
			return OUTBOX_WAITS;
	}
	return OUTBOX_EMPTY;
}

size_t
outbox_waiting(const struct outbox *outbox)
{
	return outbox->queue ? outbox->queue->bytes : 0;
}
