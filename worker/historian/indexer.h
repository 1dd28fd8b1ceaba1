/*
 * The indexer: a thread that carries what is said in rooms that can be searched
 * from the archive into the index, in small steps and some way behind. Searches
 * do not wait for it. When it starts it looks at every stream once, so it finds
 * what it missed, whatever the reason: a kill, an index that was taken away, or
 * a class of rooms that can be searched since now.
 */
#ifndef WORKER_HISTORIAN_INDEXER_H
#define WORKER_HISTORIAN_INDEXER_H

#include <stddef.h>
#include <stdint.h>

struct indexer;
struct store_index_options;

/* options are copied; their texts live as long as the indexer. NULL when there
 * is no thread (logged). An index that cannot be opened is tried again. */
struct indexer *indexer_new(const struct store_index_options *options);

/* Waits for the step that runs. */
void indexer_free(struct indexer **indexer);

/* Messages have come into these streams of the archive. */
void indexer_note(
	struct indexer *indexer, const uint64_t *streams, size_t count);

/* The notes of the archive, of what was withdrawn, are done with up to this. */
uint64_t indexer_taken_back(struct indexer *indexer);

/* From any thread: there is something to take back, or the index was met
 * missing or damaged. */
void indexer_look(struct indexer *indexer);
void indexer_rebuild(struct indexer *indexer);

#endif
