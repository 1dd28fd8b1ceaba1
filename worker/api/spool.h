/*
 * The spool of one tenant: its events on disk, numbered 1, 2, 3 …, from when
 * they are taken in until they are too many to be kept. Plain files, no socket
 * and no loop, so that unit tests drive it alone.
 *
 * Events lie in a journal (shared/journal.h) of their own: a batch is there
 * whole or not at all, a torn tail is cut off, a second writer is kept out.
 * Beside it stands up to which number the backend has got them. What has been
 * delivered stays, so that a backend can ask for it again, until the bound
 * needs the room: then the oldest segment goes, and what was in it and had not
 * been delivered is counted.
 *
 * A cursor tells up to where a source of events (a ring, a journal) is in the
 * spool. The last batch has those of all sources.
 */
#ifndef WORKER_API_SPOOL_H
#define WORKER_API_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct spool;

struct spool_options {
	const char *directory;
	uint64_t keep_bytes;
	bool sync;          /* each batch is brought to the disk */
	bool may_set_aside; /* a damaged one is renamed and begun anew */
};

/* members: those of a JSON object, without number, time and braces. */
struct spool_event {
	uint64_t number;
	uint64_t time_ms; /* unix */
	struct text members;
};

/* NULL: it cannot be used now (logged): try again later. */
struct spool *spool_open(const struct spool_options *options);
void spool_close(struct spool **spool);

/* From the next batch on. */
void spool_set_keep(struct spool *spool, uint64_t bytes);
void spool_set_sync(struct spool *spool, bool sync);

/* Adds an event to the batch being built, copied, and how far a source was
 * read. Then the batch is written with the number of the arena; false: nothing
 * of it is kept (logged), and its numbers are given again. */
void spool_add(struct spool *spool, uint64_t time_ms, struct text members);
void spool_set_cursor(struct spool *spool, uint32_t source, uint64_t position);
size_t spool_pending(const struct spool *spool);

/* Sources up to this one count from their beginning again. */
void spool_forget_cursors(struct spool *spool, uint32_t last_source);
bool spool_commit(struct spool *spool, uint64_t arena);

/* What is in it: the last cursor of a source (0: none), the arena of the last
 * batch (0: there is none), the first and the last number kept (last + 1 and
 * last when it is empty), up to where it was delivered, and how many were
 * dropped undelivered since it was opened. */
uint64_t spool_cursor(const struct spool *spool, uint32_t source);
uint64_t spool_arena(const struct spool *spool);
uint64_t spool_first(const struct spool *spool);
uint64_t spool_last(const struct spool *spool);
uint64_t spool_delivered(const struct spool *spool);
uint64_t spool_dropped(const struct spool *spool);

/* All up to this number need not be delivered again. */
void spool_set_delivered(struct spool *spool, uint64_t number);

/* Shows those with a higher number, oldest first, as long as show() returns
 * true; an event is borrowed until then. False: the files cannot be read
 * (logged). */
typedef bool spool_shown(void *self, const struct spool_event *event);
bool spool_read(
	struct spool *spool, uint64_t after, spool_shown *show, void *self);

/* The same for processes that did not open it, from its files alone:
 * spool_peek.c. Tells the first and the last number that are there, of an empty
 * one 1 and 0. */
struct spool_range {
	uint64_t first, last;
	uint64_t delivered; /* up to here */
};
bool spool_peek(const char *directory, uint64_t after, spool_shown *show,
	void *self, struct spool_range *range);

#endif
