/* The reader threads: every job comes back once, answered; and what they say
 * when the archive lacks what the journal holds. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/letter.h"
#include "worker/historian/lookup.h"
#include "worker/historian/store.h"

#define GUARD_MS 30000
#define MESSAGES 20

struct place {
	char directory[64];
	char path[96];
	struct store *store;
	struct lookup_pool *pool;
};

static void
add(struct store *store, uint64_t offset, const char *body)
{
	struct message message = {
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = TEXT_LITERAL("lobby"),
		.epoch = 9,
		.offset = offset,
		.from = TEXT_LITERAL("anna"),
		.body = text_of(body),
	};

	assert_int_equal(store_add(store, &message), 0);
}

static void
fill(struct store *store)
{
	assert_int_equal(store_begin(store), 0);
	for (uint64_t i = 1; i <= MESSAGES; i++)
		add(store, i, "1");
	assert_int_equal(store_commit(store), 0);
}

static int
set_up(void **state)
{
	struct place *place = base_alloc_zeroed(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory),
		"/tmp/confab-lookup-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof(place->path), "%s/archive.db",
		place->directory);
	place->store = store_open(place->path, "sql");
	assert_non_null(place->store);
	fill(place->store);
	place->pool = lookup_pool_new(place->path, NULL, NULL, 2);
	assert_non_null(place->pool);
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	lookup_pool_free(&place->pool);
	store_close(&place->store);
	snprintf(command, sizeof(command), "rm -rf %s", place->directory);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static struct lookup_job
job_of(enum lookup_mode mode, uint64_t anchor, uint64_t limit)
{
	return (struct lookup_job){
		.wanted = {
			.request = 5,
			.connection = 6,
			.kind = STREAM_ROOM,
			.tenant = TEXT_LITERAL("default"),
			.stream = TEXT_LITERAL("lobby"),
			.epoch = 9,
			.mode = mode,
			.anchor = anchor,
			.limit = limit,
		},
		.page_bytes = 65536,
	};
}

static struct lookup_job *
wait_for_one(struct lookup_pool *pool)
{
	struct lookup_job *job = lookup_pool_take(pool);

	while (job == NULL) {
		struct pollfd waiting = { lookup_pool_fd(pool), POLLIN, 0 };

		assert_int_equal(poll(&waiting, 1, GUARD_MS), 1);
		job = lookup_pool_take(pool);
	}
	return job;
}

/* The page that the job brings, or false when it was refused with 1004. */
static bool
answer(struct place *place, struct lookup_job *job, struct page *page)
{
	const struct letter *letter;
	struct refused refused;
	struct unpack in;

	lookup_pool_give(place->pool, job);
	assert_ptr_equal(wait_for_one(place->pool), job);
	letter = (const struct letter *)(void *)job->answer.data;
	assert_int_equal(letter->size, job->answer.length);
	in = letter_open(letter);
	if (letter->kind == LETTER_PAGE) {
		assert_true(page_unpack(&in, page));
		assert_int_equal(page->request, 5);
		assert_int_equal(page->connection, 6);
		assert_int_equal(page->epoch, 9);
		return true;
	}
	assert_int_equal(letter->kind, LETTER_REFUSED);
	assert_true(refused_unpack(&in, &refused));
	assert_int_equal(refused.request, 5);
	assert_int_equal(refused.connection, 6);
	assert_int_equal(refused.code, 1004);
	return false;
}

static void
every_job_comes_back_once(void **state)
{
	struct place *place = *state;
	struct lookup_job jobs[200];
	unsigned count = 0;

	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i] = job_of(LOOKUP_NEWEST, 0, 1 + i % 10);
		lookup_pool_give(place->pool, &jobs[i]);
	}
	while (count < ARRAY_LEN(jobs)) {
		struct lookup_job *job = wait_for_one(place->pool);
		struct letter *letter =
			(struct letter *)(void *)job->answer.data;
		struct unpack in = letter_open(letter);
		struct page page;

		assert_true(page_unpack(&in, &page));
		assert_int_equal(page.count, job->wanted.limit);
		assert_int_equal(page.last, MESSAGES);
		buffer_fini(&job->answer);
		count++;
	}
	assert_null(lookup_pool_take(place->pool));
}

