/*
 * Checkpoints: the heads of all streams, the keys of 12 hours, all
 * marks, bans, rolls, sources and accords at one position of the journal, so
 * that a start reads only the journal behind it. (Segments are kept for ten
 * minutes, so these cannot be left to the journal.) The file lies in the
 * journal's directory and is replaced whole; the one before it is kept, with
 * the journal from its position on, in case the newer one turns out to be
 * damaged.
 *
 * Writing takes a picture in memory, of most parts at once and of keys and
 * marks piece by piece, and leaves the disk to a thread, so that a large one
 * does not hold up the loop.
 */
#ifndef WORKER_LEDGER_CHECKPOINT_H
#define WORKER_LEDGER_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

struct accords;
struct arena;
struct bans_writer;
struct checkpoint_writer;
struct hosts;
struct journal;
struct keys;
struct marks;
struct rolls;
struct streams;

/* What a checkpoint is of. */
struct checkpoint_parts {
	struct streams *streams;
	struct keys *keys;
	struct marks *marks;
	struct bans_writer *bans;    /* NULL: not here */
	const struct arena *systems; /* where they lie; NULL: not here */
	struct rolls *rolls;
	struct hosts *hosts;
	struct accords *accords;
};

struct checkpoint {
	uint64_t position; /* of the journal; 0 with no checkpoint */
	uint64_t id_time;  /* the last one given out */
	uint64_t epoch;    /* the store id */
	bool has_keys;     /* one that was read; old ones have none */
};

/* Reads the newest usable checkpoint into the parts, which are empty.
 * When there is none that helps, the whole journal is as good, and checkpoint
 * is all zeros. -1 when the journal's begin is gone and no checkpoint makes up
 * for it, or one is of a newer version (logged, a sentence). */
int checkpoint_load(const char *directory, const struct journal *journal,
	const struct checkpoint_parts *parts, struct checkpoint *checkpoint);

/* directory is borrowed for ever. */
struct checkpoint_writer *checkpoint_writer_new(
	const char *directory, const struct checkpoint *loaded);

/* Waits for what is being written. */
void checkpoint_writer_free(struct checkpoint_writer **writer);

/* Begins to write; false when the one before is still being written. Keys and
 * marks must live until it is done. */
bool checkpoint_begin(struct checkpoint_writer *writer,
	const struct checkpoint_parts *parts,
	const struct checkpoint *checkpoint);

/* Goes on with the picture, and notes what the thread has done; call it often.
 * true: nothing is being written. */
bool checkpoint_poll(struct checkpoint_writer *writer);

/* Waits for the thread. -1: the last one could not be written (logged). */
int checkpoint_wait(struct checkpoint_writer *writer);

/* The position before which no checkpoint kept needs the journal. */
uint64_t checkpoint_covered(const struct checkpoint_writer *writer);

#endif
