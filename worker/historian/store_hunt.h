/*
 * A hunt is one search on its way down a stream. Here each message that it
 * meets is looked at: does it fit, has the page room for it, is it time to end?
 * Where to look is store_search.c's.
 */
#ifndef WORKER_HISTORIAN_STORE_HUNT_H
#define WORKER_HISTORIAN_STORE_HUNT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/records.h"

struct buffer;
struct store_page;
struct store_searcher;
struct words;

/* So much room a buffer of searches keeps. */
#define STORE_HUNT_KEEP_BYTES (1024 * 1024)

struct store_hunt {
	struct store_searcher *searcher;
	const struct search *wanted;
	const struct words *words;
	size_t rows_max;  /* looked at, at least one */
	size_t bytes_max; /* of the page, unless it is one message */
	struct store_page *page;
	struct buffer *text; /* of one message, for a while */
	struct lookup place; /* the stream, for packing */
	uint64_t base;       /* id of its offset 0 */
	uint64_t other;      /* of a conversation of two, 0: it is none */
	uint64_t kept_from;  /* before this offset is nothing */
	uint64_t unix_ms;
	uint64_t soft_ms;
	size_t rows; /* looked at */
	bool is_over;
};

/* The row of a message, newer ones first: into the page if it fits. */
void store_hunt_look_at(struct store_hunt *hunt, sqlite3_stmt *row);

/* The page ends here; before it there may be something. */
void store_hunt_end_with_more(struct store_hunt *hunt);

#endif
