/*
 * The way to the ledgers: which one keeps a room, and letters to it. A letter
 * is begun in edge->letter, packed and handed to one of these.
 */
#ifndef WORKER_EDGE_LEDGERS_H
#define WORKER_EDGE_LEDGERS_H

#include <limits.h>
#include <stddef.h>

#include "shared/letter.h"
#include "shared/text.h"

struct edge;
struct question;

enum offer_result {
	OFFER_TAKEN,
	OFFER_FULL,    /* not now */
	OFFER_TOO_BIG, /* never: see ring_bytes */
};

unsigned ledgers_count(const struct edge *edge);

/* The number of the ledger of a room, from 0. */
unsigned ledgers_of_room(
	const struct edge *edge, struct text tenant, struct text room);

/* The same of a user's inbox. */
unsigned ledgers_of_inbox(
	const struct edge *edge, struct text tenant, struct text user);

/* The number of the ledger that lives in a slot, or -1. */
int ledgers_of_slot(const struct edge *edge, unsigned slot);

/* The largest letter with a message that any ring takes, also after a ledger
 * has added its part. */
size_t ledgers_letter_max(const struct edge *edge);

/* The letter begun last, if there is room for it now. */
enum offer_result ledgers_offer(struct edge *edge, unsigned ledger);

/* The letter begun last, sooner or later. */
void ledgers_send(struct edge *edge, unsigned ledger);

/* A copy of the letter begun last, to be asked again of this ledger, or of
 * each: what a ledger puts off, because it does not know the members yet, is
 * lost with it. To be freed. */
#define LEDGERS_ALL UINT_MAX
struct question *ledgers_keep(const struct edge *edge, unsigned ledger);

/* Another life of this ledger has come: asks it again, if it was asked. */
void ledgers_ask_again(
	struct edge *edge, const struct question *question, unsigned ledger);

#endif
