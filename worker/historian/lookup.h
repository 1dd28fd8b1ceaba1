/*
 * The reader threads: they read pages of history and search while the main
 * thread goes on archiving. Searches may take long, so they never take the last
 * free thread. A job goes in, comes back with its answer written, and the main
 * thread posts it, because only that may post letters.
 */
#ifndef WORKER_HISTORIAN_LOOKUP_H
#define WORKER_HISTORIAN_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buffer.h"
#include "shared/records.h"

struct indexer;
struct lookup_pool;

/* Owned by who made it, borrowed by the pool from give to take. */
struct lookup_job {
	struct lookup wanted; /* its texts live as long as the job */
	struct search search; /* so do these; what both have is the same */
	bool is_search;
	struct archive_wanted haul; /* of another host */
	bool is_haul;
	struct places_wanted places; /* for another one; borrowed so, too */
	bool is_places;
	unsigned ledgers;     /* of this host, for a haul */
	size_t message_bytes; /* what one message of a haul may take */
	size_t page_bytes;    /* what the page's messages may take */
	bool is_behind;       /* the archive lacks messages of the journal */
	struct buffer answer; /* out: a finished letter, PAGE or REFUSED; of
				 a haul ARCHIVE_PAGE, of places PLACES_TOLD */
	struct lookup_job *prev, *next;
};

/* path: the archive. search_path: the index, NULL when there are no searches;
 * the indexer is told when it is met missing or damaged, unless it is NULL. Two
 * threads at least. NULL when the database cannot be read or there are no
 * threads (logged). */
struct lookup_pool *lookup_pool_new(const char *path, const char *search_path,
	struct indexer *indexer, unsigned threads);

/* Waits for the jobs that run; all jobs are their owner's again. */
void lookup_pool_free(struct lookup_pool **pool);

/* Readable while finished jobs may wait; lookup_pool_take() reads it empty. */
int lookup_pool_fd(const struct lookup_pool *pool);

void lookup_pool_give(struct lookup_pool *pool, struct lookup_job *job);

/* A finished job, or NULL. */
struct lookup_job *lookup_pool_take(struct lookup_pool *pool);

/* Writes the answer "not done" into the job, without any reading. */
void lookup_job_refuse(
	struct lookup_job *job, unsigned code, const char *error);

#endif
