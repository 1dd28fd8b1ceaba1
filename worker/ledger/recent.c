#include "worker/ledger/recent.h"

#include <stdlib.h>
#include <string.h>

#include "worker/ledger/streams.h"

void
recent_init(struct recent *recent, uint64_t bytes_max, unsigned stream_max)
{
	*recent = (struct recent){ .bytes_max = bytes_max,
		.stream_max = stream_max };
}

/* What a message costs, with what malloc adds to it. */
static uint64_t
cost(const struct recent_message *message)
{
	return sizeof(*message) + message->length + 16;
}

static void
forget(struct recent *recent, struct recent_message *message)
{
	struct stream *stream = message->stream;

	recent->bytes -= cost(message);
	DL_DELETE(stream->recent, message);
	stream->recent_count--;
	DL_DELETE2(recent->oldest, message, before, behind);
	free(message);
}

void
recent_fini(struct recent *recent)
{
	while (recent->oldest != NULL)
		forget(recent, recent->oldest);
}

void
recent_add(struct recent *recent, struct stream *stream, uint64_t offset,
	struct text record)
{
	const struct recent_message *last = recent_last(stream);
	struct recent_message *message;

	while (stream->recent != NULL && last->offset + 1 != offset)
		forget(recent, stream->recent);
	message = base_alloc(sizeof(*message) + record.length);
	message->stream = stream;
	message->offset = offset;
	message->length = record.length;
	memcpy(message->record, record.at, record.length);
	recent->bytes += cost(message);
	DL_APPEND(stream->recent, message);
	stream->recent_count++;
	DL_APPEND2(recent->oldest, message, before, behind);
	if (stream->recent_count > recent->stream_max)
		forget(recent, stream->recent);
	while (recent->bytes > recent->bytes_max)
		forget(recent, recent->oldest);
}

const struct recent_message *
recent_first(const struct stream *stream)
{
	return stream->recent;
}

/* The first one's prev is the last one in a list of utlist. */
const struct recent_message *
recent_last(const struct stream *stream)
{
	return stream->recent ? stream->recent->prev : NULL;
}

const struct recent_message *
recent_find(const struct stream *stream, uint64_t offset)
{
	const struct recent_message *message = recent_last(stream);

	if (message == NULL || offset > message->offset ||
		offset < stream->recent->offset)
		return NULL;
	while (message->offset != offset)
		message = message->prev;
	return message;
}
