#include "worker/ledger/ledger.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "shared/arena.h"
#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/ring.h"
#include "shared/scoreboard.h"
#include "worker/ledger/checkpoint.h"
#include "worker/ledger/identity.h"
#include "worker/ledger/replay.h"
#include "worker/worker.h"

#define RECENT_STREAM_MAX 128 /* messages of one stream in memory */

/* How long a ledger that is to end waits for a turn without letters. */
#define BUSY_STOP_MS 200

/* Users who are told of as gone in one tick; each costs a letter to every
 * gateway that has the room. */
#define EVENTS_A_TICK 1000

/* Keys that are forgotten in one tick, besides those that give way to others.
 */
#define KEYS_A_TICK 1000

static void
on_letter(void *self, const struct letter *letter)
{
	turn_take(self, letter);
}

static void
on_wish(void *self, struct text wish)
{
	turn_ban_wish(self, wish);
}

static void
save_checkpoint(struct ledger *ledger)
{
	struct checkpoint_parts parts = opening_parts(ledger);
	struct checkpoint checkpoint = {
		.position = journal_end(ledger->journal),
		.id_time = ledger->id_time,
		.epoch = ledger->epoch,
	};

	if (checkpoint_begin(ledger->checkpoints, &parts, &checkpoint))
		ledger->segment =
			journal_segment_of(ledger->journal, UINT64_MAX);
}

static void
stop(struct ledger *ledger)
{
	checkpoint_wait(ledger->checkpoints);
	save_checkpoint(ledger);
	checkpoint_wait(ledger->checkpoints);
	worker_end(ledger->worker);
}

/* Those who go on sending are served by the successor. */
static bool
is_overdue(const struct ledger *ledger)
{
	return worker_now_ms(ledger->worker) >= ledger->stop_ms + BUSY_STOP_MS;
}

static void
on_turn(void *self)
{
	struct ledger *ledger = self;
	bool is_idle = ledger->turn.is_idle;

	turn_finish(ledger);
	delivery_note(ledger);
	if (journal_segment_of(ledger->journal, UINT64_MAX) != ledger->segment)
		save_checkpoint(ledger);
	if (ledger->is_stopping && (is_idle || is_overdue(ledger)))
		stop(ledger);
}

static void
on_peer(void *self, unsigned slot, uint32_t life, bool is_alive)
{
	/* Whatever was there before one that lives is dead. */
	settling_lose(self, slot, is_alive ? life - 1 : life);
}

static void
show(struct ledger *ledger)
{
	size_t streams = streams_count(&ledger->streams);

	row_set(ledger->row, COUNTER_STREAMS, streams);
	row_set(ledger->row, COUNTER_KEYS, ledger->keys.known.count);
	row_count(ledger->row, COUNTER_KEYS_DROPPED,
		(int64_t)ledger->keys.dropped);
	ledger->keys.dropped = 0;
	row_set(ledger->row, COUNTER_MARKS, ledger->marks.known.count);
	row_count(ledger->row, COUNTER_MARKS_DROPPED,
		(int64_t)ledger->marks.dropped);
	ledger->marks.dropped = 0;
	if (ledger->bans != NULL)
		row_set(ledger->row, COUNTER_BANS,
			bans_writer_count(ledger->bans));
	row_set(ledger->row, COUNTER_ROOMS, members_rooms(ledger->members));
	row_set(ledger->row, COUNTER_MEMBERS, members_count(ledger->members));
	row_set(ledger->row, COUNTER_SEGMENTS,
		journal_segments(ledger->journal));
	if (streams == ledger->titled)
		return;
	ledger->titled = streams;
	worker_set_title(ledger->worker, "%zu stream%s", streams,
		streams == 1 ? "" : "s");
}

static bool
has_live_edges(const struct ledger *ledger)
{
	for (unsigned i = 0; i < ledger->slots; i++) {
		const struct row *row = arena_row(ledger->arena, i);

		if ((row->role == ROLE_GATEWAY || row->role == ROLE_API) &&
			worker_is_current(
				ledger->worker, i, atomic_load(&row->life)))
			return true;
	}
	return false;
}

static void
on_tick(void *self, uint64_t now_ms)
{
	struct ledger *ledger = self;

	settling_look(ledger);
	if (worker_overflow(ledger->worker) == events_waiting(ledger)) {
		members_tick(ledger->members, now_ms, EVENTS_A_TICK);
		members_tick(ledger->attendance, now_ms, EVENTS_A_TICK);
	}
	keys_forget(&ledger->keys, clock_unix_ms(), KEYS_A_TICK);
	if (ledger->bans != NULL)
		bans_writer_expire(ledger->bans, clock_unix_ms());
	delivery_note(ledger);
	checkpoint_poll(ledger->checkpoints);
	segments_forget(ledger, now_ms);
	restating_tick(ledger);
	show(ledger);
	if (ledger->is_draining && !has_live_edges(ledger))
		ledger->is_stopping = true;
}

