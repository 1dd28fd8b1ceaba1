#include "worker/historian/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/historian/store.h"

/*
 * A step takes batches of the journals, one ledger after the other and a
 * different one first each time, until it has written rows enough, and commits
 * them with the new positions. A batch may have more than a step takes, since a
 * message to many is one record; then the position follows when all of it is in
 * the archive, and a historian killed before takes the batch once more, which
 * changes nothing. When the store fails, everything of the step is forgotten
 * and read anew from the committed positions later.
 */

#define REST_MS 1000
#define REST_DAMAGED_MS 10000

struct follower {
	unsigned ledger;
	char *directory;
	struct journal_reader *reader; /* NULL until it is needed */
	struct journal_batch batch;    /* that is being taken in */
	struct unpack records;         /* what is left of it */
	size_t left;                   /* records */
	uint64_t committed;
	uint64_t reached;  /* in the transaction that is open */
	uint64_t expected; /* the next batch should begin here */
	bool has_lost;     /* the journal dropped that, the reader skips it */
	bool is_anew;      /* the journal is taken in once more */
	bool is_proven;    /* a batch was read, so the position is one */
	bool is_stuck;     /* its journal is damaged */
	uint64_t rest_until;
	uint64_t misfits; /* records that are no messages */
};

struct intake {
	struct store *store;
	uint64_t rest_until;
	bool is_stuck;
	uint64_t rows, commits;
	uint64_t times[INTAKE_ROWS]; /* of messages of the last step */
	size_t time_count;
	unsigned next; /* the follower that begins the next step */
	unsigned count;
	struct follower followers[];
};

struct intake *
intake_new(struct store *store, const char *data_dir, unsigned ledgers)
{
	struct intake *intake = base_alloc_zeroed(
		1, sizeof(*intake) + ledgers * sizeof(intake->followers[0]));

	intake->store = store;
	intake->count = ledgers;
	for (unsigned i = 0; i < ledgers; i++) {
		struct follower *follower = &intake->followers[i];

		follower->ledger = i;
		must(asprintf(&follower->directory, "%s/journal-%u", data_dir,
			     i) >= 0);
		follower->committed = store_position(store, i);
		follower->reached = follower->committed;
		follower->expected = follower->committed;
	}
	return intake;
}

void
intake_free(struct intake **pointer)
{
	struct intake *intake = *pointer;

	*pointer = NULL;
	if (intake == NULL)
		return;
	for (unsigned i = 0; i < intake->count; i++) {
		if (intake->followers[i].reader)
			journal_reader_free(&intake->followers[i].reader);
		free(intake->followers[i].directory);
	}
	free(intake);
}

/* The next batch is read from here; the reader is made when it is. */
static void
follow_from(struct follower *follower, uint64_t position)
{
	if (follower->reader)
		journal_reader_free(&follower->reader);
	follower->reached = position;
	follower->has_lost = false;
	follower->left = 0;
}

/* A machine that crashed may have kept more of the archive than of the journal,
 * and the ledger then gives the same offsets again. What the journal holds is
 * taken in anew and replaces what stands in the archive. */
static void
start_over(struct follower *follower, uint64_t end)
{
	log_warning("archive: it does not fit the journal of ledger %u (%llu, "
		    "the journal ends at %llu); taking the journal in anew",
		follower->ledger, (unsigned long long)follower->committed,
		(unsigned long long)end);
	follower->committed = 0;
	follower->is_anew = true;
	follower->is_proven = true;
	follow_from(follower, 0);
}

/* Goes to the oldest batch that is kept; add_batch() then finds the hole. */
static void
skip_lost(struct follower *follower)
{
	log_error("archive: the journal of ledger %u was dropped before it was "
		  "archived, from position %llu on; going on at the oldest "
		  "that is kept",
		follower->ledger, (unsigned long long)follower->reached);
	journal_reader_free(&follower->reader);
	follower->reader = journal_reader_new(follower->directory, 0);
	follower->has_lost = true;
}

