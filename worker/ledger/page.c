#include "worker/ledger/page.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/mail.h"
#include "shared/records.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/streams.h"

/* A walk over what is remembered of a stream, on behalf of one lookup. */
struct walk {
	const struct page_source *source;
	const struct lookup *lookup;
	uint64_t top;    /* of the stream */
	uint64_t oldest; /* that is remembered; above top: nothing is */
	uint64_t bottom; /* in front of it there is nothing at all */
};

static bool
is_expired(const struct walk *walk, const struct recent_text *text)
{
	return text->until != 0 && text->until <= walk->source->unix_ms;
}

static bool
is_too_old(const struct walk *walk, uint64_t time)
{
	uint64_t kept_ms = (uint64_t)walk->source->class->keep_seconds;

	return kept_ms > 0 &&
	       message_unix_ms(time) + kept_ms <= walk->source->unix_ms;
}

/* Was it said between the two? */
static bool
is_between(const struct recent_message *at, struct text user, struct text with)
{
	struct buffer others = { 0 };
	struct message message;
	struct mail_side side;
	bool is;

	recent_read(at, &message, &others);
	if (!text_equal(message.from, user))
		is = text_equal(message.from, with);
	else if (text_equal(user, with))
		is = message.others.length == 0;
	else
		is = mail_find_side(message.others, with, &side);
	buffer_fini(&others);
	return is;
}

static bool
is_wanted(const struct walk *walk, const struct recent_message *at)
{
	const struct lookup *lookup = walk->lookup;

	if (lookup->with.length > 0 &&
		!is_between(at, lookup->stream, lookup->with))
		return false;
	return lookup->changes || (!(at->text->flags & MESSAGE_CHANGES) &&
					  !is_expired(walk, at->text) &&
					  !is_too_old(walk, at->text->id_time));
}

/* The oldest message that memory tells for certain, or NULL. */
static const struct recent_message *
first_of(const struct walk *walk)
{
	return walk->oldest > walk->top ? NULL
					: recent_first(walk->source->stream);
}

/* What a class does not keep is not there, though the archive may still be
 * about to drop it. */
static void
raise_bottom(struct walk *walk)
{
	uint64_t kept = (uint64_t)walk->source->class->keep_messages;
	const struct recent_message *at;

	if (kept > 0 && walk->top > kept)
		walk->bottom = MAX_OF(walk->bottom, walk->top - kept + 1);
	for (at = first_of(walk);
		at != NULL && is_too_old(walk, at->text->clock); at = at->next)
		walk->bottom = MAX_OF(walk->bottom, at->offset + 1);
}

static struct walk
walk_of(const struct page_source *source, const struct lookup *lookup)
{
	const struct stream *stream = source->stream;
	uint64_t top = stream ? stream->top : 0;
	const struct recent_message *last = stream ? recent_last(stream) : NULL;
	bool is_remembered = last != NULL && last->offset == top;
	struct walk walk = {
		.source = source,
		.lookup = lookup,
		.top = top,
		.oldest =
			is_remembered ? recent_first(stream)->offset : top + 1,
	};

	walk.bottom = source->has_archive ? 1 : walk.oldest;
	if (stream)
		walk.bottom = MAX_OF(walk.bottom, stream->kept_from);
	if (!lookup->changes)
		raise_bottom(&walk);
	return walk;
}

static bool
is_behind(const struct recent_text *text, const struct lookup *lookup)
{
	if (text->clock != lookup->anchor)
		return text->clock > lookup->anchor;
	if (lookup->mode == LOOKUP_AFTER_ID)
		return text->id_origin > lookup->anchor_origin;
	return lookup->mode == LOOKUP_FROM_TIME ||
	       text->id_origin >= lookup->anchor_origin;
}

/* The first message behind the anchor. One that has its id stands anywhere when
 * it is of another host; else it stands where its time belongs. false: memory
 * may not reach so far. */
static bool
find_anchor(
	const struct walk *walk, const struct lookup *lookup, uint64_t *offset)
{
	const struct recent_message *at = NULL;

	if (lookup->mode != LOOKUP_FROM_TIME && first_of(walk) != NULL)
		at = recent_find_id(walk->source->stream, lookup->anchor,
			lookup->anchor_origin);
	if (at != NULL) {
		*offset = at->offset + (lookup->mode == LOOKUP_AFTER_ID);
		return true;
	}
	at = first_of(walk);
	while (at != NULL && !is_behind(at->text, lookup))
		at = at->next;
	*offset = at ? at->offset : walk->top + 1;
	if (walk->oldest <= walk->bottom)
		return true;
	return *offset != walk->oldest &&
	       (lookup->mode == LOOKUP_FROM_TIME ||
		       message_origin_host(lookup->anchor_origin) ==
			       walk->source->host);
}

