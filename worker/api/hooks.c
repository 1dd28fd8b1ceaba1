/*
 * Messages are heard by following the journals: every STEP_MS while some came
 * in the last second, else with the tick of the worker, so that an idle host
 * sleeps. What was heard is in the spools before the next step, so a disk that
 * is full stops the follower and not more.
 */
#include "worker/api/hooks.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/letter.h"
#include "shared/scoreboard.h"
#include "worker/api/bots.h"
#include "worker/api/courier.h"
#include "worker/api/follower.h"
#include "worker/api/inquiry.h"
#include "worker/api/webhooks.h"
#include "worker/edge/edge.h"
#include "worker/worker.h"

#define STEP_MS 25
#define LIVELY_MS 1000
#define SAVE_EVERY_MS 1000

struct hooks {
	struct worker *worker;
	struct courier *courier;
	struct inquiries *inquiries;
	struct webhooks *webhooks; /* NULL: this is not the first api */
	struct bots *bots;         /* with them */
	struct follower *follower; /* NULL: nobody wants to hear messages */
	struct event *step;
	unsigned ledgers;
	uint64_t lively_ms; /* when messages came last */
	uint64_t saved_ms;
	bool is_due;                /* at the end of this turn, as far as: */
	uint64_t ends[LEDGERS_MAX]; /* of the journals */
};

static void
path_of_followed(const struct hooks *hooks, char path[PATH_MAX])
{
	must(snprintf(path, PATH_MAX, "%s/events/followed",
		     worker_config(hooks->worker)->data_dir) < PATH_MAX);
}

static void
on_message(void *self, unsigned ledger, uint64_t end,
	const struct message *message)
{
	struct hooks *hooks = self;

	hooks->lively_ms = worker_now_ms(hooks->worker);
	webhooks_hear(hooks->webhooks, ledger, end, message);
	bots_hear(hooks->bots, ledger,
		follower_position(hooks->follower, ledger), message);
}

/* Where a successor begins, which is as well which part of their journals the
 * ledgers have to keep. */
static void
note_place(const struct hooks *hooks)
{
	struct row *row = worker_row(hooks->worker);

	for (unsigned i = 0; i < hooks->ledgers; i++) {
		uint64_t kept = 0;

		if (hooks->follower) {
			kept = bots_settled(hooks->bots, i,
				follower_position(hooks->follower, i));
			follower_hold(hooks->follower, i, kept++);
		}
		atomic_store_explicit(
			&row->archived[i], kept, memory_order_release);
	}
}

/* Who wants to hear messages again later begins at the end then. */
static void
choose_follower(struct hooks *hooks)
{
	bool is_wanted = webhooks_want_messages(hooks->webhooks) ||
			 bots_are_there(hooks->bots);
	char path[PATH_MAX];

	path_of_followed(hooks, path);
	if (is_wanted && hooks->follower == NULL) {
		hooks->follower =
			follower_new(worker_config(hooks->worker)->data_dir,
				path, hooks->ledgers, on_message, hooks);
	} else if (!is_wanted) {
		follower_free(&hooks->follower);
		unlink(path);
	}
	note_place(hooks);
}

static void
read_ends(const struct hooks *hooks, uint64_t ends[LEDGERS_MAX])
{
	struct arena *arena = worker_arena(hooks->worker);
	unsigned first = arena_role_first(arena, ROLE_LEDGER);

	for (unsigned i = 0; i < hooks->ledgers; i++) {
		struct row *row = arena_row(arena, first + i);
		uint32_t life = atomic_load_explicit(
			&row->ready_life, memory_order_acquire);

		ends[i] = FOLLOWER_UNKNOWN;
		if (worker_is_current(hooks->worker, first + i, life))
			ends[i] = atomic_load_explicit(
				&row->journal_end, memory_order_acquire);
	}
}

static void
step_in(struct hooks *hooks, uint64_t ms)
{
	struct timeval delay = { .tv_usec = (suseconds_t)(ms * 1000) };

	must(evtimer_add(hooks->step, &delay) == 0);
}

/* Up to where the ledgers are now, at the end of this turn: by then everything
 * is heard that they told before, so nobody is told to speak in a room before
 * he enters it. */
static void
look(struct hooks *hooks)
{
	if (hooks->follower == NULL || hooks->is_due)
		return;
	read_ends(hooks, hooks->ends);
	hooks->is_due = true;
}

