/*
 * Messages of one request on their way to ledgers: gathered by ledger, so that
 * each gets them in as few letters as can be, and has them in one batch of its
 * journal. A body that many of them share is in a letter once.
 */
#ifndef WORKER_API_GATHER_H
#define WORKER_API_GATHER_H

#include <stdbool.h>
#include <stdint.h>

struct edge;
struct gather;
struct message;

struct gather *gather_new(struct edge *edge);
void gather_free(struct gather **gather);

/* One that fits into a letter. Its connection says which one it is. */
void gather_add(
	struct gather *gather, unsigned ledger, const struct message *message);

/* All of them, to their ledgers. */
void gather_send(struct gather *gather);

/* The connection of the next message whose ledger was too busy. */
bool gather_next_refused(struct gather *gather, uint64_t *connection);

#endif
