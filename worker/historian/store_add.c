#include "shared/log.h"
#include "shared/mail.h"
#include "worker/historian/store.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_row.h"

/*
 * A message gets one row in each stream that it stands in; a direct one as each
 * side sees it, and a pair for each two that it was said between.
 *
 * What stands in the archive already, by its id, is left as it is: nothing but
 * a change changes a message, and when the journal is taken in once more, what
 * was said first must not undo what was changed later. Another message in its
 * place gives way: the journal is the truth.
 */

#define KEPT_FLAGS (MESSAGE_CHANGES | MESSAGE_EDITED | MESSAGE_DELETED)

static int
leave_out(struct store *store, const struct message *message, const char *why)
{
	if (!store->has_told_of_misfit)
		log_error("archive: a message with offset %llu was left out, "
			  "%s; others like it are not told",
			(unsigned long long)message->offset, why);
	store->has_told_of_misfit = true;
	return 0;
}

static void
bind_or_null(sqlite3_stmt *statement, int place, struct text text, bool is_blob)
{
	if (text.length == 0)
		sqlite3_bind_null(statement, place);
	else if (is_blob)
		store_bind_blob(statement, place, text);
	else
		store_bind_text(statement, place, text);
}

static void
bind_message(sqlite3_stmt *add, uint64_t id, const struct message *message)
{
	store_bind_number(add, 1, id);
	store_bind_number(add, 2, message->id_time);
	store_bind_number(add, 3, message->id_origin);
	store_bind_text(add, 4, message->from);
	store_bind_number(add, 5, message->platform);
	store_bind_text(add, 6, message->type);
	store_bind_text(add, 7, message->body);
	bind_or_null(add, 8, message->key, false);
	store_bind_number(add, 9, message->until);
	bind_or_null(add, 10, message->others, true);
	store_bind_number(add, 11, message->only_platform);
	store_bind_number(add, 12, message->flags & KEPT_FLAGS);
	store_bind_number(add, 13, message->of_time);
	store_bind_number(add, 14, message->of_origin);
	store_bind_number(add, 15, message->of_offset);
	store_bind_number(add, 16, message->changed);
	store_bind_number(add, 17, message->placed);
}

/* 1: it was added, 0: something stands there, -1: failed. */
static int
insert(struct store *store, uint64_t id, const struct message *message)
{
	bind_message(store->statements[STORE_ADD_MESSAGE], id, message);
	if (store_run(store, STORE_ADD_MESSAGE, "adding a message") < 0)
		return -1;
	return sqlite3_changes(store->db) > 0;
}

/* 1: the row of that number is this message, 0: another one, -1: failed. */
static int
is_same(struct store *store, uint64_t id, const struct message *message)
{
	sqlite3_stmt *get = store->statements[STORE_GET_ROW];
	int found;

	store_bind_number(get, 1, id);
	found = store_step(store, STORE_GET_ROW, "reading a message");
	if (found != 1)
		return found;
	found = store_row_number(get, STORE_ROW_ID_TIME) == message->id_time &&
		store_row_number(get, STORE_ROW_ID_ORIGIN) ==
			message->id_origin;
	sqlite3_reset(get);
	return found;
}

/* As insert(); 0 only when it is the message itself that stands there. */
static int
insert_or_replace(struct store *store, const struct known_stream *stream,
	const struct message *message)
{
	uint64_t id = stream->id << STORE_OFFSET_BITS | message->offset;
	int result = insert(store, id, message);

	if (result != 0)
		return result;
	result = is_same(store, id, message);
	if (result != 0)
		return result > 0 ? 0 : -1;
	if (store_remove(store, stream, id) < 0)
		return -1;
	return insert(store, id, message);
}

static int
add_end(struct store *store, uint64_t id, uint64_t until)
{
	sqlite3_stmt *add = store->statements[STORE_ADD_END];

	if (until == 0)
		return 0;
	store_bind_number(add, 1, until);
	store_bind_number(add, 2, id);
	return store_run(store, STORE_ADD_END, "noting the end of a message");
}

