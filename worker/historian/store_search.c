#include "worker/historian/store_search.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/words.h"
#include "worker/historian/store.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_hunt.h"
#include "worker/historian/store_page.h"
#include "worker/historian/store_query.h"
#include "worker/historian/store_row.h"

/*
 * A hunt goes down the stream: first through the messages that the index does
 * not have yet, or has not as they are, then, a window of offsets at a time,
 * through those that the index names. Between two windows the clock is looked
 * at; SQLite looks at it too, for a window that takes too long.
 *
 * It sees the archive as of one moment, and the index as of one not before it,
 * so what the index has not followed yet, the archive's notes tell.
 */

#define BUSY_MS 2000
#define WINDOW (UINT64_C(1) << 17)

/* Steps of SQLite's machine between two looks at the clock. */
#define LOOK_STEPS 1000

enum statement {
	FIND_STREAM,
	WALK_DOWN,
	PAIR_DOWN,
	GET_ROW,
	LOWEST_NOTE,
	BEGIN,
	END,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[FIND_STREAM] = STORE_ROW_FIND_STREAM,
	[WALK_DOWN] = STORE_ROW_COLUMNS "WHERE id > ?1 AND id < ?2 "
					"ORDER BY id DESC",
	[PAIR_DOWN] = STORE_ROW_PAIR "DESC",
	[GET_ROW] = STORE_ROW_COLUMNS "WHERE id = ?1",
	[LOWEST_NOTE] = ("SELECT min(id) FROM withdrawn WHERE number > ?1 "
			 "AND id > ?2 AND id < ?3 AND body_after IS NOT NULL"),
	[BEGIN] = "BEGIN",
	[END] = "COMMIT",
};

struct store_searcher {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct store_find *find; /* the index */
	struct buffer text, query;
	uint64_t hard_ms; /* the clock's time to break off */
	int complained;   /* the SQLite code that was logged last */
};

/* Opening */

static int
must_break_off(void *self)
{
	const struct store_searcher *searcher = self;

	return clock_ms() >= searcher->hard_ms;
}

struct store_searcher *
store_searcher_open(const char *archive, const char *path)
{
	struct store_searcher *made = base_alloc_zeroed(1, sizeof(*made));
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;

	made->find = store_find_new(path);
	if (sqlite3_open_v2(archive, &made->db, flags, NULL) != SQLITE_OK)
		goto fail;
	sqlite3_busy_timeout(made->db, BUSY_MS);
	sqlite3_progress_handler(made->db, LOOK_STEPS, must_break_off, made);
	made->hard_ms = UINT64_MAX;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(made->db, sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &made->statements[i],
			    NULL) != SQLITE_OK)
			goto fail;
	return made;

fail:
	log_error("search: %s cannot be read: %s", archive,
		sqlite3_errmsg(made->db));
	store_searcher_close(&made);
	return NULL;
}

void
store_searcher_close(struct store_searcher **pointer)
{
	struct store_searcher *searcher = *pointer;

	*pointer = NULL;
	if (searcher == NULL)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(searcher->statements[i]);
	sqlite3_close(searcher->db);
	store_find_free(&searcher->find);
	buffer_fini(&searcher->text);
	buffer_fini(&searcher->query);
	free(searcher);
}

enum store_find_state
store_searcher_index(const struct store_searcher *searcher)
{
	return store_find_state(searcher->find);
}

static void
run_plain(struct store_searcher *searcher, enum statement which)
{
	sqlite3_step(searcher->statements[which]);
	sqlite3_reset(searcher->statements[which]);
}

/* What ended a statement: its end, or a failure. */
static enum store_search_result
judge(struct store_hunt *hunt, sqlite3 *db, int code)
{
	struct store_searcher *searcher = hunt->searcher;

	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return STORE_SEARCH_DONE;
	if (code == SQLITE_INTERRUPT && hunt->page->first > 0) {
		store_hunt_end_with_more(hunt);
		return STORE_SEARCH_DONE;
	}
	if (code == SQLITE_INTERRUPT)
		return STORE_SEARCH_SLOW;
	if (code != searcher->complained)
		log_error("search: failed: %s (SQLite code %d)",
			sqlite3_errmsg(db), code);
	searcher->complained = code;
	return STORE_SEARCH_FAILED;
}