/* What is asked for by id or time is asked for by offset. */
static bool
anchor_by_offset(const struct walk *walk, struct lookup *lookup)
{
	uint64_t offset;

	if (!find_anchor(walk, lookup, &offset))
		return false;
	if (lookup->mode == LOOKUP_BEFORE_ID) {
		lookup->mode = LOOKUP_BEFORE;
		lookup->anchor = offset;
	} else {
		lookup->mode = LOOKUP_AFTER;
		lookup->anchor = offset - 1;
	}
	return true;
}

/* The offset to look at first; 0: there is none. */
static uint64_t
begin_of(const struct walk *walk)
{
	const struct lookup *lookup = walk->lookup;
	uint64_t last = walk->top;

	if (lookup->limit == 0 || walk->bottom > walk->top)
		return 0;
	if (lookup->mode == LOOKUP_AFTER)
		return lookup->anchor >= walk->top
			       ? 0
			       : MAX_OF(lookup->anchor + 1, walk->bottom);
	if (lookup->mode == LOOKUP_BEFORE && lookup->anchor <= last)
		last = lookup->anchor ? lookup->anchor - 1 : 0;
	return last < walk->bottom ? 0 : last;
}

/* Looks at one message after the other until the page is full. false: it is
 * not, and would go on in front of what is remembered. */
static bool
measure_page(const struct walk *walk, uint64_t from, struct page *page)
{
	bool is_forward = walk->lookup->mode == LOOKUP_AFTER;
	const struct recent_message *at =
		recent_find(walk->source->stream, from);
	size_t bytes = 0;

	page->first = page->last = from;
	while (at != NULL && at->offset >= walk->bottom &&
		page->count < walk->lookup->limit) {
		if (is_wanted(walk, at)) {
			bytes += recent_size(at);
			if (page->count > 0 && bytes > walk->source->bytes_max)
				break;
			page->count++;
		}
		page->first = MIN_OF(page->first, at->offset);
		page->last = MAX_OF(page->last, at->offset);
		at = is_forward ? at->next : recent_previous(at);
	}
	page->more = is_forward ? page->last < walk->top
				: page->first > walk->bottom;
	return at != NULL || page->count == walk->lookup->limit || !page->more;
}

static void
pack_page(const struct walk *walk, const struct page *page,
	struct buffer *messages)
{
	const struct recent_message *at =
		recent_find(walk->source->stream, page->first);

	for (; at != NULL && at->offset <= page->last; at = at->next)
		if (is_wanted(walk, at))
			recent_pack(at, messages);
}

/* The one message with this id, if it is to be seen. */
static bool
page_of_id(const struct walk *walk, struct buffer *messages, struct page *page)
{
	const struct recent_message *at = first_of(walk);

	while (at != NULL &&
		(at->text->id_time != walk->lookup->anchor ||
			at->text->id_origin != walk->lookup->anchor_origin))
		at = at->next;
	if (at == NULL)
		return walk->oldest == 1 || !walk->source->has_archive;
	page->first = page->last = at->offset;
	page->count = is_wanted(walk, at) ? 1 : 0;
	pack_page(walk, page, messages);
	return true;
}

bool
page_from_memory(const struct page_source *source, const struct lookup *lookup,
	struct buffer *messages, struct page *page)
{
	struct walk walk = walk_of(source, lookup);
	struct lookup by_offset = *lookup;
	uint64_t from;

	if (lookup->mode == LOOKUP_ID)
		return page_of_id(&walk, messages, page);
	if (lookup->mode > LOOKUP_AFTER && !anchor_by_offset(&walk, &by_offset))
		return false;
	walk.lookup = &by_offset;
	from = begin_of(&walk);
	if (from == 0)
		return true;
	if (from < walk.oldest || !measure_page(&walk, from, page))
		return false;
	pack_page(&walk, page, messages);
	return true;
}

enum missed
page_of_missed(const struct page_source *source, uint64_t offset,
	struct buffer *messages, struct page *page)
{
	uint64_t top = source->stream ? source->stream->top : 0;
	const struct lookup lookup = {
		.mode = LOOKUP_AFTER,
		.anchor = offset,
		.limit = top - MIN_OF(top, offset),
		.changes = 1,
	};

	if (offset > top)
		return MISSED_GONE;
	if (offset == top)
		return MISSED_TOLD;
	if (!page_from_memory(source, &lookup, messages, page))
		return MISSED_MUCH;
	if (page->first != offset + 1)
		return MISSED_GONE;
	return page->more || messages->length > source->bytes_max ? MISSED_MUCH
								  : MISSED_TOLD;
}

bool
page_begins(const struct page_source *source, uint64_t clock, uint64_t *offset)
{
	const struct lookup lookup = { .changes = 1 };
	const struct walk walk = walk_of(source, &lookup);
	const struct recent_message *at = first_of(&walk);

	*offset = walk.top;
	if (walk.top == 0)
		return true;
	if (at == NULL)
		return false;
	for (at = recent_last(source->stream); at && at->text->clock >= clock;
		at = recent_previous(at))
		*offset = at->offset - 1;
	return at != NULL ||
	       *offset + 1 <= MAX_OF(source->stream->kept_from, 1);
}
