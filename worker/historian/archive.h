/*
 * The archive with all that the main thread of the historian has open of it,
 * by the rules of the configuration: what is kept, and what can be searched.
 */
#ifndef WORKER_HISTORIAN_ARCHIVE_H
#define WORKER_HISTORIAN_ARCHIVE_H

struct checkpointer;
struct config;
struct indexer;
struct intake;
struct retention;
struct store;

struct archive {
	const struct config *config; /* as it is now */
	struct config *rules;        /* for threads: as it was at the start */
	char *path;
	struct store *store;
	struct checkpointer *checkpointer;
	struct intake *intake;
	struct retention *retention;
	char *search_path; /* NULL: nothing can be searched */
	char *search_sql_dir;
	struct indexer *indexer; /* NULL as well */
};

/* The configuration is borrowed until the end. -1: it cannot be (logged); it is
 * to be closed then, too. */
int archive_open(
	struct archive *archive, const struct config *config, unsigned ledgers);

/* Whoever reads for lookups has ended before. */
void archive_close(struct archive *archive);

#endif
