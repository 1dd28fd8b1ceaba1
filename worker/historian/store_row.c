#include "worker/historian/store_row.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_layout.h"

_Static_assert(MESSAGE_CHANGES == 6 && MESSAGE_DELETED == 16,
	"STORE_ROW_FLAG_* say so");
_Static_assert(STORE_OFFSET_BITS == 36, "STORE_ROW_PAIR says so");

void
store_row_bind_stream(sqlite3_stmt *find, const struct lookup *wanted)
{
	store_bind_text(find, 1, wanted->stream);
	store_bind_text(find, 2, wanted->tenant);
	store_bind_number(find, 3, wanted->kind);
	store_bind_number(find, 4, wanted->epoch);
}

void
store_row_bind_pair(sqlite3_stmt *walk, uint64_t stream, uint64_t other,
	uint64_t above, uint64_t below)
{
	store_bind_number(walk, 1, stream);
	store_bind_number(walk, 2, other);
	store_bind_number(walk, 3, above);
	store_bind_number(walk, 4, below);
}

struct lookup
store_row_other(const struct lookup *wanted)
{
	return (struct lookup){
		.kind = STREAM_INBOX,
		.tenant = wanted->tenant,
		.stream = wanted->with,
		.epoch = wanted->epoch,
	};
}

bool
store_row_is_hidden(sqlite3_stmt *row, uint64_t unix_ms)
{
	return (store_row_number(row, STORE_ROW_FLAGS) & MESSAGE_CHANGES) ||
	       message_is_over(store_row_number(row, STORE_ROW_UNTIL), unix_ms);
}

uint64_t
store_row_number(sqlite3_stmt *row, int column)
{
	return (uint64_t)sqlite3_column_int64(row, column);
}

struct text
store_row_text(sqlite3_stmt *row, int column)
{
	const char *at = (const char *)sqlite3_column_text(row, column);

	return (struct text){ at ? at : "",
		(size_t)sqlite3_column_bytes(row, column) };
}

struct text
store_row_bytes(sqlite3_stmt *row, int column)
{
	const char *at = sqlite3_column_blob(row, column);

	return (struct text){ at ? at : "",
		(size_t)sqlite3_column_bytes(row, column) };
}

uint64_t
store_row_offset(sqlite3_stmt *row)
{
	return store_row_number(row, STORE_ROW_ID) & STORE_OFFSET_MAX;
}

uint64_t
store_row_clock(sqlite3_stmt *row)
{
	uint64_t placed = store_row_number(row, STORE_ROW_PLACED);

	return placed ? placed : store_row_number(row, STORE_ROW_ID_TIME);
}

void
store_row_read(
	struct message *message, sqlite3_stmt *row, const struct lookup *wanted)
{
	*message = (struct message){
		.id_time = store_row_number(row, STORE_ROW_ID_TIME),
		.id_origin = store_row_number(row, STORE_ROW_ID_ORIGIN),
		.kind = wanted->kind,
		.tenant = wanted->tenant,
		.stream = wanted->stream,
		.epoch = wanted->epoch,
		.offset = store_row_offset(row),
		.from = store_row_text(row, STORE_ROW_SENDER),
		.platform = store_row_number(row, STORE_ROW_PLATFORM),
		.type = store_row_text(row, STORE_ROW_TYPE),
		.body = store_row_text(row, STORE_ROW_BODY),
		.key = store_row_text(row, STORE_ROW_KEY),
		.until = store_row_number(row, STORE_ROW_UNTIL),
		.others = store_row_bytes(row, STORE_ROW_OTHERS),
		.only_platform = store_row_number(row, STORE_ROW_ONLY_PLATFORM),
		.flags = store_row_number(row, STORE_ROW_FLAGS),
		.of_time = store_row_number(row, STORE_ROW_OF_TIME),
		.of_origin = store_row_number(row, STORE_ROW_OF_ORIGIN),
		.of_offset = store_row_number(row, STORE_ROW_OF_OFFSET),
		.changed = store_row_number(row, STORE_ROW_CHANGED),
		.placed = store_row_number(row, STORE_ROW_PLACED),
	};
}

void
store_row_pack(
	struct buffer *out, sqlite3_stmt *row, const struct lookup *wanted)
{
	struct message message;

	store_row_read(&message, row, wanted);
	message_pack(out, &message);
}
