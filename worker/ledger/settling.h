/*
 * Settling: how a new ledger learns who is in its rooms. It asks every gateway
 * that serves; until all have answered or died, questions about members wait.
 */
#ifndef WORKER_LEDGER_SETTLING_H
#define WORKER_LEDGER_SETTLING_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"

struct ledger;
struct letter;

struct settling {
	uint32_t *awaited;  /* by gateway: the life that is asked; 0: none is */
	unsigned left;      /* gateways that have not answered */
	struct buffer held; /* letters that wait, each at a multiple of 8 */
};

void settling_begin(struct ledger *ledger);
void settling_fini(struct settling *settling);
bool settling_is_on(const struct ledger *ledger);

/* This life of a gateway, and all before it, has nothing more to announce. */
void settling_heard(struct ledger *ledger, unsigned slot, uint32_t life);

/* Waits no more for those who died before anybody had told us of them. */
void settling_look(struct ledger *ledger);

/* Keeps a letter until everybody has been heard; false when too many wait. */
bool settling_hold(struct ledger *ledger, const struct letter *letter);

#endif
