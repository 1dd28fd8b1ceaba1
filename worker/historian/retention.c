#include "worker/historian/retention.h"

#include <stdlib.h>

#include "shared/log.h"
#include "shared/table.h"
#include "worker/historian/indexer.h"
#include "worker/historian/store.h"

/*
 * Streams wait for a visit in the order in which they got messages; when none
 * waits, the walk goes on to the next stream of the archive. A stream with more
 * to remove than a step takes waits again, behind the others.
 *
 * What goes from streams that can be searched leaves a note for the index. When
 * the index does not follow, retention waits for it, but not for ever: then the
 * notes are dropped and the index is made anew.
 */

/* What one step may remove, and how many streams it looks at. */
#define STEP_ROWS 1000
#define STEP_VISITS 128

/* More streams than this do not wait; the walk finds them. */
#define WAITING_MAX 65536

#define WALK_REST_MS 2000
#define FAILED_REST_MS 1000

/* So many notes for the index may lie there, and so long. */
#define NOTES_MAX 16384
#define NOTES_PATIENCE_MS 60000

struct waiting {
	uint64_t stream;
	UT_hash_handle hh;
};

struct retention {
	struct retention_options options;
	struct waiting *waiting; /* oldest first */
	uint64_t walked;         /* the walk is behind this stream */
	bool is_walking;
	uint64_t walk_ms;    /* when the next walk begins */
	uint64_t rest_until; /* the store failed */
	uint64_t notes_ms;   /* when the index last followed */
	uint64_t given_up;   /* notes up to this one are dropped */
	uint64_t retired;
};

struct retention *
retention_new(const struct retention_options *options)
{
	struct retention *made = base_alloc_zeroed(1, sizeof(*made));

	made->options = *options;
	made->is_walking = true;
	return made;
}

static void
forget_waiting(struct retention *retention)
{
	struct waiting *waiting, *next;

	HASH_ITER(hh, retention->waiting, waiting, next)
	{
		HASH_DEL(retention->waiting, waiting);
		free(waiting);
	}
}

void
retention_free(struct retention **pointer)
{
	struct retention *retention = *pointer;

	*pointer = NULL;
	if (retention == NULL)
		return;
	forget_waiting(retention);
	free(retention);
}

static void
walk_anew(struct retention *retention)
{
	retention->walked = 0;
	retention->is_walking = true;
}

static void
let_wait(struct retention *retention, uint64_t stream)
{
	struct waiting *waiting;

	HASH_FIND(hh, retention->waiting, &stream, sizeof(stream), waiting);
	if (waiting)
		return;
	if (HASH_COUNT(retention->waiting) >= WAITING_MAX) {
		walk_anew(retention);
		return;
	}
	waiting = base_alloc_zeroed(1, sizeof(*waiting));
	waiting->stream = stream;
	HASH_ADD(hh, retention->waiting, stream, sizeof(stream), waiting);
}

void
retention_note(
	struct retention *retention, const uint64_t *streams, size_t count)
{
	for (size_t i = 0; i < count; i++)
		let_wait(retention, streams[i]);
}

/* The stream to visit next; false when there is none now. */
static bool
next_stream(struct retention *retention, uint64_t now_ms, uint64_t *stream)
{
	struct waiting *first = retention->waiting;

	if (first) {
		*stream = first->stream;
		HASH_DEL(retention->waiting, first);
		free(first);
		return true;
	}
	if (!retention->is_walking && retention->options.has_ages &&
		now_ms >= retention->walk_ms)
		walk_anew(retention);
	if (!retention->is_walking)
		return false;
	retention->is_walking =
		store_next_stream(retention->options.store, &retention->walked);
	retention->walk_ms = now_ms + WALK_REST_MS;
	*stream = retention->walked;
	return retention->is_walking;
}

static void
give_up(struct retention *retention, uint64_t last)
{
	log_warning("search: the index does not follow what is removed from "
		    "the archive; it is built anew");
	retention->given_up = last;
	if (retention->options.indexer)
		indexer_rebuild(retention->options.indexer);
}

/* Forgets notes that the index is done with, or that nobody will read; false
 * when too many are left. */
static bool
tidy_notes(struct retention *retention, uint64_t now_ms)
{
	struct store *store = retention->options.store;
	struct indexer *indexer = retention->options.indexer;
	uint64_t done = indexer ? indexer_taken_back(indexer) : UINT64_MAX;
	uint64_t first, last;
	uint64_t count = store_withdrawn(store, &first, &last);

	done = MAX_OF(done, retention->given_up);
	if (count == 0 || done >= first || retention->notes_ms == 0)
		retention->notes_ms = now_ms;
	if (count > 0 && done >= first)
		store_forget_withdrawn(store, done);
	if (count <= NOTES_MAX)
		return true;
	if (now_ms - retention->notes_ms > NOTES_PATIENCE_MS)
		give_up(retention, last);
	return false;
}

/* false: the store failed. */
static bool
visit_streams(struct retention *retention, struct store_retirement *retirement,
	uint64_t now_ms)
{
	uint64_t stream;

	for (unsigned i = 0; i < STEP_VISITS && retirement->rows > 0; i++) {
		enum store_retired result;

		if (!next_stream(retention, now_ms, &stream))
			return true;
		result = store_retire_stream(
			retention->options.store, stream, retirement);
		if (result == STORE_RETIRED_FAILED)
			return false;
		if (result == STORE_RETIRED_SOME)
			let_wait(retention, stream);
	}
	return true;
}

static enum retention_result
fail(struct retention *retention, uint64_t now_ms)
{
	store_undo(retention->options.store);
	walk_anew(retention);
	retention->rest_until = now_ms + FAILED_REST_MS;
	return RETENTION_LATER;
}

/* What was removed from the index's streams, it should look at soon. */
static void
tell_indexer(struct retention *retention, size_t retired)
{
	if (retention->options.indexer && retired > 0)
		indexer_look(retention->options.indexer);
}

enum retention_result
retention_step(struct retention *retention, uint64_t now_ms, uint64_t unix_ms)
{
	struct store *store = retention->options.store;
	struct store_retirement retirement = {
		.rule_of = retention->options.rule_of,
		.self = retention->options.self,
		.unix_ms = unix_ms,
		.rows = STEP_ROWS,
	};
	bool may_go_on;

	if (now_ms < retention->rest_until)
		return RETENTION_LATER;
	if (store_begin(store) < 0)
		return fail(retention, now_ms);
	may_go_on = tidy_notes(retention, now_ms);
	if (may_go_on &&
		(store_retire_ended(store, &retirement) ==
				STORE_RETIRED_FAILED ||
			!visit_streams(retention, &retirement, now_ms)))
		return fail(retention, now_ms);
	if (store_commit(store) < 0)
		return fail(retention, now_ms);
	retention->retired += retirement.retired;
	tell_indexer(retention, retirement.retired);
	if (!may_go_on)
		return RETENTION_LATER;
	if (retirement.rows == 0 || retention->waiting)
		return RETENTION_MORE;
	return retention->is_walking ? RETENTION_LATER : RETENTION_DONE;
}

uint64_t
retention_retired(const struct retention *retention)
{
	return retention->retired;
}
