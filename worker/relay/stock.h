/*
 * Stock: how far this host has the journals of the others, of all of which its
 * ledgers tell (HAUL_AT), also of hosts that are not met. Other hosts are told,
 * so that they know what a client can have seen here.
 *
 * A journal has been taken up to the least of the points of the ledgers of this
 * host. While one of them waits for a part that was lost, to get it from the
 * archive there (a hole, see haul_place of records.def), it is not in stock.
 */
#ifndef WORKER_RELAY_STOCK_H
#define WORKER_RELAY_STOCK_H

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct haul_place;
struct stock_journal;

/* Zeroed, with the number of ledgers, it is empty. */
struct stock {
	unsigned ledgers;
	uint32_t silent; /* ledgers that have not told of all, one bit each */
	struct stock_journal *journals;
	size_t count;
};

void stock_init(struct stock *stock, unsigned ledgers);
void stock_fini(struct stock *stock);

/* A ledger of this host tells of a source, and that it has told of all. What
 * one says stays true when it dies: its journal has it. */
void stock_at(
	struct stock *stock, unsigned ledger, const struct haul_place *place);
void stock_told(struct stock *stock, unsigned ledger);

/* Adds a row of packed texts, each one packed extent; nothing before every
 * ledger has told. */
void stock_pack(const struct stock *stock, struct buffer *out);

#endif
