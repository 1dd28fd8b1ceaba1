#include "worker/ledger/streams.h"

#include <stdlib.h>
#include <string.h>

#include "shared/config.h"
#include "shared/records.h"

void
streams_init(struct streams *streams, const struct config *config)
{
	*streams = (struct streams){ .config = config };
}

void
streams_fini(struct streams *streams)
{
	struct stream *stream, *next;

	order_fini(&streams->listed);
	HASH_ITER(hh, streams->table, stream, next)
	{
		HASH_DEL(streams->table, stream);
		free(stream);
	}
}

struct stream *
streams_find(const struct streams *streams, const struct stream_name *name)
{
	struct stream *stream;

	HASH_FIND(hh, streams->table, name->bytes, name->length, stream);
	return stream;
}

static struct text
whole_name(const struct stream *stream)
{
	return (struct text){ stream->name, stream->name_length };
}

static bool
belongs_to_list(const struct streams *streams, const struct stream_name *name)
{
	return stream_name_kind(name) == STREAM_ROOM &&
	       config_room_class(streams->config, stream_name_name(name))
		       ->listed;
}

struct stream *
streams_need(struct streams *streams, const struct stream_name *name)
{
	struct stream *stream = streams_find(streams, name);

	if (stream != NULL)
		return stream;
	stream = base_alloc_zeroed(1, sizeof(*stream) + name->length);
	stream->name_length = name->length;
	memcpy(stream->name, name->bytes, name->length);
	HASH_ADD_KEYPTR(hh, streams->table, stream->name, name->length, stream);
	stream->is_listed = belongs_to_list(streams, name);
	if (stream->is_listed)
		order_add(&streams->listed, whole_name(stream), stream);
	return stream;
}

void
streams_drop_if_empty(struct streams *streams, struct stream *stream)
{
	if (stream->assigned > 0 || stream->room != NULL)
		return;
	must(stream->recent == NULL);
	if (stream->is_listed)
		order_remove(&streams->listed, whole_name(stream));
	HASH_DEL(streams->table, stream);
	free(stream);
}

void
streams_renew(struct streams *streams)
{
	struct stream *stream, *next;

	HASH_ITER(hh, streams->table, stream, next)
	{
		struct stream_name name;
		bool is_listed;

		streams_name(stream, &name);
		is_listed = belongs_to_list(streams, &name);
		if (is_listed && !stream->is_listed)
			order_add(&streams->listed, whole_name(stream), stream);
		else if (!is_listed && stream->is_listed)
			order_remove(&streams->listed, whole_name(stream));
		stream->is_listed = is_listed;
	}
}

size_t
streams_count(const struct streams *streams)
{
	return HASH_COUNT(streams->table);
}

void
streams_name(const struct stream *stream, struct stream_name *name)
{
	name->length = stream->name_length;
	memcpy(name->bytes, stream->name, stream->name_length);
}

unsigned
streams_kind(const struct stream *stream)
{
	return (uint8_t)stream->name[0];
}

struct text
streams_own_name(const struct stream *stream)
{
	return stream_text_name(whole_name(stream));
}
