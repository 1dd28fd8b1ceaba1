#include "worker/historian/reception.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "shared/arena.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/ring.h"
#include "shared/stream.h"
#include "shared/table.h"
#include "worker/historian/desk.h"
#include "worker/historian/intake.h"
#include "worker/historian/lookup.h"
#include "worker/worker.h"

/*
 * A visit is a lookup or a search on its way: waiting for the archive, then
 * with the reader threads, then waiting for room in the ring of its asker.
 * Answers are large, so only few of them exist at a time for one asker; the
 * others wait as small visits, and when those grow many their letters fill the
 * rings and the ledgers refuse further ones.
 */

#define THREADS 2
#define PAGES_PER_ASKER 8
#define SEARCHES_PER_ASKER 4

/* So many searches wait; they may take long, and the answer "later" is worth
 * more when it comes soon. */
#define SEARCHES_MAX 64

/* So long a visit waits for an archive that is catching up. */
#define PATIENCE_MS 3000

/* What a page letter has besides its messages, and so one of an archive besides
 * its only one. */
#define PAGE_OVERHEAD 128

struct visit {
	struct lookup_job job; /* first: a job is its visit */
	struct buffer names;   /* what the job's texts point into */
	struct open_letter *letter;
	unsigned ledger;
	uint64_t target; /* the archive must reach this position */
	uint64_t since_ms;
	bool is_refused; /* a search too many */
	struct visit *prev, *next;
};

struct reception {
	struct worker *worker;
	const struct intake *intake;
	struct lookup_pool *pool;
	struct desk *desk;
	struct visit *waiting; /* for the archive or for their turn */
	struct visit *reading; /* with the reader threads */
	struct visit *ready;   /* for room in a ring */
	bool wants_archive;
	/* Of each asker, being read or ready: */
	unsigned pages[SLOTS_MAX];
	unsigned searches[SLOTS_MAX];
	unsigned search_count; /* all there are */
};

struct reception *
reception_new(struct worker *worker, const struct intake *intake,
	const char *path, const char *search_path, struct indexer *indexer)
{
	struct reception *made = base_alloc_zeroed(1, sizeof(*made));

	made->worker = worker;
	made->intake = intake;
	made->desk = desk_new();
	made->pool = lookup_pool_new(path, search_path, indexer, THREADS);
	if (made->pool == NULL)
		reception_free(&made);
	return made;
}

static void
visit_free(struct visit *visit)
{
	buffer_fini(&visit->names);
	buffer_fini(&visit->job.answer);
	free(visit);
}

static void
free_all(struct visit *visits)
{
	struct visit *visit, *next;

	DL_FOREACH_SAFE(visits, visit, next)
	{
		visit_free(visit);
	}
}

void
reception_free(struct reception **pointer)
{
	struct reception *reception = *pointer;

	*pointer = NULL;
	if (reception == NULL)
		return;
	lookup_pool_free(&reception->pool);
	free_all(reception->waiting);
	free_all(reception->reading);
	free_all(reception->ready);
	desk_free(&reception->desk);
	free(reception);
}

static void
give_back(struct reception *reception, struct open_letter *letter)
{
	unsigned from;
	uint64_t end;

	if (desk_close(reception->desk, letter, &from, &end))
		worker_release(reception->worker, from, end);
}

/* The texts are copied: a letter lies in shared memory, and reader threads
 * should see bytes of their own. */
static void
copy_texts(struct visit *visit)
{
	struct lookup *lookup = &visit->job.wanted;
	struct search *search = &visit->job.search;
	struct text *texts[] = { &lookup->tenant, &lookup->stream,
		&lookup->with, &search->text, &search->from,
		&visit->job.places.items };
	const char *at;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buffer_add_text(&visit->names, *texts[i]);
	at = (const char *)visit->names.data;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		texts[i]->at = at;
		at += texts[i]->length;
	}
	search->tenant = lookup->tenant;
	search->stream = lookup->stream;
	search->with = lookup->with;
}

static size_t
page_room(const struct reception *reception, unsigned asker)
{
	const struct ring *ring = arena_ring(worker_arena(reception->worker),
		worker_slot(reception->worker), asker);

	return ring_letter_max(ring) / 2 - PAGE_OVERHEAD;
}

static uint64_t
journal_end_of(const struct reception *reception, unsigned ledger)
{
	struct arena *arena = worker_arena(reception->worker);
	unsigned slot = arena_role_first(arena, ROLE_LEDGER) + ledger;

	return atomic_load_explicit(
		&arena_row(arena, slot)->journal_end, memory_order_acquire);
}

