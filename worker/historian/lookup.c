#include "worker/historian/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/letter.h"
#include "shared/log.h"
#include "shared/table.h"
#include "shared/thread.h"
#include "shared/words.h"
#include "worker/historian/indexer.h"
#include "worker/historian/store_haul.h"
#include "worker/historian/store_page.h"
#include "worker/historian/store_places.h"
#include "worker/historian/store_search.h"

/*
 * Two lists under one mutex: waiting jobs, in the order given, and finished
 * ones. A lookup takes tens of microseconds, so one lock is no bottleneck.
 */

#define CODE_BAD_REQUEST 1001
#define CODE_FORBIDDEN 1003
#define CODE_UNAVAILABLE 1004

/* One search looks at so many messages and takes so long. */
#define SEARCH_ROWS 200000
#define SEARCH_SOFT_MS 250
#define SEARCH_HARD_MS 2000

struct reader_thread {
	struct lookup_pool *pool;
	struct store_reader *reader;
	struct store_searcher *searcher; /* NULL: there are no searches */
	struct store_haul *haul;
	struct store_places *places;
	struct store_page page;
	struct buffer items; /* of a haul, of places */
	pthread_t thread;
	bool is_running;
};

struct lookup_pool {
	int finished_fd;
	pthread_mutex_t mutex; /* guards what stands below */
	pthread_cond_t news;
	struct lookup_job *waiting;
	struct lookup_job *finished;
	unsigned searching; /* threads that search */
	bool is_ending;
	struct indexer *indexer;
	unsigned thread_count;
	struct reader_thread threads[];
};

static void
write_haul(struct lookup_job *job, const struct archive_page *page)
{
	letter_begin(&job->answer, LETTER_ARCHIVE_PAGE);
	archive_page_pack(&job->answer, page);
	letter_end(&job->answer);
}

static void
refuse_haul(struct lookup_job *job)
{
	write_haul(job, &(struct archive_page){
				.request = job->haul.request, .failed = 1 });
}

static void
write_places(struct lookup_job *job, const struct places_told *told)
{
	letter_begin(&job->answer, LETTER_PLACES_TOLD);
	places_told_pack(&job->answer, told);
	letter_end(&job->answer);
}

static void
refuse_places(struct lookup_job *job)
{
	write_places(job, &(struct places_told){ .request = job->places.request,
				  .failed = 1 });
}

void
lookup_job_refuse(struct lookup_job *job, unsigned code, const char *error)
{
	struct refused refused = {
		.request = job->wanted.request,
		.connection = job->wanted.connection,
		.code = code,
		.error = text_of(error),
	};

	if (job->is_haul) {
		refuse_haul(job);
		return;
	}
	if (job->is_places) {
		refuse_places(job);
		return;
	}
	letter_begin(&job->answer, LETTER_REFUSED);
	refused_pack(&job->answer, &refused);
	letter_end(&job->answer);
}

/* Can the page be trusted although the archive lacks later messages? One that
 * begins right at its anchor can, and one that has the message itself. */
static bool
is_certain(const struct lookup *wanted, const struct store_page *page)
{
	if (page->first == 0)
		return false;
	if (wanted->mode == LOOKUP_BEFORE)
		return page->last == wanted->anchor - 1;
	if (wanted->mode == LOOKUP_AFTER)
		return page->first == wanted->anchor + 1;
	return wanted->mode == LOOKUP_ID;
}

static void
write_page(struct lookup_job *job, const struct store_page *found)
{
	bool may_have_more = job->is_behind && job->wanted.mode == LOOKUP_AFTER;
	struct page page = {
		.request = job->wanted.request,
		.connection = job->wanted.connection,
		.epoch = job->wanted.epoch,
		.first = found->first,
		.last = found->last,
		.more = found->has_more || may_have_more,
		.count = found->count,
		.messages = buffer_text(&found->messages),
	};

	letter_begin(&job->answer, LETTER_PAGE);
	page_pack(&job->answer, &page);
	letter_end(&job->answer);
}

