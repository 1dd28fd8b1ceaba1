/*
 * Searching one stream of the archive, on connections that can only read. Used
 * by the reader threads, one searcher each.
 *
 * The index tells where messages with the words may stand, and each of them is
 * read and looked at. What the index does not reach yet, and words that are too
 * short for it (fewer than three characters), are looked for in the messages
 * themselves, newest first. That takes time, so a search has bounds; where they
 * end it, the page says so and the next search goes on from there.
 */
#ifndef WORKER_HISTORIAN_STORE_SEARCH_H
#define WORKER_HISTORIAN_STORE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "worker/historian/store_find.h"

struct search;
struct store_page;
struct store_searcher;
struct words;

enum store_search_result {
	STORE_SEARCH_DONE,
	STORE_SEARCH_SLOW,   /* nothing was looked at within the time */
	STORE_SEARCH_FAILED, /* the first of equal failures is logged */
};

struct store_search_bounds {
	size_t rows;      /* messages looked at, at least one */
	uint64_t soft_ms; /* then no further one is begun */
	uint64_t hard_ms; /* then what is being done is broken off */
	size_t bytes;     /* of the page's messages, unless it is one */
};

/* path: of the index; it need not be there. NULL when the archive cannot be
 * read (logged). */
struct store_searcher *store_searcher_open(
	const char *archive, const char *path);
void store_searcher_close(struct store_searcher **searcher);

/* Fills the page, newest message first. Everything from the offset page->first
 * on was looked at; has_more: there is, or may be, something before it. */
enum store_search_result store_searcher_find(struct store_searcher *searcher,
	const struct search *wanted, const struct words *words,
	const struct store_search_bounds *bounds, struct store_page *page);

/* As the last search met it. */
enum store_find_state store_searcher_index(
	const struct store_searcher *searcher);

#endif
