/*
 * Bots: users whose ears are a URL. What is said in the rooms of a bot, and
 * begins with one of its commands if it has any, is posted to its URL; what
 * that answers is said in the room by the bot. Of the first api alone.
 *
 * Of one room a bot hears one message after the other; of others at the same
 * time. What cannot be posted is tried again a few times and then given up: an
 * answer that is hours late helps nobody. After the death of the process what
 * was not answered is posted again; the answers have keys, so the same answer
 * is said once.
 */
#ifndef WORKER_API_BOTS_H
#define WORKER_API_BOTS_H

#include <stdbool.h>
#include <stdint.h>

struct bots;
struct courier;
struct edge;
struct message;
struct worker;

/* edge: on which they speak; borrowed. */
struct bots *bots_new(
	struct worker *worker, struct courier *courier, struct edge *edge);
void bots_free(struct bots **bots);

/* The configuration is another one. */
void bots_renew(struct bots *bots);

bool bots_are_there(const struct bots *bots);

/* Which message of which journal; nowhere: of none, because nobody remembers
 * it. before: the end of the batch before its own. */
#define BOTS_NOWHERE UINT32_MAX
void bots_hear(struct bots *bots, unsigned ledger, uint64_t before,
	const struct message *message);

/* Of a journal that was heard up to here: all before which nothing waits to be
 * answered. */
uint64_t bots_settled(
	const struct bots *bots, unsigned ledger, uint64_t position);

/* Often: posts what could not be posted. */
void bots_tick(struct bots *bots, uint64_t now_ms);

#endif