/* What comes with a message that is new in the archive. */
static int
follow_up(struct store *store, struct known_stream *stream,
	const struct message *view)
{
	bool is_at_end =
		stream->top > 0 ? view->offset > stream->top : stream->is_new;

	store_touch(store, stream);
	stream->top = MAX_OF(stream->top, view->offset);
	if (!is_at_end && store_note_late(store, stream, view) < 0)
		return -1;
	return add_end(store, stream->id << STORE_OFFSET_BITS | view->offset,
		view->until);
}

static int
add_row(struct store *store, struct known_stream *stream, struct message *view)
{
	bool is_change = view->flags & MESSAGE_CHANGES;
	int added;

	if (!stream->has_top &&
		store_edge_of(store, stream, STORE_SEEK_LAST, &stream->top) < 0)
		return -1;
	stream->has_top = true;
	if (is_change && store_find_changed(store, stream, view) < 0)
		return -1;
	added = insert_or_replace(store, stream, view);
	if (added < 0 || (added > 0 && follow_up(store, stream, view) < 0))
		return -1;
	if (is_change && store_apply_change(store, stream, view) < 0)
		return -1;
	return view->placed && added > 0 ? store_carry(store, stream, view) : 0;
}

/* The message as one stream sees it; *stream is that one's number, 0: it was
 * left out. */
static int
add_view(struct store *store, const struct message *message, uint64_t *stream)
{
	struct known_stream *known = store_know_stream(store, message);
	struct message view = *message;

	*stream = 0;
	if (known == NULL)
		return -1;
	if (known->id > STORE_STREAM_MAX)
		return leave_out(store, message, "there are too many streams");
	*stream = known->id;
	return add_row(store, known, &view);
}

/* The pair as the inbox `stream` has it. */
static int
add_pair(struct store *store, uint64_t stream, uint64_t other, uint64_t offset)
{
	sqlite3_stmt *add = store->statements[STORE_ADD_PAIR];

	store_bind_number(add, 1, stream);
	store_bind_number(add, 2, other);
	store_bind_number(add, 3, offset);
	return store_run(store, STORE_ADD_PAIR, "adding a pair");
}

static bool
is_possible(uint64_t offset)
{
	return offset > 0 && offset <= STORE_OFFSET_MAX;
}

/* A side that is no stream of ours still has a number, to be found by. */
static int
add_side(struct store *store, const struct message *message, uint64_t sender,
	const struct mail_side *side)
{
	bool is_change = message->flags & MESSAGE_CHANGES;
	struct message view;
	uint64_t stream;

	mail_view(message, side, &view, &store->others);
	if (is_possible(side->offset)) {
		if (add_view(store, &view, &stream) < 0)
			return -1;
	} else {
		struct known_stream *known = store_know_stream(store, &view);

		if (known == NULL)
			return -1;
		stream = known->id;
	}
	if (is_change || stream == 0)
		return 0;
	if (is_possible(side->offset) &&
		add_pair(store, stream, sender, side->offset) < 0)
		return -1;
	return add_pair(store, sender, stream, message->offset);
}

static int
add_sides(struct store *store, const struct message *message, uint64_t sender)
{
	struct unpack others = unpack_of(message->others);
	bool is_change = message->flags & MESSAGE_CHANGES;
	struct mail_side side;

	if (message->others.length == 0)
		return is_change ? 0
				 : add_pair(store, sender, sender,
					   message->offset);
	while (mail_next_side(&others, &side)) {
		if (side.user.length > ROOM_BYTES_MAX)
			continue;
		if (add_side(store, message, sender, &side) < 0)
			return -1;
	}
	return 0;
}

int
store_add(struct store *store, const struct message *message)
{
	uint64_t stream;

	if (!is_possible(message->offset))
		return leave_out(store, message, "no such offset can be");
	if (message->tenant.length > TENANT_BYTES_MAX ||
		message->stream.length > ROOM_BYTES_MAX)
		return leave_out(
			store, message, "its stream's name is too long");
	if (add_view(store, message, &stream) < 0)
		return -1;
	if (message->kind != STREAM_INBOX || stream == 0)
		return 0;
	return add_sides(store, message, stream);
}
