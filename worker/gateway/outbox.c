#include "worker/gateway/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "shared/base.h"
#include "shared/tls.h"
#include "worker/gateway/frame.h"
#include "worker/gateway/outbox_inside.h"

#define PIECES_PER_WRITE 64
#define PRIVATE_BYTES 512

/* A private bundle is not grown further, so that one whose client is always a
 * little behind does not keep all it ever held. */
#define PRIVATE_BYTES_MAX 16384

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

void
outbox_fini(struct outbox *outbox)
{
	struct outbox_queue *queue = outbox->queue;

	if (!queue)
		return;
	for (uint32_t i = 0; i < queue->count; i++)
		bundle_unref(&outbox_entry(queue, i)->bundle);
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
			queue->entries[i] = *outbox_entry(old, i);
		free(old);
	}
	outbox->queue = queue;
	return queue;
}

void
outbox_append(struct outbox *outbox, const struct entry *entry)
{
	struct outbox_queue *queue = grow(outbox);
	size_t length = entry->end - entry->from;

	bundle_ref(entry->bundle);
	*outbox_entry(queue, queue->count++) = *entry;
	queue->bytes += length;
	if (entry->is_push)
		queue->push_bytes += length;
}

void
outbox_add(struct outbox *outbox, const void *data, size_t length)
{
	struct outbox_queue *queue = outbox->queue;
	struct bundle *bundle;

	if (length == 0)
		return;
	if (queue) {
		struct entry *last = outbox_entry(queue, queue->count - 1);

		if (last->is_private &&
			last->bundle->length < PRIVATE_BYTES_MAX) {
			bundle_add(&last->bundle, data, length);
			last->end = last->bundle->length;
			queue->bytes += length;
			return;
		}
	}
	bundle = bundle_new(MAX_OF(length, (size_t)PRIVATE_BYTES));
	bundle_add(&bundle, data, length);
	outbox_append(outbox, &(struct entry){
				      .bundle = bundle,
				      .end = bundle->length,
				      .is_private = true,
			      });
	bundle_unref(&bundle);
}

/* Forgets what the socket took. */
static void
consume(struct outbox *outbox, size_t length)
{
	struct outbox_queue *queue = outbox->queue;

	while (length > 0) {
		struct entry *entry = outbox_entry(queue, 0);
		size_t left = entry->end - entry->from;
		size_t taken = MIN_OF(left, length);

		length -= taken;
		queue->bytes -= taken;
		if (entry->is_push)
			queue->push_bytes -= taken;
		entry->from += (uint32_t)taken;
		entry->is_begun = true;
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
		struct entry *entry = outbox_entry(queue, (uint32_t)i);

		pieces[i].iov_base = entry->bundle->data + entry->from;
		pieces[i].iov_len = entry->end - entry->from;
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

/* What goes into the next record: one after the other, or the first where it
 * fills the record alone. Good until the next call. */
static const uint8_t *
next_record(struct outbox_queue *queue, size_t *length)
{
	static uint8_t record[TLS_RECORD_BYTES];
	const struct entry *first = outbox_entry(queue, 0);

	*length = first->end - first->from;
	if (queue->count == 1 || *length >= sizeof(record))
		return first->bundle->data + first->from;
	*length = 0;
	for (uint32_t i = 0; i < queue->count; i++) {
		const struct entry *entry = outbox_entry(queue, i);
		size_t more = MIN_OF((size_t)(entry->end - entry->from),
			sizeof(record) - *length);

		memcpy(record + *length, entry->bundle->data + entry->from,
			more);
		*length += more;
	}
	return record;
}

enum outbox_result
outbox_write_tls(struct outbox *outbox, struct tls *tls, size_t *written)
{
	*written = 0;
	if (tls_flush(tls) < 0)
		return errno == EAGAIN ? OUTBOX_WAITS : OUTBOX_BROKEN;
	while (outbox->queue) {
		size_t length;
		const uint8_t *data = next_record(outbox->queue, &length);
		ssize_t took = tls_send(tls, data, length);

		if (took < 0)
			return errno == EAGAIN ? OUTBOX_WAITS : OUTBOX_BROKEN;
		*written += (size_t)took;
		consume(outbox, (size_t)took);
	}
	return tls_waiting(tls) ? OUTBOX_WAITS : OUTBOX_EMPTY;
}

size_t
outbox_waiting(const struct outbox *outbox)
{
	return outbox->queue ? outbox->queue->bytes : 0;
}
