/*
 * A call to the status socket of a running confabd: lines go there, answers
 * come back, each ended by an empty line.
 */
#ifndef SHARED_CALL_H
#define SHARED_CALL_H

#include <stdbool.h>

#include "shared/text.h"

struct buffer;

/* Where the socket is when nobody says otherwise: $CONFAB_SOCKET, or below the
 * run_dir of a configuration that does not set one. */
const char *call_usual_path(void);

/* Nobody waits for an answer longer than that; 0: as long as it takes. -1:
 * nobody answers there, errno tells. */
int call_open(const char *path, unsigned seconds);

/* Sends the line, with its line break, and appends the answer without the empty
 * line. false: errno tells; the connection is of no more use. */
bool call_ask(int fd, struct text line, struct buffer *answer);

/* The same for an answer that takes its time: shows each part as it comes. */
typedef void call_part(void *self, struct text part);
bool call_follow(int fd, struct text line, call_part *on_part, void *self);

/* What errno means, for who has called. */
const char *call_trouble(int error);

/* Is the answer one that says no? */
bool call_is_refused(struct text answer);

#endif
