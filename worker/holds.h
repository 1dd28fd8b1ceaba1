/*
 * Holds: letters that are read but not given back yet, because an answer to
 * them may still wait outside the full ring to their sender, where it would be
 * lost with this process. Given back are those whose answers are in the ring,
 * so a successor finds the others and answers them again. Used by worker.c
 * alone, for a role whose letters may be read twice.
 *
 * Only the way back to the sender counts: one that takes nothing has its own
 * ring held up, and nobody else's.
 */
#ifndef WORKER_HOLDS_H
#define WORKER_HOLDS_H

struct holds;
struct inbox;
struct post;

/* inbox and post are borrowed for ever. */
struct holds *holds_new(
	struct inbox *inbox, const struct post *post, unsigned slots);
void holds_free(struct holds **holds);

/* At the end of a turn: gives back what is answered. */
void holds_release(struct holds *holds);

#endif
