/*
 * What spool.c and spool_open.c share and nobody else sees.
 */
#ifndef WORKER_API_SPOOL_INSIDE_H
#define WORKER_API_SPOOL_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "worker/api/spool_state.h"

#define CURSORS_MAX 64
#define BOOKMARKS 8

struct journal_batch;
struct spool_event;

/* A batch: where it lies, and the number of its first event. */
struct bookmark {
	uint64_t number;
	uint64_t position;
};

struct cursor {
	uint32_t source;
	uint64_t position;
	uint64_t committed;
};

struct spool {
	char *directory;
	struct journal *journal;
	int state_fd;
	struct spool_state state;
	uint64_t keep_bytes;
	uint64_t last;   /* number in the journal */
	uint64_t staged; /* and in the batch being built */
	uint64_t arena;
	uint64_t dropped;
	struct bookmark *segments; /* the first batch of each */
	size_t segment_count;
	struct bookmark bookmarks[BOOKMARKS]; /* where readers stopped */
	unsigned next_bookmark;
	struct cursor cursors[CURSORS_MAX];
	size_t cursor_count;
	struct buffer record;
	bool is_failing; /* so that it is logged once */
};

bool spool_unpack(struct text record, struct spool_event *event);

/* The number of the first event of a batch; 0: it makes no sense. */
uint64_t spool_first_number(const struct journal_batch *batch);

/* Shows what of a batch lies behind the number; false: it was enough. */
bool spool_show_batch(const struct journal_batch *batch, uint64_t after,
	bool (*show)(void *self, const struct spool_event *event), void *self);

void spool_add_segment(struct spool *spool, uint64_t position, uint64_t number);

/* All cursors are as the last batch has them. */
void spool_settle_cursors(struct spool *spool);

#endif
