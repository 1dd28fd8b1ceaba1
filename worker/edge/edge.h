/*
 * What the gateway and the api share as the two kinds of edge: processes that
 * take requests from outside, ask ledgers, and tell gateways. One struct per
 * process; nothing here knows a socket or a client.
 */
#ifndef WORKER_EDGE_EDGE_H
#define WORKER_EDGE_EDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/letter.h"
#include "shared/text.h"

struct arena;
struct config;
struct letter;
struct message;
struct pass_paces;
struct row;

/* How letters leave; worker.h in the process, something else in tests. */
struct office {
	bool (*offer)(void *self, unsigned to, struct letter *letter);
	void (*send)(void *self, unsigned to, struct letter *letter);
	void *self;
	bool (*tell)(void *self, struct text traced); /* the master */
};

struct edge {
	const struct config *config;
	struct arena *arena;
	struct row *row;
	unsigned slot;
	uint32_t life;
	struct office office;

	/* For clients of this process; NULL where there are none. */
	void (*deliver_here)(void *self, const struct message *message);

	/* A way to a ledger is full: others need not run against it too. May be
	 * NULL. */
	void (*on_full)(void *self);
	void *self;

	struct pass_paces *pass_paces;
	uint64_t last_id_time; /* of a message that is not remembered */

	/* Kept from one use to the next. */
	struct buffer letter; /* the one being written */
	struct buffer found;  /* entries of a user in the index */
	struct buffer sides;  /* of the message being said */
};

/* Slots of this host's gateways, one behind the other: for what is about this
 * host alone. */
struct edge_gateways {
	unsigned first, end;
};

/* The fields from config to office are given; the hooks may be. */
void edge_init(struct edge *edge);
void edge_fini(struct edge *edge);

/* Begins a letter; the record is packed into what is returned. */
struct buffer *edge_letter(struct edge *edge, enum letter_kind kind);

/* The letter begun last, to any slot but the own one, sooner or later. */
void edge_send(struct edge *edge, unsigned slot);

struct edge_gateways edge_gateways(const struct edge *edge);

/* The slot of the relay, who stands for the connections of all other hosts; or
 * EDGE_NO_SLOT. */
#define EDGE_NO_SLOT UINT32_MAX
unsigned edge_relay(const struct edge *edge);

/* All slots whose partitions of the index tell who is where in the cluster: the
 * gateways, then the relay. EDGE_NO_SLOT: no more. */
unsigned edge_first(const struct edge *edge);
unsigned edge_next(const struct edge *edge, unsigned slot);

#endif