static void
an_archive_that_is_behind_answers_only_what_is_certain(void **state)
{
	struct place *place = *state;
	struct {
		enum lookup_mode mode;
		uint64_t anchor;
		bool is_certain;
	} cases[] = {
		{ LOOKUP_NEWEST, 0, false },
		{ LOOKUP_BEFORE, MESSAGES + 1, true },
		{ LOOKUP_BEFORE, MESSAGES + 2, false },
		{ LOOKUP_AFTER, 3, true },
		{ LOOKUP_AFTER, MESSAGES, false },
		{ LOOKUP_ID, 0, true }, /* that of all of them */
		{ LOOKUP_ID, 1, false },
		{ LOOKUP_AFTER_ID, 0, false },
		{ LOOKUP_FROM_TIME, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct lookup_job job =
			job_of(cases[i].mode, cases[i].anchor, 50);
		struct page page;

		job.is_behind = true;
		assert_int_equal(
			answer(place, &job, &page), cases[i].is_certain);
		job.is_behind = false;
		assert_true(answer(place, &job, &page));
		buffer_fini(&job.answer);
	}
}

static void
a_page_after_never_claims_the_end_when_behind(void **state)
{
	struct place *place = *state;
	struct lookup_job job = job_of(LOOKUP_AFTER, 0, MESSAGES);
	struct page page;

	assert_true(answer(place, &job, &page));
	assert_int_equal(page.more, 0);
	job.is_behind = true;
	assert_true(answer(place, &job, &page));
	assert_int_equal(page.count, MESSAGES);
	assert_int_equal(page.more, 1);
	buffer_fini(&job.answer);
}

static struct lookup_job
search_of(const char *text)
{
	struct lookup_job job = job_of(LOOKUP_NEWEST, 0, 7);

	job.is_search = true;
	job.search = (struct search){
		.kind = job.wanted.kind,
		.tenant = job.wanted.tenant,
		.stream = job.wanted.stream,
		.epoch = job.wanted.epoch,
		.limit = job.wanted.limit,
		.text = text_of(text),
		.before = UINT64_MAX,
	};
	return job;
}

static void
open_for_searches(struct place *place)
{
	lookup_pool_free(&place->pool);
	place->pool = lookup_pool_new(place->path, "/none/search.db", NULL, 2);
	assert_non_null(place->pool);
}

static void
a_search_comes_back_as_a_page(void **state)
{
	struct place *place = *state;
	struct lookup_job job = search_of("found");
	struct page page;

	open_for_searches(place);
	assert_int_equal(store_begin(place->store), 0);
	add(place->store, MESSAGES + 1, "[\"Found\"]");
	assert_int_equal(store_commit(place->store), 0);
	assert_true(answer(place, &job, &page));
	assert_int_equal(page.count, 1);
	assert_int_equal(page.last, MESSAGES + 1);
	assert_int_equal(page.more, 0);
	job.is_behind = true;
	assert_false(answer(place, &job, &page));
	buffer_fini(&job.answer);
}

static void
searches_and_lookups_all_come_back(void **state)
{
	struct place *place = *state;
	struct lookup_job jobs[200];

	open_for_searches(place);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i] = i % 3 ? search_of("nothing")
				: job_of(LOOKUP_NEWEST, 0, 5);
		lookup_pool_give(place->pool, &jobs[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		struct lookup_job *job = wait_for_one(place->pool);

		assert_true(job->answer.length > 0);
		buffer_fini(&job->answer);
	}
	assert_null(lookup_pool_take(place->pool));
}

static void
an_archive_that_fails_refuses(void **state)
{
	struct place *place = *state;
	struct lookup_job job = job_of(LOOKUP_NEWEST, 0, 5);
	struct page page;

	lookup_pool_free(&place->pool);
	store_close(&place->store);
	place->store = store_open(place->path, "sql");
	assert_non_null(place->store);
	place->pool = lookup_pool_new(place->path, NULL, NULL, 2);
	assert_non_null(place->pool);
	assert_int_equal(truncate(place->path, 4096), 0);
	assert_false(answer(place, &job, &page));
	buffer_fini(&job.answer);
}

#define with_place(test)                                                       \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(every_job_comes_back_once),
		with_place(
			an_archive_that_is_behind_answers_only_what_is_certain),
		with_place(a_page_after_never_claims_the_end_when_behind),
		with_place(a_search_comes_back_as_a_page),
		with_place(searches_and_lookups_all_come_back),
		with_place(an_archive_that_fails_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
