#include "shared/records.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_row.h"
#include "worker/historian/store_seek.h"

/*
 * Messages of other hosts come in the order of their host; those of two hosts
 * in any. So a change may be here before its message: then it waits, and is
 * applied in the transaction that adds the message. What has waited goes with
 * its own row.
 */

#define SETTLING "applying an earlier change"
#define TRIMMING "taking messages away"

static int
add_line(struct store *store, enum store_statement which, uint64_t time,
	uint64_t origin, uint64_t id)
{
	sqlite3_stmt *add = store->statements[which];

	store_bind_number(add, 1, time);
	store_bind_number(add, 2, origin);
	store_bind_number(add, 3, id);
	return store_run(store, which, "noting a message of another host");
}

/* 1: *id waits for the message, 0: nothing does. */
static int
next_waiting(struct store *store, const struct known_stream *stream,
	const struct message *message, uint64_t *id)
{
	sqlite3_stmt *next = store->statements[STORE_NEXT_AWAITING];
	uint64_t base = stream->id << STORE_OFFSET_BITS;
	int found;

	store_bind_number(next, 1, message->id_time);
	store_bind_number(next, 2, message->id_origin);
	store_bind_number(next, 3, base);
	store_bind_number(next, 4, base + STORE_OFFSET_MAX + 1);
	found = store_step(store, STORE_NEXT_AWAITING, SETTLING);
	if (found != 1)
		return found;
	*id = store_row_number(next, 0);
	sqlite3_reset(next);
	return 1;
}

static int
set_of_offset(struct store *store, uint64_t id, uint64_t offset)
{
	store_bind_number(store->statements[STORE_SET_OF_OFFSET], 1, id);
	store_bind_number(store->statements[STORE_SET_OF_OFFSET], 2, offset);
	return store_run(store, STORE_SET_OF_OFFSET, SETTLING);
}

/* The change in the row of that number now knows what it changes. */
static int
apply(struct store *store, const struct known_stream *stream, uint64_t id,
	uint64_t of_offset)
{
	sqlite3_stmt *get = store->statements[STORE_GET_AWAITING];
	struct message change;
	int result;

	store_bind_number(get, 1, id);
	result = store_step(store, STORE_GET_AWAITING, SETTLING);
	if (result != 1)
		return result;
	store_row_read(&change, get, &(struct lookup){ 0 });
	change.of_offset = of_offset;
	result = store_apply_change(store, stream, &change);
	sqlite3_reset(get);
	return result == 0 ? set_of_offset(store, id, of_offset) : -1;
}

static int
apply_waiting(struct store *store, const struct known_stream *stream,
	const struct message *message)
{
	uint64_t id;
	int found;

	while ((found = next_waiting(store, stream, message, &id)) == 1)
		if (apply(store, stream, id, message->offset) < 0 ||
			add_line(store, STORE_END_AWAITING, message->id_time,
				message->id_origin, id) < 0)
			return -1;
	return found;
}

int
store_carry(struct store *store, const struct known_stream *stream,
	const struct message *message)
{
	uint64_t id = stream->id << STORE_OFFSET_BITS | message->offset;

	store->has_carried = true;
	if (add_line(store, STORE_ADD_CARRIED, message->id_time,
		    message->id_origin, id) < 0)
		return -1;
	if (!(message->flags & MESSAGE_CHANGES))
		return apply_waiting(store, stream, message);
	if (message->of_offset > 0)
		return 0;
	return add_line(store, STORE_ADD_AWAITING, message->of_time,
		message->of_origin, id);
}

int
store_forget_carried(struct store *store, uint64_t from, uint64_t to)
{
	static const enum store_statement which[] = { STORE_FORGET_CARRIED,
		STORE_FORGET_AWAITING };

	for (size_t i = 0; store->has_carried && i < 2; i++) {
		sqlite3_stmt *forget = store->statements[which[i]];

		store_bind_number(forget, 1, from);
		store_bind_number(forget, 2, to);
		if (store_run(store, which[i], "forgetting other hosts") < 0)
			return -1;
		store->written -= sqlite3_changes(store->db) == 0; /* no row */
	}
	return 0;
}

/* Behind the last one of the stream that was said by then; 0: none was. */
static int
find_said(struct store *store, const struct known_stream *stream,
	uint64_t id_time, uint64_t *behind)
{
	sqlite3_stmt *seek = store->statements[STORE_SEEK_SAID];
	uint64_t base = stream->id << STORE_OFFSET_BITS;
	int found;

	*behind = 0;
	store_bind_number(seek, 1, base + 1);
	store_bind_number(seek, 2, base + STORE_OFFSET_MAX + 1);
	store_bind_number(seek, 3, id_time);
	found = store_step(store, STORE_SEEK_SAID, TRIMMING);
	if (found != 1)
		return found;
	*behind = (store_row_number(seek, 0) & STORE_OFFSET_MAX) + 1;
	sqlite3_reset(seek);
	return 0;
}

/* One that is not here any more, or never was, would stand before the first one
 * that came later. */
int
store_find_trimmed(struct store *store, const struct known_stream *stream,
	const struct message *trim, uint64_t *kept_from)
{
	struct store_seek seek = {
		.up = store->statements[STORE_SEEK_FIRST],
		.down = store->statements[STORE_SEEK_LAST],
		.carried = store->statements[STORE_SEEK_OF_HOSTS],
		.stream = stream->id,
		.time = trim->of_time,
		.origin = trim->of_origin,
	};

	*kept_from = MIN_OF(trim->of_offset, STORE_OFFSET_MAX);
	if (*kept_from > 0)
		return 0;
	if (trim->of_origin == 0)
		return find_said(store, stream, trim->of_time, kept_from);
	if (!store_seek(&seek))
		return store_complain(store, TRIMMING);
	if (!seek.is_found && seek.offset > STORE_OFFSET_MAX)
		return find_said(store, stream, trim->of_time, kept_from);
	*kept_from = seek.offset + seek.is_found;
	return 0;
}
