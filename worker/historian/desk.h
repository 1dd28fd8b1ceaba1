/*
 * The desk: which letters are open. A letter is given back to its ring only
 * when it and all before it of the same sender are answered, so that the
 * successor of a killed historian finds what was open.
 */
#ifndef WORKER_HISTORIAN_DESK_H
#define WORKER_HISTORIAN_DESK_H

#include <stdbool.h>
#include <stdint.h>

struct desk;
struct open_letter;

struct desk *desk_new(void);
void desk_free(struct desk **desk);

/* A letter of that slot was taken in; end is where it ends in its ring. */
struct open_letter *desk_open(struct desk *desk, unsigned from, uint64_t end);

/* The letter is answered and forgotten. True when letters can be given back:
 * all of slot *from up to *end. */
bool desk_close(struct desk *desk, struct open_letter *letter, unsigned *from,
	uint64_t *end);

#endif
