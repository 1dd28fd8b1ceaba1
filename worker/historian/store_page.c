#include "worker/historian/store_page.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/historian/store.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_row.h"

/*
 * A page is a walk from the anchor: downward for the newest and for those
 * before, upward for those after. The walk asks for one row more than wanted,
 * to know whether there are more. A downward walk finds its messages in the
 * wrong order, so they are noted as they come and turned at the end.
 */

#define BUSY_MS 2000
#define LIMIT_MAX 1000
#define KEEP_BYTES (1024 * 1024)

/* A packed text is its length, at most 4 bytes here, and its bytes. */
#define LENGTH_BYTES 4

#define WALK STORE_ROW_COLUMNS "WHERE id > ?1 AND id < ?2 "

enum statement {
	FIND_STREAM,
	WALK_UP,
	WALK_DOWN,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[FIND_STREAM] = STORE_ROW_FIND_STREAM,
	[WALK_UP] = WALK "ORDER BY id LIMIT ?3",
	[WALK_DOWN] = WALK "ORDER BY id DESC LIMIT ?3",
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
	enum statement statement;
	uint64_t above, below; /* offsets, exclusive */
	size_t limit;
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

/* The stream's id, 0 when the archive does not have it; -1 when that failed. */
static int
find_stream(
	struct store_reader *reader, const struct lookup *wanted, uint64_t *id)
{
	sqlite3_stmt *find = reader->statements[FIND_STREAM];
	int code;

	*id = 0;
	store_row_bind_stream(find, wanted);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		*id = store_row_number(find, 0);
	else if (code != SQLITE_DONE)
		complain(reader);
	sqlite3_reset(find);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

static struct walk
plan_walk(const struct lookup *wanted)
{
	struct walk walk = { WALK_DOWN, 0, STORE_OFFSET_MAX + 1, 1 };

	if (wanted->limit > 1)
		walk.limit = MIN_OF(wanted->limit, LIMIT_MAX);
	if (wanted->mode == LOOKUP_BEFORE) {
		walk.below = MIN_OF(wanted->anchor, walk.below);
	} else if (wanted->mode == LOOKUP_AFTER) {
		walk.statement = WALK_UP;
		walk.above = MIN_OF(wanted->anchor, walk.below);
	}
	return walk;
}

/* Takes the row that stands in the statement; false when it is one too many. */
static bool
take_row(struct store_reader *reader, sqlite3_stmt *row,
	const struct lookup *wanted, size_t bytes_max, struct store_page *page)
{
	size_t at = reader->found.length;
	uint64_t offset = store_row_offset(row);

	store_row_pack(&reader->found, row, wanted);
	if (page->count > 0 &&
		reader->found.length + LENGTH_BYTES * (page->count + 1) >
			bytes_max)
		return false;
	reader->places[page->count++] =
		(struct place){ at, reader->found.length - at };
	page->first = page->first ? MIN_OF(page->first, offset) : offset;
	page->last = MAX_OF(page->last, offset);
	return true;
}

static int
walk_rows(struct store_reader *reader, uint64_t stream, const struct walk *walk,
	const struct lookup *wanted, size_t bytes_max, struct store_page *page)
{
	sqlite3_stmt *statement = reader->statements[walk->statement];
	uint64_t base = stream << STORE_OFFSET_BITS;
	int code;

	store_bind_number(statement, 1, base + walk->above);
	store_bind_number(statement, 2, base + walk->below);
	store_bind_number(statement, 3, walk->limit + 1);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (page->count == walk->limit ||
			!take_row(reader, statement, wanted, bytes_max, page)) {
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
	struct walk walk = plan_walk(wanted);
	uint64_t stream;

	buffer_clear(&messages, KEEP_BYTES);
	buffer_clear(&reader->found, KEEP_BYTES);
	*page = (struct store_page){ .messages = messages };
	if (find_stream(reader, wanted, &stream) < 0)
		return -1;
	if (stream != 0 &&
		walk_rows(reader, stream, &walk, wanted, bytes_max, page) < 0)
		return -1;
	lay_out(reader, walk.statement == WALK_DOWN, page);
	reader->complained = 0;
	return 0;
}
