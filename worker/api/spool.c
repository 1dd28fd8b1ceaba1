/*
 * Segments are small against the bound, so that dropping one drops little. To
 * find a number, it is known with which number each segment begins, and where
 * the last readers stopped; from there batches are read on.
 */
#include "worker/api/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/pack.h"
#include "worker/api/spool_inside.h"

#define SEGMENTS 16
#define SEGMENT_BYTES_MIN (64ULL * 1024)
#define SEGMENT_BYTES_MAX (16ULL * 1024 * 1024)
#define KEEP_BYTES (256U * 1024)

static void
record_pack(struct buffer *out, const struct spool_event *event)
{
	pack_number(out, event->number);
	pack_number(out, event->time_ms);
	pack_text(out, event->members);
}

bool
spool_unpack(struct text bytes, struct spool_event *event)
{
	struct unpack in = unpack_of(bytes);

	event->number = unpack_number(&in);
	event->time_ms = unpack_number(&in);
	event->members = unpack_text(&in);
	return !in.failed && event->number > 0;
}

uint64_t
spool_first_number(const struct journal_batch *batch)
{
	struct unpack in = unpack_of(batch->records);
	struct spool_event event;

	return spool_unpack(unpack_text(&in), &event) ? event.number : 0;
}

void
spool_add_segment(struct spool *spool, uint64_t position, uint64_t number)
{
	spool->segments = base_realloc(spool->segments,
		(spool->segment_count + 1) * sizeof(*spool->segments));
	spool->segments[spool->segment_count++] =
		(struct bookmark){ number, position };
}

void
spool_close(struct spool **spool)
{
	struct spool *old = *spool;

	*spool = NULL;
	if (old == NULL)
		return;
	journal_close(&old->journal);
	if (old->state_fd >= 0)
		close(old->state_fd);
	buffer_fini(&old->record);
	free(old->segments);
	free(old->directory);
	free(old);
}

void
spool_set_keep(struct spool *spool, uint64_t bytes)
{
	uint64_t segment = MAX_OF(bytes / SEGMENTS, SEGMENT_BYTES_MIN);

	spool->keep_bytes = bytes;
	journal_set_segment_bytes(
		spool->journal, MIN_OF(segment, SEGMENT_BYTES_MAX));
}

void
spool_set_sync(struct spool *spool, bool sync)
{
	journal_set_sync(spool->journal, sync);
}

void
spool_add(struct spool *spool, uint64_t time_ms, struct text members)
{
	struct spool_event event = { ++spool->staged, time_ms, members };

	buffer_clear(&spool->record, KEEP_BYTES);
	record_pack(&spool->record, &event);
	journal_add(spool->journal, buffer_text(&spool->record));
}

void
spool_set_cursor(struct spool *spool, uint32_t source, uint64_t position)
{
	struct cursor *cursor = spool->cursors;
	struct cursor *end = cursor + spool->cursor_count;

	while (cursor < end && cursor->source != source)
		cursor++;
	if (cursor == end) {
		if (spool->cursor_count == CURSORS_MAX)
			return; /* it may be told twice */
		spool->cursor_count++;
	}
	cursor->source = source;
	cursor->position = position;
}

void
spool_settle_cursors(struct spool *spool)
{
	for (size_t i = 0; i < spool->cursor_count; i++)
		spool->cursors[i].committed = spool->cursors[i].position;
}

void
spool_forget_cursors(struct spool *spool, uint32_t last_source)
{
	size_t left = 0;

	for (size_t i = 0; i < spool->cursor_count; i++)
		if (spool->cursors[i].source > last_source)
			spool->cursors[left++] = spool->cursors[i];
	spool->cursor_count = left;
}

static void
take_back_cursors(struct spool *spool)
{
	for (size_t i = 0; i < spool->cursor_count; i++)
		spool->cursors[i].position = spool->cursors[i].committed;
}

uint64_t
spool_cursor(const struct spool *spool, uint32_t source)
{
	for (size_t i = 0; i < spool->cursor_count; i++)
		if (spool->cursors[i].source == source)
			return spool->cursors[i].committed;
	return 0;
}

size_t
spool_pending(const struct spool *spool)
{
	return journal_pending(spool->journal);
}

