/*
 * The common half of all children. A child is single-threaded as far as this
 * file goes; the loop of libevent is entered once per turn and left again, so
 * that letters, commits and flushes each happen once per turn.
 *
 * Sleep: before it waits, the worker says that it falls asleep and then looks
 * at all rings again; see bell.h. While letters wait outside full rings nobody
 * rings for the room that comes, so then it wakes up every millisecond.
 *
 * Orphans: the end of file on the line says that the master is gone; see
 * orphan.h. The listening sockets are shut at once.
 */
#include "worker/worker.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/bell.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/letter.h"
#include "shared/line.h"
#include "shared/log.h"
#include "worker/holds.h"
#include "worker/inbox.h"
#include "worker/orphan.h"
#include "worker/peers.h"
#include "worker/post.h"
#include "worker/prologue.h"
#include "worker/reload.h"
#include "worker/worker_inside.h"

#define TICK_MS 100
#define RETRY_MS 1

/* How long letters that wait outside full rings hold up an end. */
#define END_WAIT_MS 1000

/* Where each role begins. */
static int (*const entries[ROLE_COUNT])(struct worker *) = {
#define ROLE(symbol, name, entry, count) [ROLE_##symbol] = entry,
#include "shared/roles.def"
#undef ROLE
};

const struct heritage *
worker_heritage(const struct worker *worker)
{
	return worker->heritage;
}

const struct config *
worker_config(const struct worker *worker)
{
	return worker->heritage->config;
}

struct arena *
worker_arena(const struct worker *worker)
{
	return worker->heritage->arena;
}

struct event_base *
worker_base(const struct worker *worker)
{
	return worker->base;
}

struct row *
worker_row(const struct worker *worker)
{
	return worker->row;
}

unsigned
worker_slot(const struct worker *worker)
{
	return worker->heritage->slot;
}

uint32_t
worker_life(const struct worker *worker)
{
	return worker->heritage->life;
}

uint64_t
worker_now_ms(const struct worker *worker)
{
	return worker->now_ms;
}

bool
worker_tell(const struct worker *worker, struct text traced)
{
	return line_tell(worker->heritage->line, traced);
}

void
worker_set_title(struct worker *worker, const char *format, ...)
{
	char words[128];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	setproctitle("%s, %s", worker->name, words);
}

void
worker_end(struct worker *worker)
{
	if (worker->ended_ms == 0)
		worker->ended_ms = clock_ms();
}

/* A drain may still be followed by an end at once; nothing is asked twice. */
static void
ask_to_stop(struct worker *worker, enum asked what)
{
	if (worker->asked >= what)
		return;
	worker->asked = what;
	if (worker->hooks->on_stop)
		worker->hooks->on_stop(
			worker->self, what == ASKED_NOW ? WORKER_STOP_NOW
							: WORKER_STOP_DRAIN);
	else
		worker_end(worker);
}

static void
on_term(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	ask_to_stop(self, ASKED_NOW);
}

static void
on_reopen(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	(void)self;
	if (log_reopen() < 0)
		log_error("the log file cannot be opened again, going on with "
			  "the old one");
}

static void
on_bell(evutil_socket_t fd, short what, void *self)
{
	struct worker *worker = self;

	(void)what;
	bell_answer(fd);
	worker->look_at_peers = true;
}

static void
orphan_tick(struct worker *worker)
{
	uint64_t alone_ms = worker->now_ms - worker->orphan_since_ms;

	switch (orphan_duty(worker->heritage, alone_ms, worker->now_ms)) {
	case ORPHAN_GO_ON:
		return;
	case ORPHAN_STOP:
		ask_to_stop(worker, ASKED_NOW);
		return;
	case ORPHAN_EXIT:
		worker->ended_ms = 1; /* long ago: nothing holds it up */
	}
}

