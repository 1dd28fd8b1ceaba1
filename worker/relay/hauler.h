/*
 * Hauler: brings one source, the journal of a ledger of another host, to the
 * ledgers of this one; made by the relay, one for each source. Of the row that
 * its repair makes each ledger gets the items of its own streams, in letters
 * from point to point (HAUL); how far each has them the ledgers say (HAUL_AT),
 * and nothing else is believed.
 *
 * The relay asks each new life of a ledger once for all of its sources
 * (HAULS_WANTED) and hands every answer to the hauler of that source.
 */
#ifndef WORKER_RELAY_HAULER_H
#define WORKER_RELAY_HAULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/relay/hauler_office.h"
#include "worker/relay/piece.h"
#include "worker/relay/point.h"
#include "worker/relay/repair.h"

struct haul_place;
struct hauler;

/* office stays the caller's. */
struct hauler *hauler_new(
	const struct hauler_office *office, unsigned host, unsigned ledger);
void hauler_free(struct hauler **hauler);

unsigned hauler_host(const struct hauler *hauler);
unsigned hauler_ledger(const struct hauler *hauler);

/* The host has proved which epoch (store) it has; nothing is hauled before. The
 * same one again: it can be asked again. */
void hauler_meet(struct hauler *hauler, uint64_t epoch);

/* From the host. Items of a piece may lie at or before its from: passed over.
 */
void hauler_frame(
	struct hauler *hauler, uint64_t epoch, const struct piece *piece);
void hauler_head(struct hauler *hauler, uint64_t epoch, struct point head);
void hauler_answer(struct hauler *hauler, uint64_t epoch,
	enum piece_state state, const struct piece *piece);

/* HAUL_AT of this source, from a ledger of this host; and when that one has
 * told of all sources. */
void hauler_at(
	struct hauler *hauler, unsigned ledger, const struct haul_place *place);
void hauler_told(struct hauler *hauler, unsigned ledger);

/* The ledger has died: nothing goes to it until it has told. */
void hauler_doubt(struct hauler *hauler, unsigned ledger);

/* HAULS_WANTED goes to the ledger now: to each new life, for a hauler that is
 * new, or by ask(). Each one is to be answered. */
void hauler_asked(struct hauler *hauler, unsigned ledger);

/* Each turn of the loop, after the letters. */
void hauler_turn(struct hauler *hauler, uint64_t now_ms);

/* Up to where every ledger of this host has it in its journal. */
struct point hauler_acked(const struct hauler *hauler);
const struct repair *hauler_repair(const struct hauler *hauler);
const struct hauler_counts *hauler_counts(const struct hauler *hauler);

#endif