static void
on_step(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	look(self);
}

static void
save(struct hooks *hooks, uint64_t now_ms)
{
	if (now_ms < hooks->saved_ms + SAVE_EVERY_MS)
		return;
	hooks->saved_ms = now_ms;
	note_place(hooks);
	follower_save(hooks->follower);
}

/* As far as there is something, and a bit further soon. */
static void
follow(struct hooks *hooks)
{
	uint64_t now_ms = worker_now_ms(hooks->worker);
	bool has_more;

	if (!hooks->is_due || worker_is_behind(hooks->worker))
		return;
	hooks->is_due = false;
	if (hooks->follower == NULL || !webhooks_commit(hooks->webhooks))
		return;
	has_more = follower_step(hooks->follower, hooks->ends);
	if (webhooks_commit(hooks->webhooks))
		save(hooks, now_ms);
	if (has_more)
		step_in(hooks, 0);
	else if (now_ms - hooks->lively_ms < LIVELY_MS)
		step_in(hooks, STEP_MS);
}

/* For messages that nobody remembers. */
static void
hear_passing(void *self, const struct message *message)
{
	struct hooks *hooks = self;

	bots_hear(hooks->bots, BOTS_NOWHERE, 0, message);
}

static void
open_ears(struct hooks *hooks, struct edge *edge)
{
	hooks->webhooks = webhooks_new(hooks->worker, hooks->courier);
	hooks->bots = bots_new(hooks->worker, hooks->courier, edge);
	edge->deliver_here = hear_passing;
	edge->self = hooks;
	choose_follower(hooks);
}

struct hooks *
hooks_new(struct worker *worker, struct edge *edge)
{
	struct hooks *hooks = base_alloc_zeroed(1, sizeof(*hooks));

	hooks->worker = worker;
	hooks->ledgers = arena_role_count(worker_arena(worker), ROLE_LEDGER);
	must(hooks->ledgers <= LEDGERS_MAX);
	hooks->step = evtimer_new(worker_base(worker), on_step, hooks);
	must(hooks->step != NULL);
	hooks->courier = courier_new(worker_base(worker));
	if (hooks->courier == NULL) {
		hooks_free(&hooks);
		return NULL;
	}
	hooks->inquiries = inquiries_new(worker, hooks->courier);
	if (worker_row(worker)->number == 0)
		open_ears(hooks, edge);
	return hooks;
}

/* What was heard last is heard again by the next life, at most. */
void
hooks_free(struct hooks **hooks)
{
	struct hooks *old = *hooks;

	*hooks = NULL;
	if (old == NULL)
		return;
	if (old->follower && webhooks_commit(old->webhooks)) {
		note_place(old);
		follower_save(old->follower);
	}
	follower_free(&old->follower);
	bots_free(&old->bots);
	webhooks_free(&old->webhooks);
	inquiries_free(&old->inquiries);
	courier_free(&old->courier);
	event_free(old->step);
	free(old);
}

static void
take_passing(struct hooks *hooks, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct message message;

	if (hooks->bots && message_unpack(&in, &message))
		hear_passing(hooks, &message);
}

bool
hooks_take(struct hooks *hooks, const struct letter *letter)
{
	if (letter->kind == LETTER_HOOK)
		inquiries_take(hooks->inquiries, letter);
	else if (letter->kind == LETTER_DELIVER)
		take_passing(hooks, letter);
	else if (letter->kind != LETTER_NEWS)
		return false;
	else if (hooks->webhooks)
		webhooks_take(hooks->webhooks, letter,
			worker_letter_end(hooks->worker));
	return true;
}

void
hooks_turn(struct hooks *hooks)
{
	if (hooks->webhooks == NULL)
		return;
	webhooks_commit(hooks->webhooks);
	follow(hooks);
}

void
hooks_tick(struct hooks *hooks, uint64_t now_ms)
{
	if (hooks->webhooks == NULL)
		return;
	webhooks_tick(hooks->webhooks);
	bots_tick(hooks->bots, now_ms);
	look(hooks);
}

void
hooks_renew(struct hooks *hooks)
{
	if (hooks->webhooks == NULL)
		return;
	webhooks_renew(hooks->webhooks);
	bots_renew(hooks->bots);
	choose_follower(hooks);
}
