/*
 * Errands: what the api asks ledgers, gateways and the historian on behalf of
 * an exchange. Letters call an errand by a number that is never used again, so
 * an answer that comes twice or too late finds nobody.
 *
 * Who has an errand to run puts a struct errand first into a struct of his own,
 * begins it, and sends letters that carry errand->request. Each answer comes to
 * on_letter(). When the last one has come he replies and ends the errand; one
 * that takes longer than ERRAND_MS is told so by on_late(), which does the
 *same.
 *
 *	struct count {
 *		struct errand errand;
 *		size_t missing;
 *	};
 *	struct count *count = errand_begin(errands, exchange, sizeof(*count),
 *		&count_hooks);
 */
#ifndef WORKER_API_ERRAND_H
#define WORKER_API_ERRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/edge/edge.h"

struct errand;
struct errands;
struct exchange;
struct numbers;
struct question;

#define ERRAND_MS 30000

/* So many may be open at once; who asks then is told to try again. */
#define ERRANDS_MAX 10000

#define ERRAND_LATE "there was no answer in time; it may be done or not"
#define ERRAND_TOO_MUCH "the server is too busy, try again"

struct errand_hooks {
	/* A letter whose record begins with the errand's request. */
	void (*on_letter)(struct errand *errand, const struct letter *letter);

	/* The time is up. NULL: the exchange is refused, and the errand ended.
	 */
	void (*on_late)(struct errand *errand);

	/* The process in a slot has died: what it was asked, it will not
	 * answer. May be NULL: a ledger and the historian have successors that
	 * do. */
	void (*on_death)(struct errand *errand, unsigned slot);

	/* Frees what the struct around it owns; may be NULL. */
	void (*on_end)(struct errand *errand);
};

struct errand {
	struct errands *errands;
	struct exchange *exchange;
	const struct errand_hooks *hooks;
	uint64_t request;
	struct question *question; /* to be asked again; owned, or NULL */
	uint64_t late_ms;
};

struct errands {
	struct edge edge;
	struct numbers *numbers;
	size_t count;
	uint64_t looked_ms;
};

/* config, arena, slot, life and office of the edge are set. */
void errands_init(struct errands *errands);

/* Exchanges are not touched. */
void errands_fini(struct errands *errands);

/* An answer; false: this kind of letter is none. */
bool errands_on_letter(struct errands *errands, const struct letter *letter);

/* A process has died, or a new one is ready: a new ledger is asked again what
 * the one before had put off. */
void errands_on_peer(struct errands *errands, unsigned slot, bool is_alive);

void errands_on_tick(struct errands *errands, uint64_t now_ms);

/* Zeroed but for the errand itself. NULL: there are too many, and the exchange
 * has been refused. */
void *errand_begin(struct errands *errands, struct exchange *exchange,
	size_t bytes, const struct errand_hooks *hooks);

/* The errand is over; its exchange has been answered. */
void errand_end(struct errand *errand);

/* Keeps the letter begun last, to be asked again of this ledger's next life, or
 * of any: LEDGERS_ALL. */
void errand_keep(struct errand *errand, unsigned ledger);

/* The letter begun last to a ledger; false: it is too busy or the letter too
 * big, the exchange has been refused, and the errand ended. */
bool errand_offer(struct errand *errand, unsigned ledger);

/* Replies with what a REFUSED says, and ends the errand. */
void errand_refused(struct errand *errand, const struct letter *letter);

#endif
