/*
 * The line between the master and one child: a pair of connected sockets, on
 * which the master says words and hands over descriptors. Nothing comes back
 * but what an operator traces, which is read only while one does; the end of
 * file tells the child that the master is gone.
 *
 * A new configuration is said as a row of words: its text, then every listening
 * socket that the child is to have, then that this was all.
 *
 * What an operator wants of a child is a wish: a word with a text behind it.
 * Wishes take no more than a part of what a line holds, so that a child which
 * is busy for a while always hears of a new configuration.
 */
#ifndef SHARED_LINE_H
#define SHARED_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

#define LINE_TEXT_BYTES_MAX 8192

/* In order of age: append only, for the children of an older program. */
enum line_kind {
	LINE_CONFIG, /* with a memfd: the text of the configuration */
	LINE_LISTEN, /* with a socket; number: index of its listener, and
			LINE_IS_GIVEN */
	LINE_APPLY,  /* number: which configuration this is, counted from 1 */
	LINE_LOG_LEVEL, /* number: enum log_level, until the next LINE_APPLY */
	LINE_WISH,      /* with a text: a packed wish, see records.def */
	LINE_TRACED,    /* child to master, with a text: a packed traced */
};

/* A socket that a service manager has opened: it is not ours to shut. */
#define LINE_IS_GIVEN 0x80000000u

struct line_word {
	uint32_t kind;
	uint32_t number;
};

_Static_assert(sizeof(struct line_word) == 8, "crosses processes");

/* What was heard. */
struct line_news {
	struct line_word word;
	int fd;             /* -1: none */
	size_t text_length; /* 0: none */
	char text[LINE_TEXT_BYTES_MAX];
};

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

/* A wish, of at most LINE_TEXT_BYTES_MAX. False when the child has not taken
 * up those of before, or is dead. */
bool line_wish(int end, struct text wish);

/* To the master, of at most LINE_TEXT_BYTES_MAX. False when it does not read
 * now: nothing waits for that. */
bool line_tell(int end, struct text traced);

/* The descriptor is the caller's from now on. What makes no sense is LINE_GONE:
 * it is not our master who says it. */
enum line_heard line_hear(int end, struct line_news *news);

#endif
