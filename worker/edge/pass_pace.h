/*
 * The rate of a room for what nobody remembers, and what therefore no ledger
 * counts: each edge counts what it passes on and what others passed on to
 * it. So a room takes as many a second as its class says, a few more only when
 * several edges speak at the same moment, or into a room that has nobody at
 * one of them.
 *
 * Memory is fixed: so many rooms may be out of breath at once at one edge;
 * a room more is not held back.
 */
#ifndef WORKER_EDGE_PASS_PACE_H
#define WORKER_EDGE_PASS_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct message;
struct pass_paces;

struct pass_paces *pass_paces_new(void);
void pass_paces_free(struct pass_paces **paces);

/* May this message for a room be passed on now, at so many a second (0: any)?
 * False: not before retry_ms. */
bool pass_pace_take(struct pass_paces *paces, const struct message *message,
	int64_t rate, uint64_t now_ms, uint64_t *retry_ms);

#endif
