#include "worker/historian/store_find.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_row.h"

/* Nobody should wait for the index; the messages themselves are there. */
#define BUSY_MS 100
#define LOOK_STEPS 1000

enum statement {
	BEGIN,
	END,
	GET_PROGRESS,
	GET_TAKEN_BACK,
	MATCH,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[BEGIN] = "BEGIN",
	[END] = "COMMIT",
	[GET_PROGRESS] = "SELECT offset FROM progress WHERE stream = ?1",
	[GET_TAKEN_BACK] = "SELECT number FROM taken_back",
	[MATCH] = ("SELECT rowid FROM texts WHERE texts MATCH ?1 "
		   "AND rowid > ?2 AND rowid < ?3 ORDER BY rowid DESC"),
};

struct store_find {
	char *path;
	sqlite3 *db; /* NULL: there is none */
	sqlite3_stmt *statements[STATEMENT_COUNT];
	dev_t device;
	ino_t inode;
	uint64_t hard_ms;
	enum store_find_state state;
};

struct store_find *
store_find_new(const char *path)
{
	struct store_find *find = base_alloc_zeroed(1, sizeof(*find));

	find->path = base_strdup(path);
	return find;
}

static void
let_go(struct store_find *find)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(find->statements[i]);
		find->statements[i] = NULL;
	}
	sqlite3_close(find->db);
	find->db = NULL;
}

void
store_find_free(struct store_find **pointer)
{
	struct store_find *find = *pointer;

	*pointer = NULL;
	if (find == NULL)
		return;
	let_go(find);
	free(find->path);
	free(find);
}

/* Told by who repairs it; here it is only noted. */
static void
note(struct store_find *find, int code)
{
	if ((code & 0xff) == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		find->state = STORE_FIND_DAMAGED;
}

static int
must_break_off(void *self)
{
	const struct store_find *find = self;

	return clock_ms() >= find->hard_ms;
}

static void
take_hold(struct store_find *find)
{
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
	int code = sqlite3_open_v2(find->path, &find->db, flags, NULL);

	sqlite3_busy_timeout(find->db, BUSY_MS);
	sqlite3_progress_handler(find->db, LOOK_STEPS, must_break_off, find);
	for (int i = 0; i < STATEMENT_COUNT && code == SQLITE_OK; i++)
		code = sqlite3_prepare_v3(find->db, sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &find->statements[i], NULL);
	if (code == SQLITE_OK)
		return;
	note(find, code);
	let_go(find);
}

void
store_find_open(struct store_find *find, uint64_t hard_ms)
{
	struct stat file;

	find->hard_ms = hard_ms;
	find->state = STORE_FIND_GOOD;
	if (stat(find->path, &file) < 0) {
		let_go(find);
		find->state = STORE_FIND_MISSING;
		return;
	}
	if (find->device != file.st_dev || find->inode != file.st_ino)
		let_go(find);
	find->device = file.st_dev;
	find->inode = file.st_ino;
	if (find->db == NULL)
		take_hold(find);
	if (find->db == NULL)
		return;
	note(find, sqlite3_step(find->statements[BEGIN]));
	sqlite3_reset(find->statements[BEGIN]);
}

void
store_find_close(struct store_find *find)
{
	if (find->db == NULL)
		return;
	sqlite3_step(find->statements[END]);
	sqlite3_reset(find->statements[END]);
	if (find->state != STORE_FIND_GOOD)
		let_go(find);
}

enum store_find_state
store_find_state(const struct store_find *find)
{
	return find->state;
}

/* The number that the statement answers; 0 when there is none. */
static uint64_t
get_number(struct store_find *find, enum statement which)
{
	sqlite3_stmt *get = find->statements[which];
	uint64_t number = 0;
	int code = sqlite3_step(get);

	if (code == SQLITE_ROW)
		number = store_row_number(get, 0);
	sqlite3_reset(get);
	note(find, code);
	return number;
}

uint64_t
store_find_progress(struct store_find *find, uint64_t stream)
{
	if (find->db == NULL)
		return 0;
	store_bind_number(find->statements[GET_PROGRESS], 1, stream);
	return get_number(find, GET_PROGRESS);
}

uint64_t
store_find_taken_back(struct store_find *find)
{
	return find->db ? get_number(find, GET_TAKEN_BACK) : 0;
}

void
store_find_start(struct store_find *find, struct text query, uint64_t above,
	uint64_t below)
{
	sqlite3_stmt *match = find->statements[MATCH];

	store_bind_text(match, 1, query);
	store_bind_number(match, 2, above);
	store_bind_number(match, 3, below);
}

int
store_find_next(struct store_find *find, uint64_t *id)
{
	sqlite3_stmt *match = find->statements[MATCH];
	int code = sqlite3_step(match);

	if (code == SQLITE_ROW)
		*id = store_row_number(match, 0);
	note(find, code);
	return code;
}

void
store_find_stop(struct store_find *find)
{
	sqlite3_reset(find->statements[MATCH]);
}