static void
tell_indexer(const struct reader_thread *self)
{
	struct indexer *indexer = self->pool->indexer;
	enum store_find_state state = store_searcher_index(self->searcher);

	if (indexer && state == STORE_FIND_MISSING)
		indexer_look(indexer);
	else if (indexer && state == STORE_FIND_DAMAGED)
		indexer_rebuild(indexer);
}

static void
search(struct reader_thread *self, struct lookup_job *job,
	const struct words *words)
{
	const struct store_search_bounds bounds = {
		.rows = SEARCH_ROWS,
		.soft_ms = SEARCH_SOFT_MS,
		.hard_ms = SEARCH_HARD_MS,
		.bytes = job->page_bytes,
	};
	enum store_search_result result = store_searcher_find(
		self->searcher, &job->search, words, &bounds, &self->page);

	tell_indexer(self);
	if (result == STORE_SEARCH_DONE)
		write_page(job, &self->page);
	else
		lookup_job_refuse(job, CODE_UNAVAILABLE,
			result == STORE_SEARCH_SLOW
				? "the search takes too long now, try again"
				: "the archive cannot be read now");
}

static void
do_search(struct reader_thread *self, struct lookup_job *job)
{
	struct words words;
	bool has_words = words_read(&words, job->search.text);

	if (self->searcher == NULL)
		lookup_job_refuse(
			job, CODE_FORBIDDEN, "search is off in this room");
	else if (job->is_behind)
		lookup_job_refuse(job, CODE_UNAVAILABLE,
			"the archive has not caught up yet");
	else if (!has_words)
		lookup_job_refuse(job, CODE_BAD_REQUEST,
			"text must be a string of 1 to 16 words");
	else
		search(self, job, &words);
	words_fini(&words);
}

static void
do_lookup(struct reader_thread *self, struct lookup_job *job)
{
	if (store_reader_page(self->reader, &job->wanted, job->page_bytes,
		    &self->page) < 0)
		lookup_job_refuse(job, CODE_UNAVAILABLE,
			"the archive cannot be read now");
	else if (job->is_behind && !is_certain(&job->wanted, &self->page))
		lookup_job_refuse(job, CODE_UNAVAILABLE,
			"the archive has not caught up yet");
	else
		write_page(job, &self->page);
}

static void
do_haul(struct reader_thread *self, struct lookup_job *job)
{
	const struct store_haul_bounds bounds = {
		.ledgers = job->ledgers,
		.bytes = job->page_bytes,
		.message_bytes = job->message_bytes,
	};
	struct archive_page page = { .request = job->haul.request };
	bool is_end;

	if (job->is_behind || store_haul_read(self->haul, &job->haul, &bounds,
				      &self->items, &page.to, &is_end) < 0) {
		refuse_haul(job);
		return;
	}
	page.is_end = is_end;
	page.items = buffer_text(&self->items);
	write_haul(job, &page);
}

static void
do_places(struct reader_thread *self, struct lookup_job *job)
{
	if (job->is_behind ||
		store_places_fill(self->places, &job->places, &self->items) < 0)
		refuse_places(job);
	else
		write_places(job,
			&(struct places_told){ .request = job->places.request,
				.items = buffer_text(&self->items) });
}

