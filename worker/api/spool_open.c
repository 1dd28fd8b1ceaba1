/*
 * How a spool is found at a start: what its journal holds, and what to do when
 * that is damaged.
 */
#include "worker/api/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "worker/api/spool_inside.h"

/* After damage numbers go on so much higher: none is given twice. */
#define NUMBERS_SKIPPED 1000000

/* Reads the last segment to its end for what the last batch tells. */
static bool
learn_end(struct spool *spool, uint64_t base)
{
	uint64_t end = journal_end(spool->journal);
	struct journal_reader *reader =
		journal_reader_new(spool->directory, base);
	struct journal_batch batch;
	enum journal_read read;

	while ((read = journal_reader_next(reader, end, &batch)) ==
		JOURNAL_READ_BATCH) {
		uint64_t first = spool_first_number(&batch);

		if (first == 0 || batch.count == 0)
			break;
		spool->last = first + batch.count - 1;
		spool->arena = batch.arena;
		spool->cursor_count = 0;
		for (size_t i = 0; i < batch.cursor_count; i++)
			spool_set_cursor(spool, batch.cursors[i].slot,
				batch.cursors[i].position);
	}
	journal_reader_free(&reader);
	spool_settle_cursors(spool);
	return read == JOURNAL_READ_END;
}

static bool
learn_segment(struct spool *spool, uint64_t base)
{
	struct journal_reader *reader =
		journal_reader_new(spool->directory, base);
	struct journal_batch batch;
	uint64_t number = 0;

	if (journal_reader_next(reader, journal_end(spool->journal), &batch) ==
		JOURNAL_READ_BATCH)
		number = spool_first_number(&batch);
	journal_reader_free(&reader);
	if (number > 0)
		spool_add_segment(spool, base, number);
	return number > 0;
}

/* What the journal holds. A segment that was begun and got no batch is none
 * yet. */
static bool
learn(struct spool *spool)
{
	size_t count = journal_segments(spool->journal);
	uint64_t end = journal_end(spool->journal);

	for (size_t i = 0; i < count; i++) {
		uint64_t base = journal_segment_base(spool->journal, i);

		if (base < end && !learn_segment(spool, base))
			return false;
	}
	if (spool->segment_count == 0)
		return true;
	return learn_end(
		spool, spool->segments[spool->segment_count - 1].position);
}

static bool
open_files(struct spool *spool, const struct spool_options *options)
{
	spool->journal = journal_open(spool->directory, options->sync);
	if (spool->journal == NULL)
		return false;
	spool->state_fd = spool_state_open(spool->directory);
	if (spool->state_fd < 0) {
		log_error("events: cannot open %s/delivered: %s",
			spool->directory, strerror(errno));
		return false;
	}
	spool_state_read(spool->state_fd, &spool->state);
	return learn(spool);
}

/* Renames the directory; only what was delivered is remembered. */
static bool
set_aside(const struct spool *spool)
{
	char path[PATH_MAX];

	if (journal_is_in_use(spool->directory))
		return false;
	must(snprintf(path, sizeof(path), "%s.damaged-%" PRIu64,
		     spool->directory, clock_unix_ms()) < PATH_MAX);
	if (rename(spool->directory, path) < 0) {
		log_error("events: cannot rename %s: %s", spool->directory,
			strerror(errno));
		return false;
	}
	log_error("events: %s is damaged; it is kept as %s, and what was not "
		  "delivered of it is not going to be",
		spool->directory, path);
	return true;
}

static struct spool *
try_open(const struct spool_options *options)
{
	struct spool *spool = base_alloc_zeroed(1, sizeof(*spool));

	spool->directory = base_strdup(options->directory);
	spool->state_fd = -1;
	if (!open_files(spool, options)) {
		spool_close(&spool);
		return NULL;
	}
	spool->last = MAX_OF(spool->last, spool->state.last);
	spool->staged = spool->last;
	spool_set_keep(spool, options->keep_bytes);
	return spool;
}

/* The state of one that cannot be opened. */
static struct spool_state
state_in(const char *directory)
{
	struct spool_state state = { 0 };
	int fd = spool_state_open(directory);

	if (fd >= 0) {
		spool_state_read(fd, &state);
		close(fd);
	}
	return state;
}

struct spool *
spool_open(const struct spool_options *options)
{
	struct spool *spool = try_open(options);
	struct spool aside = { .directory = (char *)options->directory };
	struct spool_state state;

	if (spool != NULL || !options->may_set_aside)
		return spool;
	state = state_in(options->directory);
	if (!set_aside(&aside))
		return NULL;
	spool = try_open(options);
	if (spool == NULL)
		return NULL;
	spool->last = spool->staged = state.last + NUMBERS_SKIPPED;
	spool_set_delivered(spool, spool->last);
	return spool;
}
