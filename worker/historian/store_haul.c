#include "worker/historian/store_haul.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_layout.h"
#include "worker/historian/store_row.h"
#include "worker/historian/store_seek.h"

/*
 * Stream by stream: a stream grows by its clock, so where it begins is sought
 * and where it ends is met. A call looks at so many rows and streams, whatever
 * it finds. All of it sees the archive as of one moment.
 */

#define BUSY_MS 2000
#define KEEP_BYTES (1024 * 1024)
#define ROWS_MAX 4096
#define STREAMS_MAX 512

/* Behind all rows that a stream ever has: numbers of its notes. */
#define NOTES_FROM (UINT64_C(1) << (STORE_OFFSET_BITS - 1))

enum statement {
	BEGIN,
	END,
	NEXT_STREAM,
	WALK,
	MARKS,
	NAMED,
	SEEK_UP,
	SEEK_DOWN,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[BEGIN] = "BEGIN",
	[END] = "COMMIT",
	[NEXT_STREAM] = ("SELECT id, kind, tenant, name, kept_from, "
			 "trimmed_time, trimmed_origin "
			 "FROM streams WHERE id >= ?1 AND epoch = ?2 "
			 "ORDER BY id LIMIT 1"),
	[WALK] = STORE_ROW_COLUMNS "WHERE id > ?1 AND id < ?2 ORDER BY id ",
	[MARKS] = ("SELECT reader, other, offset FROM marks WHERE stream = ?1 "
		   "ORDER BY reader, other LIMIT -1 OFFSET ?2"),
	[NAMED] = ("SELECT id_time, id_origin FROM (SELECT id, id_time, "
		   "id_origin, placed, until FROM messages "
		   "WHERE id > ?1 AND id <= ?2 ORDER BY id DESC LIMIT 64) "
		   "ORDER BY placed != 0 OR (until != 0 AND until <= ?3), "
		   "id DESC LIMIT 1"),
	[SEEK_UP] = STORE_SEEK_UP,
	[SEEK_DOWN] = STORE_SEEK_DOWN,
};

struct store_haul {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct buffer message, item, others;
	int complained; /* the SQLite code that was logged last, 0 = healthy */
	bool has_told_of_large;
};

/* One call. */
struct walk {
	struct store_haul *haul;
	const struct archive_wanted *wanted;
	const struct store_haul_bounds *bounds;
	struct buffer *items;
	struct lookup stream; /* whose rows are walked: its name */
	uint64_t number, kept_from;
	uint64_t trimmed_time, trimmed_origin;
	uint64_t to; /* all rows up to here were looked at */
	uint64_t unix_ms;
	size_t rows, streams;
	bool is_full;
};

static int
complain(struct store_haul *haul)
{
	int code = sqlite3_extended_errcode(haul->db);

	if (code != haul->complained)
		log_error("archive: reading for another host failed: %s "
			  "(SQLite code %d)",
			sqlite3_errmsg(haul->db), code);
	haul->complained = code;
	return -1;
}

struct store_haul *
store_haul_open(const char *path)
{
	struct store_haul *haul = base_alloc_zeroed(1, sizeof(*haul));
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, &haul->db, flags, NULL) != SQLITE_OK)
		goto fail;
	sqlite3_busy_timeout(haul->db, BUSY_MS);
	for (int i = 0; i < STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(haul->db, sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &haul->statements[i],
			    NULL) != SQLITE_OK)
			goto fail;
	return haul;

fail:
	log_error("archive: %s cannot be read: %s", path,
		sqlite3_errmsg(haul->db));
	store_haul_close(&haul);
	return NULL;
}

void
store_haul_close(struct store_haul **pointer)
{
	struct store_haul *haul = *pointer;

	*pointer = NULL;
	if (haul == NULL)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(haul->statements[i]);
	sqlite3_close(haul->db);
	buffer_fini(&haul->message);
	buffer_fini(&haul->item);
	buffer_fini(&haul->others);
	free(haul);
}

/* Without its body it still has its place and its id. */
static void
strip(struct message *message)
{
	message->body = TEXT_LITERAL("null");
	if (message->flags & MESSAGE_EDIT)
		message->flags ^= MESSAGE_EDIT | MESSAGE_DELETE;
	else if (!(message->flags & MESSAGE_DELETE))
		message->flags |= MESSAGE_DELETED;
}

static void
tell_large(struct store_haul *haul)
{
	if (!haul->has_told_of_large)
		log_error("archive: a message with %zu bytes does not fit "
			  "ring_bytes and goes to another host without its "
			  "body; others like it are not told",
			haul->message.length);
	haul->has_told_of_large = true;
}

