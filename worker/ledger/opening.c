#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "worker/ledger/checkpoint.h"
#include "worker/ledger/identity.h"
#include "worker/ledger/ledger.h"
#include "worker/ledger/replay.h"
#include "worker/worker.h"

/*
 * What a new ledger begins with: the checkpoint, then the journal behind it,
 * and, on the way, what an earlier life may not have sent on.
 */

/* Processes without a master end within 10 s. */
#define ORPHAN_WAIT_MS 12000

struct checkpoint_parts
opening_parts(struct ledger *ledger)
{
	return (struct checkpoint_parts){ &ledger->streams, &ledger->keys,
		&ledger->marks, ledger->bans,
		ledger->number == 0 ? ledger->arena : NULL, &ledger->rolls,
		&ledger->hosts, &ledger->accords };
}

static void
beat(const struct ledger *ledger)
{
	atomic_store_explicit(
		&ledger->row->heartbeat_ms, clock_ms(), memory_order_relaxed);
}

/* Letters up to a cursor of the last batch of this arena are in the journal;
 * the rings may still hold them. The start may take long, so the heart beats.
 */
static void
on_replay_batch(void *self, const struct journal_batch *batch)
{
	struct ledger *ledger = self;

	atomic_store_explicit(
		&ledger->row->heartbeat_ms, clock_ms(), memory_order_relaxed);
	if (batch->arena != arena_id(ledger->arena))
		return;
	for (size_t i = 0; i < batch->cursor_count; i++) {
		const struct journal_cursor *cursor = &batch->cursors[i];

		if (cursor->slot < ledger->slots)
			ledger->taken[cursor->slot] = cursor->position;
	}
}

static void
on_replay_message(void *self, const struct journal_batch *batch,
	const struct message *message, struct text record)
{
	struct ledger *ledger = self;
	uint64_t delivered = atomic_load_explicit(
		&ledger->row->delivered, memory_order_acquire);

	if (batch->arena != arena_id(ledger->arena) || batch->end <= delivered)
		return;
	if (message->flags & MESSAGE_HAUL)
		turn_haul_again(ledger, message);
	else if ((message->flags & MESSAGE_MARK) && !hosts_is_late(message))
		turn_mark_again(ledger, message, batch->end);
	else if (!(message->flags & MESSAGE_NOTES))
		turn_redeliver(ledger, message, record, batch->end);
}

/* Where to begin to read: at the checkpoint, but early enough for what has to
 * be delivered again and for the memory of recent messages. */
static uint64_t
replay_begin(const struct ledger *ledger, const struct checkpoint *checkpoint,
	uint64_t recent_from)
{
	uint64_t from = MIN_OF(checkpoint->position,
		journal_segment_of(ledger->journal, recent_from));
	uint64_t delivered = atomic_load_explicit(
		&ledger->row->delivered, memory_order_acquire);

	if (delivered > 0)
		from = MIN_OF(from, delivered);
	return MAX_OF(from, journal_begin(ledger->journal));
}

static int
replay(struct ledger *ledger, const struct checkpoint *checkpoint)
{
	uint64_t end = journal_end(ledger->journal), begun_ms = clock_ms();
	struct replay replay = {
		.directory = ledger->directory,
		.heads_from = checkpoint->position,
		.keys_from = checkpoint->has_keys ? checkpoint->position : 0,
		.recent_from = end - MIN_OF(end, RECENT_BYTES_MAX),
		.end = end,
		.epoch = ledger->epoch,
		.streams = &ledger->streams,
		.keys = &ledger->keys,
		.marks = &ledger->marks,
		.bans = ledger->bans,
		.systems = ledger->number == 0 ? ledger->arena : NULL,
		.rolls = &ledger->rolls,
		.hosts = &ledger->hosts,
		.recent = &ledger->recent,
		.id_time = checkpoint->id_time,
		.on_batch = on_replay_batch,
		.on_message = on_replay_message,
		.self = ledger,
	};

	replay.from = replay_begin(ledger, checkpoint, replay.recent_from);
	if (replay_run(&replay) < 0)
		return -1;
	if (!replay.has_memory && end > 0)
		ledger->recent.sure_from = replay.id_time + 1;
	for (unsigned i = 0; i < ledger->slots; i++)
		ledger->taken[i] = MAX_OF(
			ledger->taken[i], worker_decided(ledger->worker, i));
	ledger->id_time = replay.id_time;
	log_info("journal of %llu bytes read from %llu on in %llu ms: %zu "
		 "streams",
		(unsigned long long)end, (unsigned long long)replay.from,
		(unsigned long long)(clock_ms() - begun_ms),
		streams_count(&ledger->streams));
	return 0;
}

/* When a master was killed, a ledger without master serves its gateways to
 * their end, while the new master has started us already: we wait for it. */
static void
wait_for_orphan(const struct ledger *ledger)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	uint64_t begun_ms = clock_ms();

	if (!journal_is_in_use(ledger->directory))
		return;
	log_info("waiting for another process that writes %s",
		ledger->directory);
	while (clock_ms() < begun_ms + ORPHAN_WAIT_MS &&
		journal_is_in_use(ledger->directory)) {
		beat(ledger);
		nanosleep(&pause, NULL);
	}
}

int
opening_store(struct ledger *ledger)
{
	const struct config *config = ledger->config;
	struct checkpoint_parts parts = opening_parts(ledger);
	struct checkpoint checkpoint;

	if (mkdir(config->data_dir, 0750) < 0 && errno != EEXIST) {
		log_error("cannot make %s: %s", config->data_dir,
			strerror(errno));
		return -1;
	}
	must(snprintf(ledger->directory, sizeof(ledger->directory),
		     "%s/journal-%u", config->data_dir,
		     ledger->number) < PATH_MAX);
	if (identity_check_ledgers(
		    config->data_dir, (unsigned)config->ledgers) < 0)
		return -1;
	wait_for_orphan(ledger);
	ledger->journal = journal_open(
		ledger->directory, config->durability == DURABILITY_FSYNC);
	if (ledger->journal == NULL ||
		identity_store_id(config->data_dir,
			journal_end(ledger->journal) == 0, &ledger->epoch) < 0)
		return -1;
	if (checkpoint_load(ledger->directory, ledger->journal, &parts,
		    &checkpoint) < 0)
		return -1;
	if (checkpoint.position > 0 && checkpoint.epoch != ledger->epoch) {
		log_error("%s/store-id is not the one that %s was made with; "
			  "restore it from a copy",
			config->data_dir, ledger->directory);
		return -1;
	}
	ledger->checkpoints =
		checkpoint_writer_new(ledger->directory, &checkpoint);
	ledger->segment = journal_segment_of(ledger->journal, UINT64_MAX);
	return replay(ledger, &checkpoint);
}
