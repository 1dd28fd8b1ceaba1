/*
 * Admittance: who asks, by the key that he shows or the socket he comes in by.
 */
#ifndef WORKER_API_ADMITTANCE_H
#define WORKER_API_ADMITTANCE_H

#include "shared/text.h"

struct caller;
struct exchange;

enum admittance {
	ADMITTANCE_KNOWN,
	ADMITTANCE_NO_KEY,
	ADMITTANCE_WRONG_KEY,
};

/* Who it is, if he is known; his connection counts for no crowd from then on.
 * in_query: a key that counts where no header has one; empty: none. */
enum admittance admittance_find(struct caller *caller,
	const struct exchange *exchange, struct text in_query);

/* For a refusal with 401: what is asked for. */
void admittance_ask(struct exchange *exchange);

#endif