static void
pack_item(struct walk *walk, uint64_t id, struct message *message)
{
	struct store_haul *haul = walk->haul;

	buffer_clear(&haul->message, KEEP_BYTES);
	message_pack(&haul->message, message);
	if (haul->message.length > walk->bounds->message_bytes) {
		tell_large(haul);
		strip(message);
		buffer_clear(&haul->message, KEEP_BYTES);
		message_pack(&haul->message, message);
	}
	buffer_clear(&haul->item, KEEP_BYTES);
	haul_item_pack(
		&haul->item, &(struct haul_item){ .position = id,
				     .index = 1,
				     .message = buffer_text(&haul->message) });
}

/* Was it said to this ledger, and does it stand here as it was said? */
static bool
crosses(const struct walk *walk, const struct message *message)
{
	const struct archive_wanted *wanted = walk->wanted;

	return message->placed == 0 && message->id_time > wanted->clock &&
	       message_origin_host(message->id_origin) == wanted->host &&
	       !message_is_over(message->until, walk->unix_ms) &&
	       (message->kind != STREAM_INBOX || mail_is_own(message));
}

/* false: it comes in another call. */
static bool
add(struct walk *walk, uint64_t id, struct message *message)
{
	struct buffer *items = walk->items;

	pack_item(walk, id, message);
	if (items->length > 0 &&
		items->length + walk->haul->item.length > walk->bounds->bytes)
		return false;
	pack_text(items, buffer_text(&walk->haul->item));
	return true;
}

/* The same. */
static bool
take_row(struct walk *walk, sqlite3_stmt *row)
{
	uint64_t id = store_row_number(row, STORE_ROW_ID);
	struct message message;

	if (walk->rows == ROWS_MAX)
		return false;
	walk->rows++;
	store_row_read(&message, row, &walk->stream);
	if (crosses(walk, &message) && !add(walk, id, &message))
		return false;
	walk->to = id;
	return true;
}

/* Where the rows of the stream begin that are wanted: all before this offset
 * are not. */
static int
find_first(struct walk *walk, uint64_t *offset)
{
	struct store_haul *haul = walk->haul;
	struct store_seek seek = {
		.up = haul->statements[SEEK_UP],
		.down = haul->statements[SEEK_DOWN],
		.stream = walk->number,
		.time = walk->wanted->clock + 1,
	};

	if (!store_seek(&seek))
		return complain(haul);
	*offset = MAX_OF(seek.offset, walk->kept_from);
	return 0;
}

