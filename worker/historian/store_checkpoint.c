#include "worker/historian/store_checkpoint.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/log.h"
#include "shared/thread.h"

/* A log of so many times the pages that start a pass is very long. */
#define VERY_LONG 8

struct checkpointer {
	sqlite3 *db;
	size_t pass_pages;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what stands below */
	pthread_cond_t news;
	size_t log_pages;
	bool is_wanted;
	bool is_running;
	bool is_ending;
};

/* The statement, not the call: on a connection that has not read anything yet
 * sqlite3_wal_checkpoint_v2() finds no log and does nothing. */
static void
pass(sqlite3 *db)
{
	int code = sqlite3_exec(
		db, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, NULL);

	if (code != SQLITE_OK && code != SQLITE_BUSY)
		log_warning(
			"archive: a checkpoint failed: %s", sqlite3_errmsg(db));
}

static void *
run(void *self)
{
	struct checkpointer *checkpointer = self;

	pthread_mutex_lock(&checkpointer->mutex);
	while (!checkpointer->is_ending) {
		if (!checkpointer->is_wanted) {
			pthread_cond_wait(
				&checkpointer->news, &checkpointer->mutex);
			continue;
		}
		checkpointer->is_wanted = false;
		checkpointer->is_running = true;
		pthread_mutex_unlock(&checkpointer->mutex);
		pass(checkpointer->db);
		pthread_mutex_lock(&checkpointer->mutex);
		checkpointer->is_running = false;
	}
	pthread_mutex_unlock(&checkpointer->mutex);
	return NULL;
}

struct checkpointer *
checkpointer_new(const char *path, size_t pass_pages)
{
	struct checkpointer *made = base_alloc_zeroed(1, sizeof(*made));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	made->pass_pages = pass_pages;
	pthread_mutex_init(&made->mutex, NULL);
	pthread_cond_init(&made->news, NULL);
	if (sqlite3_open_v2(path, &made->db, flags, NULL) != SQLITE_OK) {
		log_error("archive: %s cannot be opened for checkpoints: %s",
			path, sqlite3_errmsg(made->db));
		goto fail;
	}
	if (!thread_start(&made->thread, run, made)) {
		log_error("archive: no thread for checkpoints");
		goto fail;
	}
	return made;

fail:
	sqlite3_close(made->db);
	free(made);
	return NULL;
}

void
checkpointer_free(struct checkpointer **pointer)
{
	struct checkpointer *checkpointer = *pointer;

	*pointer = NULL;
	if (checkpointer == NULL)
		return;
	pthread_mutex_lock(&checkpointer->mutex);
	checkpointer->is_ending = true;
	pthread_cond_signal(&checkpointer->news);
	pthread_mutex_unlock(&checkpointer->mutex);
	pthread_join(checkpointer->thread, NULL);
	sqlite3_close(checkpointer->db);
	pthread_mutex_destroy(&checkpointer->mutex);
	pthread_cond_destroy(&checkpointer->news);
	free(checkpointer);
}

void
checkpointer_note(struct checkpointer *checkpointer, size_t log_pages)
{
	pthread_mutex_lock(&checkpointer->mutex);
	checkpointer->log_pages = log_pages;
	if (log_pages >= checkpointer->pass_pages &&
		!checkpointer->is_running) {
		checkpointer->is_wanted = true;
		pthread_cond_signal(&checkpointer->news);
	}
	pthread_mutex_unlock(&checkpointer->mutex);
}

bool
checkpointer_wants_quiet(struct checkpointer *checkpointer)
{
	bool wants;

	pthread_mutex_lock(&checkpointer->mutex);
	wants = checkpointer->log_pages >=
			VERY_LONG * checkpointer->pass_pages &&
		(checkpointer->is_running || checkpointer->is_wanted);
	pthread_mutex_unlock(&checkpointer->mutex);
	return wants;
}
