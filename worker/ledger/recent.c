#include "worker/ledger/recent.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/mail.h"
#include "shared/records.h"
#include "worker/ledger/streams.h"

/* What malloc adds to a run of memory. */
#define MALLOC_BYTES 16

/* Packed in front of a text, at most. */
#define LENGTH_BYTES_MAX 5

/* In a view, the numbers that may be longer and the other side's lengths. */
#define VIEW_BYTES_MAX 24

void
recent_init(struct recent *recent, const struct config *config,
	uint64_t bytes_max, unsigned stream_max)
{
	*recent = (struct recent){ .config = config,
		.bytes_max = bytes_max,
		.stream_max = stream_max };
}

static uint64_t
cost_of_text(const struct recent_text *text)
{
	return sizeof(*text) + text->length + 2 * MALLOC_BYTES;
}

static uint64_t
cost_of_message(void)
{
	return sizeof(struct recent_message) + MALLOC_BYTES;
}

/* The longest view: its inbox has the longest name. */
static size_t
view_length(const struct message *message, size_t length)
{
	return length - message->others.length + USER_BYTES_MAX +
	       message->stream.length + VIEW_BYTES_MAX;
}

static void
fill(struct recent *recent, struct recent_text *text,
	const struct message *message, struct text packed)
{
	text->id_time = message->id_time;
	text->id_origin = message->id_origin;
	text->clock = message_clock(message);
	text->is_from_afar = message->placed != 0;
	text->of_time = message->of_time;
	text->of_origin = message->of_origin;
	text->flags = message->flags;
	text->until = message->until;
	text->length = packed.length;
	text->view_length = view_length(message, packed.length);
	text->bytes = base_alloc(packed.length);
	memcpy(text->bytes, packed.at, packed.length);
	recent->bytes += cost_of_text(text);
}

struct recent_text *
recent_text_new(struct recent *recent, const struct message *message,
	struct text packed)
{
	struct recent_text *text = base_alloc(sizeof(*text));

	text->places = 1;
	text->changed_time = text->changed_origin = 0;
	fill(recent, text, message, packed);
	return text;
}

void
recent_text_replace(struct recent *recent, struct recent_text *text,
	const struct message *message)
{
	struct buffer packed = { 0 };
	char *old = text->bytes;

	message_pack(&packed, message);
	recent->bytes -= cost_of_text(text);
	fill(recent, text, message, buffer_text(&packed));
	buffer_fini(&packed);
	free(old);
}

void
recent_let_go(struct recent *recent, struct recent_text **text)
{
	struct recent_text *old = *text;

	*text = NULL;
	if (--old->places > 0)
		return;
	recent->bytes -= cost_of_text(old);
	free(old->bytes);
	free(old);
}

static void
forget(struct recent *recent, struct recent_message *message)
{
	struct stream *stream = message->stream;

	recent->bytes -= cost_of_message();
	DL_DELETE(stream->recent, message);
	stream->recent_count--;
	DL_DELETE2(recent->oldest, message, before, behind);
	recent_let_go(recent, &message->text);
	free(message);
}

void
recent_fini(struct recent *recent)
{
	while (recent->oldest != NULL)
		forget(recent, recent->oldest);
}

/* A class that keeps ten shows ten. */
static uint64_t
most_of(const struct recent *recent, const struct stream *stream)
{
	int64_t kept = config_stream_class(
		recent->config, streams_kind(stream), streams_own_name(stream))
			       ->keep_messages;

	return kept ? MIN_OF((uint64_t)kept, recent->stream_max)
		    : recent->stream_max;
}

/* May a change of the message have come before it, and be forgotten? */
static bool
may_lack(const struct recent *recent, const struct stream *stream,
	uint64_t offset, const struct recent_text *text)
{
	const struct recent_message *first = recent_first(stream);

	if (!text->is_from_afar || !recent->has_archive || offset == 1)
		return false;
	return (text->id_time < recent->sure_from ||
		       text->id_time <= stream->awaited_to) &&
	       (first == NULL || first->offset > MAX_OF(stream->kept_from, 1));
}

