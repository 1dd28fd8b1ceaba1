/*
 * Reading the archive: one page of one stream, or of the conversation of two,
 * on a connection of its own that can only read. Used by the reader threads,
 * one reader each.
 *
 * With wanted->changes the page has every row of its span. Without, edits and
 * deletions and what has ended are left out, so it may have fewer messages than
 * it spans, or none; has_more then tells whether to go on beyond the span.
 */
#ifndef WORKER_HISTORIAN_STORE_PAGE_H
#define WORKER_HISTORIAN_STORE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"

struct lookup;
struct store_reader;

struct store_page {
	uint64_t first, last; /* offsets of the span; 0 when nothing is there */
	size_t count;
	bool has_more;          /* in the direction asked for */
	struct buffer messages; /* packed texts, each one packed message */
};

/* The database must have been opened by store_open() before. NULL when it
 * cannot be read (logged). */
struct store_reader *store_reader_open(const char *path);
void store_reader_close(struct store_reader **reader);

/* Fills the page, whose buffer is kept from call to call, with what wanted asks
 * for: as many messages as it wants and bytes_max holds, but at least one when
 * there is any. -1 when the database failed; the first of equal failures is
 * logged. */
int store_reader_page(struct store_reader *reader, const struct lookup *wanted,
	size_t bytes_max, struct store_page *page);

#endif
