/*
 * The line between the master and one child: a pair of connected sockets, on
 * which the master says words and hands over descriptors. Nothing comes back,
 * and the end of file tells the child that the master is gone.
 *
 * A new configuration is said as a row of words: its text, then every listening
 * socket that the child is to have, then that this was all.
 */
#ifndef SHARED_LINE_H
#define SHARED_LINE_H

#include <stdbool.h>
#include <stdint.h>

enum line_kind {
	LINE_CONFIG, /* with a memfd: the text of the configuration */
	LINE_LISTEN, /* with a socket; number: index of its listener */
	LINE_APPLY,  /* number: which configuration this is, counted from 1 */
};

struct line_word {
	uint32_t kind;
	uint32_t number;
};

_Static_assert(sizeof(struct line_word) == 8, "crosses processes");

enum line_heard {
	LINE_WORD,
	LINE_NOTHING, /* now */
	LINE_GONE,    /* the master */
};

/* The master's end and the child's, both close-on-exec and never blocking. -1:
 * errno tells. */
int line_pair(int ends[2]);

/* fd: -1 for none; the master keeps its own. False when the child does not
 * listen, or is dead. */
bool line_say(int end, const struct line_word *word, int fd);

/* *fd is -1 or the child's from now on. What makes no sense is LINE_GONE: it is
 * not our master who says it. */
enum line_heard line_hear(int end, struct line_word *word, int *fd);

#endif
