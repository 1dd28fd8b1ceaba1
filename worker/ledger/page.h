/*
 * Pages of history out of the memory of recent messages.
 *
 * Changes, what has expired and what is older than its class keeps it are left
 * out of a page, but looked at: first and last tell from where to go on. A
 * lookup with `changes` gets every row, so that nobody misses anything.
 */
#ifndef WORKER_LEDGER_PAGE_H
#define WORKER_LEDGER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct lookup;
struct page;
struct room_class;
struct stream;

/* Out of what a page is made. */
struct page_source {
	const struct stream *stream;    /* NULL: it has no messages */
	const struct room_class *class; /* how much it keeps */
	bool has_archive; /* without one, memory is all there is */
	size_t bytes_max; /* of the messages, but one there always is */
	uint64_t unix_ms; /* now */
	unsigned host;    /* we */
};

/* What a client has missed of a stream. */
enum missed {
	MISSED_TOLD, /* here it is, all of it */
	MISSED_MUCH, /* it is to be looked up */
	MISSED_GONE, /* nobody remembers it */
};

/* Fills the page and its messages as far as memory tells them for certain;
 * false when the archive has to be asked. */
bool page_from_memory(const struct page_source *source,
	const struct lookup *lookup, struct buffer *messages,
	struct page *page);

/* Tells what came after the offset, up to the last message, as a page. */
enum missed page_of_missed(const struct page_source *source, uint64_t offset,
	struct buffer *messages, struct page *page);

/* Where those begin that came here no earlier than this clock: *offset is that
 * of the last one before them, 0: there is none. false: the archive has to be
 * asked. */
bool page_begins(
	const struct page_source *source, uint64_t clock, uint64_t *offset);

#endif
