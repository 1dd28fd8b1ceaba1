#include "worker/historian/store_seek.h"

#include "worker/historian/store_bind.h"
#include "worker/historian/store_layout.h"
#include "worker/historian/store_row.h"

/* A row that a probe met. */
struct probe {
	bool is_there;
	uint64_t offset;
	uint64_t clock, origin;
	bool is_carried;
};

/* The first row of low <= offset < high, seen from the statement's side. */
static bool
probe(const struct store_seek *seek, sqlite3_stmt *statement, uint64_t low,
	uint64_t high, struct probe *met)
{
	uint64_t base = seek->stream << STORE_OFFSET_BITS;
	int code;

	*met = (struct probe){ 0 };
	store_bind_number(statement, 1, base + low);
	store_bind_number(statement, 2, base + high);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		met->is_there = true;
		met->offset = store_row_number(statement, 0) & STORE_OFFSET_MAX;
		met->clock = store_row_number(statement, 3);
		met->origin = store_row_number(statement, 2);
		met->is_carried = met->clock != 0;
		if (!met->is_carried)
			met->clock = store_row_number(statement, 1);
	}
	sqlite3_reset(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

static int
compare(const struct probe *met, const struct store_seek *seek)
{
	if (met->clock != seek->time)
		return met->clock < seek->time ? -1 : 1;
	if (met->is_carried)
		return 1;
	if (met->origin != seek->origin)
		return met->origin < seek->origin ? -1 : 1;
	return 0;
}

/* The one of another host that has this id, if there is one. */
static bool
find_carried(struct store_seek *seek)
{
	uint64_t base = seek->stream << STORE_OFFSET_BITS;
	int code;

	if (seek->is_found || seek->carried == NULL)
		return true;
	store_bind_number(seek->carried, 1, seek->time);
	store_bind_number(seek->carried, 2, seek->origin);
	store_bind_number(seek->carried, 3, base);
	store_bind_number(seek->carried, 4, base + STORE_OFFSET_MAX + 1);
	code = sqlite3_step(seek->carried);
	if (code == SQLITE_ROW) {
		seek->offset =
			store_row_number(seek->carried, 0) & STORE_OFFSET_MAX;
		seek->is_found = true;
	}
	sqlite3_reset(seek->carried);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool
find_place(struct store_seek *seek)
{
	uint64_t low = 1, high;
	struct probe met;

	seek->offset = STORE_OFFSET_MAX + 1;
	seek->is_found = false;
	if (!probe(seek, seek->down, 1, STORE_OFFSET_MAX + 1, &met))
		return false;
	if (!met.is_there || compare(&met, seek) < 0)
		return true;
	high = met.offset + 1;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (!probe(seek, seek->up, middle, high, &met))
			return false;
		if (met.is_there && compare(&met, seek) < 0) {
			low = met.offset + 1;
			continue;
		}
		high = middle;
		if (!met.is_there)
			continue;
		seek->offset = met.offset;
		seek->is_found = compare(&met, seek) == 0;
	}
	return true;
}

bool
store_seek(struct store_seek *seek)
{
	return find_place(seek) && find_carried(seek);
}
