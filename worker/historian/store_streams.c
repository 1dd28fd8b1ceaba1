#include <stdlib.h>
#include <string.h>

#include "shared/mail.h"
#include "worker/historian/store.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_row.h"

#define TRIMMING "taking messages away"

/*
 * The ids of streams in use are kept in a table, so that a row costs one
 * insert. They are forgotten all at once, between two transactions when there
 * are too many, and after an undone one, which may have given some of them.
 */

void
store_forget_streams(struct store *store)
{
	struct known_stream *stream, *next;

	HASH_ITER(hh, store->streams, stream, next)
	{
		HASH_DEL(store->streams, stream);
		free(stream);
	}
}

static void
bind_stream(sqlite3_stmt *statement, const struct message *message)
{
	store_bind_text(statement, 1, message->stream);
	store_bind_text(statement, 2, message->tenant);
	store_bind_number(statement, 3, message->kind);
	store_bind_number(statement, 4, message->epoch);
}

/* The id that the archive has for the stream, or a new one; 0 = failed. */
static uint64_t
find_or_add_stream(struct store *store, const struct message *message,
	bool *is_new, uint64_t *kept_from)
{
	sqlite3_stmt *find = store->statements[STORE_FIND_STREAM];
	uint64_t id = 0;
	int code;

	*kept_from = 0;
	bind_stream(find, message);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		id = store_row_number(find, 0);
	else if (code != SQLITE_DONE)
		store_complain(store, "finding a stream");
	if (code == SQLITE_ROW)
		*kept_from = store_row_number(find, 1);
	sqlite3_reset(find);
	*is_new = code == SQLITE_DONE;
	if (code != SQLITE_DONE)
		return id;
	bind_stream(store->statements[STORE_ADD_STREAM], message);
	if (store_run(store, STORE_ADD_STREAM, "adding a stream") < 0)
		return 0;
	return (uint64_t)sqlite3_last_insert_rowid(store->db);
}

static void
make_key(struct stream_key *key, const struct message *message)
{
	memset(key, 0, sizeof(*key));
	key->epoch = message->epoch;
	stream_name_make(&key->name, (unsigned)message->kind, message->tenant,
		message->stream);
}

static struct known_stream *
add_known(struct store *store, const struct stream_key *key, uint64_t id)
{
	struct known_stream *known = base_alloc_zeroed(1, sizeof(*known));

	known->key = *key;
	known->id = id;
	known->is_indexed = store->is_indexed &&
			    store->is_indexed(store->self,
				    stream_name_kind(&known->key.name),
				    stream_name_name(&known->key.name));
	HASH_ADD(hh, store->streams, key, sizeof(*key), known);
	return known;
}

struct known_stream *
store_know_stream(struct store *store, const struct message *message)
{
	struct stream_key key;
	struct known_stream *known;
	bool is_new;
	uint64_t id, kept_from;

	make_key(&key, message);
	HASH_FIND(hh, store->streams, &key, sizeof(key), known);
	if (known)
		return known;
	id = find_or_add_stream(store, message, &is_new, &kept_from);
	if (id == 0)
		return NULL;
	known = add_known(store, &key, id);
	known->is_new = is_new;
	known->kept_from = kept_from;
	return known;
}

struct known_stream *
store_stream_of(struct store *store, uint64_t id)
{
	sqlite3_stmt *get = store->statements[STORE_GET_STREAM];
	struct known_stream *known;
	struct stream_key key;
	struct message in;
	uint64_t kept_from;

	store_bind_number(get, 1, id);
	if (store_step(store, STORE_GET_STREAM, "reading a stream") != 1)
		return NULL;
	in = (struct message){
		.kind = store_row_number(get, 0),
		.tenant = store_row_text(get, 1),
		.stream = store_row_text(get, 2),
		.epoch = store_row_number(get, 3),
	};
	kept_from = store_row_number(get, 4);
	make_key(&key, &in);
	sqlite3_reset(get);
	HASH_FIND(hh, store->streams, &key, sizeof(key), known);
	if (known)
		return known;
	known = add_known(store, &key, id);
	known->kept_from = kept_from;
	return known;
}

/* By its id other hosts know up to where something is taken away, whatever
 * stands there here later. */
static int
bind_trimmed(struct store *store, const struct known_stream *known,
	uint64_t kept_from)
{
	sqlite3_stmt *set = store->statements[STORE_TRIM];
	sqlite3_stmt *last = store->statements[STORE_SEEK_LAST];
	uint64_t base = known->id << STORE_OFFSET_BITS;
	int found;

	store_bind_number(last, 1, base + 1);
	store_bind_number(last, 2, base + kept_from);
	found = store_step(store, STORE_SEEK_LAST, TRIMMING);
	store_bind_number(set, 1, known->id);
	store_bind_number(set, 2, kept_from);
	store_bind_number(set, 3, found > 0 ? store_row_number(last, 1) : 0);
	store_bind_number(set, 4, found > 0 ? store_row_number(last, 2) : 0);
	if (found > 0)
		sqlite3_reset(last);
	return found < 0 ? -1 : 0;
}

int
store_trim(struct store *store, const struct message *trim)
{
	struct known_stream *known = store_know_stream(store, trim);
	uint64_t kept_from;

	if (known == NULL ||
		store_find_trimmed(store, known, trim, &kept_from) < 0)
		return -1;
	if (kept_from == 0)
		return 0;
	if (bind_trimmed(store, known, kept_from) < 0 ||
		store_run(store, STORE_TRIM, TRIMMING) < 0)
		return -1;
	known->kept_from = MAX_OF(known->kept_from, kept_from);
	store_touch(store, known);
	return 0;
}

int
store_mark(struct store *store, const struct message *mark)
{
	sqlite3_stmt *set = store->statements[STORE_MARK];
	struct unpack others = unpack_of(mark->others);
	struct known_stream *known;
	struct mail_side side = { 0 };

	if (mark->of_offset == 0 || mark->of_offset > STORE_OFFSET_MAX)
		return 0;
	known = store_know_stream(store, mark);
	if (known == NULL)
		return -1;
	if (mark->kind == STREAM_INBOX && !mail_next_side(&others, &side))
		side.user = mark->from;
	store_bind_number(set, 1, known->id);
	store_bind_text(set, 2, mark->from);
	store_bind_text(set, 3, side.user);
	store_bind_number(set, 4, mark->of_offset);
	return store_run(store, STORE_MARK, "noting who has read");
}

void
store_touch(struct store *store, struct known_stream *stream)
{
	if (stream->transaction == store->transaction)
		return;
	if (store->touched_count == store->touched_room) {
		store->touched_room = 2 * store->touched_room + 64;
		store->touched = base_realloc(store->touched,
			store->touched_room * sizeof(*store->touched));
	}
	stream->transaction = store->transaction;
	store->touched[store->touched_count++] = stream->id;
}

int
store_edge_of(struct store *store, const struct known_stream *stream,
	enum store_statement which, uint64_t *offset)
{
	sqlite3_stmt *seek = store->statements[which];
	uint64_t base = stream->id << STORE_OFFSET_BITS;
	int found;

	*offset = 0;
	store_bind_number(seek, 1, base + 1);
	store_bind_number(seek, 2, base + STORE_OFFSET_MAX + 1);
	found = store_step(store, which, "looking where a stream ends");
	if (found == 1) {
		*offset = store_row_number(seek, 0) & STORE_OFFSET_MAX;
		sqlite3_reset(seek);
	}
	return found < 0 ? -1 : 0;
}
