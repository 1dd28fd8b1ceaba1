#include "worker/historian/store_index.h"

#include "shared/base.h"
#include "shared/records.h"
#include "shared/words.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_index_inside.h"
#include "worker/historian/store_row.h"

#define KEEP_BYTES (1024 * 1024)

/* A step with so much text is full, however few messages that is. */
#define STEP_BYTES (1024 * 1024)

struct progress {
	uint64_t offset;
	uint64_t id_time; /* 0: not known */
};

/* Filling. Each answers 1 for a row, 0 for none, -1 when it failed. */

static int
first_row(struct store_index *index, enum index_statement which)
{
	sqlite3_stmt *statement = index->statements[which];
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		store_index_complain(index, sqlite3_db_handle(statement));
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

bool
store_index_next_stream(struct store_index *index, uint64_t *stream)
{
	sqlite3_stmt *next = index->statements[INDEX_NEXT_STREAM];

	store_bind_number(next, 1, *stream);
	if (first_row(index, INDEX_NEXT_STREAM) != 1)
		return false;
	*stream = store_row_number(next, 0);
	sqlite3_reset(next);
	return true;
}

static int
is_wanted(struct store_index *index, uint64_t stream)
{
	sqlite3_stmt *get = index->statements[INDEX_GET_STREAM];
	int found;

	store_bind_number(get, 1, stream);
	found = first_row(index, INDEX_GET_STREAM);
	if (found == 1)
		found = index->options.wants(index->options.self,
			(unsigned)store_row_number(get, 0),
			store_row_text(get, 1));
	sqlite3_reset(get);
	return found;
}

static int
read_progress(
	struct store_index *index, uint64_t stream, struct progress *progress)
{
	sqlite3_stmt *get = index->statements[INDEX_GET_PROGRESS];
	int found;

	*progress = (struct progress){ 0 };
	store_bind_number(get, 1, stream);
	found = first_row(index, INDEX_GET_PROGRESS);
	if (found == 1) {
		progress->offset = store_row_number(get, 0);
		progress->id_time = store_row_number(get, 1);
	}
	sqlite3_reset(get);
	return found;
}

/* Is the last message that was taken the one that stands in the archive? When
 * it is not there, old messages may have been dropped, but not newer ones. */
static int
is_same_archive(struct store_index *index, uint64_t stream,
	const struct progress *progress)
{
	sqlite3_stmt *get = index->statements[INDEX_GET_ROW];
	sqlite3_stmt *top = index->statements[INDEX_GET_TOP];
	uint64_t base = stream << STORE_OFFSET_BITS;
	int found;

	if (progress->id_time == 0)
		return 1;
	store_bind_number(get, 1, base + progress->offset);
	found = first_row(index, INDEX_GET_ROW);
	if (found == 1)
		found = store_row_number(get, 0) == progress->id_time;
	else if (found == 0) {
		store_bind_number(top, 1, base);
		store_bind_number(top, 2, base + STORE_OFFSET_MAX);
		found = first_row(index, INDEX_GET_TOP);
		if (found == 1)
			found = store_row_number(top, 0) >
				base + progress->offset;
		else if (found == 0)
			found = 1;
		sqlite3_reset(top);
	}
	sqlite3_reset(get);
	return found;
}

/* Adds what the body of a message says, or takes it back. */
static int
write_text(struct store_index *index, enum index_statement which, uint64_t id,
	struct text body)
{
	sqlite3_stmt *write = index->statements[which];
	size_t before = index->text.length;

	words_of_body(&index->text, body);
	store_bind_number(write, 1, id);
	store_bind_text(write, 2,
		(struct text){ (const char *)index->text.data + before,
			index->text.length - before });
	return store_index_run(index, which);
}

static int
take_row(struct store_index *index, sqlite3_stmt *row)
{
	uint64_t flags = store_row_number(row, STORE_ROW_FLAGS);

	if (flags & (MESSAGE_CHANGES | MESSAGE_DELETED))
		return 0;
	return write_text(index, INDEX_ADD_TEXT,
		store_row_number(row, STORE_ROW_ID),
		store_row_text(row, STORE_ROW_BODY));
}

static enum store_index_result
take_rows(struct store_index *index, uint64_t stream, struct progress *progress,
	size_t *rows)
{
	sqlite3_stmt *walk = index->statements[INDEX_WALK];
	uint64_t base = stream << STORE_OFFSET_BITS;
	enum store_index_result result = STORE_INDEX_DONE;
	int code;

	store_bind_number(walk, 1, base + progress->offset);
	store_bind_number(walk, 2, base + STORE_OFFSET_MAX);
	while ((code = sqlite3_step(walk)) == SQLITE_ROW) {
		if (*rows == 0) {
			result = STORE_INDEX_MORE;
			break;
		}
		if (take_row(index, walk) < 0) {
			result = STORE_INDEX_FAILED;
			break;
		}
		progress->offset = store_row_offset(walk);
		progress->id_time = store_row_number(walk, STORE_ROW_ID_TIME);
		--*rows;
		if (index->text.length > STEP_BYTES)
			*rows = 0;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		result = store_index_complain(index, index->archive);
	sqlite3_reset(walk);
	return result;
}

static int
write_progress(struct store_index *index, uint64_t stream,
	const struct progress *progress)
{
	sqlite3_stmt *set = index->statements[INDEX_SET_PROGRESS];

	store_bind_number(set, 1, stream);
	store_bind_number(set, 2, progress->offset);
	store_bind_number(set, 3, progress->id_time);
	return store_index_run(index, INDEX_SET_PROGRESS);
}

/* It is not searched any more, and nobody notes what is withdrawn from it. When
 * it is searched again, it is taken in anew. */
static enum store_index_result
forget(struct store_index *index, uint64_t stream)
{
	sqlite3_stmt *forget = index->statements[INDEX_FORGET_PROGRESS];

	store_bind_number(forget, 1, stream);
	return store_index_run(index, INDEX_FORGET_PROGRESS) < 0
		       ? STORE_INDEX_FAILED
		       : STORE_INDEX_DONE;
}

enum store_index_result
store_index_add(struct store_index *index, uint64_t stream, size_t *rows)
{
	enum store_index_result result;
	struct progress progress;
	int wanted = is_wanted(index, stream);
	uint64_t before;
	int same;

	if (wanted <= 0)
		return wanted < 0 ? STORE_INDEX_FAILED : forget(index, stream);
	if (read_progress(index, stream, &progress) < 0)
		return STORE_INDEX_FAILED;
	before = progress.offset;
	same = is_same_archive(index, stream, &progress);
	if (same <= 0) {
		index->is_useless |= same == 0;
		return STORE_INDEX_FAILED;
	}
	buffer_clear(&index->text, KEEP_BYTES);
	result = take_rows(index, stream, &progress, rows);
	if (result != STORE_INDEX_FAILED && progress.offset != before &&
		write_progress(index, stream, &progress) < 0)
		return STORE_INDEX_FAILED;
	return result;
}

/* Does the archive still count its notes as when the last one was taken? */
static int
knows_notes(struct store_index *index)
{
	sqlite3_stmt *last = index->statements[INDEX_LAST_WITHDRAWN];
	int found = first_row(index, INDEX_LAST_WITHDRAWN);
	uint64_t number = 0;

	if (found < 0)
		return -1;
	if (found > 0)
		number = store_row_number(last, 0);
	sqlite3_reset(last);
	return number >= index->taken_back;
}

/* One note; what the index did not have needs no taking back. */
static int
take_note(struct store_index *index, sqlite3_stmt *note)
{
	uint64_t id = store_row_number(note, 1);
	struct text before = store_row_text(note, 2);
	struct progress progress;

	if (read_progress(index, id >> STORE_OFFSET_BITS, &progress) < 0)
		return -1;
	if (progress.offset < (id & STORE_OFFSET_MAX))
		return 0;
	if (before.length > 0 &&
		write_text(index, INDEX_TAKE_BACK, id, before) < 0)
		return -1;
	if (sqlite3_column_type(note, 3) == SQLITE_NULL)
		return 0;
	return write_text(index, INDEX_ADD_TEXT, id, store_row_text(note, 3));
}

static enum store_index_result
take_notes(struct store_index *index, size_t *rows)
{
	sqlite3_stmt *next = index->statements[INDEX_NEXT_WITHDRAWN];
	enum store_index_result result = STORE_INDEX_DONE;
	int code;

	store_bind_number(next, 1, index->taken_back);
	while ((code = sqlite3_step(next)) == SQLITE_ROW) {
		if (*rows == 0 || index->text.length > STEP_BYTES) {
			result = STORE_INDEX_MORE;
			break;
		}
		if (take_note(index, next) < 0) {
			result = STORE_INDEX_FAILED;
			break;
		}
		index->taking_back = store_row_number(next, 0);
		--*rows;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		result = store_index_complain(index, index->archive);
	sqlite3_reset(next);
	return result;
}

enum store_index_result
store_index_take_back(struct store_index *index, size_t *rows)
{
	sqlite3_stmt *set = index->statements[INDEX_SET_TAKEN_BACK];
	int known = knows_notes(index);
	enum store_index_result result;

	if (known <= 0) {
		index->is_useless |= known == 0;
		return STORE_INDEX_FAILED;
	}
	buffer_clear(&index->text, KEEP_BYTES);
	result = take_notes(index, rows);
	if (result == STORE_INDEX_FAILED ||
		index->taking_back == index->taken_back)
		return result;
	store_bind_number(set, 1, index->taking_back);
	return store_index_run(index, INDEX_SET_TAKEN_BACK) < 0
		       ? STORE_INDEX_FAILED
		       : result;
}