static int
walk_rows(struct walk *walk)
{
	uint64_t base = walk->number << STORE_OFFSET_BITS, first;
	sqlite3_stmt *statement = walk->haul->statements[WALK];
	int code;

	if (walk->to >= base + NOTES_FROM)
		return 0;
	if (find_first(walk, &first) < 0)
		return -1;
	store_bind_number(statement, 1, MAX_OF(walk->to, base + first - 1));
	store_bind_number(statement, 2, base + NOTES_FROM);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW &&
		store_row_clock(statement) <= walk->wanted->archived) {
		if (!take_row(walk, statement)) {
			walk->is_full = true;
			break;
		}
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		complain(walk->haul);
	sqlite3_reset(statement);
	if (!walk->is_full)
		walk->to = base + NOTES_FROM;
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

static struct message
note_of(const struct walk *walk, uint64_t flags)
{
	return (struct message){
		.kind = walk->stream.kind,
		.tenant = walk->stream.tenant,
		.stream = walk->stream.stream,
		.epoch = walk->wanted->epoch,
		.flags = flags,
	};
}

/* The first note of a stream. */
static void
take_trim(struct walk *walk)
{
	uint64_t id = (walk->number << STORE_OFFSET_BITS) + NOTES_FROM + 1;
	struct message note = note_of(walk, MESSAGE_TRIM);

	note.of_time = walk->trimmed_time;
	note.of_origin = walk->trimmed_origin;
	if (note.of_time > 0 && !add(walk, id, &note))
		walk->is_full = true;
	else
		walk->to = id;
}

/* Up to where that is, for others: the last message that was said to this host,
 * which they get from it, and if there is none close to it the last of all. 1:
 * there is one, 0: none, -1: failed. */
static int
name_read(struct walk *walk, uint64_t offset, struct message *note)
{
	uint64_t base = walk->number << STORE_OFFSET_BITS;
	sqlite3_stmt *named = walk->haul->statements[NAMED];
	int code;

	store_bind_number(named, 1, base);
	store_bind_number(named, 2, base + MIN_OF(offset, NOTES_FROM - 1));
	store_bind_number(named, 3, walk->unix_ms);
	code = sqlite3_step(named);
	if (code == SQLITE_ROW) {
		note->of_time = store_row_number(named, 0);
		note->of_origin = store_row_number(named, 1);
		note->of_offset = offset;
	} else if (code != SQLITE_DONE) {
		complain(walk->haul);
	}
	sqlite3_reset(named);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

static int
take_mark(struct walk *walk, sqlite3_stmt *mark)
{
	struct buffer *others = &walk->haul->others;
	struct message note = note_of(walk, MESSAGE_MARK);
	const struct mail_side side = { store_row_text(mark, 1), 0 };
	int found = name_read(walk, store_row_number(mark, 2), &note);

	note.from = store_row_text(mark, 0);
	buffer_clear(others, KEEP_BYTES);
	if (note.kind == STREAM_INBOX && !text_equal(side.user, note.from))
		mail_add_side(others, &side);
	note.others = buffer_text(others);
	if (found < 0)
		return -1;
	if (walk->rows == ROWS_MAX ||
		(found == 1 && !add(walk, walk->to + 1, &note))) {
		walk->is_full = true;
		return 0;
	}
	walk->rows++;
	walk->to++;
	return 0;
}

/* In the order of their names; one that comes meanwhile is in the journal. */
static int
walk_notes(struct walk *walk)
{
	uint64_t base = walk->number << STORE_OFFSET_BITS;
	sqlite3_stmt *marks = walk->haul->statements[MARKS];
	int code = SQLITE_DONE, result = 0;

	if (walk->to == base + NOTES_FROM)
		take_trim(walk);
	if (walk->is_full)
		return 0;
	store_bind_number(marks, 1, walk->number);
	store_bind_number(marks, 2, walk->to - base - NOTES_FROM - 1);
	while (result == 0 && !walk->is_full &&
		(code = sqlite3_step(marks)) == SQLITE_ROW)
		result = take_mark(walk, marks);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		result = complain(walk->haul);
	sqlite3_reset(marks);
	if (!walk->is_full)
		walk->to = base + STORE_OFFSET_MAX;
	return result;
}

static bool
is_wanted(const struct walk *walk)
{
	const struct lookup *stream = &walk->stream;
	const struct archive_wanted *wanted = walk->wanted;

	return stream_shard((unsigned)stream->kind, stream->tenant,
		       stream->stream,
		       walk->bounds->ledgers) == wanted->ledger &&
	       stream_shard((unsigned)stream->kind, stream->tenant,
		       stream->stream,
		       (unsigned)wanted->ledgers_there) == wanted->ledger_there;
}

/* 1: a stream was looked at, 0: there are no more, -1: failed. */
static int
take_stream(struct walk *walk)
{
	sqlite3_stmt *next = walk->haul->statements[NEXT_STREAM];
	uint64_t from = (walk->to + 1) >> STORE_OFFSET_BITS;
	int code, result;

	store_bind_number(next, 1, from);
	store_bind_number(next, 2, walk->wanted->epoch);
	code = sqlite3_step(next);
	if (code != SQLITE_ROW) {
		if (code != SQLITE_DONE)
			complain(walk->haul);
		sqlite3_reset(next);
		return code == SQLITE_DONE ? 0 : -1;
	}
	walk->number = store_row_number(next, 0);
	walk->kept_from = store_row_number(next, 4);
	walk->stream = (struct lookup){
		.kind = store_row_number(next, 1),
		.tenant = store_row_text(next, 2),
		.stream = store_row_text(next, 3),
		.epoch = walk->wanted->epoch,
	};
	walk->trimmed_time = store_row_number(next, 5);
	walk->trimmed_origin = store_row_number(next, 6);
	walk->streams++;
	if (is_wanted(walk)) {
		result = walk_rows(walk);
		if (result == 0 && !walk->is_full)
			result = walk_notes(walk);
	} else {
		walk->to = walk->number << STORE_OFFSET_BITS | STORE_OFFSET_MAX;
		result = 0;
	}
	sqlite3_reset(next);
	return result < 0 ? -1 : 1;
}

static int
run(struct store_haul *haul, enum statement which)
{
	int code = sqlite3_step(haul->statements[which]);

	if (code != SQLITE_DONE)
		complain(haul);
	sqlite3_reset(haul->statements[which]);
	return code == SQLITE_DONE ? 0 : -1;
}

int
store_haul_read(struct store_haul *haul, const struct archive_wanted *wanted,
	const struct store_haul_bounds *bounds, struct buffer *items,
	uint64_t *to, bool *is_end)
{
	struct walk walk = {
		.haul = haul,
		.wanted = wanted,
		.bounds = bounds,
		.items = items,
		.to = wanted->after,
		.unix_ms = clock_unix_ms(),
	};
	int found = 1;

	buffer_clear(items, KEEP_BYTES);
	if (run(haul, BEGIN) < 0)
		return -1;
	while (found == 1 && !walk.is_full && walk.streams < STREAMS_MAX)
		found = take_stream(&walk);
	if (run(haul, END) < 0 || found < 0)
		return -1;
	haul->complained = 0;
	*to = walk.to;
	*is_end = found == 0;
	return 0;
}
