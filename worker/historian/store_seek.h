/*
 * Where in its stream a message stands whose id is known, for the files of the
 * store that read or write messages. The clocks with which messages got their
 * places grow with offsets, and are the ids of those that were said here; so
 * this halves what is left of the stream at each step. Those of other hosts are
 * found in a table of their own.
 */
#ifndef WORKER_HISTORIAN_STORE_SEEK_H
#define WORKER_HISTORIAN_STORE_SEEK_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#define STORE_SEEK_COLUMNS                                                     \
	"SELECT id, id_time, id_origin, placed FROM messages "                 \
	"WHERE id >= ?1 AND id < ?2 "

/* The statements that a seek needs. */
#define STORE_SEEK_UP STORE_SEEK_COLUMNS "ORDER BY id LIMIT 1"
#define STORE_SEEK_DOWN STORE_SEEK_COLUMNS "ORDER BY id DESC LIMIT 1"

#define STORE_SEEK_CARRIED                                                     \
	"SELECT id FROM carried WHERE id_time = ?1 AND id_origin = ?2 "        \
	"AND id >= ?3 AND id < ?4"

struct store_seek {
	sqlite3_stmt *up, *down;
	sqlite3_stmt *carried; /* NULL: it is no id, but a time */
	uint64_t stream;
	uint64_t time, origin; /* the id */
	uint64_t offset;       /* out: of the one with it, or the first one
				  that came later, STORE_OFFSET_MAX + 1 when
				  there is none */
	bool is_found;         /* out: that one has this id */
};

/* false: the database failed. */
bool store_seek(struct store_seek *seek);

#endif