static sqlite3_stmt *
begin_scan(struct store_hunt *hunt, uint64_t above, uint64_t below)
{
	sqlite3_stmt **statements = hunt->searcher->statements;
	sqlite3_stmt *walk = statements[hunt->other ? PAIR_DOWN : WALK_DOWN];

	if (hunt->other) {
		store_row_bind_pair(walk, hunt->base >> STORE_OFFSET_BITS,
			hunt->other, above, below);
	} else {
		store_bind_number(walk, 1, hunt->base + above);
		store_bind_number(walk, 2, hunt->base + below);
	}
	return walk;
}

/* Every message with above < offset < below. */
static enum store_search_result
scan(struct store_hunt *hunt, uint64_t above, uint64_t below)
{
	sqlite3_stmt *walk = begin_scan(hunt, above, below);
	int code = SQLITE_DONE;

	while (!hunt->is_over && (code = sqlite3_step(walk)) == SQLITE_ROW)
		store_hunt_look_at(hunt, walk);
	sqlite3_reset(walk);
	if (code == SQLITE_DONE && above > 0)
		hunt->page->first = above + 1;
	return judge(hunt, hunt->searcher->db, code);
}

static enum store_search_result
look_up(struct store_hunt *hunt, uint64_t id)
{
	sqlite3_stmt *get = hunt->searcher->statements[GET_ROW];
	int code;

	store_bind_number(get, 1, id);
	code = sqlite3_step(get);
	if (code == SQLITE_ROW)
		store_hunt_look_at(hunt, get);
	sqlite3_reset(get);
	return judge(hunt, hunt->searcher->db, code);
}

/* What the index names of above < offset < below. When the index fails, the
 * messages themselves are gone through. */
static enum store_search_result
follow_index(struct store_hunt *hunt, uint64_t above, uint64_t below)
{
	struct store_find *find = hunt->searcher->find;
	enum store_search_result result = STORE_SEARCH_DONE;
	uint64_t id;
	int code;

	store_find_start(find, buffer_text(&hunt->searcher->query),
		hunt->base + above, hunt->base + below);
	while ((code = store_find_next(find, &id)) == SQLITE_ROW) {
		result = look_up(hunt, id);
		if (result != STORE_SEARCH_DONE || hunt->is_over)
			break;
		below = id - hunt->base;
	}
	store_find_stop(find);
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return result;
	if (code == SQLITE_INTERRUPT)
		return judge(hunt, hunt->searcher->db, code);
	return scan(hunt, above, below);
}

static enum store_search_result
go_through_index(struct store_hunt *hunt, uint64_t below)
{
	enum store_search_result result = STORE_SEARCH_DONE;

	while (below > 1 && result == STORE_SEARCH_DONE && !hunt->is_over) {
		uint64_t above = below - 1 > WINDOW ? below - 1 - WINDOW : 0;

		result = follow_index(hunt, above, below);
		if (result != STORE_SEARCH_DONE || hunt->is_over)
			break;
		below = above + 1;
		hunt->page->first = below;
		if (above > 0 && clock_ms() >= hunt->soft_ms)
			store_hunt_end_with_more(hunt);
	}
	return result;
}

/* Up to which offset the index has what the messages say. */
static enum store_search_result
find_known(struct store_hunt *hunt, uint64_t stream, uint64_t *known)
{
	sqlite3_stmt *lowest = hunt->searcher->statements[LOWEST_NOTE];
	struct store_find *find = hunt->searcher->find;
	int code;

	*known = store_find_progress(find, stream);
	store_bind_number(lowest, 1, store_find_taken_back(find));
	store_bind_number(lowest, 2, hunt->base);
	store_bind_number(lowest, 3, hunt->base + *known + 1);
	code = sqlite3_step(lowest);
	if (code == SQLITE_ROW && store_row_number(lowest, 0) > 0)
		*known = store_row_number(lowest, 0) - hunt->base - 1;
	sqlite3_reset(lowest);
	return judge(hunt, hunt->searcher->db, code);
}

