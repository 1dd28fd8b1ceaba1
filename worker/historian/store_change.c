#include "shared/mail.h"
#include "shared/message.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_row.h"
#include "worker/historian/store_seek.h"

/*
 * A change is applied by the transaction that adds it, and again whenever it
 * comes again: the journal may be taken in once more, and then what it changes
 * may be new in the archive once more. But others may have come after it, and
 * those of other hosts come in any order: an older change never undoes a newer
 * one, and nothing brings back what was deleted.
 */

#define READING "reading a message"

static int
note_edit(struct store *store, uint64_t id, uint64_t edit)
{
	sqlite3_stmt *add = store->statements[STORE_ADD_EDIT];

	store_bind_number(add, 1, id);
	store_bind_number(add, 2, edit);
	return store_run(store, STORE_ADD_EDIT, "noting an edit");
}

/* What a deleted message once said is not told by its edits either. */
static int
silence_edits(struct store *store, uint64_t id)
{
	store_bind_number(store->statements[STORE_SILENCE_EDITS], 1, id);
	if (store_run(store, STORE_SILENCE_EDITS, "silencing edits") < 0)
		return -1;
	return store_forget_edits(store, id, id + 1);
}

enum effect {
	EFFECT_NONE,      /* it may not change it */
	EFFECT_OVERTAKEN, /* a later one has already */
	EFFECT_APPLIES,
	EFFECT_FAILED,
};

/* Two hosts may have changed it in one millisecond. */
static enum effect
compare_edits(struct store *store, uint64_t id, const struct message *change)
{
	sqlite3_stmt *has = store->statements[STORE_HAS_LATER_EDIT];
	int found;

	store_bind_number(has, 1, id);
	store_bind_number(has, 2, change->id_time);
	store_bind_number(has, 3, change->id_origin);
	found = store_step(store, STORE_HAS_LATER_EDIT, READING);
	if (found == 1)
		sqlite3_reset(has);
	if (found < 0)
		return EFFECT_FAILED;
	return found ? EFFECT_OVERTAKEN : EFFECT_APPLIES;
}

/* What stands in the row: does this change change it? */
static enum effect
effect_on(struct store *store, sqlite3_stmt *row, const struct message *change)
{
	uint64_t flags = store_row_number(row, STORE_ROW_FLAGS);
	uint64_t changed = store_row_number(row, STORE_ROW_CHANGED);
	uint64_t now = message_unix_ms(change->id_time);

	if ((flags & (MESSAGE_CHANGES | MESSAGE_DELETED)) ||
		!message_may_change(change->flags, change->from,
			store_row_text(row, STORE_ROW_SENDER)))
		return EFFECT_NONE;
	if (change->flags & MESSAGE_DELETE || changed < now)
		return EFFECT_APPLIES;
	if (changed > now)
		return EFFECT_OVERTAKEN;
	return compare_edits(
		store, store_row_number(row, STORE_ROW_ID), change);
}

/* Nobody who recovers is to take it for the last word. */
static int
overtake(struct store *store, uint64_t edit, uint64_t id)
{
	store_bind_number(store->statements[STORE_OVERTAKE], 1, edit);
	store_bind_number(store->statements[STORE_OVERTAKE], 2, id);
	return store_run(store, STORE_OVERTAKE, "overtaking an edit");
}

static int
write_change(struct store *store, const struct known_stream *stream,
	const struct message *change)
{
	uint64_t id = stream->id << STORE_OFFSET_BITS | change->of_offset;
	sqlite3_stmt *get = store->statements[STORE_GET_ROW];
	sqlite3_stmt *set = store->statements[STORE_CHANGE];
	uint64_t flags = store_row_number(get, STORE_ROW_FLAGS);
	bool is_deletion = change->flags & MESSAGE_DELETE;
	bool has_type = change->type.length > 0 && !is_deletion;

	if (store_withdraw(
		    store, stream, get, is_deletion ? NULL : &change->body) < 0)
		return -1;
	flags |= is_deletion ? MESSAGE_DELETED : MESSAGE_EDITED;
	store_bind_number(set, 1, id);
	store_bind_text(
		set, 2, is_deletion ? TEXT_LITERAL("null") : change->body);
	store_bind_text(set, 3,
		has_type ? change->type : store_row_text(get, STORE_ROW_TYPE));
	store_bind_number(set, 4, flags);
	store_bind_number(set, 5, message_unix_ms(change->id_time));
	return store_run(store, STORE_CHANGE, "changing a message");
}

int
store_find_changed(struct store *store, const struct known_stream *stream,
	struct message *change)
{
	struct store_seek seek = {
		.up = store->statements[STORE_SEEK_FIRST],
		.down = store->statements[STORE_SEEK_LAST],
		.carried = store->statements[STORE_SEEK_OF_HOSTS],
		.stream = stream->id,
		.time = change->of_time,
		.origin = change->of_origin,
	};

	if (!store_seek(&seek))
		return store_complain(store, READING);
	change->of_offset = seek.is_found ? seek.offset : 0;
	return 0;
}

int
store_apply_change(struct store *store, const struct known_stream *stream,
	const struct message *change)
{
	sqlite3_stmt *get = store->statements[STORE_GET_ROW];
	uint64_t base = stream->id << STORE_OFFSET_BITS;
	uint64_t id = base | change->of_offset;
	enum effect effect;
	bool is_deleted;
	int result;

	if (change->of_offset == 0)
		return 0;
	store_bind_number(get, 1, id);
	result = store_step(store, STORE_GET_ROW, READING);
	if (result != 1)
		return result;
	effect = effect_on(store, get, change);
	is_deleted =
		store_row_number(get, STORE_ROW_FLAGS) & MESSAGE_DELETED ||
		(effect == EFFECT_APPLIES && change->flags & MESSAGE_DELETE);
	result = effect == EFFECT_FAILED ? -1 : 0;
	if (effect == EFFECT_APPLIES)
		result = write_change(store, stream, change);
	sqlite3_reset(get);
	if (effect == EFFECT_OVERTAKEN)
		result = overtake(store, base | change->offset, id);
	if (result == 0 && change->flags & MESSAGE_EDIT)
		result = note_edit(store, id, base | change->offset);
	return result == 0 && is_deleted ? silence_edits(store, id) : result;
}