static void
become_orphan(struct worker *worker)
{
	if (worker->orphan_since_ms != 0)
		return;
	log_warning("the master is gone: ending within 10 s");
	event_del(worker->line);
	worker->orphan_since_ms = MAX_OF(worker->now_ms, 1);
	if (orphan_is_edge(worker->heritage))
		ask_to_stop(worker, ASKED_DRAIN);
	orphan_shut_listeners(worker->heritage);
}

/* A file that cannot be opened is told; lines go on where they went. */
static void
set_log(const struct heritage *heritage)
{
	const struct config *config = heritage->config;

	if (log_open(heritage->logs_to_stderr ? NULL : config->log_file,
		    (enum log_level)config->log_level,
		    (enum log_format)config->log_format) < 0)
		log_error("the log file %s cannot be opened", config->log_file);
}

/* Who is asked to end has let go of his sockets; he takes no others. */
static void
take_up(struct worker *worker)
{
	if (reload_take_up(worker->reload) < 0)
		return;
	set_log(worker->heritage);
	if (worker->hooks->on_reload && worker->asked == ASKED_NOTHING)
		worker->hooks->on_reload(worker->self);
	reload_finish(worker->reload);
	atomic_store(&worker->row->generation, worker->heritage->generation);
}

static void
on_line(evutil_socket_t fd, short what, void *self)
{
	struct worker *worker = self;
	enum reload_heard heard;

	(void)fd;
	(void)what;
	for (;;) {
		heard = reload_hear(worker->reload);
		if (heard == RELOAD_READY)
			take_up(worker);
		else if (heard == RELOAD_WISH && worker->hooks->on_wish)
			worker->hooks->on_wish(
				worker->self, reload_wish(worker->reload));
		else if (heard != RELOAD_WISH)
			break;
	}
	if (heard == RELOAD_GONE)
		become_orphan(worker);
}

/* What was said before the signal counts for the drain. */
static void
on_quit(evutil_socket_t number, short what, void *self)
{
	struct worker *worker = self;

	(void)number;
	on_line(worker->heritage->line, what, worker);
	ask_to_stop(worker, ASKED_DRAIN);
}

static void
on_tick(evutil_socket_t fd, short what, void *self)
{
	struct worker *worker = self;

	(void)fd;
	(void)what;
	worker->now_ms = clock_ms();
	worker->look_at_peers = true;
	log_tick();
	if (worker->orphan_since_ms != 0)
		orphan_tick(worker);
	if (worker->hooks->on_tick)
		worker->hooks->on_tick(worker->self, worker->now_ms);
}

/* Nothing to do: the turn that follows tries again. */
static void
on_retry(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	(void)self;
}

static void
on_peer(unsigned slot, uint32_t life, bool is_alive, void *self)
{
	struct worker *worker = self;

	if (worker->hooks->on_peer)
		worker->hooks->on_peer(worker->self, slot, life, is_alive);
}

static void
on_letter(const struct letter *letter, void *self)
{
	struct worker *worker = self;

	row_count(worker->row, COUNTER_LETTERS_IN, 1);
	peers_expect(worker->peers, letter->from, letter->from_life);
	if (worker->hooks->on_letter)
		worker->hooks->on_letter(worker->self, letter);
}

