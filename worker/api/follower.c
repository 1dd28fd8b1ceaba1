#include "worker/api/follower.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/journal_reader.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/segment.h"

/* One step reads no more than that, and at least a batch. */
#define STEP_BYTES (4U * 1024 * 1024)

struct line {
	char *directory;
	struct journal_reader *reader; /* NULL: not begun */
	uint64_t position;
	uint64_t held; /* what goes into the file: no later than position */
	bool is_known; /* from the file */
};

struct follower {
	char *path;
	follower_told *told;
	void *self;
	bool has_moved; /* since the file was written */
	bool is_failing;
	unsigned count;
	struct line lines[];
};

/* One line for each ledger: its number and the position. */
static void
load(struct follower *follower)
{
	FILE *file = fopen(follower->path, "re");
	uint64_t position;
	unsigned ledger;

	if (file == NULL)
		return;
	while (fscanf(file, "%u %" SCNu64, &ledger, &position) == 2) {
		if (ledger >= follower->count)
			continue;
		follower->lines[ledger].position = position;
		follower->lines[ledger].is_known = true;
	}
	fclose(file);
}

/* Where its journal ends now. */
static void
find_end(struct line *line)
{
	struct journal_reader *reader;
	struct journal_batch batch;
	uint64_t *bases;
	size_t count;

	if (segment_list(line->directory, &bases, &count) < 0)
		return;
	reader = journal_reader_new(
		line->directory, count > 0 ? bases[count - 1] : 0);
	while (journal_reader_next(reader, UINT64_MAX, &batch) ==
		JOURNAL_READ_BATCH)
		continue;
	line->position = journal_reader_position(reader);
	journal_reader_free(&reader);
	free(bases);
}

struct follower *
follower_new(const char *data_dir, const char *path, unsigned ledgers,
	follower_told *told, void *self)
{
	struct follower *follower = base_alloc_zeroed(
		1, sizeof(*follower) + ledgers * sizeof(follower->lines[0]));

	follower->path = base_strdup(path);
	follower->told = told;
	follower->self = self;
	follower->count = ledgers;
	for (unsigned i = 0; i < ledgers; i++)
		must(asprintf(&follower->lines[i].directory, "%s/journal-%u",
			     data_dir, i) >= 0);
	load(follower);
	for (unsigned i = 0; i < ledgers; i++) {
		if (follower->lines[i].is_known)
			continue;
		find_end(&follower->lines[i]);
		follower->has_moved = true;
	}
	for (unsigned i = 0; i < ledgers; i++)
		follower->lines[i].held = follower->lines[i].position;
	follower_save(follower);
	return follower;
}

void
follower_free(struct follower **follower)
{
	struct follower *old = *follower;

	*follower = NULL;
	if (old == NULL)
		return;
	for (unsigned i = 0; i < old->count; i++) {
		journal_reader_free(&old->lines[i].reader);
		free(old->lines[i].directory);
	}
	free(old->path);
	free(old);
}

uint64_t
follower_position(const struct follower *follower, unsigned ledger)
{
	return follower->lines[ledger].position;
}

/* A journal that ends before our place was restored or begun anew. */
static void
go_back(struct line *line, uint64_t end)
{
	log_warning("events: %s ends before what was told of it; going on at "
		    "its end",
		line->directory);
	journal_reader_free(&line->reader);
	line->position = end;
}

static void
tell_batch(struct follower *follower, unsigned ledger,
	const struct journal_batch *batch)
{
	struct unpack in = unpack_of(batch->records);

	for (size_t i = 0; i < batch->count; i++) {
		struct unpack record = unpack_of(unpack_text(&in));
		struct message message;

		if (message_unpack(&record, &message) && message.via == 0 &&
			!(message.flags & MESSAGE_NOTES))
			follower->told(
				follower->self, ledger, batch->end, &message);
	}
}

/* What lies between is not told. */
static void
skip(struct line *line, uint64_t to)
{
	log_error("events: %s cannot be read from %" PRIu64 " to %" PRIu64
		  ": messages in between are told to no webhook",
		line->directory, line->position, to);
	line->position = to;
}

static enum journal_read
read_from(struct line *line, uint64_t position, uint64_t end,
	struct journal_batch *batch)
{
	journal_reader_free(&line->reader);
	line->reader = journal_reader_new(line->directory, position);
	return journal_reader_next(line->reader, end, batch);
}

/* The next batch; false: there is none to be had before the end. What the
 * ledger has dropped is passed over, to the oldest batch that it keeps. */
static bool
next_batch(struct line *line, uint64_t end, struct journal_batch *batch)
{
	enum journal_read read = journal_reader_next(line->reader, end, batch);

	/* One that has a segment open does not see that the next ones went. */
	if (read != JOURNAL_READ_BATCH)
		read = read_from(line, line->position, end, batch);
	if (read == JOURNAL_READ_GONE)
		read = read_from(line, 0, end, batch);
	if (read == JOURNAL_READ_BATCH) {
		if (batch->position > line->position)
			skip(line, batch->position);
		return true;
	}
	skip(line, end);
	journal_reader_free(&line->reader);
	return false;
}

/* Up to so many bytes; true: there is more. */
static bool
follow(struct follower *follower, unsigned ledger, uint64_t end, uint64_t most)
{
	struct line *line = &follower->lines[ledger];
	uint64_t begin = line->position;
	struct journal_batch batch;

	if (line->reader == NULL)
		line->reader =
			journal_reader_new(line->directory, line->position);
	while (line->position < end && line->position - begin < most &&
		next_batch(line, end, &batch)) {
		tell_batch(follower, ledger, &batch);
		line->position = batch.end;
	}
	return line->position < end;
}

void
follower_hold(struct follower *follower, unsigned ledger, uint64_t position)
{
	struct line *line = &follower->lines[ledger];

	if (line->held == position)
		return;
	line->held = position;
	follower->has_moved = true;
}

bool
follower_step(struct follower *follower, const uint64_t *ends)
{
	bool has_more = false;

	for (unsigned i = 0; i < follower->count; i++) {
		struct line *line = &follower->lines[i];

		if (ends[i] == FOLLOWER_UNKNOWN)
			continue;
		if (line->position > ends[i])
			go_back(line, ends[i]);
		if (line->position == ends[i])
			continue;
		has_more |= follow(
			follower, i, ends[i], STEP_BYTES / follower->count);
	}
	return has_more;
}

static bool
write_lines(const struct follower *follower, FILE *file)
{
	for (unsigned i = 0; i < follower->count; i++)
		if (fprintf(file, "%u %" PRIu64 "\n", i,
			    follower->lines[i].held) < 0)
			return false;
	return fflush(file) == 0;
}

/* Under another name first, so that a kill leaves the old one or the new one.
 */
void
follower_save(struct follower *follower)
{
	char *made;
	FILE *file;
	bool is_done;

	if (!follower->has_moved)
		return;
	must(asprintf(&made, "%s.new", follower->path) >= 0);
	file = fopen(made, "we");
	is_done = file != NULL && write_lines(follower, file);
	if (file != NULL)
		fclose(file);
	is_done = is_done && rename(made, follower->path) == 0;
	if (!is_done && !follower->is_failing)
		log_warning("events: cannot write %s: %s", follower->path,
			strerror(errno));
	follower->is_failing = !is_done;
	follower->has_moved = !is_done;
	free(made);
}