static void
rest_damaged(struct follower *follower, uint64_t now_ms)
{
	if (!follower->is_stuck)
		log_error("archive: the journal of ledger %u cannot be read "
			  "on from position %llu; what follows is missing in "
			  "the history until it can",
			follower->ledger,
			(unsigned long long)follower->reached);
	follower->is_stuck = true;
	follower->rest_until = now_ms + REST_DAMAGED_MS;
	follow_from(follower, follower->reached);
}

/* What is taken in once more was there before. */
static void
note_time(struct intake *intake, const struct follower *follower,
	const struct message *message)
{
	if (!follower->is_anew && intake->time_count < INTAKE_ROWS)
		intake->times[intake->time_count++] =
			message_unix_ms(message_clock(message));
}

/* 1 when the record was a message, 0 when not; -1 when the store failed. */
static int
add_record(struct intake *intake, struct follower *follower, struct text bytes)
{
	struct unpack record = unpack_of(bytes);
	struct message message;

	if (message_unpack(&record, &message)) {
		if (message.flags & MESSAGE_TRIM)
			return store_trim(intake->store, &message);
		if (message.flags & MESSAGE_MARK)
			return store_mark(intake->store, &message);
		if (message.flags & MESSAGE_NOTES)
			return 0;
		note_time(intake, follower, &message);
		return store_add(intake->store, &message) < 0 ? -1 : 1;
	}
	if (follower->misfits++ == 0)
		log_error("archive: ledger %u wrote a record that is no "
			  "message, after position %llu",
			follower->ledger,
			(unsigned long long)follower->reached);
	return 0;
}

static bool
is_full(const struct intake *intake)
{
	return store_written(intake->store) >= INTAKE_ROWS;
}

/* Messages added; -1 when the store failed. */
static long
add_records(struct intake *intake, struct follower *follower)
{
	long messages = 0;

	while (follower->left > 0 && !is_full(intake)) {
		int added = add_record(
			intake, follower, unpack_text(&follower->records));

		if (added < 0)
			return -1;
		follower->left--;
		messages += added;
	}
	if (follower->left > 0)
		return messages;
	follower->reached = follower->batch.end;
	follower->expected = follower->batch.end;
	follower->has_lost = false;
	return messages;
}

/* Begins with the batch that was read. */
static int
open_batch(struct intake *intake, struct follower *follower)
{
	const struct journal_batch *batch = &follower->batch;

	follower->is_stuck = false;
	follower->is_proven = true;
	follower->records = unpack_of(batch->records);
	follower->left = batch->count;
	if (batch->position <= follower->expected || follower->is_anew)
		return 0;
	return store_note_hole(intake->store, follower->ledger,
		follower->expected, batch->position);
}

static enum journal_read
read_batch(struct follower *follower, uint64_t end)
{
	if (follower->reader == NULL)
		follower->reader = journal_reader_new(
			follower->directory, follower->reached);
	return journal_reader_next(follower->reader, end, &follower->batch);
}

/* Has the next batch to take from, if there is one; -1: the store failed. */
static int
next_batch(struct intake *intake, struct follower *follower, uint64_t end,
	uint64_t now_ms)
{
	while (follower->reached < end) {
		enum journal_read read = read_batch(follower, end);

		if (read == JOURNAL_READ_BATCH)
			return open_batch(intake, follower) < 0 ? -1 : 1;
		if (read == JOURNAL_READ_GONE && !follower->has_lost) {
			skip_lost(follower);
			continue;
		}
		if (read == JOURNAL_READ_BAD && !follower->is_proven &&
			follower->committed > 0) {
			/* The ledger may have written beyond the position
			 * before we could see that the journal had shrunk. */
			start_over(follower, end);
			continue;
		}
		if (read == JOURNAL_READ_BAD)
			rest_damaged(follower, now_ms);
		return 0;
	}
	return 0;
}

/* Takes messages until there are no more or the step is full; how many, or -1
 * when the store failed. */