static void
wait_for_news(struct worker *worker)
{
	const struct timeval retry = { .tv_usec = RETRY_MS * 1000 };
	bool may_sleep = inbox_is_empty(worker->inbox);

	if (may_sleep) {
		bell_fall_asleep(worker->row);
		may_sleep = inbox_is_empty(worker->inbox);
	}
	if (may_sleep && worker->hooks->may_sleep)
		may_sleep = worker->hooks->may_sleep(worker->self);
	if (may_sleep && post_waiting(worker->post) > 0)
		event_add(worker->retry, &retry);
	/* EVLOOP_NONBLOCK alone goes on for as long as any socket is ready. */
	event_base_loop(worker->base,
		may_sleep ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
	bell_wake_up(worker->row);
}

static void
beat(struct worker *worker)
{
	atomic_store_explicit(&worker->row->heartbeat_ms, worker->now_ms,
		memory_order_relaxed);
}

static void
turn(struct worker *worker)
{
	worker->now_ms = clock_ms();
	beat(worker);
	if (worker->look_at_peers) {
		worker->look_at_peers = false;
		peers_look(worker->peers);
	}
	inbox_take(worker->inbox, on_letter, worker);
	if (worker->hooks->on_turn)
		worker->hooks->on_turn(worker->self);
	if (worker->hooks->holds_letters)
		holds_release(worker->holds);
	else if (!worker->hooks->keeps_letters)
		inbox_release_all(worker->inbox);
	post_retry(worker->post);
}

/* Ended, and nothing waits for room any more, or not for ever. */
static bool
is_over(const struct worker *worker)
{
	if (worker->ended_ms == 0)
		return false;
	return post_waiting(worker->post) == 0 ||
	       worker->now_ms >= worker->ended_ms + END_WAIT_MS;
}

static struct event *
watch(struct worker *worker, evutil_socket_t what, short kind,
	event_callback_fn on_what, const struct timeval *period)
{
	struct event *event =
		event_new(worker->base, what, kind, on_what, worker);

	must(event != NULL && event_add(event, period) == 0);
	return event;
}

void
worker_run(struct worker *worker, const struct worker_hooks *hooks, void *self)
{
	const struct heritage *heritage = worker->heritage;
	const struct timeval tick = { .tv_usec = TICK_MS * 1000 };
	struct event *const events[] = {
		watch(worker, SIGTERM, EV_SIGNAL | EV_PERSIST, on_term, NULL),
		watch(worker, SIGQUIT, EV_SIGNAL | EV_PERSIST, on_quit, NULL),
		watch(worker, SIGUSR1, EV_SIGNAL | EV_PERSIST, on_reopen, NULL),
		watch(worker, arena_bell(heritage->arena, heritage->slot),
			EV_READ | EV_PERSIST, on_bell, NULL),
		watch(worker, -1, EV_PERSIST, on_tick, &tick),
	};

	/* USR1 was not heard until now. */
	log_reopen();
	worker->line = watch(
		worker, heritage->line, EV_READ | EV_PERSIST, on_line, NULL);
	worker->hooks = hooks;
	worker->self = self;
	worker->look_at_peers = true;
	beat(worker);
	atomic_store_explicit(
		&worker->row->ready_life, heritage->life, memory_order_release);
	while (!is_over(worker)) {
		turn(worker);
		if (!is_over(worker))
			wait_for_news(worker);
	}
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		event_free(events[i]);
	event_free(worker->line);
}

static void
worker_fini(struct worker *worker)
{
	reload_free(&worker->reload);
	free(worker->own.sockets);
	event_free(worker->retry);
	peers_free(&worker->peers);
	holds_free(&worker->holds);
	post_free(&worker->post);
	inbox_free(&worker->inbox);
	event_base_free(worker->base);
}

int
worker_main(const struct heritage *heritage)
{
	struct arena *arena = heritage->arena;
	struct worker worker = {
		.own = *heritage,
		.heritage = &worker.own,
		.row = arena_row(arena, heritage->slot),
		.now_ms = clock_ms(),
	};
	int code;

	prologue(&worker.own, worker.name);
	worker.reload = reload_new(&worker.own);
	worker.base = event_base_new();
	must(worker.base != NULL);
	worker.inbox = inbox_new(arena, heritage->slot);
	worker.post = post_new(arena, heritage->slot, heritage->life);
	worker.holds =
		holds_new(worker.inbox, worker.post, arena_shape(arena)->slots);
	worker.peers = peers_new(arena, heritage->slot, on_peer, &worker);
	worker.retry = evtimer_new(worker.base, on_retry, NULL);
	must(worker.retry != NULL);
	beat(&worker);
	code = entries[worker.row->role](&worker);
	worker_fini(&worker);
	log_finish();
	return code;
}
