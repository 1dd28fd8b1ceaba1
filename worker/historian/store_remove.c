#include "shared/mail.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_row.h"

/*
 * A message goes with all that hangs on it: the pairs that it stands in, and
 * what the index has of it. The index is filled by another thread, which cannot
 * know any more what a row said that is gone, so that is noted here; by the
 * same transaction, so the note outlives every kill. So is what comes again
 * after it went, since the index looks for news at the ends of streams only.
 */

#define NOT_INDEXED (MESSAGE_CHANGES | MESSAGE_DELETED)

static int
note(struct store *store, uint64_t id, struct text before,
	const struct text *after)
{
	sqlite3_stmt *withdraw = store->statements[STORE_WITHDRAW];

	store_bind_number(withdraw, 1, id);
	store_bind_text(withdraw, 2, before);
	if (after)
		store_bind_text(withdraw, 3, *after);
	else
		sqlite3_bind_null(withdraw, 3);
	return store_run(store, STORE_WITHDRAW, "noting what was withdrawn");
}

int
store_withdraw(struct store *store, const struct known_stream *stream,
	sqlite3_stmt *row, const struct text *after)
{
	if (!stream->is_indexed ||
		(store_row_number(row, STORE_ROW_FLAGS) & NOT_INDEXED))
		return 0;
	return note(store, store_row_number(row, STORE_ROW_ID),
		store_row_text(row, STORE_ROW_BODY), after);
}

int
store_note_late(struct store *store, const struct known_stream *stream,
	const struct message *message)
{
	if (!stream->is_indexed || (message->flags & NOT_INDEXED))
		return 0;
	return note(store, stream->id << STORE_OFFSET_BITS | message->offset,
		TEXT_LITERAL(""), &message->body);
}

static int
remove_pair(
	struct store *store, uint64_t stream, uint64_t other, uint64_t offset)
{
	sqlite3_stmt *remove = store->statements[STORE_REMOVE_PAIR];

	store_bind_number(remove, 1, stream);
	store_bind_number(remove, 2, other);
	store_bind_number(remove, 3, offset);
	return store_run(store, STORE_REMOVE_PAIR, "removing a pair");
}

/* The pairs of the message that stands in the row. */
static int
remove_pairs(struct store *store, const struct known_stream *stream,
	sqlite3_stmt *row)
{
	struct text sides = store_row_bytes(row, STORE_ROW_OTHERS);
	struct unpack others = unpack_of(sides);
	struct message other = {
		.kind = STREAM_INBOX,
		.tenant = stream_name_tenant(&stream->key.name),
		.epoch = stream->key.epoch,
	};
	struct mail_side side;

	if (stream_name_kind(&stream->key.name) != STREAM_INBOX)
		return 0;
	if (sides.length == 0)
		return remove_pair(
			store, stream->id, stream->id, store_row_offset(row));
	while (mail_next_side(&others, &side)) {
		struct known_stream *known;

		if (side.user.length > ROOM_BYTES_MAX)
			continue;
		other.stream = side.user;
		known = store_know_stream(store, &other);
		if (known == NULL || remove_pair(store, stream->id, known->id,
					     store_row_offset(row)) < 0)
			return -1;
	}
	return 0;
}

int
store_forget_edits(struct store *store, uint64_t from, uint64_t to)
{
	sqlite3_stmt *forget = store->statements[STORE_FORGET_EDITS];

	store_bind_number(forget, 1, from);
	store_bind_number(forget, 2, to);
	if (store_run(store, STORE_FORGET_EDITS, "forgetting edits") < 0)
		return -1;
	store->written -= sqlite3_changes(store->db) == 0; /* no row */
	return 0;
}

/* Takes away what hangs on the row of that number, then does the rest by the
 * statement. */
static int
remove_by(struct store *store, const struct known_stream *stream, uint64_t id,
	enum store_statement which)
{
	sqlite3_stmt *get = store->statements[STORE_GET_ROW];
	int result;

	store_bind_number(get, 1, id);
	result = store_step(store, STORE_GET_ROW, "reading a message");
	if (result != 1)
		return result;
	result = store_withdraw(store, stream, get, NULL);
	if (result == 0)
		result = remove_pairs(store, stream, get);
	if (result == 0)
		result = store_forget_edits(store, id, id + 1);
	if (result == 0 && which == STORE_REMOVE)
		result = store_forget_carried(store, id, id + 1);
	sqlite3_reset(get);
	if (result < 0)
		return -1;
	store_bind_number(store->statements[which], 1, id);
	return store_run(store, which, "removing a message");
}

int
store_remove(
	struct store *store, const struct known_stream *stream, uint64_t id)
{
	return remove_by(store, stream, id, STORE_REMOVE);
}

int
store_blank(struct store *store, const struct known_stream *stream, uint64_t id)
{
	return remove_by(store, stream, id, STORE_BLANK);
}
