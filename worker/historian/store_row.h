/*
 * A row of the archive as a packed message, for those files of the store that
 * read messages.
 */
#ifndef WORKER_HISTORIAN_STORE_ROW_H
#define WORKER_HISTORIAN_STORE_ROW_H

#include <stdint.h>

#include <sqlite3.h>

#include "shared/text.h"

struct buffer;
struct lookup;

/* What a statement selects, so that its rows can be packed. */
#define STORE_ROW_COLUMNS                                                      \
	"SELECT id, id_time, id_origin, sender, platform, type, body, key, "   \
	"until, others, only_platform, flags, of_time, of_origin, of_offset, " \
	"changed FROM messages "

enum store_row_column {
	STORE_ROW_ID,
	STORE_ROW_ID_TIME,
	STORE_ROW_ID_ORIGIN,
	STORE_ROW_SENDER,
	STORE_ROW_PLATFORM,
	STORE_ROW_TYPE,
	STORE_ROW_BODY,
	STORE_ROW_KEY,
	STORE_ROW_UNTIL,
	STORE_ROW_OTHERS,
	STORE_ROW_ONLY_PLATFORM,
	STORE_ROW_FLAGS,
	STORE_ROW_OF_TIME,
	STORE_ROW_OF_ORIGIN,
	STORE_ROW_OF_OFFSET,
	STORE_ROW_CHANGED,
};

/* Binds with store_row_bind_stream(). */
#define STORE_ROW_FIND_STREAM                                                  \
	"SELECT id FROM streams WHERE name = ?1 AND tenant = ?2 AND "          \
	"kind = ?3 AND epoch = ?4"

void store_row_bind_stream(sqlite3_stmt *find, const struct lookup *wanted);

uint64_t store_row_number(sqlite3_stmt *row, int column);

/* Borrowed until the statement goes on. */
struct text store_row_text(sqlite3_stmt *row, int column);
struct text store_row_bytes(sqlite3_stmt *row, int column);

/* Its place in its stream. */
uint64_t store_row_offset(sqlite3_stmt *row);

/* Appends the row as a packed message of the stream that wanted names. */
void store_row_pack(
	struct buffer *out, sqlite3_stmt *row, const struct lookup *wanted);

#endif
