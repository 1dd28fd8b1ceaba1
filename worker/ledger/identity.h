/*
 * What a data directory is once and for ever: its store id, a random number
 * that is the epoch of all its streams, and for how many ledgers its streams
 * are cut. Several ledgers may start at once in an empty one; whoever is first
 * decides.
 */
#ifndef WORKER_LEDGER_IDENTITY_H
#define WORKER_LEDGER_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

/* Reads data_dir/store-id; makes it when it is missing and may_make. -1 when it
 * cannot be had (logged, a sentence). */
int identity_store_id(const char *data_dir, bool may_make, uint64_t *id);

/* Checks data_dir/ledgers, or makes it. -1: the directory was made for another
 * number of ledgers, or cannot be written (logged, a sentence). */
int identity_check_ledgers(const char *data_dir, unsigned ledgers);

#endif