static void
tell_finished(const struct lookup_pool *pool)
{
	uint64_t one = 1;

	if (write(pool->finished_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN);
}

/* The next job for a thread, if there is one; a search only while another
 * thread stays free of them. */
static struct lookup_job *
take_job(struct lookup_pool *pool)
{
	bool may_search = pool->searching + 1 < pool->thread_count;
	struct lookup_job *job;

	DL_FOREACH(pool->waiting, job)
	{
		if (job->is_search && !may_search)
			continue;
		DL_DELETE(pool->waiting, job);
		pool->searching += job->is_search;
		return job;
	}
	return NULL;
}

static void *
run(void *data)
{
	struct reader_thread *self = data;
	struct lookup_pool *pool = self->pool;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->is_ending) {
		struct lookup_job *job = take_job(pool);

		if (job == NULL) {
			pthread_cond_wait(&pool->news, &pool->mutex);
			continue;
		}
		pthread_mutex_unlock(&pool->mutex);
		if (job->is_search)
			do_search(self, job);
		else if (job->is_haul)
			do_haul(self, job);
		else if (job->is_places)
			do_places(self, job);
		else
			do_lookup(self, job);
		pthread_mutex_lock(&pool->mutex);
		pool->searching -= job->is_search;
		DL_APPEND(pool->finished, job);
		tell_finished(pool);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static int
start(struct reader_thread *thread)
{
	thread->is_running = thread_start(&thread->thread, run, thread);
	if (!thread->is_running)
		log_error(
			"archive: no thread for lookups: %s", strerror(errno));
	return thread->is_running ? 0 : -1;
}

struct lookup_pool *
lookup_pool_new(const char *path, const char *search_path,
	struct indexer *indexer, unsigned threads)
{
	struct lookup_pool *pool = base_alloc_zeroed(
		1, sizeof(*pool) + threads * sizeof(pool->threads[0]));

	must(threads > 1);
	pool->thread_count = threads;
	pool->indexer = indexer;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->news, NULL);
	pool->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->finished_fd < 0) {
		log_error("archive: no eventfd: %s", strerror(errno));
		goto fail;
	}
	for (unsigned i = 0; i < threads; i++) {
		struct reader_thread *thread = &pool->threads[i];

		thread->pool = pool;
		thread->reader = store_reader_open(path);
		thread->haul = store_haul_open(path);
		thread->places = store_places_open(path);
		if (search_path)
			thread->searcher =
				store_searcher_open(path, search_path);
		if (thread->reader == NULL || thread->haul == NULL ||
			thread->places == NULL ||
			(search_path && thread->searcher == NULL) ||
			start(thread) < 0)
			goto fail;
	}
	return pool;

fail:
	lookup_pool_free(&pool);
	return NULL;
}

void
lookup_pool_free(struct lookup_pool **pointer)
{
	struct lookup_pool *pool = *pointer;

	*pointer = NULL;
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->is_ending = true;
	pthread_cond_broadcast(&pool->news);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->thread_count; i++) {
		if (pool->threads[i].is_running)
			pthread_join(pool->threads[i].thread, NULL);
		store_reader_close(&pool->threads[i].reader);
		store_searcher_close(&pool->threads[i].searcher);
		store_haul_close(&pool->threads[i].haul);
		store_places_close(&pool->threads[i].places);
		buffer_fini(&pool->threads[i].page.messages);
		buffer_fini(&pool->threads[i].items);
	}
	if (pool->finished_fd >= 0)
		close(pool->finished_fd);
	pthread_mutex_destroy(&pool->mutex);
	pthread_cond_destroy(&pool->news);
	free(pool);
}

int
lookup_pool_fd(const struct lookup_pool *pool)
{
	return pool->finished_fd;
}

void
lookup_pool_give(struct lookup_pool *pool, struct lookup_job *job)
{
	pthread_mutex_lock(&pool->mutex);
	DL_APPEND(pool->waiting, job);
	pthread_cond_signal(&pool->news);
	pthread_mutex_unlock(&pool->mutex);
}

struct lookup_job *
lookup_pool_take(struct lookup_pool *pool)
{
	struct lookup_job *job;
	uint64_t count;

	if (read(pool->finished_fd, &count, sizeof(count)) < 0)
		must(errno == EAGAIN);
	pthread_mutex_lock(&pool->mutex);
	job = pool->finished;
	if (job)
		DL_DELETE(pool->finished, job);
	pthread_mutex_unlock(&pool->mutex);
	return job;
}
