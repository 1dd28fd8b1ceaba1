/*
 * Words as an FTS5 query. What people type is data there: it is cut into pieces
 * of three characters, each a quoted string, so none of it can be syntax.
 */
#ifndef WORKER_HISTORIAN_STORE_QUERY_H
#define WORKER_HISTORIAN_STORE_QUERY_H

#include <stdbool.h>

struct buffer;
struct words;

/* Pieces in one query; what they leave open, the message itself decides. */
#define STORE_QUERY_PIECES 32

/* Writes a query that finds all texts with the words, and perhaps some others;
 * false when no word is long enough for the index to know it. */
bool store_query_write(struct buffer *out, const struct words *words);

#endif