static unsigned
ledger_count(const struct reception *reception)
{
	return arena_role_count(worker_arena(reception->worker), ROLE_LEDGER);
}

static bool
is_sound(const struct reception *reception, const struct lookup_job *job)
{
	const struct arena *arena = worker_arena(reception->worker);
	const struct lookup *wanted = &job->wanted;

	if (job->is_places && job->places.ledger >= ledger_count(reception))
		return false;
	if (job->is_haul && (job->haul.ledger >= ledger_count(reception) ||
				    job->haul.ledgers_there == 0 ||
				    job->haul.ledgers_there > LEDGERS_MAX))
		return false;
	return wanted->asker_slot < arena_shape(arena)->slots &&
	       wanted->tenant.length <= TENANT_BYTES_MAX &&
	       wanted->stream.length <= ROOM_BYTES_MAX &&
	       wanted->with.length <= ROOM_BYTES_MAX;
}

/* What the letter asks for, its texts still borrowed. */
static bool
read_letter(const struct letter *letter, struct lookup_job *job)
{
	struct unpack in = letter_open(letter);
	const struct search *search = &job->search;

	if (letter->kind == LETTER_LOOKUP)
		return lookup_unpack(&in, &job->wanted);
	if (letter->kind == LETTER_ARCHIVE_WANTED) {
		job->is_haul = archive_wanted_unpack(&in, &job->haul);
		job->wanted = (struct lookup){
			.asker_slot = job->haul.asker_slot,
			.asker_life = job->haul.asker_life,
		};
		return job->is_haul;
	}
	if (letter->kind == LETTER_PLACES_WANTED) {
		job->is_places = places_wanted_unpack(&in, &job->places);
		job->wanted = (struct lookup){
			.asker_slot = job->places.asker_slot,
			.asker_life = job->places.asker_life,
		};
		return job->is_places;
	}
	job->is_search = true;
	if (letter->kind != LETTER_SEARCH || !search_unpack(&in, &job->search))
		return false;
	job->wanted = (struct lookup){
		.request = search->request,
		.connection = search->connection,
		.kind = search->kind,
		.tenant = search->tenant,
		.stream = search->stream,
		.limit = search->limit,
		.asker_slot = search->asker_slot,
		.asker_life = search->asker_life,
		.epoch = search->epoch,
		.with = search->with,
	};
	return true;
}

static void
let_wait(struct reception *reception, struct visit *visit)
{
	struct worker *worker = reception->worker;
	const struct lookup *wanted = &visit->job.wanted;

	visit->since_ms = worker_now_ms(worker);
	visit->job.ledgers = ledger_count(reception);
	visit->job.page_bytes =
		page_room(reception, (unsigned)wanted->asker_slot);
	if (visit->job.is_haul) {
		visit->ledger = (unsigned)visit->job.haul.ledger;
		visit->job.message_bytes = 2 * visit->job.page_bytes;
		visit->job.page_bytes = MIN_OF(
			visit->job.page_bytes, (size_t)visit->job.haul.bytes);
	} else if (visit->job.is_places) {
		visit->ledger = (unsigned)visit->job.places.ledger;
	} else {
		visit->ledger = stream_shard((unsigned)wanted->kind,
			wanted->tenant, wanted->stream, visit->job.ledgers);
	}
	visit->target = journal_end_of(reception, visit->ledger);
	if (!visit->job.is_search || reception->search_count < SEARCHES_MAX) {
		reception->search_count += visit->job.is_search;
		DL_APPEND(reception->waiting, visit);
		return;
	}
	visit->is_refused = true;
	lookup_job_refuse(&visit->job, 1004,
		"the server has too much to search for, try again");
	DL_APPEND(reception->ready, visit);
}

void
reception_take(struct reception *reception, const struct letter *letter)
{
	struct open_letter *open = desk_open(reception->desk, letter->from,
		worker_letter_end(reception->worker));
	struct lookup_job job = { 0 };
	struct visit *visit;

	if (!read_letter(letter, &job) || !is_sound(reception, &job)) {
		log_warning("a letter %s from slot %u is none for a historian",
			letter_kind_name(letter->kind), letter->from);
		give_back(reception, open);
		return;
	}
	visit = base_alloc_zeroed(1, sizeof(*visit));
	visit->job = job;
	visit->letter = open;
	copy_texts(visit);
	let_wait(reception, visit);
}

