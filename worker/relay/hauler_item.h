/*
 * What one item of a haul is: whose it is here, and what is left of it when it
 * is too large. Used by hauler.c alone.
 */
#ifndef WORKER_RELAY_HAULER_ITEM_H
#define WORKER_RELAY_HAULER_ITEM_H

#include <stdbool.h>

struct buffer;
struct haul_item;

/* Which of so many ledgers of this host keeps what the record is about; -1: it
 * is none that crosses. */
int hauler_item_ledger(const struct haul_item *item, unsigned ledgers);

/* Packs it without its body, as deleted; false: it is none. */
bool hauler_item_strip(const struct haul_item *item, struct buffer *out);

#endif