static enum store_search_result
run(struct store_hunt *hunt, uint64_t stream)
{
	struct store_searcher *searcher = hunt->searcher;
	uint64_t below = MIN_OF(hunt->wanted->before, STORE_OFFSET_MAX + 1);
	enum store_search_result result = STORE_SEARCH_DONE;
	uint64_t known = 0;

	buffer_clear(&searcher->query, STORE_HUNT_KEEP_BYTES);
	if (store_query_write(&searcher->query, hunt->words))
		result = find_known(hunt, stream, &known);
	if (result != STORE_SEARCH_DONE)
		return result;
	result = scan(hunt, MIN_OF(known, below), below);
	if (result == STORE_SEARCH_DONE && !hunt->is_over)
		result = go_through_index(hunt, MIN_OF(known + 1, below));
	return result;
}

static enum store_search_result
find_stream(struct store_hunt *hunt, const struct lookup *place,
	uint64_t *stream, uint64_t *kept_from)
{
	sqlite3_stmt *find = hunt->searcher->statements[FIND_STREAM];
	int code;

	*stream = 0;
	store_row_bind_stream(find, place);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		*stream = store_row_number(find, 0);
	if (code == SQLITE_ROW)
		*kept_from = store_row_number(find, 1);
	sqlite3_reset(find);
	return judge(hunt, hunt->searcher->db, code);
}

/* *stream: its number, 0: there is nothing to search in. */
static enum store_search_result
find_streams(struct store_hunt *hunt, uint64_t *stream)
{
	struct lookup other = store_row_other(&hunt->place);
	enum store_search_result result;
	uint64_t unused;

	result = find_stream(hunt, &hunt->place, stream, &hunt->kept_from);
	hunt->base = *stream << STORE_OFFSET_BITS;
	if (result != STORE_SEARCH_DONE || other.stream.length == 0)
		return result;
	result = find_stream(hunt, &other, &hunt->other, &unused);
	if (hunt->other == 0)
		*stream = 0;
	return result;
}

static enum store_search_result
hunt_down(struct store_hunt *hunt)
{
	struct store_searcher *searcher = hunt->searcher;
	enum store_search_result result;
	uint64_t stream;

	run_plain(searcher, BEGIN);
	result = find_streams(hunt, &stream);
	store_find_open(searcher->find, searcher->hard_ms);
	if (result == STORE_SEARCH_DONE && stream != 0)
		result = run(hunt, stream);
	store_find_close(searcher->find);
	run_plain(searcher, END);
	return result;
}

enum store_search_result
store_searcher_find(struct store_searcher *searcher,
	const struct search *wanted, const struct words *words,
	const struct store_search_bounds *bounds, struct store_page *page)
{
	struct buffer messages = page->messages;
	uint64_t now_ms = clock_ms();
	enum store_search_result result;
	struct store_hunt hunt = {
		.searcher = searcher,
		.wanted = wanted,
		.words = words,
		.rows_max = bounds->rows,
		.bytes_max = bounds->bytes,
		.page = page,
		.text = &searcher->text,
		.place = { .kind = wanted->kind,
			.tenant = wanted->tenant,
			.stream = wanted->stream,
			.epoch = wanted->epoch,
			.with = wanted->with },
		.unix_ms = clock_unix_ms(),
		.soft_ms = now_ms + bounds->soft_ms,
	};

	buffer_clear(&messages, STORE_HUNT_KEEP_BYTES);
	*page = (struct store_page){ .messages = messages };
	searcher->hard_ms = now_ms + bounds->hard_ms;
	result = hunt_down(&hunt);
	if (result == STORE_SEARCH_DONE)
		searcher->complained = 0;
	return result;
}
