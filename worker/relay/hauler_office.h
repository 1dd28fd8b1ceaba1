/*
 * What haulers need of the relay, and what they count.
 */
#ifndef WORKER_RELAY_HAULER_OFFICE_H
#define WORKER_RELAY_HAULER_OFFICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/relay/point.h"

struct letter;

/* How it is served; in the process by worker_offer() and the bus. One for all
 * haulers. */
struct hauler_office {
	/* A letter to a ledger of this host, by its number; false: no room. */
	bool (*offer)(void *self, unsigned ledger, struct letter *letter);

	/* Ask the host what follows the point in the journal of its ledger. */
	void (*pull)(
		void *self, unsigned host, unsigned ledger, struct point from);

	/* A ledger has not answered for long: send it HAULS_WANTED, and tell
	 * all haulers so by hauler_asked(). */
	void (*ask)(void *self, unsigned ledger);
	void *self;
	unsigned ledgers;  /* of this host, 1 to 16 */
	size_t letter_max; /* of a ring to a ledger */
};

struct hauler_counts {
	uint64_t items;     /* posted, those sent again too */
	uint64_t letters;   /* posted */
	uint64_t refused;   /* offers that a full ring refused */
	uint64_t rewinds;   /* because a ledger had not what it was sent */
	uint64_t too_large; /* messages that went without their body */
	uint64_t bad;       /* items that are none */
	uint64_t sets;      /* HAUL_SET */
	uint64_t silent;    /* ledgers that were asked anew */
};

#endif
