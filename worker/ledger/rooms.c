#include "worker/ledger/rooms.h"

#include "shared/buffer.h"
#include "shared/records.h"
#include "worker/ledger/members.h"
#include "worker/ledger/streams.h"

/* Packed in front of each. */
#define LENGTH_BYTES_MAX 5

static const struct order_node *
first_room(const struct streams *streams, const struct rooms_wanted *wanted)
{
	struct stream_name name;

	if (text_compare(wanted->after, wanted->prefix) >= 0) {
		stream_name_make(
			&name, STREAM_ROOM, wanted->tenant, wanted->after);
		return order_after(&streams->listed, stream_name_text(&name));
	}
	stream_name_make(&name, STREAM_ROOM, wanted->tenant, wanted->prefix);
	return order_from(&streams->listed, stream_name_text(&name));
}

static void
pack_room(const struct stream *stream, uint64_t epoch, struct buffer *out)
{
	struct stream_name name;
	struct room_line line = {
		.users = members_users(stream),
		.epoch = epoch,
		.offset = stream->top,
		.time = stream->time_ms,
	};

	streams_name(stream, &name);
	line.room = stream_name_name(&name);
	room_line_pack(out, &line);
}

void
rooms_list(const struct streams *streams, const struct rooms_wanted *wanted,
	uint64_t epoch, size_t bytes_max, struct buffer *list,
	struct rooms_page *page)
{
	const struct order_node *node = first_room(streams, wanted);
	struct buffer packed = { 0 };
	struct stream_name name;
	struct text begin;

	stream_name_make(&name, STREAM_ROOM, wanted->tenant, wanted->prefix);
	begin = stream_name_text(&name);
	for (; node != NULL && text_has_prefix(node->key, begin);
		node = node->next[0]) {
		const struct stream *stream = node->owner;

		if (stream->top == 0 && stream->room == NULL)
			continue; /* only messages that are not committed */
		if (page->count == wanted->limit) {
			page->more = 1;
			break;
		}
		buffer_clear(&packed, SIZE_MAX);
		pack_room(stream, epoch, &packed);
		if (page->count > 0 &&
			list->length + packed.length + LENGTH_BYTES_MAX >
				bytes_max) {
			page->more = 1;
			break;
		}
		pack_text(list, buffer_text(&packed));
		page->count++;
	}
	buffer_fini(&packed);
}
