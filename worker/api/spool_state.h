/*
 * Up to where the events of a spool were delivered: a file with two places that
 * are written in turn, each with its check sum, so that a torn write leaves the
 * one before it. Used by spool.c alone.
 */
#ifndef WORKER_API_SPOOL_STATE_H
#define WORKER_API_SPOOL_STATE_H

#include <stdint.h>

/* last: the highest number that was known to be given then, so that a spool
 * that lost its events does not give their numbers again. */
struct spool_state {
	uint64_t turn;
	uint64_t delivered;
	uint64_t last;
};

/* Opens or makes the file in a directory; -1 with errno. */
int spool_state_open(const char *directory);

/* The state in a directory, without making a file; zeros when there is none. */
void spool_state_peek(const char *directory, struct spool_state *state);

/* The newer of the two that is whole; zeros when none is. */
void spool_state_read(int fd, struct spool_state *state);

/* Over the older one; counts the turn on. -1 with errno. */
int spool_state_write(int fd, struct spool_state *state);

#endif
