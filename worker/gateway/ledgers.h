/*
 * The way to the ledgers: which one keeps a room, and letters to it. A letter
 * is begun in gateway->letter, packed and handed to one of these.
 */
#ifndef WORKER_GATEWAY_LEDGERS_H
#define WORKER_GATEWAY_LEDGERS_H

#include "shared/letter.h"
#include "shared/text.h"

struct gateway;

enum offer_result {
	OFFER_TAKEN,
	OFFER_FULL,    /* not now */
	OFFER_TOO_BIG, /* never: see ring_bytes */
};

unsigned ledgers_count(const struct gateway *gateway);

/* The number of the ledger of a room, from 0. */
unsigned ledgers_of_room(
	const struct gateway *gateway, struct text tenant, struct text room);

/* The same of a user's inbox. */
unsigned ledgers_of_inbox(
	const struct gateway *gateway, struct text tenant, struct text user);

/* The number of the ledger that lives in a slot, or -1. */
int ledgers_of_slot(const struct gateway *gateway, unsigned slot);

/* Begins a letter; the record is packed into what is returned. */
struct buffer *ledgers_letter(struct gateway *gateway, enum letter_kind kind);

/* The largest letter with a message that any ring takes, also after a ledger
 * has added its part. */
size_t ledgers_letter_max(const struct gateway *gateway);

/* The letter begun last, if there is room for it now. */
enum offer_result ledgers_offer(struct gateway *gateway, unsigned ledger);

/* The letter begun last, sooner or later. */
void ledgers_send(struct gateway *gateway, unsigned ledger);

#endif
