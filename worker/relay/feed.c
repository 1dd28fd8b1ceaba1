/*
 * A batch stays open between two calls when it did not go out whole. Where a
 * position is no place where a batch begins, or a batch is damaged, the
 * journal goes on for others at the next place that is sound: they record a
 * hole, which is better than a stall.
 */
#include "worker/relay/feed.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/journal_reader.h"
#include "shared/pack.h"
#include "shared/records.h"
#include "shared/segment.h"

/* After so many times the bytes that are wanted nobody waits longer for items,
 * where there are few. */
#define LOOKED_AT_MAX 8
#define ITEMS_KEEP_BYTES (1U << 20)

struct feed {
	char *directory;
	struct journal_reader *reader;
	struct point at; /* everything before it went out */

	/* The batch that holds `at`, if it is open, and its records behind. */
	bool is_open;
	struct journal_batch batch;
	struct unpack rest;

	struct buffer items;
	struct buffer head; /* of an item, before its message */
	uint64_t bad_records;
};

struct feed *
feed_new(const char *directory)
{
	struct feed *feed = base_alloc_zeroed(1, sizeof(*feed));

	feed->directory = base_strdup(directory);
	return feed;
}

void
feed_free(struct feed **feed)
{
	if (*feed == NULL)
		return;
	journal_reader_free(&(*feed)->reader);
	buffer_fini(&(*feed)->items);
	buffer_fini(&(*feed)->head);
	free((*feed)->directory);
	free(*feed);
	*feed = NULL;
}

uint64_t
feed_bad_records(const struct feed *feed)
{
	return feed->bad_records;
}

static void
seek(struct feed *feed, struct point at)
{
	if (feed->reader && point_is_same(feed->at, at))
		return;
	journal_reader_free(&feed->reader);
	feed->reader = journal_reader_new(feed->directory, at.position);
	journal_reader_doubt(feed->reader);
	feed->is_open = false;
	feed->at = at;
}

/* Was it said here, and is it to cross? */
static bool
crosses(struct feed *feed, struct text record)
{
	struct unpack in = unpack_of(record);
	struct message message;

	if (!message_unpack(&in, &message)) {
		feed->bad_records++;
		return false;
	}
	return message.via == 0 && !(message.flags & MESSAGE_HAUL);
}

/* As haul_item_pack(), without a copy of the message in between. */
static void
add_item(struct feed *feed, struct point behind, struct text message)
{
	struct buffer *head = &feed->head;

	buffer_clear(head, SIZE_MAX);
	pack_number(head, behind.position);
	pack_number(head, behind.index);
	pack_number(head, message.length);
	pack_number(&feed->items, head->length + message.length);
	buffer_add(&feed->items, head->data, head->length);
	buffer_add_text(&feed->items, message);
}

/* Would it be too much with this record, which is not the first? */
static bool
is_full(const struct feed *feed, struct text record, size_t bytes)
{
	return feed->items.length && feed->items.length + record.length > bytes;
}

/* Takes records of the open batch; false: there was no room for the next. */
static bool
take_records(struct feed *feed, size_t bytes)
{
	while (feed->at.index < feed->batch.count) {
		struct unpack before = feed->rest;
		struct text record = unpack_text(&feed->rest);
		struct point behind = { feed->at.position, feed->at.index + 1 };

		if (feed->rest.failed) {
			feed->bad_records++;
			break;
		}
		if (behind.index == feed->batch.count)
			behind = (struct point){ feed->batch.end, 0 };
		if (crosses(feed, record)) {
			if (is_full(feed, record, bytes)) {
				feed->rest = before;
				return false;
			}
			add_item(feed, behind, record);
		}
		feed->at = behind;
		if (behind.index == 0)
			break;
	}
	feed->at = (struct point){ feed->batch.end, 0 };
	feed->is_open = false;
	return true;
}

/* The oldest segment that begins behind the position; false: none. */
static bool
next_segment(const struct feed *feed, uint64_t position, uint64_t *base)
{
	uint64_t *bases;
	size_t count, i = 0;

	if (segment_list(feed->directory, &bases, &count) < 0)
		return false;
	while (i < count && bases[i] <= position)
		i++;
	if (i < count)
		*base = bases[i];
	free(bases);
	return i < count;
}

