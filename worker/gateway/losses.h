/*
 * Losses: a ledger tells that something said on another host will never come
 * here. Whoever is in a room of that ledger, or has his inbox there, is told
 * that he has to look anew; he stays where he is.
 */
#ifndef WORKER_GATEWAY_LOSSES_H
#define WORKER_GATEWAY_LOSSES_H

#include <stdbool.h>

struct gateway;
struct letter;
struct unpack;

/* False: the letter makes no sense. */
bool losses_tell(struct gateway *gateway, const struct letter *letter,
	struct unpack *in);

#endif