void
recent_add(struct recent *recent, struct stream *stream, uint64_t offset,
	struct recent_text *text, bool is_view)
{
	const struct recent_message *last = recent_last(stream);
	struct recent_message *message;
	uint64_t most = most_of(recent, stream);

	while (stream->recent != NULL && last->offset + 1 != offset)
		forget(recent, stream->recent);
	if (may_lack(recent, stream, offset, text)) {
		while (stream->recent != NULL)
			forget(recent, stream->recent);
		return;
	}
	message = base_alloc(sizeof(*message));
	message->stream = stream;
	message->offset = offset;
	message->is_view = is_view;
	message->text = text;
	text->places++;
	recent->bytes += cost_of_message();
	DL_APPEND(stream->recent, message);
	stream->recent_count++;
	DL_APPEND2(recent->oldest, message, before, behind);
	while (stream->recent_count > most)
		forget(recent, stream->recent);
	while (recent->bytes > recent->bytes_max && recent->oldest != NULL)
		forget(recent, recent->oldest);
}

void
recent_trim(struct recent *recent, struct stream *stream, uint64_t kept_from)
{
	stream->kept_from = MAX_OF(stream->kept_from, kept_from);
	while (stream->recent != NULL && stream->recent->offset < kept_from)
		forget(recent, stream->recent);
}

void
recent_trim_noted(struct recent *recent, struct stream *stream,
	const struct message *trim)
{
	const struct recent_message *at;

	if (trim->of_offset > 0) {
		recent_trim(recent, stream, trim->of_offset);
		return;
	}
	if (trim->of_origin == 0)
		at = recent_find_said(stream, trim->of_time);
	else
		at = recent_find_placed(stream, trim->of_time);
	if (at != NULL)
		recent_trim(recent, stream, at->offset + 1);
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
recent_previous(const struct recent_message *of)
{
	return of == of->stream->recent ? NULL : of->prev;
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

const struct recent_message *
recent_find_id(
	const struct stream *stream, uint64_t id_time, uint64_t id_origin)
{
	const struct recent_message *at = recent_last(stream);

	while (at != NULL && (at->text->id_time != id_time ||
				     at->text->id_origin != id_origin))
		at = recent_previous(at);
	return at;
}

const struct recent_message *
recent_find_placed(const struct stream *stream, uint64_t clock)
{
	const struct recent_message *at = recent_last(stream);

	while (at != NULL && at->text->clock > clock)
		at = recent_previous(at);
	return at;
}

const struct recent_message *
recent_find_said(const struct stream *stream, uint64_t id_time)
{
	const struct recent_message *at = recent_last(stream);

	while (at != NULL && at->text->id_time > id_time)
		at = recent_previous(at);
	return at;
}

struct text
recent_text_packed(const struct recent_text *text)
{
	return (struct text){ text->bytes, text->length };
}

void
recent_read(const struct recent_message *of, struct message *message,
	struct buffer *others)
{
	const struct mail_side side = { streams_own_name(of->stream),
		of->offset };
	struct unpack in = unpack_of(recent_text_packed(of->text));
	struct message whole;

	must(message_unpack(&in, &whole));
	if (of->is_view)
		mail_view(&whole, &side, message, others);
	else
		*message = whole;
}

size_t
recent_size(const struct recent_message *of)
{
	return LENGTH_BYTES_MAX +
	       (of->is_view ? of->text->view_length : of->text->length);
}

void
recent_pack(const struct recent_message *of, struct buffer *out)
{
	struct buffer others = { 0 }, view = { 0 };
	struct message message;

	if (!of->is_view) {
		pack_text(out, recent_text_packed(of->text));
		return;
	}
	recent_read(of, &message, &others);
	message_pack(&view, &message);
	pack_text(out, buffer_text(&view));
	buffer_fini(&view);
	buffer_fini(&others);
}
