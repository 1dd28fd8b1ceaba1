/*
 * Sources: the journals of the ledgers of other hosts, and up to which point
 * each of them is in our own journal. Whatever lies there behind its point is
 * new to us, and nothing before it is; so each record counts once, however
 * often it comes, and through any kill.
 *
 * A point runs ahead while the batch is made that has what came behind it; it
 * holds when that batch is in the journal. The checkpoint has all that hold.
 *
 * There are as many sources as other hosts have ledgers, at most
 * HOSTS_SOURCES_MAX; a point is 70 bytes in the checkpoint at most.
 *
 * What a journal does not have any more may be in the archive there. Then a
 * hole in it is a source, too: the rows that its ledger said behind one clock
 * and not behind another, in the order of their numbers. Of each journal there
 * may be HOSTS_HOLES_MAX at a time; they are numbered behind the ledgers.
 * Together with the rule that a journal's messages up to `archived` come from
 * there, each comes from one of the two. One whose point is HAUL_ARCHIVE_END
 * is done.
 */
#ifndef WORKER_LEDGER_HOSTS_H
#define WORKER_LEDGER_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/scoreboard.h"

#define HOSTS_SOURCES_MAX 256
#define HOSTS_HOST_MAX 1023
#define HOSTS_HOLES_MAX 4
#define HOSTS_NUMBERS_MAX ((1 + HOSTS_HOLES_MAX) * LEDGERS_MAX)

struct buffer;
struct haul_place;
struct message;
struct unpack;

/* All before the batch at this position, and so many records of that batch;
 * of one epoch, which is the store id there. Epoch 0: of none. */
struct host_point {
	uint64_t epoch;
	uint64_t position, index;
	uint64_t clock, archived; /* as in haul_place of records.def */
};

struct host_source {
	uint64_t host;
	uint64_t ledger;         /* from 0; or the number of a hole */
	struct host_point held;  /* what is in the journal */
	struct host_point ahead; /* what will be with the batch */
	/* Behind the last record that was for us, or farther: who has so much
	 * of the journal has all that we have of it. */
	uint64_t last_position, last_index;
	uint64_t noted_ms; /* when it was put into the journal last */
	uint64_t taken;    /* messages of a hole, by this process */
};

/* Zeroed is empty. */
struct hosts {
	struct host_source *sources;
	size_t count;
};

void hosts_fini(struct hosts *hosts);

/* Can there be such a source? */
bool hosts_are_sound(uint64_t host, uint64_t ledger);

/* The source, borrowed until one is added; or NULL. need: makes it, NULL: there
 * are too many. */
struct host_source *hosts_find(
	const struct hosts *hosts, uint64_t host, uint64_t ledger);
struct host_source *hosts_need(
	struct hosts *hosts, uint64_t host, uint64_t ledger);

/* Where what is lost of the journal can be noted: a source that is new, done,
 * or of another epoch; NULL: there are too many. */
struct host_source *hosts_need_hole(
	struct hosts *hosts, uint64_t host, uint64_t ledger, uint64_t epoch);

/* Is it what is lost of a journal? And is that all here? */
bool hosts_is_hole(const struct host_source *source);
bool hosts_is_done(const struct host_source *source);

/* Did the message come from an archive, late? */
bool hosts_is_late(const struct message *message);

/* -1, 0 or 1 as a stands before b; of one epoch. */
int hosts_compare(const struct host_point *a, const struct host_point *b);

/* A record that stands before this point was for us. */
void hosts_note_last(
	struct host_source *source, uint64_t position, uint64_t index);

/* message.via of what comes from there. */
uint64_t hosts_via(const struct host_source *source);

/* As it is to be told or noted. */
struct haul_place hosts_place(
	const struct host_source *source, const struct host_point *point);

/* The batch is in the journal, or not: that goes for all that ran ahead. */
void hosts_settle(struct hosts *hosts);
void hosts_take_back(struct hosts *hosts);

/* A note that sets the point of a source; texts are borrowed from *body, which
 * is cleared before. And the other way, false when it is no such note. */
void hosts_to_message(const struct haul_place *place, struct message *message,
	struct buffer *body);
bool hosts_of_message(const struct message *message, struct haul_place *place);

/* From the journal: such a note, and a message that came from elsewhere. */
void hosts_replay_note(struct hosts *hosts, const struct haul_place *place);
void hosts_replay(struct hosts *hosts, const struct message *message);

/* The part of a checkpoint; read into none, false when it is no such part. */
void hosts_write(const struct hosts *hosts, struct buffer *out);
bool hosts_read(struct hosts *hosts, struct unpack *in);

#endif
