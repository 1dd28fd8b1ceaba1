/*
 * The api role: HTTP for people and for backends, by the evhttp of libevent.
 * A reply is made at once or when somebody else has told what it says.
 *
 * A drain leaves the doors open, so that /readyz can say so, until the gateways
 * have gone; an end shuts them and waits a moment for replies on their way.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/log.h"
#include "worker/api/entrance.h"
#include "worker/api/errand.h"
#include "worker/api/hooks.h"
#include "worker/api/pages.h"
#include "worker/worker.h"

/* Replies on their way hold up an end no longer than this. */
#define FLUSH_MS 1000

struct api {
	struct worker *worker;
	struct hooks *hooks;
	struct entrances entrances;
	struct errands errands;
	uint64_t end_by_ms;   /* an end was asked for; 0: not yet */
	uint64_t drain_by_ms; /* a drain was asked for; 0: not yet */
	uint64_t told_requests;
};

static bool
gateways_are_gone(const struct api *api)
{
	const struct arena *arena = worker_arena(api->worker);
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);

	for (unsigned i = first; i < first + count; i++)
		if (atomic_load_explicit(&arena_row(arena, i)->pid,
			    memory_order_relaxed) != 0)
			return false;
	return true;
}

static void
begin_end(struct api *api, uint64_t now_ms)
{
	if (api->end_by_ms)
		return;
	api->end_by_ms = now_ms + FLUSH_MS;
	entrances_shut(&api->entrances);
}

static void
end_when_done(struct api *api, uint64_t now_ms)
{
	if (api->drain_by_ms &&
		(now_ms >= api->drain_by_ms || gateways_are_gone(api)))
		begin_end(api, now_ms);
	if (api->end_by_ms && (entrances_busy(&api->entrances) == 0 ||
				      now_ms >= api->end_by_ms))
		worker_end(api->worker);
}

static void
on_stop(void *self, enum worker_stop how)
{
	struct api *api = self;
	uint64_t now_ms = worker_now_ms(api->worker);

	api->entrances.is_stopping = true;
	if (how == WORKER_STOP_NOW)
		begin_end(api, now_ms);
	else
		api->drain_by_ms =
			now_ms +
			(uint64_t)worker_config(api->worker)->drain_seconds;
	end_when_done(api, now_ms);
}

static void
on_reload(void *self)
{
	struct api *api = self;

	entrances_renew(&api->entrances);
	hooks_renew(api->hooks);
}

static void
on_turn(void *self)
{
	struct api *api = self;

	hooks_turn(api->hooks);
}

static void
on_tick(void *self, uint64_t now_ms)
{
	struct api *api = self;
	uint64_t requests = row_read(worker_row(api->worker), COUNTER_REQUESTS);

	end_when_done(api, now_ms);
	errands_on_tick(&api->errands, now_ms);
	hooks_tick(api->hooks, now_ms);
	entrances_sweep(&api->entrances, now_ms);
	if (requests == api->told_requests)
		return;
	api->told_requests = requests;
	worker_set_title(
		api->worker, "%llu requests", (unsigned long long)requests);
}

static void
on_letter(void *self, const struct letter *letter)
{
	struct api *api = self;

	if (!errands_on_letter(&api->errands, letter) &&
		!hooks_take(api->hooks, letter))
		log_error("a letter %s of slot %u makes no sense here",
			letter_kind_name(letter->kind), letter->from);
}

static void
on_peer(void *self, unsigned slot, uint32_t life, bool is_alive)
{
	struct api *api = self;

	(void)life;
	errands_on_peer(&api->errands, slot, is_alive);
}

static bool
office_offer(void *self, unsigned to, struct letter *letter)
{
	return worker_offer(self, to, letter);
}

static void
office_send(void *self, unsigned to, struct letter *letter)
{
	worker_send(self, to, letter);
}

static void
open_errands(struct api *api)
{
	struct worker *worker = api->worker;

	api->errands.edge = (struct edge){
		.config = worker_config(worker),
		.arena = worker_arena(worker),
		.slot = worker_slot(worker),
		.life = worker_life(worker),
		.office = { office_offer, office_send, worker, NULL },
	};
	errands_init(&api->errands);
	api->entrances.errands = &api->errands;
}

/* Each connection is one, and what gateways pass on comes besides. */
static void
allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("api: limit of descriptors: %s", strerror(errno));
}

int
api_main(struct worker *worker)
{
	static const struct worker_hooks hooks = {
		.on_letter = on_letter,
		.on_peer = on_peer,
		.on_turn = on_turn,
		.on_tick = on_tick,
		.on_stop = on_stop,
		.on_reload = on_reload,
	};
	struct api api = {
		.worker = worker,
		.entrances = { .worker = worker,
			.pages = pages_new(worker_config(worker)->web_dir) },
	};
	int code = 1;

	allow_descriptors();
	open_errands(&api);
	api.hooks = hooks_new(worker, &api.errands.edge);
	if (api.hooks && entrances_open(&api.entrances) == 0) {
		worker_set_title(worker, "0 requests");
		worker_run(worker, &hooks, &api);
		code = 0;
	}
	errands_fini(&api.errands);
	entrances_fini(&api.entrances);
	hooks_free(&api.hooks);
	pages_free(&api.entrances.pages);
	return code;
}
