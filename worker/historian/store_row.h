/*
 * A row of the archive as a packed message, for those files of the store that
 * read messages.
 */
#ifndef WORKER_HISTORIAN_STORE_ROW_H
#define WORKER_HISTORIAN_STORE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "shared/text.h"

struct buffer;
struct lookup;
struct message;

/* What a statement selects, so that its rows can be packed. */
#define STORE_ROW_SELECT                                                       \
	"SELECT id, id_time, id_origin, sender, platform, type, body, key, "   \
	"until, others, only_platform, flags, of_time, of_origin, of_offset, " \
	"changed, placed "
#define STORE_ROW_COLUMNS STORE_ROW_SELECT "FROM messages "

/* MESSAGE_CHANGES and MESSAGE_DELETED, in SQL. */
#define STORE_ROW_FLAG_CHANGES "6"
#define STORE_ROW_FLAG_DELETED "16"

/* What was said between the user of inbox ?1 and that of inbox ?2, with offsets
 * between ?3 and ?4. The join is in the order that it is written in. */
#define STORE_ROW_PAIR                                                         \
	STORE_ROW_SELECT "FROM pairs CROSS JOIN messages "                     \
			 "ON id = pairs.stream << 36 | pairs.offset "          \
			 "WHERE pairs.stream = ?1 AND other = ?2 "             \
			 "AND pairs.offset > ?3 AND pairs.offset < ?4 "        \
			 "ORDER BY pairs.offset "

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
	STORE_ROW_PLACED,
};

/* Binds with store_row_bind_stream(). */
#define STORE_ROW_FIND_STREAM                                                  \
	"SELECT id, kept_from FROM streams "                                   \
	"WHERE name = ?1 AND tenant = ?2 AND "                                 \
	"kind = ?3 AND epoch = ?4"

void store_row_bind_stream(sqlite3_stmt *find, const struct lookup *wanted);

void store_row_bind_pair(sqlite3_stmt *walk, uint64_t stream, uint64_t other,
	uint64_t above, uint64_t below);

/* Names the inbox of the other side, when the lookup is for what was said with
 * somebody. */
struct lookup store_row_other(const struct lookup *wanted);

/* Is the row nothing to be read by people: a change, or over by then? */
bool store_row_is_hidden(sqlite3_stmt *row, uint64_t unix_ms);

uint64_t store_row_number(sqlite3_stmt *row, int column);

/* Borrowed until the statement goes on. */
struct text store_row_text(sqlite3_stmt *row, int column);
struct text store_row_bytes(sqlite3_stmt *row, int column);

/* Its place in its stream, and the clock by which that grows. */
uint64_t store_row_offset(sqlite3_stmt *row);
uint64_t store_row_clock(sqlite3_stmt *row);

/* As the message that it is; texts are borrowed as above. */
void store_row_read(struct message *message, sqlite3_stmt *row,
	const struct lookup *wanted);

/* Appends the row as a packed message of the stream that wanted names. */
void store_row_pack(
	struct buffer *out, sqlite3_stmt *row, const struct lookup *wanted);

#endif
