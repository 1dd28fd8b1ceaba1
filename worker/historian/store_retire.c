#include "worker/historian/store_retire.h"

#include "shared/message.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_row.h"
#include "worker/historian/store_seek.h"

/*
 * Offsets are dense and clocks grow with them, so both rules, and what somebody
 * has taken away, come down to one offset that is the first to be kept.
 */

#define LOOKING "looking for what is kept no longer"
#define FORGET_ROWS 1000

/* One row of a stream. */
struct span {
	uint64_t lowest, top; /* offsets; 0: the stream is empty */
};

/* The first offset of messages that are young enough. */
static int
seek_young(struct store *store, const struct known_stream *stream,
	uint64_t oldest_ms, uint64_t *offset)
{
	struct store_seek seek = {
		.up = store->statements[STORE_SEEK_FIRST],
		.down = store->statements[STORE_SEEK_LAST],
		.stream = stream->id,
		.time = message_time_of(oldest_ms),
	};

	if (!store_seek(&seek))
		return store_complain(store, LOOKING);
	*offset = seek.offset;
	return 0;
}

/* The first offset that is to be kept. */
static int
find_kept(struct store *store, const struct known_stream *stream,
	const struct store_rule *rule, uint64_t unix_ms,
	const struct span *span, uint64_t *kept)
{
	uint64_t young = 0;

	*kept = MIN_OF(stream->kept_from, span->top + 1);
	if (rule->keep_messages > 0 && span->top > rule->keep_messages)
		*kept = MAX_OF(*kept, span->top - rule->keep_messages + 1);
	if (rule->keep_ms == 0 || unix_ms <= rule->keep_ms)
		return 0;
	if (seek_young(store, stream, unix_ms - rule->keep_ms, &young) < 0)
		return -1;
	*kept = MAX_OF(*kept, MIN_OF(young, span->top + 1));
	return 0;
}

/* Nothing hangs on the rows. */
static int
remove_range(struct store *store, const struct known_stream *stream,
	uint64_t from, uint64_t to, struct store_retirement *retirement)
{
	sqlite3_stmt *remove = store->statements[STORE_REMOVE_RANGE];
	uint64_t base = stream->id << STORE_OFFSET_BITS;

	if (store_forget_edits(store, base + from, base + to) < 0 ||
		store_forget_carried(store, base + from, base + to) < 0)
		return -1;
	store_bind_number(remove, 1, base + from);
	store_bind_number(remove, 2, base + to);
	if (store_run(store, STORE_REMOVE_RANGE, "removing messages") < 0)
		return -1;
	retirement->retired += (size_t)sqlite3_changes(store->db);
	retirement->rows -= to - from;
	return 0;
}

/* One by one, since each may have much that hangs on it. */
static int
remove_each(struct store *store, const struct known_stream *stream,
	uint64_t from, uint64_t to, struct store_retirement *retirement)
{
	uint64_t base = stream->id << STORE_OFFSET_BITS;

	for (uint64_t i = from; i < to && retirement->rows > 0; i++) {
		size_t before = store->written;

		if (store_remove(store, stream, base + i) < 0)
			return -1;
		retirement->retired += store->written > before;
		retirement->rows -= MIN_OF(
			retirement->rows, MAX_OF(store->written - before, 1));
	}
	return 0;
}

static enum store_retired
retire(struct store *store, const struct known_stream *stream,
	const struct store_rule *rule, struct store_retirement *retirement)
{
	bool is_plain = !stream->is_indexed &&
			stream_name_kind(&stream->key.name) != STREAM_INBOX;
	struct span span;
	uint64_t kept, to;
	int result;

	if (store_edge_of(store, stream, STORE_SEEK_LAST, &span.top) < 0 ||
		store_edge_of(store, stream, STORE_SEEK_FIRST, &span.lowest) <
			0 ||
		find_kept(store, stream, rule, retirement->unix_ms, &span,
			&kept) < 0)
		return STORE_RETIRED_FAILED;
	if (span.top == 0 || kept <= span.lowest)
		return STORE_RETIRED_ALL;
	to = MIN_OF(kept, span.lowest + retirement->rows);
	result = is_plain ? remove_range(
				    store, stream, span.lowest, to, retirement)
			  : remove_each(
				    store, stream, span.lowest, to, retirement);
	if (result < 0)
		return STORE_RETIRED_FAILED;
	return retirement->rows > 0 && to == kept ? STORE_RETIRED_ALL
						  : STORE_RETIRED_SOME;
}

