/*
 * The historian follows the journals of all ledgers into the archive and
 * answers lookups from it.
 *
 * Pace: while messages come, a step of the intake every STEP_MS, or at once
 * while a step leaves more; when nothing came for a while the tick of the
 * worker looks instead, so that an idle host sleeps. A lookup that waits for
 * the archive calls for a step at once. Each step is one bounded transaction,
 * between them the loop goes round, so letters and heartbeat never wait long.
 * Steps of retention come in between, RETIRE_MS after messages came and then as
 * long as there is something that is kept no longer.
 */
#include <stdatomic.h>

#include <event2/event.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/historian/archive.h"
#include "worker/historian/indexer.h"
#include "worker/historian/intake.h"
#include "worker/historian/reception.h"
#include "worker/historian/retention.h"
#include "worker/historian/store.h"
#include "worker/historian/store_checkpoint.h"
#include "worker/worker.h"

#define STEP_MS 25
#define QUIET_MS 5
#define ROOM_MS 2
#define LIVELY_MS 1000
#define RETIRE_MS 100
#define RETIRE_IDLE_MS 1000

struct historian {
	struct worker *worker;
	struct archive archive;
	struct reception *reception;
	struct event *step;               /* the next step of the intake */
	struct event *retire;             /* and of retention */
	struct event *finished;           /* a reader thread has something */
	struct event *room;               /* try full rings again */
	uint64_t lively_ms;               /* when messages came last */
	uint64_t retire_ms;               /* when to look though none came */
	uint64_t told_rows, told_commits; /* in the scoreboard */
	uint64_t told_retired;
	uint64_t title_rows; /* in the title */
	unsigned ledgers;
	bool has_letters; /* in this turn */
	bool is_stopping;
};

static void
read_ends(const struct historian *historian, uint64_t ends[LEDGERS_MAX])
{
	struct arena *arena = worker_arena(historian->worker);
	unsigned first = arena_role_first(arena, ROLE_LEDGER);

	for (unsigned i = 0; i < historian->ledgers; i++)
		ends[i] = atomic_load_explicit(
			&arena_row(arena, first + i)->journal_end,
			memory_order_acquire);
}

static void
publish(struct historian *historian)
{
	struct row *row = worker_row(historian->worker);
	uint64_t rows = intake_rows(historian->archive.intake);
	uint64_t commits = intake_commits(historian->archive.intake);

	for (unsigned i = 0; i < historian->ledgers; i++)
		atomic_store_explicit(&row->archived[i],
			intake_position(historian->archive.intake, i),
			memory_order_release);
	row_count(
		row, COUNTER_ARCHIVED, (int64_t)(rows - historian->told_rows));
	row_count(row, COUNTER_ARCHIVE_COMMITS,
		(int64_t)(commits - historian->told_commits));
	historian->told_rows = rows;
	historian->told_commits = commits;
}

static void
call_in(struct event *timer, uint64_t ms)
{
	struct timeval delay = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	must(evtimer_add(timer, &delay) == 0);
}

static void
step_in(struct historian *historian, uint64_t ms)
{
	call_in(historian->step, ms);
}

/* Tells what is left for the next start, if anything. */
static void
end_if_stopping(struct historian *historian)
{
	uint64_t ends[LEDGERS_MAX];
	uint64_t left = 0;

	if (!historian->is_stopping)
		return;
	read_ends(historian, ends);
	for (unsigned i = 0; i < historian->ledgers; i++) {
		uint64_t done = intake_position(historian->archive.intake, i);

		left += ends[i] > done ? ends[i] - done : 0;
	}
	if (left)
		log_warning("archive: %llu bytes of the journal are left for "
			    "the next start",
			(unsigned long long)left);
	worker_end(historian->worker);
}

/* How long they took, by a clock that may have been set meanwhile. */
static void
measure(struct historian *historian)
{
	struct row *row = worker_row(historian->worker);
	uint64_t now_ms = clock_unix_ms();
	size_t count;
	const uint64_t *times = intake_times(historian->archive.intake, &count);

	for (size_t i = 0; i < count; i++)
		histogram_add(&row->histograms[HISTOGRAM_ARCHIVE],
			(now_ms - MIN_OF(times[i], now_ms)) * 1000);
}

/* When the next step comes, by what this one found. */
static void
pace(struct historian *historian, enum intake_result result, bool has_moved)
{
	uint64_t now_ms = clock_ms();

	if (has_moved)
		historian->lively_ms = now_ms;
	if (result == INTAKE_MORE)
		step_in(historian, 0);
	else if (historian->is_stopping)
		end_if_stopping(historian);
	else if (now_ms - historian->lively_ms < LIVELY_MS)
		step_in(historian, STEP_MS);
}

/* Tells those who follow the archive what has come into it. */
static void
tell_followers(struct historian *historian)
{
	size_t count;
	const uint64_t *streams =
		store_touched(historian->archive.store, &count);

	if (historian->archive.indexer)
		indexer_note(historian->archive.indexer, streams, count);
	retention_note(historian->archive.retention, streams, count);
	if (!evtimer_pending(historian->retire, NULL))
		call_in(historian->retire, RETIRE_MS);
}

