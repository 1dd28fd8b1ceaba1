/*
 * The reception: takes letters that look up or search, waits until the archive
 * holds what was committed when they came, has them read by the reader threads,
 * and posts the answers. A letter is given back to its ring only when it is
 * answered.
 */
#ifndef WORKER_HISTORIAN_RECEPTION_H
#define WORKER_HISTORIAN_RECEPTION_H

#include <stdbool.h>

struct indexer;
struct intake;
struct letter;
struct reception;
struct worker;

/* path: the database, opened before by store_open(); search_path and indexer as
 * for lookup_pool_new(). NULL when there can be no reader threads (logged). */
struct reception *reception_new(struct worker *worker,
	const struct intake *intake, const char *path, const char *search_path,
	struct indexer *indexer);
void reception_free(struct reception **reception);

/* Any letter for the historian. */
void reception_take(struct reception *reception, const struct letter *letter);

/* Starts what may start and posts what is finished and finds room. To be called
 * in every turn and after every step of the intake. */
void reception_go_on(struct reception *reception);

/* Does anybody wait for the archive, or for room in a ring? */
bool reception_wants_archive(const struct reception *reception);
bool reception_wants_room(const struct reception *reception);

/* Readable when a reader thread has finished something. */
int reception_fd(const struct reception *reception);

#endif