/* The oldest segment goes; the next one tells with which number it began. */
static void
drop_oldest(struct spool *spool)
{
	uint64_t next = spool->segments[1].number;

	if (next - 1 > spool->state.delivered) {
		spool->dropped += next - 1 - spool->state.delivered;
		spool_set_delivered(spool, next - 1);
	}
	journal_forget(spool->journal, spool->segments[1].position, 0);
	spool->segment_count--;
	memmove(spool->segments, spool->segments + 1,
		spool->segment_count * sizeof(*spool->segments));
}

static void
keep_bound(struct spool *spool)
{
	uint64_t end = journal_end(spool->journal);

	while (spool->segment_count > 1 &&
		end - spool->segments[0].position > spool->keep_bytes)
		drop_oldest(spool);
}

bool
spool_commit(struct spool *spool, uint64_t arena)
{
	uint64_t position = journal_end(spool->journal);

	if (journal_pending(spool->journal) == 0)
		return true;
	for (size_t i = 0; i < spool->cursor_count; i++)
		journal_add_cursor(spool->journal, spool->cursors[i].source,
			spool->cursors[i].position);
	if (journal_commit(spool->journal, arena) != JOURNAL_OK) {
		spool->staged = spool->last;
		take_back_cursors(spool);
		return false;
	}
	if (journal_segment_of(spool->journal, UINT64_MAX) == position)
		spool_add_segment(spool, position, spool->last + 1);
	spool->last = spool->staged;
	spool->arena = arena;
	spool_settle_cursors(spool);
	keep_bound(spool);
	return true;
}

uint64_t
spool_arena(const struct spool *spool)
{
	return spool->arena;
}

uint64_t
spool_first(const struct spool *spool)
{
	return spool->segment_count > 0 ? spool->segments[0].number
					: spool->last + 1;
}

uint64_t
spool_last(const struct spool *spool)
{
	return spool->last;
}

uint64_t
spool_delivered(const struct spool *spool)
{
	return spool->state.delivered;
}

uint64_t
spool_dropped(const struct spool *spool)
{
	return spool->dropped;
}

/* What cannot be written is delivered once more after the next start. */
void
spool_set_delivered(struct spool *spool, uint64_t number)
{
	spool->state.delivered = MAX_OF(spool->state.delivered, number);
	spool->state.last = spool->last;
	if (spool_state_write(spool->state_fd, &spool->state) == 0) {
		spool->is_failing = false;
		return;
	}
	if (!spool->is_failing)
		log_warning("events: cannot write %s/delivered: %s",
			spool->directory, strerror(errno));
	spool->is_failing = true;
}

/* The nearest batch known that does not begin behind the number. */
static uint64_t
position_before(const struct spool *spool, uint64_t number)
{
	struct bookmark best = spool->segments[0];

	for (size_t i = 1; i < spool->segment_count; i++)
		if (spool->segments[i].number <= number)
			best = spool->segments[i];
	for (size_t i = 0; i < BOOKMARKS; i++) {
		const struct bookmark *bookmark = &spool->bookmarks[i];

		if (bookmark->number > best.number &&
			bookmark->number <= number)
			best = *bookmark;
	}
	return best.position;
}

static void
set_bookmark(struct spool *spool, uint64_t number, uint64_t position)
{
	spool->bookmarks[spool->next_bookmark++ % BOOKMARKS] =
		(struct bookmark){ number, position };
}

bool
spool_show_batch(const struct journal_batch *batch, uint64_t after,
	spool_shown *show, void *self)
{
	struct unpack in = unpack_of(batch->records);
	struct spool_event event;

	for (size_t i = 0; i < batch->count; i++)
		if (spool_unpack(unpack_text(&in), &event) &&
			event.number > after && !show(self, &event))
			return false;
	return true;
}

bool
spool_read(struct spool *spool, uint64_t after, spool_shown *show, void *self)
{
	uint64_t end = journal_end(spool->journal);
	struct journal_reader *reader;
	struct journal_batch batch;
	enum journal_read read;

	if (after >= spool->last || spool->segment_count == 0)
		return true;
	reader = journal_reader_new(
		spool->directory, position_before(spool, after + 1));
	while ((read = journal_reader_next(reader, end, &batch)) ==
		JOURNAL_READ_BATCH) {
		if (spool_show_batch(&batch, after, show, self))
			continue;
		set_bookmark(spool, spool_first_number(&batch), batch.position);
		break;
	}
	journal_reader_free(&reader);
	return read == JOURNAL_READ_BATCH || read == JOURNAL_READ_END;
}
