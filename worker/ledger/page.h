/*
 * Pages of history out of the memory of recent messages.
 */
#ifndef WORKER_LEDGER_PAGE_H
#define WORKER_LEDGER_PAGE_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct lookup;
struct page;
struct stream;

/* Fills the page and its messages as far as memory tells them for certain;
 * false when the archive has to be asked. Without an archive memory is all
 * there is. stream may be NULL: it has no messages. The messages take at most
 * bytes_max, but there is always one when there is any. */
bool page_from_memory(const struct stream *stream, const struct lookup *lookup,
	bool has_archive, size_t bytes_max, struct buffer *messages,
	struct page *page);

#endif