/* A ledger has no clients to let go: it drains by serving the edges until they
 * are gone. */
static void
on_stop(void *self, enum worker_stop how)
{
	struct ledger *ledger = self;

	ledger->stop_ms = worker_now_ms(ledger->worker);
	if (how == WORKER_STOP_NOW)
		ledger->is_stopping = true;
	else
		ledger->is_draining = true;
}

static void
on_reload(void *self)
{
	struct ledger *ledger = self;
	const struct config *config = ledger->config;

	members_set_grace(ledger->members, (uint64_t)config->grace_seconds);
	members_set_grace(ledger->attendance, (uint64_t)config->grace_seconds);
	journal_set_sync(
		ledger->journal, config->durability == DURABILITY_FSYNC);
	streams_renew(&ledger->streams);
}

static void
ledger_init(struct ledger *ledger, struct worker *worker)
{
	struct arena *arena = worker_arena(worker);
	const struct config *config = worker_config(worker);
	unsigned slot = worker_slot(worker);

	*ledger = (struct ledger){
		.worker = worker,
		.config = config,
		.arena = arena,
		.row = worker_row(worker),
		.number = worker_row(worker)->number,
		.slots = arena_shape(arena)->slots,
		.first_gateway = arena_role_first(arena, ROLE_GATEWAY),
		.gateways = arena_role_count(arena, ROLE_GATEWAY),
		.edges = arena_role_count(arena, ROLE_GATEWAY) +
			 arena_role_count(arena, ROLE_API),
		.historian = NO_SLOT,
		.relay = NO_SLOT,
		.links = arena_links(arena),
		.letter_max = ring_letter_max(arena_ring(arena, slot, slot)),
		.origin = message_origin((unsigned)config->host_id, slot),
		.titled = SIZE_MAX,
	};
	if (arena_role_count(arena, ROLE_HISTORIAN) > 0)
		ledger->historian = arena_role_first(arena, ROLE_HISTORIAN);
	if (arena_role_count(arena, ROLE_RELAY) > 0)
		ledger->relay = arena_role_first(arena, ROLE_RELAY);
	ledger->taken = base_alloc_zeroed(ledger->slots, sizeof(uint64_t));
	ledger->turn.is_idle = true;
	delivery_init(ledger);
	streams_init(&ledger->streams, config);
	recent_init(
		&ledger->recent, config, RECENT_BYTES_MAX, RECENT_STREAM_MAX);
	ledger->recent.has_archive = ledger->historian != NO_SLOT;
	keys_init(&ledger->keys, KEYS_MAX);
	marks_init(&ledger->marks, MARKS_MAX);
	if (ledger->number == 0)
		ledger->bans = bans_writer_new(arena);
	ledger->members = members_new(&ledger->streams,
		(uint64_t)config->grace_seconds, answers_members_event, ledger);
	events_begin(ledger);
}

static void
ledger_fini(struct ledger *ledger)
{
	checkpoint_writer_free(&ledger->checkpoints);
	recent_fini(&ledger->recent);
	members_free(&ledger->members);
	events_end(ledger);
	streams_fini(&ledger->streams);
	keys_fini(&ledger->keys);
	marks_fini(&ledger->marks);
	bans_writer_free(&ledger->bans);
	rolls_fini(&ledger->rolls);
	hosts_fini(&ledger->hosts);
	accords_fini(&ledger->accords);
	settling_fini(&ledger->settling);
	turn_fini(&ledger->turn);
	journal_close(&ledger->journal);
	buffer_fini(&ledger->letter);
	buffer_fini(&ledger->list);
	free(ledger->deliveries);
	free(ledger->taken);
}

int
ledger_main(struct worker *worker)
{
	static const struct worker_hooks hooks = {
		.on_letter = on_letter,
		.on_turn = on_turn,
		.on_peer = on_peer,
		.on_tick = on_tick,
		.on_stop = on_stop,
		.on_reload = on_reload,
		.on_wish = on_wish,
		.holds_letters = true,
	};
	struct ledger ledger;
	int code = 1;

	signal(SIGXFSZ, SIG_IGN); /* a limit is to be a failed write */
	ledger_init(&ledger, worker);
	if (opening_store(&ledger) == 0) {
		atomic_store_explicit(&ledger.row->journal_end,
			journal_end(ledger.journal), memory_order_release);
		atomic_store_explicit(&ledger.row->clock, ledger.id_time,
			memory_order_release);
		atomic_store_explicit(
			&ledger.row->store, ledger.epoch, memory_order_release);
		delivery_note(&ledger);
		settling_begin(&ledger);
		turn_ban_begin(&ledger);
		restating_begin(&ledger);
		worker_run(worker, &hooks, &ledger);
		code = 0;
	}
	ledger_fini(&ledger);
	return code;
}
