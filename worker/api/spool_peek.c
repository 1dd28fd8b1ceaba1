/*
 * Reading a spool beside its writer: whatever is whole counts, a segment that
 * goes away under our eyes is passed over.
 */
#include <errno.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/journal_reader.h"
#include "shared/segment.h"
#include "worker/api/spool.h"
#include "worker/api/spool_inside.h"

/* The number that the segment at this position begins with; 0: it has none. */
static uint64_t
number_at(const char *directory, uint64_t position)
{
	struct journal_reader *reader = journal_reader_new(directory, position);
	struct journal_batch batch;
	uint64_t number = 0;

	if (journal_reader_next(reader, UINT64_MAX, &batch) ==
		JOURNAL_READ_BATCH)
		number = spool_first_number(&batch);
	journal_reader_free(&reader);
	return number;
}

/* The last segment that begins at or before the number, or else the first one.
 */
static size_t
find_segment(const char *directory, const uint64_t *bases, size_t count,
	uint64_t number)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		uint64_t begin = number_at(directory, bases[middle]);

		if (begin == 0 || begin > number)
			high = middle;
		else
			low = middle;
	}
	return low;
}

static uint64_t
last_number(const char *directory, uint64_t position)
{
	struct journal_reader *reader = journal_reader_new(directory, position);
	struct journal_batch batch;
	uint64_t last = 0;

	while (journal_reader_next(reader, UINT64_MAX, &batch) ==
		JOURNAL_READ_BATCH)
		last = spool_first_number(&batch) + batch.count - 1;
	journal_reader_free(&reader);
	return last;
}

static void
find_range(const char *directory, const uint64_t *bases, size_t count,
	struct spool_range *range)
{
	for (size_t i = count; i > 0 && range->last == 0; i--)
		range->last = last_number(directory, bases[i - 1]);
	for (size_t i = 0; i < count && range->last > 0; i++) {
		uint64_t first = number_at(directory, bases[i]);

		if (first == 0)
			continue;
		range->first = first;
		return;
	}
}

static void
show_from(const char *directory, uint64_t position, uint64_t after,
	spool_shown *show, void *self)
{
	struct journal_reader *reader = journal_reader_new(directory, position);
	struct journal_batch batch;

	while (journal_reader_next(reader, UINT64_MAX, &batch) ==
		JOURNAL_READ_BATCH)
		if (!spool_show_batch(&batch, after, show, self))
			break;
	journal_reader_free(&reader);
}

bool
spool_peek(const char *directory, uint64_t after, spool_shown *show, void *self,
	struct spool_range *range)
{
	struct spool_state state;
	uint64_t *bases;
	size_t count;

	*range = (struct spool_range){ .first = 1 };
	if (segment_list(directory, &bases, &count) < 0)
		return errno == ENOENT;
	spool_state_peek(directory, &state);
	range->delivered = state.delivered;
	find_range(directory, bases, count, range);
	if (range->last > after)
		show_from(directory,
			bases[find_segment(directory, bases, count, after + 1)],
			after, show, self);
	free(bases);
	return true;
}