static bool
is_wanted_still(const struct reception *reception, const struct visit *visit)
{
	const struct lookup *wanted = &visit->job.wanted;

	return worker_is_current(reception->worker,
		(unsigned)wanted->asker_slot, (uint32_t)wanted->asker_life);
}

static void
finish(struct reception *reception, struct visit *visit)
{
	if (visit->job.is_search && !visit->is_refused)
		reception->search_count--;
	give_back(reception, visit->letter);
	visit_free(visit);
}

/* How many answers like this one its asker has under way. */
static unsigned *
answers_of(struct reception *reception, const struct visit *visit)
{
	uint64_t asker = visit->job.wanted.asker_slot;

	return visit->job.is_search ? &reception->searches[asker]
				    : &reception->pages[asker];
}

/* Can the visit be read now? If the archive cannot follow, the reader decides
 * whether what it finds will do. */
static bool
may_read(struct reception *reception, struct visit *visit)
{
	const struct intake *intake = reception->intake;
	uint64_t now_ms = worker_now_ms(reception->worker);

	if (*answers_of(reception, visit) >=
		(visit->job.is_search ? SEARCHES_PER_ASKER : PAGES_PER_ASKER))
		return false;
	if (intake_position(intake, visit->ledger) >= visit->target)
		return true;
	visit->job.is_behind = intake_is_stuck(intake, visit->ledger) ||
			       now_ms - visit->since_ms > PATIENCE_MS;
	if (!visit->job.is_behind)
		reception->wants_archive = true;
	return visit->job.is_behind;
}

static void
start_waiting(struct reception *reception)
{
	struct visit *visit, *next;

	reception->wants_archive = false;
	DL_FOREACH_SAFE(reception->waiting, visit, next)
	{
		if (!is_wanted_still(reception, visit)) {
			DL_DELETE(reception->waiting, visit);
			finish(reception, visit);
		} else if (may_read(reception, visit)) {
			DL_DELETE(reception->waiting, visit);
			DL_APPEND(reception->reading, visit);
			++*answers_of(reception, visit);
			lookup_pool_give(reception->pool, &visit->job);
		}
	}
}

static void
take_finished(struct reception *reception)
{
	struct lookup_job *job;

	while ((job = lookup_pool_take(reception->pool)) != NULL) {
		struct visit *visit = (struct visit *)job;

		row_count(worker_row(reception->worker), COUNTER_LOOKUPS, 1);
		DL_DELETE(reception->reading, visit);
		DL_APPEND(reception->ready, visit);
	}
}

/* True when the answer is out, or nobody waits for it any more. */
static bool
post_answer(struct reception *reception, struct visit *visit)
{
	struct worker *worker = reception->worker;
	unsigned asker = (unsigned)visit->job.wanted.asker_slot;
	struct letter *letter = (struct letter *)(void *)visit->job.answer.data;
	const struct ring *ring =
		arena_ring(worker_arena(worker), worker_slot(worker), asker);

	if (!is_wanted_still(reception, visit))
		return true;
	if (letter->size > ring_letter_max(ring)) {
		lookup_job_refuse(&visit->job, 1004,
			"a message of this page is larger than ring_bytes "
			"lets pass");
		letter = (struct letter *)(void *)visit->job.answer.data;
	}
	return worker_offer(worker, asker, letter);
}

/* A ring without room for one answer gets none of the later ones, so that the
 * answers of one asker stay in order. */
static void
post_ready(struct reception *reception)
{
	struct visit *visit, *next;
	bool is_full[SLOTS_MAX] = { false };

	DL_FOREACH_SAFE(reception->ready, visit, next)
	{
		uint64_t asker = visit->job.wanted.asker_slot;

		if (is_full[asker])
			continue;
		if (!post_answer(reception, visit)) {
			is_full[asker] = true;
			continue;
		}
		DL_DELETE(reception->ready, visit);
		if (!visit->is_refused)
			--*answers_of(reception, visit);
		finish(reception, visit);
	}
}

void
reception_go_on(struct reception *reception)
{
	take_finished(reception);
	if (reception->ready)
		post_ready(reception);
	if (reception->waiting)
		start_waiting(reception);
}

bool
reception_wants_archive(const struct reception *reception)
{
	return reception->waiting && reception->wants_archive;
}

bool
reception_wants_room(const struct reception *reception)
{
	return reception->ready != NULL;
}

int
reception_fd(const struct reception *reception)
{
	return lookup_pool_fd(reception->pool);
}
