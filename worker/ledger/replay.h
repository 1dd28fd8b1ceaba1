/*
 * Replay: what a new ledger learns from the journal. Behind the checkpoint
 * every message moves the head of its stream and is known by its key, marks
 * move on, bans are given and lifted, rolls get longer and points of sources
 * move; the last part of the journal fills the memory of recent messages again.
 */
#ifndef WORKER_LEDGER_REPLAY_H
#define WORKER_LEDGER_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct arena;
struct bans_writer;
struct hosts;
struct journal_batch;
struct keys;
struct marks;
struct message;
struct recent;
struct rolls;
struct streams;

struct replay {
	const char *directory;
	uint64_t from;        /* read from here; a batch begins there */
	uint64_t heads_from;  /* streams know the heads up to here */
	uint64_t keys_from;   /* keys are known up to here */
	uint64_t recent_from; /* remember messages from here on */
	uint64_t end;         /* of the journal */
	uint64_t epoch;       /* that all messages must have */
	struct streams *streams;
	struct keys *keys;
	struct marks *marks;
	struct bans_writer *bans;    /* NULL: not here */
	const struct arena *systems; /* where they lie; NULL: not here */
	struct rolls *rolls;
	struct hosts *hosts;
	struct recent *recent;
	uint64_t id_time; /* last one given out; moved on */
	bool has_memory;  /* a message is remembered */

	/* Called for each batch, and then for each message or note in it. */
	void (*on_batch)(void *self, const struct journal_batch *batch);
	void (*on_message)(void *self, const struct journal_batch *batch,
		const struct message *message, struct text record);
	void *self;
};

/* -1: the journal cannot be read, or does not belong here (logged). */
int replay_run(struct replay *replay);

#endif
