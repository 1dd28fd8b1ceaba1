/*
 * What all roles share: the prologue of a child, its loop, the rings into it,
 * letters out of it, readiness, heartbeat, and how it ends.
 *
 * One turn of the loop: wait for sockets, timers or the bell (not at all while
 * there are letters) -> each waiting letter to on_letter -> on_turn -> the
 * letters are released to their producers -> letters that waited outside full
 * rings are tried again.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct arena;
struct config;
struct event_base;
struct heritage;
struct letter;
struct row;
struct worker;

enum worker_stop {
	WORKER_STOP_NOW,   /* end as soon as everything taken in is settled */
	WORKER_STOP_DRAIN, /* let clients go evenly over drain_seconds first */
};

/* What a role wants to hear; any may be NULL. */
struct worker_hooks {
	/* A letter for this process, oldest first per sender. Borrowed until
	 * on_turn returns, or until worker_release() when keeps_letters. */
	void (*on_letter)(void *self, const struct letter *letter);

	/* After the letters of a turn; commits and flushes belong here. */
	void (*on_turn)(void *self);

	/* Another slot's process died or a new one became ready. */
	void (*on_peer)(
		void *self, unsigned slot, uint32_t life, bool is_alive);

	/* Asked before it sleeps: is there nothing to do but what letters,
	 * sockets and timers will tell? False: another turn at once. */
	bool (*may_sleep)(void *self);

	/* About every 100 ms. */
	void (*on_tick)(void *self, uint64_t now_ms);

	/* Asked to end; calls worker_end() once done, at once or later. */
	void (*on_stop)(void *self, enum worker_stop how);

	/* worker_config() has new content, and worker_heritage() other
	 * sockets; those of before are closed when this returns. */
	void (*on_reload)(void *self);

	/* An operator wants something: a packed wish, see records.def. */
	void (*on_wish)(void *self, struct text wish);

	/* The role releases letters itself by worker_release(). */
	bool keeps_letters;

	/* Letters are released only when no answer to them waits outside the
	 * full ring to their sender. A successor is shown the others again. */
	bool holds_letters;
};

/* The role's entry points, called by worker_main(): set up, worker_run(), clean
 * up, return the exit code. */
#define ROLE(symbol, name, entry, count) int entry(struct worker *worker);
#include "shared/roles.def"
#undef ROLE

/* Runs until worker_end(). The process counts as serving from here on. */
void worker_run(
	struct worker *worker, const struct worker_hooks *hooks, void *self);
void worker_end(struct worker *worker);

const struct heritage *worker_heritage(const struct worker *worker);
const struct config *worker_config(const struct worker *worker);
struct arena *worker_arena(const struct worker *worker);
struct event_base *worker_base(const struct worker *worker);
struct row *worker_row(const struct worker *worker);
unsigned worker_slot(const struct worker *worker);
uint32_t worker_life(const struct worker *worker);

/* clock_ms() of the start of this turn. */
uint64_t worker_now_ms(const struct worker *worker);

/* Is this the life that is in the slot now, ready or starting? */
bool worker_is_current(
	const struct worker *worker, unsigned slot, uint32_t life);

/* Posts if the ring has room now and nothing waits before it; false: the caller
 * refuses its client. Stamps the sender into the letter. */
bool worker_offer(struct worker *worker, unsigned to, struct letter *letter);

/* Posts, or keeps the letter in the bounded overflow of that slot and tries
 * again each turn. A slot that lets the overflow grow over its bound is
 * reported stuck, the master replaces it, and its letters are dropped. */
void worker_send(struct worker *worker, unsigned to, struct letter *letter);

/* Bytes that wait outside full rings, all slots together. */
uint64_t worker_overflow(const struct worker *worker);

/* Of these, the bytes that wait for one slot; and the bytes for it that ever
 * waited. */
uint64_t worker_overflow_of(const struct worker *worker, unsigned slot);
uint64_t worker_delayed(const struct worker *worker, unsigned slot);

/* Are there letters that have not been shown yet? */
bool worker_is_behind(const struct worker *worker);

/* For keeps_letters: where the letter handed out last ends in its ring, and the
 * release of everything before such a position. */
uint64_t worker_letter_end(const struct worker *worker);
void worker_release(struct worker *worker, unsigned from, uint64_t position);

/* For the ledger: how far the ring of this sender was read, this turn included.
 */
uint64_t worker_position(const struct worker *worker, unsigned from);

/* For the ledger: what becomes of all letters shown so far is decided; and up
 * to where in the ring of a sender it was, by us or an earlier life. */
void worker_decide(struct worker *worker);
uint64_t worker_decided(const struct worker *worker, unsigned from);

/* To the master, for an operator who traces; false: it does not read now. */
bool worker_tell(const struct worker *worker, struct text traced);

/* The words after "gateway 1, " in ps. */
__attribute__((format(printf, 2, 3))) void worker_set_title(
	struct worker *worker, const char *format, ...);

#endif
