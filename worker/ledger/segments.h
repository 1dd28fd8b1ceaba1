/*
 * How long the files of a ledger's journal are kept: until nobody here needs
 * them, for ten minutes, and so much of them as other hosts may still ask for.
 */
#ifndef WORKER_LEDGER_SEGMENTS_H
#define WORKER_LEDGER_SEGMENTS_H

#include <stdint.h>

struct ledger;

/* Looks now and then. */
void segments_forget(struct ledger *ledger, uint64_t now_ms);

#endif
