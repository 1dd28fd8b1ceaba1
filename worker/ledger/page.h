/*
 * Pages of history out of the memory of recent messages.
 */
#ifndef WORKER_LEDGER_PAGE_H
#define WORKER_LEDGER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct lookup;
struct page;
struct stream;

/* What a client has missed of a stream. */
enum missed {
	MISSED_TOLD, /* here it is, all of it */
	MISSED_MUCH, /* it is to be looked up */
	MISSED_GONE, /* nobody remembers it */
};

/* Fills the page and its messages as far as memory tells them for certain;
 * false when the archive has to be asked. Without an archive memory is all
 * there is. stream may be NULL: it has no messages. The messages take at most
 * bytes_max, but there is always one when there is any. */
bool page_from_memory(const struct stream *stream, const struct lookup *lookup,
	bool has_archive, size_t bytes_max, struct buffer *messages,
	struct page *page);

/* Tells what came after the offset, up to the last message, as a page. */
enum missed page_of_missed(const struct stream *stream, uint64_t offset,
	bool has_archive, size_t bytes_max, struct buffer *messages,
	struct page *page);

#endif