static void
on_step(evutil_socket_t fd, short what, void *self)
{
	struct historian *historian = self;
	uint64_t ends[LEDGERS_MAX];
	uint64_t commits = intake_commits(historian->archive.intake);
	enum intake_result result;

	(void)fd;
	(void)what;
	if (checkpointer_wants_quiet(historian->archive.checkpointer)) {
		step_in(historian, QUIET_MS);
		return;
	}
	read_ends(historian, ends);
	result = intake_step(historian->archive.intake, ends, clock_ms());
	checkpointer_note(historian->archive.checkpointer,
		store_log_pages(historian->archive.store));
	measure(historian);
	if (intake_commits(historian->archive.intake) != commits)
		tell_followers(historian);
	publish(historian);
	reception_go_on(historian->reception);
	pace(historian, result,
		intake_commits(historian->archive.intake) != commits);
}

static void
on_retire(evutil_socket_t fd, short what, void *self)
{
	struct historian *historian = self;
	enum retention_result result;
	uint64_t retired;

	(void)fd;
	(void)what;
	if (historian->is_stopping)
		return;
	if (checkpointer_wants_quiet(historian->archive.checkpointer)) {
		call_in(historian->retire, RETIRE_MS);
		return;
	}
	result = retention_step(
		historian->archive.retention, clock_ms(), clock_unix_ms());
	checkpointer_note(historian->archive.checkpointer,
		store_log_pages(historian->archive.store));
	retired = retention_retired(historian->archive.retention);
	row_count(worker_row(historian->worker), COUNTER_RETIRED,
		(int64_t)(retired - historian->told_retired));
	historian->told_retired = retired;
	if (result != RETENTION_DONE)
		call_in(historian->retire,
			result == RETENTION_MORE ? 0 : RETIRE_MS);
}

static void
on_finished(evutil_socket_t fd, short what, void *self)
{
	struct historian *historian = self;

	(void)fd;
	(void)what;
	reception_go_on(historian->reception);
}

/* Nothing to do: the turn that follows tries again. */
static void
on_room(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	(void)self;
}

static void
on_letter(void *self, const struct letter *letter)
{
	struct historian *historian = self;

	historian->has_letters = true;
	reception_take(historian->reception, letter);
}

static void
on_turn(void *self)
{
	struct historian *historian = self;
	const struct timeval soon = { .tv_usec = ROOM_MS * 1000 };

	reception_go_on(historian->reception);
	if (historian->has_letters &&
		reception_wants_archive(historian->reception))
		step_in(historian, 0);
	historian->has_letters = false;
	if (reception_wants_room(historian->reception))
		evtimer_add(historian->room, &soon);
}

static void
on_tick(void *self, uint64_t now_ms)
{
	struct historian *historian = self;
	uint64_t rows = intake_rows(historian->archive.intake);

	if (!evtimer_pending(historian->step, NULL))
		step_in(historian, 0);
	if (now_ms >= historian->retire_ms &&
		!evtimer_pending(historian->retire, NULL)) {
		historian->retire_ms = now_ms + RETIRE_IDLE_MS;
		call_in(historian->retire, 0);
	}
	if (rows == historian->title_rows)
		return;
	historian->title_rows = rows;
	worker_set_title(
		historian->worker, "%llu messages", (unsigned long long)rows);
}

/* Ledgers end before the historian is asked to, so what their rows tell now is
 * all there is; the step that finds nothing more ends the process. */
static void
on_stop(void *self, enum worker_stop how)
{
	struct historian *historian = self;

	(void)how;
	historian->is_stopping = true;
	step_in(historian, 0);
}

static const struct worker_hooks hooks = {
	.on_letter = on_letter,
	.on_turn = on_turn,
	.on_tick = on_tick,
	.on_stop = on_stop,
	.keeps_letters = true,
};

static int
open_all(struct historian *historian)
{
	struct arena *arena = worker_arena(historian->worker);
	struct archive *archive = &historian->archive;

	historian->ledgers = arena_role_count(arena, ROLE_LEDGER);
	must(historian->ledgers <= LEDGERS_MAX);
	if (archive_open(archive, worker_config(historian->worker),
		    historian->ledgers) < 0)
		return -1;
	historian->reception = reception_new(historian->worker, archive->intake,
		archive->path, archive->search_path, archive->indexer);
	return historian->reception ? 0 : -1;
}

static void
make_events(struct historian *historian)
{
	struct event_base *base = worker_base(historian->worker);

	historian->step = evtimer_new(base, on_step, historian);
	historian->retire = evtimer_new(base, on_retire, historian);
	historian->room = evtimer_new(base, on_room, historian);
	historian->finished =
		event_new(base, reception_fd(historian->reception),
			EV_READ | EV_PERSIST, on_finished, historian);
	must(historian->step && historian->retire && historian->room &&
		historian->finished);
	must(event_add(historian->finished, NULL) == 0);
	step_in(historian, 0);
}

static void
close_all(struct historian *historian)
{
	struct event *events[] = { historian->step, historian->retire,
		historian->room, historian->finished };

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (events[i])
			event_free(events[i]);
	reception_free(&historian->reception);
	archive_close(&historian->archive);
}

int
historian_main(struct worker *worker)
{
	struct historian historian = { .worker = worker };
	int code = 1;

	if (open_all(&historian) == 0) {
		make_events(&historian);
		publish(&historian);
		worker_set_title(worker, "0 messages");
		worker_run(worker, &hooks, &historian);
		code = 0;
	}
	close_all(&historian);
	return code;
}
