/*
 * The peers of a worker: which life in which slot is up, as far as the role has
 * been told. Looks at the scoreboard, asks nobody. Used by worker.c alone.
 */
#ifndef WORKER_PEERS_H
#define WORKER_PEERS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct peers;

typedef void peers_changed(
	unsigned slot, uint32_t life, bool is_alive, void *self);

struct peers *peers_new(struct arena *arena, unsigned own_slot,
	peers_changed *changed, void *self);
void peers_free(struct peers **peers);

/* Tells what is new, of all slots but our own. */
void peers_look(struct peers *peers);

/* Tells what is new of the sender before a letter of another life is read, so
 * that a role hears of a death before it hears from the successor. */
void peers_expect(struct peers *peers, unsigned slot, uint32_t life);

/* Is the process of this life there, serving or not? */
bool peers_is_current(const struct arena *arena, unsigned slot, uint32_t life);

#endif
