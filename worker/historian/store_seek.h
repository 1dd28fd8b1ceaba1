/*
 * Where in its stream a message stands whose id is known, for the files of the
 * store that read or write messages. Ids grow with offsets within a stream of
 * one host, so this halves what is left of the stream at each step.
 */
#ifndef WORKER_HISTORIAN_STORE_SEEK_H
#define WORKER_HISTORIAN_STORE_SEEK_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#define STORE_SEEK_COLUMNS                                                     \
	"SELECT id, id_time, id_origin FROM messages "                         \
	"WHERE id >= ?1 AND id < ?2 "

/* The two statements that a seek needs. */
#define STORE_SEEK_UP STORE_SEEK_COLUMNS "ORDER BY id LIMIT 1"
#define STORE_SEEK_DOWN STORE_SEEK_COLUMNS "ORDER BY id DESC LIMIT 1"

struct store_seek {
	sqlite3_stmt *up, *down;
	uint64_t stream;
	uint64_t time, origin; /* the id */
	uint64_t offset;       /* out: of the first one with it or a later id,
				  STORE_OFFSET_MAX + 1 when there is none */
	bool is_found;         /* out: that one has this id */
};

/* false: the database failed. */
bool store_seek(struct store_seek *seek);

#endif