/* The newest segment that does not begin behind the position; 0: none. */
static uint64_t
segment_before(const struct feed *feed, uint64_t position)
{
	uint64_t *bases, base = 0;
	size_t count;

	if (segment_list(feed->directory, &bases, &count) < 0)
		return 0;
	for (size_t i = 0; i < count && bases[i] <= position; i++)
		base = bases[i];
	free(bases);
	return base;
}

/* Where the batch begins that the position lies within; false: in none. */
static bool
batch_around(const struct feed *feed, uint64_t limit, uint64_t *position)
{
	struct journal_reader *reader = journal_reader_new(
		feed->directory, segment_before(feed, *position));
	struct journal_batch batch;
	bool is_within = false;

	while (!is_within && journal_reader_next(reader, limit, &batch) ==
				     JOURNAL_READ_BATCH) {
		is_within = batch.position < *position && *position < batch.end;
		if (is_within)
			*position = batch.position;
		else if (batch.position >= *position)
			break;
	}
	journal_reader_free(&reader);
	return is_within;
}

/* Where the journal goes on after what cannot be read at `at`. */
static enum piece_state
find_next(struct feed *feed, enum journal_read read, uint64_t limit,
	struct piece *piece)
{
	uint64_t position = feed->at.position;

	journal_reader_free(&feed->reader);
	if (read == JOURNAL_READ_BAD && batch_around(feed, limit, &position)) {
		piece->first = (struct point){ position, 0 };
		return PIECE_GONE;
	}
	if (!next_segment(feed, feed->at.position, &position) ||
		position >= limit)
		return PIECE_BAD;
	piece->first = (struct point){ position, 0 };
	return PIECE_GONE;
}

/* The batch that `at` lies in or before. PIECE_SOME: it is open. */
static enum piece_state
open_batch(struct feed *feed, uint64_t limit, struct piece *piece)
{
	enum journal_read read;

	if (feed->is_open)
		return PIECE_SOME;
	read = journal_reader_next(feed->reader, limit, &feed->batch);
	if (read == JOURNAL_READ_END)
		return PIECE_END;
	if (read != JOURNAL_READ_BATCH)
		return find_next(feed, read, limit, piece);
	if (feed->batch.position != feed->at.position ||
		feed->at.index > feed->batch.count) {
		journal_reader_free(&feed->reader);
		piece->first = (struct point){ feed->batch.position, 0 };
		return PIECE_GONE;
	}
	feed->rest = unpack_of(feed->batch.records);
	for (uint64_t i = 0; i < feed->at.index; i++)
		unpack_text(&feed->rest);
	feed->is_open = true;
	return PIECE_SOME;
}

/* Is there anything between the point and the limit? If not, says what is. */
static bool
has_more(struct point from, uint64_t limit, struct piece *piece)
{
	struct point end = { limit, 0 };

	if (point_is_before(from, end))
		return true;
	piece->to = limit ? end : from;
	return false;
}

enum piece_state
feed_read(struct feed *feed, struct point from, uint64_t limit, size_t bytes,
	struct piece *piece)
{
	enum piece_state state = PIECE_SOME;

	bytes = MAX_OF(bytes, 1);
	*piece = (struct piece){ .from = from, .to = from };
	if (!has_more(from, limit, piece))
		return PIECE_END;
	seek(feed, from);
	buffer_clear(&feed->items, ITEMS_KEEP_BYTES);
	while (state == PIECE_SOME &&
		feed->at.position - from.position < LOOKED_AT_MAX * bytes) {
		state = open_batch(feed, limit, piece);
		if (state == PIECE_SOME && !take_records(feed, bytes))
			break;
	}
	piece->to = feed->at;
	piece->items = buffer_text(&feed->items);
	if (point_is_same(feed->at, (struct point){ limit, 0 }))
		return PIECE_END;
	/* What was read is told first; the rest shows again next time. */
	if (point_is_before(from, piece->to) && state != PIECE_END)
		return PIECE_SOME;
	return state;
}
