/*
 * The index of what is said, search.db, as its one writer sees it: filled from
 * the archive, each stream from where it is to where the archive is. Used by
 * the indexer's thread.
 *
 * What is added and how far it reaches go in by one transaction, so a message
 * is taken once, wherever a kill falls. What the archive has changed or removed
 * is taken back the same way, from the notes that the archive keeps of it.
 * Everything here can be made again from the archive; so an index that is
 * damaged, of another layout, or of another archive is thrown away (logged) and
 * begun anew.
 */
#ifndef WORKER_HISTORIAN_STORE_INDEX_H
#define WORKER_HISTORIAN_STORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/historian/store_index_options.h"

struct store_index;

/* NULL when that cannot be (logged). */
struct store_index *store_index_open(const struct store_index_options *options);
void store_index_close(struct store_index **index);

/* Removes the file of an index that nobody writes. */
void store_index_remove(const char *path);

/* Somebody has taken the file away. */
bool store_index_is_gone(const struct store_index *index);

/* It is damaged, or does not go with the archive. */
bool store_index_is_useless(const struct store_index *index);

/* One transaction: store_index_begin(), store_index_take_back() until it is
 * done, any store_index_add(), and store_index_commit(). After a failure
 * store_index_undo(). What is read of the archive is of one moment. */
int store_index_begin(struct store_index *index);
int store_index_commit(struct store_index *index);
void store_index_undo(struct store_index *index);

/* Takes back what the archive has noted, at most so many rows, counted down.
 * Nothing can be added before it answers STORE_INDEX_DONE. */
enum store_index_result store_index_take_back(
	struct store_index *index, size_t *rows);

/* The notes up to this one are done with, for ever. */
uint64_t store_index_taken_back(const struct store_index *index);

/* The next messages of a stream; *rows says how many the step may still take
 * and is counted down. */
enum store_index_result store_index_add(
	struct store_index *index, uint64_t stream, size_t *rows);

/* The archive's next stream after *stream; false when there is none. */
bool store_index_next_stream(struct store_index *index, uint64_t *stream);

#endif