static long
follow(struct intake *intake, struct follower *follower, uint64_t end,
	uint64_t now_ms)
{
	long messages = 0;

	while (!is_full(intake)) {
		int found = follower->left > 0
				    ? 1
				    : next_batch(intake, follower, end, now_ms);
		long added = 0;

		if (found > 0)
			added = add_records(intake, follower);
		if (found < 0 || added < 0)
			return -1;
		if (found == 0)
			break;
		messages += added;
	}
	return messages;
}

static bool
has_news(const struct follower *follower, uint64_t end, uint64_t now_ms)
{
	return follower->reached < end && now_ms >= follower->rest_until;
}

/* Everything that can be had now, up to the bound, into the open transaction;
 * how many messages, or -1. */
static long
fill(struct intake *intake, const uint64_t *ends, uint64_t now_ms)
{
	long rows = 0;

	for (unsigned i = 0; i < intake->count && rows >= 0; i++) {
		unsigned which = (intake->next + i) % intake->count;
		struct follower *follower = &intake->followers[which];
		long added = 0;

		if (has_news(follower, ends[which], now_ms))
			added = follow(intake, follower, ends[which], now_ms);
		rows = added < 0 ? -1 : rows + added;
	}
	intake->next = (intake->next + 1) % intake->count;
	for (unsigned i = 0; i < intake->count && rows >= 0; i++) {
		struct follower *follower = &intake->followers[i];

		if (follower->reached != follower->committed &&
			store_set_position(
				intake->store, i, follower->reached) < 0)
			rows = -1;
	}
	return rows;
}

static void
settle(struct intake *intake, long rows)
{
	bool has_moved = rows > 0;

	for (unsigned i = 0; i < intake->count; i++) {
		struct follower *follower = &intake->followers[i];

		if (follower->committed == follower->reached)
			continue;
		has_moved = true;
		follower->committed = follower->reached;
		follower->is_anew = false;
	}
	intake->is_stuck = false;
	intake->rows += (uint64_t)rows;
	intake->commits += has_moved;
}

static enum intake_result
rest(struct intake *intake, uint64_t now_ms)
{
	store_undo(intake->store);
	for (unsigned i = 0; i < intake->count; i++) {
		struct follower *follower = &intake->followers[i];

		follower->expected = follower->committed;
		follow_from(follower, follower->committed);
	}
	intake->time_count = 0;
	intake->is_stuck = true;
	intake->rest_until = now_ms + REST_MS;
	return INTAKE_RESTING;
}

static bool
any_has_news(struct intake *intake, const uint64_t *ends, uint64_t now_ms)
{
	bool has_any = false;

	for (unsigned i = 0; i < intake->count; i++) {
		struct follower *follower = &intake->followers[i];

		if (ends[i] != 0 && follower->committed > ends[i])
			start_over(follower, ends[i]);
		has_any |= has_news(follower, ends[i], now_ms);
	}
	return has_any;
}

enum intake_result
intake_step(struct intake *intake, const uint64_t *ends, uint64_t now_ms)
{
	uint64_t commits = intake->commits;
	long rows;

	intake->time_count = 0;
	if (now_ms < intake->rest_until)
		return INTAKE_RESTING;
	if (!any_has_news(intake, ends, now_ms))
		return INTAKE_DONE;
	if (store_begin(intake->store) < 0)
		return rest(intake, now_ms);
	rows = fill(intake, ends, now_ms);
	if (rows < 0 || store_commit(intake->store) < 0)
		return rest(intake, now_ms);
	settle(intake, rows);
	if (intake->commits == commits)
		return INTAKE_DONE;
	return any_has_news(intake, ends, now_ms) ? INTAKE_MORE : INTAKE_DONE;
}

uint64_t
intake_position(const struct intake *intake, unsigned ledger)
{
	return intake->followers[ledger].committed;
}

bool
intake_is_stuck(const struct intake *intake, unsigned ledger)
{
	return intake->is_stuck || intake->followers[ledger].is_stuck;
}

const uint64_t *
intake_times(const struct intake *intake, size_t *count)
{
	*count = intake->time_count;
	return intake->times;
}

uint64_t
intake_rows(const struct intake *intake)
{
	return intake->rows;
}

uint64_t
intake_commits(const struct intake *intake)
{
	return intake->commits;
}
