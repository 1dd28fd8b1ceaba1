#include "worker/historian/store_page.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/historian/store.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_row.h"
#include "worker/historian/store_seek.h"

/*
 * A page is a walk from the anchor: downward for the newest and for those
 * before, upward for those after; down a stream, or down the conversation of
 * two. An anchor that is an id or a time is sought first and is an offset then.
 * The walk goes one row further than wanted, to know whether there are more. A
 * downward walk finds its messages in the wrong order, so they are noted as
 * they come and turned at the end.
 *
 * Rows that are not to be shown are walked too. There may be many in a row, so
 * a walk ends after so many rows, whatever it has found.
 */

#define BUSY_MS 2000
#define LIMIT_MAX 1000
#define KEEP_BYTES (1024 * 1024)

/* A packed text is its length, at most 4 bytes here, and its bytes. */
#define LENGTH_BYTES 4

/* Rows of one walk. */
#define WALK_ROWS 4096

#define WALK STORE_ROW_COLUMNS "WHERE id > ?1 AND id < ?2 ORDER BY id "

enum statement {
	FIND_STREAM,
	WALK_UP,
	WALK_DOWN,
	PAIR_UP,
	PAIR_DOWN,
	SEEK_UP,
	SEEK_DOWN,
	SEEK_CARRIED,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[FIND_STREAM] = STORE_ROW_FIND_STREAM,
	[WALK_UP] = WALK,
	[WALK_DOWN] = WALK "DESC",
	[PAIR_UP] = STORE_ROW_PAIR,
	[PAIR_DOWN] = STORE_ROW_PAIR "DESC",
	[SEEK_UP] = STORE_SEEK_UP,
	[SEEK_DOWN] = STORE_SEEK_DOWN,
	[SEEK_CARRIED] = STORE_SEEK_CARRIED,
};

/* Where a message stands in store_reader.found. */
struct place {
	size_t at;
	size_t length;
};

struct store_reader {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct buffer found; /* packed messages in the order of the walk */
	struct place places[LIMIT_MAX];
	int complained; /* the SQLite code that was logged last, 0 = healthy */
};

struct walk {
	const struct lookup *wanted;
	uint64_t stream, other; /* other: 0 when it is no conversation of two */
	uint64_t above, below;  /* offsets, exclusive */
	uint64_t kept_from;     /* before it is nothing */
	uint64_t unix_ms;
	bool is_upward;
	size_t limit;
	size_t bytes_max;
	size_t rows; /* so far */
};

static int
complain(struct store_reader *reader)
{
	int code = sqlite3_extended_errcode(reader->db);

	if (code != reader->complained)
		log_error("archive: a lookup failed: %s (SQLite code %d)",
			sqlite3_errmsg(reader->db), code);
	reader->complained = code;
	return -1;
}

struct store_reader *
store_reader_open(const char *path)
{
	struct store_reader *reader = base_alloc_zeroed(1, sizeof(*reader));
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, &reader->db, flags, NULL) != SQLITE_OK)
		goto fail;
	sqlite3_busy_timeout(reader->db, BUSY_MS);
	for (int i = 0; i < STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(reader->db, sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &reader->statements[i],
			    NULL) != SQLITE_OK)
			goto fail;
	return reader;

fail:
	log_error("archive: %s cannot be read: %s", path,
		sqlite3_errmsg(reader->db));
	store_reader_close(&reader);
	return NULL;
}

void
store_reader_close(struct store_reader **pointer)
{
	struct store_reader *reader = *pointer;

	*pointer = NULL;
	if (reader == NULL)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(reader->statements[i]);
	sqlite3_close(reader->db);
	buffer_fini(&reader->found);
	free(reader);
}

/* The stream's id, 0 when the archive does not have it, and what is kept of it;
 * -1 when that failed. */
static int
find_stream(struct store_reader *reader, const struct lookup *wanted,
	uint64_t *id, uint64_t *kept_from)
{
	sqlite3_stmt *find = reader->statements[FIND_STREAM];
	int code;

	*id = 0;
	*kept_from = 0;
	store_row_bind_stream(find, wanted);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW) {
		*id = store_row_number(find, 0);
		*kept_from = store_row_number(find, 1);
	} else if (code != SQLITE_DONE)
		complain(reader);
	sqlite3_reset(find);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

/* Makes an anchor that is an id or a time one that is an offset. */
static int
seek_anchor(struct store_reader *reader, struct walk *walk)
{
	const struct lookup *wanted = walk->wanted;
	struct store_seek seek = {
		.up = reader->statements[SEEK_UP],
		.down = reader->statements[SEEK_DOWN],
		.carried = wanted->mode == LOOKUP_FROM_TIME
				   ? NULL
				   : reader->statements[SEEK_CARRIED],
		.stream = walk->stream,
		.time = wanted->anchor,
		.origin = wanted->mode == LOOKUP_FROM_TIME
				  ? 0
				  : wanted->anchor_origin,
	};

	if (!store_seek(&seek))
		return complain(reader);
	walk->is_upward = wanted->mode != LOOKUP_BEFORE_ID;
	if (wanted->mode == LOOKUP_BEFORE_ID)
		walk->below = seek.offset;
	else
		walk->above = seek.offset - 1;
	if (wanted->mode == LOOKUP_AFTER_ID && seek.is_found)
		walk->above = seek.offset;
	if (wanted->mode == LOOKUP_ID)
		walk->below = seek.is_found ? seek.offset + 1 : 0;
	return 0;
}

