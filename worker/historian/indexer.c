#include "worker/historian/indexer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/table.h"
#include "shared/thread.h"
#include "worker/historian/store.h"
#include "worker/historian/store_index.h"

/*
 * Tasks are streams with news. They are taken first; when there is none, the
 * walk goes on, which makes a task of each stream of the archive in turn. What
 * fails is not kept: the walk begins again and finds it.
 *
 * A step is one transaction. It first takes back what was withdrawn. FTS5 makes
 * a new segment of each, so while people talk the steps are PAUSE_MS apart and
 * take what came together.
 */

#define STEP_ROWS 500
#define STEP_STREAMS 256
#define PAUSE_MS 500
#define REST_MS 10000

/* Others go first: nobody waits for the index. */
#define NICENESS 10

struct task {
	uint64_t stream;
	UT_hash_handle hh;
};

enum step {
	STEP_MORE,   /* there is more to do at once */
	STEP_PAUSE,  /* it was all there was to do */
	STEP_IDLE,   /* there was nothing to do */
	STEP_FAILED, /* for now */
};

struct indexer {
	struct store_index_options options;
	struct store_index *index; /* NULL: not open */
	uint64_t walked;           /* the walk is behind this stream */
	bool is_walking;
	struct task *taken; /* tasks of this step, and of the next ones */
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what stands below */
	pthread_cond_t news;
	struct task *tasks;  /* oldest first */
	uint64_t taken_back; /* notes of the archive up to this one */
	bool must_look, must_rebuild;
	bool is_ending;
};

/* Tasks */

static void
forget_tasks(struct task **tasks)
{
	struct task *task, *next;

	HASH_ITER(hh, *tasks, task, next)
	{
		HASH_DEL(*tasks, task);
		free(task);
	}
}

static void
add_task(struct task **tasks, uint64_t stream)
{
	struct task *task;

	HASH_FIND(hh, *tasks, &stream, sizeof(stream), task);
	if (task)
		return;
	task = base_alloc_zeroed(1, sizeof(*task));
	task->stream = stream;
	HASH_ADD(hh, *tasks, stream, sizeof(stream), task);
}

static bool
take_task(struct indexer *indexer, struct task *taken)
{
	struct task *task = indexer->taken;

	if (task == NULL)
		return false;
	*taken = *task;
	HASH_DEL(indexer->taken, task);
	free(task);
	return true;
}

/* A step sees the archive as of one moment, so it takes only what was a task
 * before that. */
static void
take_tasks(struct indexer *indexer)
{
	if (indexer->taken)
		return;
	pthread_mutex_lock(&indexer->mutex);
	indexer->taken = indexer->tasks;
	indexer->tasks = NULL;
	pthread_mutex_unlock(&indexer->mutex);
}

/* The thread */

static void
walk_anew(struct indexer *indexer)
{
	indexer->walked = 0;
	indexer->is_walking = true;
}

static bool
next_task(struct indexer *indexer, struct task *task)
{
	if (take_task(indexer, task))
		return true;
	if (!indexer->is_walking)
		return false;
	indexer->is_walking =
		store_index_next_stream(indexer->index, &indexer->walked);
	*task = (struct task){ .stream = indexer->walked };
	return indexer->is_walking;
}

static enum step
fail(struct indexer *indexer)
{
	bool is_useless = store_index_is_useless(indexer->index);

	store_index_undo(indexer->index);
	walk_anew(indexer);
	if (!is_useless)
		return STEP_FAILED;
	log_warning("search: %s is damaged or of another archive; it is built "
		    "anew",
		indexer->options.path);
	store_index_close(&indexer->index);
	store_index_remove(indexer->options.path);
	return STEP_PAUSE;
}

/* Takes tasks until the step is full; how many, or -1 when the index failed. */
static long
do_tasks(struct indexer *indexer, size_t *rows)
{
	long streams = 0;
	struct task task;

	while (*rows > 0 && streams < STEP_STREAMS &&
		next_task(indexer, &task)) {
		enum store_index_result result =
			store_index_add(indexer->index, task.stream, rows);

		streams++;
		if (result == STORE_INDEX_FAILED)
			return -1;
		if (result != STORE_INDEX_MORE)
			continue;
		add_task(&indexer->taken, task.stream);
	}
	return streams;
}

static void
tell_taken_back(struct indexer *indexer)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->taken_back = store_index_taken_back(indexer->index);
	pthread_mutex_unlock(&indexer->mutex);
}

static enum step
step(struct indexer *indexer)
{
	enum store_index_result result;
	size_t rows = STEP_ROWS;
	long streams = 0;

	take_tasks(indexer);
	if (store_index_begin(indexer->index) < 0)
		return fail(indexer);
	result = store_index_take_back(indexer->index, &rows);
	if (result == STORE_INDEX_DONE)
		streams = do_tasks(indexer, &rows);
	if (result == STORE_INDEX_FAILED || streams < 0 ||
		store_index_commit(indexer->index) < 0)
		return fail(indexer);
	tell_taken_back(indexer);
	if (result == STORE_INDEX_MORE || rows == 0 || streams == STEP_STREAMS)
		return STEP_MORE;
	return streams > 0 || rows < STEP_ROWS ? STEP_PAUSE : STEP_IDLE;
}

