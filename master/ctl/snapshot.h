/*
 * What a server tells of itself at one moment: its answers to a few words, read
 * into numbers. Columns and names are found by what they are called, so that a
 * server may tell more, and an older one less.
 */
#ifndef MASTER_CTL_SNAPSHOT_H
#define MASTER_CTL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/scoreboard.h"
#include "shared/text.h"

#define SNAPSHOT_WORD_BYTES 24
#define SNAPSHOT_NAME_BYTES 132
#define SNAPSHOT_ROWS 30

struct snapshot_worker {
	uint64_t slot, number, pid, since, connections, restarts, silent_ms;
	uint64_t letters_in, letters_out, overflow_bytes;
	char role[SNAPSHOT_WORD_BYTES];
	char state[SNAPSHOT_WORD_BYTES];
};

/* Names are UTF-8 without control characters. */
struct snapshot_room {
	char name[SNAPSHOT_NAME_BYTES];
	char tenant[SNAPSHOT_NAME_BYTES];
	uint64_t gateways, messages, pushes, bytes, seconds;
};

struct snapshot_slow {
	char user[SNAPSHOT_NAME_BYTES];
	char state[SNAPSHOT_WORD_BYTES];
	char address[SNAPSHOT_NAME_BYTES];
	uint64_t slot, waiting_bytes, dropped, seconds;
};

/* Another host of the cluster; host 0: it has not said which. */
struct snapshot_peer {
	char address[SNAPSHOT_NAME_BYTES];
	char state[SNAPSHOT_WORD_BYTES];
	char reason[SNAPSHOT_NAME_BYTES];
	uint64_t host, since, lag_frames, lag_bytes, lag_ms, holes;
};

/* Zero where the server did not say. */
struct snapshot {
	uint64_t at_ms; /* clock_ms() */
	char version[SNAPSHOT_WORD_BYTES];
	char state[SNAPSHOT_WORD_BYTES];
	uint64_t pid, uptime, connections, sessions, users, rooms;
	uint64_t counters[COUNTER_COUNT];

	struct snapshot_worker *workers; /* ours */
	size_t worker_count;

	/* Bytes of all journals that wait to be delivered, to be archived. */
	bool knows_ledgers;
	uint64_t undelivered, unarchived;

	bool knows_latency;
	struct histogram_sum latency[HISTOGRAM_COUNT];

	struct snapshot_room busy[SNAPSHOT_ROWS];
	struct snapshot_slow slow[SNAPSHOT_ROWS];
	struct snapshot_peer peers[SNAPSHOT_ROWS];
	size_t busy_count, slow_count, peer_count;

	bool knows_rings;
	uint64_t ring_percent; /* of the fullest */
};

enum snapshot_question {
	ASK_INFO,
	ASK_COUNTERS,
	ASK_WORKERS,
	ASK_LEDGERS,
	ASK_RINGS,
	ASK_LATENCY,
	ASK_TRAFFIC,
	ASK_SLOW,
	ASK_PEERS,
	QUESTION_COUNT,
};

/* The line that asks, with its line break. */
const char *snapshot_question(enum snapshot_question question);

/* The first three must be answered. */
bool snapshot_needs(enum snapshot_question question);

/* Takes up an answer that is no refusal. */
void snapshot_read(struct snapshot *snapshot, enum snapshot_question question,
	struct text answer);

/* All zero again. */
void snapshot_clear(struct snapshot *snapshot);

#endif