static int
plan_walk(struct store_reader *reader, struct walk *walk)
{
	const struct lookup *wanted = walk->wanted;

	walk->below = STORE_OFFSET_MAX + 1;
	walk->limit = MIN_OF(MAX_OF(wanted->limit, 1), LIMIT_MAX);
	switch (wanted->mode) {
	case LOOKUP_BEFORE:
		walk->below = MIN_OF(wanted->anchor, walk->below);
		return 0;
	case LOOKUP_AFTER:
		walk->is_upward = true;
		walk->above = MIN_OF(wanted->anchor, walk->below);
		return 0;
	case LOOKUP_BEFORE_ID:
	case LOOKUP_AFTER_ID:
	case LOOKUP_FROM_TIME:
	case LOOKUP_ID:
		return seek_anchor(reader, walk);
	default:
		return 0;
	}
}

/* The streams that the walk is in; *is_there: there is something to walk. */
static int
find_streams(struct store_reader *reader, struct walk *walk, bool *is_there)
{
	struct lookup other = store_row_other(walk->wanted);

	uint64_t unused;

	*is_there = false;
	if (find_stream(reader, walk->wanted, &walk->stream, &walk->kept_from) <
		0)
		return -1;
	if (other.stream.length > 0 &&
		find_stream(reader, &other, &walk->other, &unused) < 0)
		return -1;
	*is_there = walk->stream > 0 &&
		    (other.stream.length == 0 || walk->other > 0);
	return 0;
}

static sqlite3_stmt *
begin_walk(struct store_reader *reader, const struct walk *walk)
{
	uint64_t base = walk->stream << STORE_OFFSET_BITS;
	sqlite3_stmt *statement;

	if (walk->other > 0) {
		statement = reader->statements[walk->is_upward ? PAIR_UP
							       : PAIR_DOWN];
		store_row_bind_pair(statement, walk->stream, walk->other,
			walk->above, walk->below);
		return statement;
	}
	statement = reader->statements[walk->is_upward ? WALK_UP : WALK_DOWN];
	store_bind_number(statement, 1, base + walk->above);
	store_bind_number(statement, 2, base + walk->below);
	return statement;
}

/* Packs the row that stands in the statement; false when it does not fit. */
static bool
pack_row(struct store_reader *reader, sqlite3_stmt *row,
	const struct walk *walk, struct store_page *page)
{
	size_t at = reader->found.length;

	store_row_pack(&reader->found, row, walk->wanted);
	if (page->count > 0 &&
		reader->found.length + LENGTH_BYTES * (page->count + 1) >
			walk->bytes_max)
		return false;
	reader->places[page->count++] =
		(struct place){ at, reader->found.length - at };
	return true;
}

/* Takes the row that stands in the statement; false when it is one too many. */
static bool
take_row(struct store_reader *reader, sqlite3_stmt *row, struct walk *walk,
	struct store_page *page)
{
	uint64_t offset = store_row_offset(row);
	bool is_shown = walk->wanted->changes ||
			!store_row_is_hidden(row, walk->unix_ms);

	if (page->count == walk->limit || walk->rows == WALK_ROWS)
		return false;
	if (is_shown && !pack_row(reader, row, walk, page))
		return false;
	page->first = page->first ? MIN_OF(page->first, offset) : offset;
	page->last = MAX_OF(page->last, offset);
	walk->rows++;
	return true;
}

static int
walk_rows(
	struct store_reader *reader, struct walk *walk, struct store_page *page)
{
	sqlite3_stmt *statement = begin_walk(reader, walk);
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (!take_row(reader, statement, walk, page)) {
			page->has_more = true;
			break;
		}
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		complain(reader);
	sqlite3_reset(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

static void
lay_out(struct store_reader *reader, bool is_downward, struct store_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct place *place =
			&reader->places[is_downward ? page->count - 1 - i : i];
		const char *found = (const char *)reader->found.data;

		pack_text(&page->messages,
			(struct text){ found + place->at, place->length });
	}
}

int
store_reader_page(struct store_reader *reader, const struct lookup *wanted,
	size_t bytes_max, struct store_page *page)
{
	struct buffer messages = page->messages;
	struct walk walk = { .wanted = wanted,
		.bytes_max = bytes_max,
		.unix_ms = clock_unix_ms() };
	bool is_there;

	buffer_clear(&messages, KEEP_BYTES);
	buffer_clear(&reader->found, KEEP_BYTES);
	*page = (struct store_page){ .messages = messages };
	if (find_streams(reader, &walk, &is_there) < 0)
		return -1;
	if (is_there && plan_walk(reader, &walk) < 0)
		return -1;
	if (walk.kept_from > 0)
		walk.above = MAX_OF(walk.above, walk.kept_from - 1);
	if (is_there && walk_rows(reader, &walk, page) < 0)
		return -1;
	lay_out(reader, !walk.is_upward, page);
	reader->complained = 0;
	return 0;
}
