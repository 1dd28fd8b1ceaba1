/*
 * Berth: one ledger of this host, as a hauler sees it: how much of the source
 * it has, what is on its way to it, and what it is to be told. Used by hauler.c
 * alone.
 *
 * A ledger answers each letter with where it then stands, in their order, so
 * the first answer belongs to the first letter that is out.
 */
#ifndef WORKER_RELAY_HAULER_BERTH_H
#define WORKER_RELAY_HAULER_BERTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "worker/relay/point.h"

struct hauler_office;

#define BERTH_FLIGHTS_MAX 64

/* Which journal, in which life of its store. */
struct berth_source {
	unsigned host, ledger;
	uint64_t epoch; /* 0: not known yet */
};

/* A letter that is out: where the ledger stands when it was taken. */
struct flight {
	bool is_set;
	uint64_t epoch;
	struct point to;
};

struct berth {
	unsigned ledger;    /* of this host */
	unsigned questions; /* where it stands, without an answer */
	bool is_told;       /* it has answered them all */
	uint64_t epoch;     /* as it said: of which life of the source */
	struct point acked;

	/* Up to here letters went out; and up to here there was nothing more
	 * for this ledger. */
	struct point sent, passed;
	uint64_t sent_ms;
	uint64_t heard_ms; /* while it owes an answer; 0: not yet noticed */
	struct flight flights[BERTH_FLIGHTS_MAX];
	size_t first_flight, flight_count;

	/* A letter was not taken: when all answers are there, and not before
	 * again_ms, it goes back to where the ledger stands. */
	bool is_refused;
	uint64_t pause_ms, again_ms;

	/* What lies before the goal is lost to this ledger: to be told. */
	bool wants_set;
	struct point goal;
	uint64_t lost;
	uint64_t archived; /* all up to this id_time is in the archive there */

	struct buffer items; /* of the letter being filled */
	size_t item_count;
	struct point filled; /* behind the last of them */
};

void berth_fini(struct berth *berth);

/* Of the letter being filled. */
void berth_empty(struct berth *berth);

/* Nothing is known of the ledger until it has told; then it is as after a
 * letter that was not taken. */
void berth_doubt(struct berth *berth);
void berth_asked(struct berth *berth);
void berth_told(struct berth *berth);

/* Goes on from where the ledger stands. */
void berth_go_back(struct berth *berth);

bool berth_is_idle(const struct berth *berth);

/* Has it been told everything, so that items can go to it? */
bool berth_is_open(
	const struct berth *berth, const struct berth_source *source);

/* Where the ledger stands, as the answer to the first letter that is out. */
void berth_take_answer(
	struct berth *berth, uint64_t epoch, struct point at, uint64_t now_ms);

/* The office is told, and posts. letter: for use. The items go out up to the
 * point; false: no room. */
struct berth_way {
	const struct hauler_office *office;
	const struct berth_source *source;
	struct buffer *letter;
	uint64_t now_ms;
};

bool berth_post_items(
	struct berth *berth, const struct berth_way *way, struct point to);
bool berth_post_set(struct berth *berth, const struct berth_way *way,
	struct point goal, uint64_t lost);

#endif
