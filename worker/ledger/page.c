#include "worker/ledger/page.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/records.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/streams.h"

/* Offsets first to last, both counted in; empty when first > last. */
struct span {
	uint64_t first, last;
};

/* What the lookup would get if everything were remembered. */
static struct span
span_wanted(const struct lookup *lookup, uint64_t top)
{
	struct span span = { 1, top };

	if (lookup->limit == 0)
		return (struct span){ 1, 0 };
	if (lookup->mode == LOOKUP_AFTER) {
		if (lookup->anchor >= top)
			return (struct span){ 1, 0 };
		span.first = lookup->anchor + 1;
		if (top - lookup->anchor > lookup->limit)
			span.last = lookup->anchor + lookup->limit;
		return span;
	}
	if (lookup->mode == LOOKUP_BEFORE && lookup->anchor <= top)
		span.last = lookup->anchor ? lookup->anchor - 1 : 0;
	if (span.last > lookup->limit)
		span.first = span.last - lookup->limit + 1;
	return span;
}

/* Drops what is too much, from the end that is further from what was asked. */
static struct span
span_that_fits(const struct stream *stream, struct span span, bool is_forward,
	size_t bytes_max)
{
	const struct recent_message *message =
		recent_find(stream, is_forward ? span.first : span.last);
	uint64_t wanted = span.last - span.first + 1;
	size_t bytes = recent_size(message);
	uint64_t count = 1;

	while (count < wanted) {
		message = is_forward ? message->next : message->prev;
		bytes += recent_size(message);
		if (bytes > bytes_max)
			break;
		count++;
	}
	if (is_forward)
		span.last = span.first + count - 1;
	else
		span.first = span.last - count + 1;
	return span;
}

static void
pack_span(
	const struct stream *stream, struct span span, struct buffer *messages)
{
	const struct recent_message *message = recent_find(stream, span.first);

	for (;; message = message->next) {
		recent_pack(message, messages);
		if (message->offset == span.last)
			break;
	}
}

/* Is anything remembered, up to the last message? */
static bool
is_remembered(const struct stream *stream)
{
	return stream != NULL && recent_last(stream) != NULL &&
	       recent_last(stream)->offset == stream->top;
}

bool
page_from_memory(const struct stream *stream, const struct lookup *lookup,
	bool has_archive, size_t bytes_max, struct buffer *messages,
	struct page *page)
{
	bool is_forward = lookup->mode == LOOKUP_AFTER;
	uint64_t top = stream ? stream->top : 0;
	uint64_t oldest =
		is_remembered(stream) ? recent_first(stream)->offset : top + 1;
	uint64_t bottom = has_archive ? 1 : oldest; /* of all there is */
	struct lookup wanted = *lookup;
	struct span span;

	if (is_forward)
		wanted.anchor = MAX_OF(wanted.anchor, bottom - 1);
	span = span_wanted(&wanted, top);
	span.first = MAX_OF(span.first, bottom);
	if (span.first > span.last)
		return true;
	if (span.first < oldest)
		return false;
	span = span_that_fits(stream, span, is_forward, bytes_max);
	pack_span(stream, span, messages);
	page->first = span.first;
	page->last = span.last;
	page->count = span.last - span.first + 1;
	page->more = is_forward ? span.last < top : span.first > bottom;
	return true;
}

enum missed
page_of_missed(const struct stream *stream, uint64_t offset, bool has_archive,
	size_t bytes_max, struct buffer *messages, struct page *page)
{
	uint64_t top = stream ? stream->top : 0;
	const struct lookup lookup = {
		.mode = LOOKUP_AFTER,
		.anchor = offset,
		.limit = top - MIN_OF(top, offset),
	};

	if (offset > top)
		return MISSED_GONE;
	if (offset == top)
		return MISSED_TOLD;
	if (!page_from_memory(
		    stream, &lookup, has_archive, bytes_max, messages, page))
		return MISSED_MUCH;
	if (page->first != offset + 1)
		return MISSED_GONE;
	return page->more || messages->length > bytes_max ? MISSED_MUCH
							  : MISSED_TOLD;
}