/* What others have asked for, and whether there is an index to work on. */
static bool
prepare(struct indexer *indexer)
{
	bool must_rebuild;

	pthread_mutex_lock(&indexer->mutex);
	must_rebuild = indexer->must_rebuild;
	indexer->must_look = false;
	indexer->must_rebuild = false;
	pthread_mutex_unlock(&indexer->mutex);
	if (must_rebuild) {
		log_warning("search: %s is damaged; it is built anew",
			indexer->options.path);
		store_index_close(&indexer->index);
		store_index_remove(indexer->options.path);
	} else if (indexer->index && store_index_is_gone(indexer->index)) {
		log_warning("search: %s was taken away; it is built anew",
			indexer->options.path);
		store_index_close(&indexer->index);
	}
	if (indexer->index == NULL) {
		indexer->index = store_index_open(&indexer->options);
		walk_anew(indexer);
	}
	return indexer->index != NULL;
}

static bool
has_news(const struct indexer *indexer)
{
	return indexer->tasks || indexer->must_look || indexer->must_rebuild;
}

/* Until so long has passed or it is to end. */
static void
pause_for(struct indexer *indexer, unsigned ms)
{
	struct timespec until;
	int code = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&indexer->mutex);
	while (!indexer->is_ending && code == 0)
		code = pthread_cond_timedwait(
			&indexer->news, &indexer->mutex, &until);
	pthread_mutex_unlock(&indexer->mutex);
}

static bool
wait_for_news(struct indexer *indexer, enum step last)
{
	bool goes_on;

	if (last == STEP_PAUSE)
		pause_for(indexer, PAUSE_MS);
	else if (last == STEP_FAILED)
		pause_for(indexer, REST_MS);
	pthread_mutex_lock(&indexer->mutex);
	while (last == STEP_IDLE && !indexer->is_ending && !has_news(indexer))
		pthread_cond_wait(&indexer->news, &indexer->mutex);
	goes_on = !indexer->is_ending;
	pthread_mutex_unlock(&indexer->mutex);
	return goes_on;
}

static void *
run(void *self)
{
	struct indexer *indexer = self;
	enum step last = STEP_MORE;

	/* That it stays as hasty as the others does no harm. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while (wait_for_news(indexer, last))
		last = prepare(indexer) ? step(indexer) : STEP_FAILED;
	store_index_close(&indexer->index);
	return NULL;
}

/* The main thread, and others */

struct indexer *
indexer_new(const struct store_index_options *options)
{
	struct indexer *indexer = base_alloc_zeroed(1, sizeof(*indexer));
	pthread_condattr_t clock;

	indexer->options = *options;
	pthread_mutex_init(&indexer->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&indexer->news, &clock);
	pthread_condattr_destroy(&clock);
	if (thread_start(&indexer->thread, run, indexer))
		return indexer;
	log_error("search: no thread for the index: %s", strerror(errno));
	pthread_cond_destroy(&indexer->news);
	pthread_mutex_destroy(&indexer->mutex);
	free(indexer);
	return NULL;
}

void
indexer_free(struct indexer **pointer)
{
	struct indexer *indexer = *pointer;

	*pointer = NULL;
	if (indexer == NULL)
		return;
	pthread_mutex_lock(&indexer->mutex);
	indexer->is_ending = true;
	pthread_cond_signal(&indexer->news);
	pthread_mutex_unlock(&indexer->mutex);
	pthread_join(indexer->thread, NULL);
	forget_tasks(&indexer->tasks);
	forget_tasks(&indexer->taken);
	pthread_cond_destroy(&indexer->news);
	pthread_mutex_destroy(&indexer->mutex);
	free(indexer);
}

void
indexer_note(struct indexer *indexer, const uint64_t *streams, size_t count)
{
	if (count == 0)
		return;
	pthread_mutex_lock(&indexer->mutex);
	for (size_t i = 0; i < count; i++)
		add_task(&indexer->tasks, streams[i]);
	pthread_cond_signal(&indexer->news);
	pthread_mutex_unlock(&indexer->mutex);
}

uint64_t
indexer_taken_back(struct indexer *indexer)
{
	uint64_t number;

	pthread_mutex_lock(&indexer->mutex);
	number = indexer->taken_back;
	pthread_mutex_unlock(&indexer->mutex);
	return number;
}

void
indexer_look(struct indexer *indexer)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->must_look = true;
	pthread_cond_signal(&indexer->news);
	pthread_mutex_unlock(&indexer->mutex);
}

void
indexer_rebuild(struct indexer *indexer)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->must_rebuild = true;
	pthread_cond_signal(&indexer->news);
	pthread_mutex_unlock(&indexer->mutex);
}