enum store_retired
store_retire_stream(struct store *store, uint64_t stream,
	struct store_retirement *retirement)
{
	const struct known_stream *known = store_stream_of(store, stream);
	struct store_rule rule;

	if (known == NULL)
		return store->complained ? STORE_RETIRED_FAILED
					 : STORE_RETIRED_ALL;
	if (retirement->rows == 0)
		return STORE_RETIRED_SOME;
	retirement->rule_of(retirement->self,
		stream_name_kind(&known->key.name),
		stream_name_name(&known->key.name), &rule);
	if (rule.keep_messages == 0 && rule.keep_ms == 0 &&
		known->kept_from == 0)
		return STORE_RETIRED_ALL;
	return retire(store, known, &rule, retirement);
}

/* The message of that number has ended; it may have gone before, or another one
 * may stand in its place. */
static int
end_message(struct store *store, uint64_t id, uint64_t until,
	struct store_retirement *retirement)
{
	sqlite3_stmt *get = store->statements[STORE_GET_ROW];
	struct known_stream *stream;
	uint64_t its_until;
	int found;

	store_bind_number(get, 1, id);
	found = store_step(store, STORE_GET_ROW, LOOKING);
	if (found != 1)
		return found;
	its_until = store_row_number(get, STORE_ROW_UNTIL);
	sqlite3_reset(get);
	if (its_until != until)
		return 0;
	stream = store_stream_of(store, id >> STORE_OFFSET_BITS);
	if (stream == NULL)
		return -1;
	retirement->retired++;
	return store_blank(store, stream, id);
}

enum store_retired
store_retire_ended(struct store *store, struct store_retirement *retirement)
{
	sqlite3_stmt *next = store->statements[STORE_NEXT_END];
	sqlite3_stmt *remove = store->statements[STORE_REMOVE_END];

	while (retirement->rows > 0) {
		size_t before = store->written;
		uint64_t until, id;
		int found;

		store_bind_number(next, 1, retirement->unix_ms);
		found = store_step(store, STORE_NEXT_END, LOOKING);
		if (found != 1)
			return found < 0 ? STORE_RETIRED_FAILED
					 : STORE_RETIRED_ALL;
		until = store_row_number(next, 0);
		id = store_row_number(next, 1);
		sqlite3_reset(next);
		store_bind_number(remove, 1, until);
		store_bind_number(remove, 2, id);
		if (end_message(store, id, until, retirement) < 0 ||
			store_run(store, STORE_REMOVE_END, "ending a message") <
				0)
			return STORE_RETIRED_FAILED;
		retirement->rows -=
			MIN_OF(retirement->rows, store->written - before);
	}
	return STORE_RETIRED_SOME;
}

bool
store_next_stream(struct store *store, uint64_t *stream)
{
	sqlite3_stmt *next = store->statements[STORE_NEXT_STREAM];

	store_bind_number(next, 1, *stream);
	if (store_step(store, STORE_NEXT_STREAM, LOOKING) != 1)
		return false;
	*stream = store_row_number(next, 0);
	sqlite3_reset(next);
	return true;
}

uint64_t
store_withdrawn(struct store *store, uint64_t *first, uint64_t *last)
{
	sqlite3_stmt *span = store->statements[STORE_WITHDRAWN_SPAN];

	*first = 0;
	*last = 0;
	if (store_step(store, STORE_WITHDRAWN_SPAN, LOOKING) == 1) {
		*first = store_row_number(span, 0);
		*last = store_row_number(span, 1);
		sqlite3_reset(span);
	}
	return *last ? *last - *first + 1 : 0;
}

int
store_forget_withdrawn(struct store *store, uint64_t number)
{
	sqlite3_stmt *forget = store->statements[STORE_FORGET_WITHDRAWN];
	uint64_t first, last;

	if (store_withdrawn(store, &first, &last) == 0 || number < first)
		return 0;
	store_bind_number(forget, 1, MIN_OF(number, first + FORGET_ROWS));
	return store_run(
		store, STORE_FORGET_WITHDRAWN, "forgetting what was withdrawn");
}
