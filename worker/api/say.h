/*
 * POST /v1/say: one message, one body for many rooms, or a batch of them. What
 * is remembered of one request goes to each ledger as one letter where that
 * can be, and so into one batch of its journal.
 */
#ifndef WORKER_API_SAY_H
#define WORKER_API_SAY_H

#include "shared/text.h"

struct exchange;
struct outcomes;
struct say_errand;
struct speech;

void say_answer(struct exchange *exchange);

/* The same for those who have read the request themselves: begin, add what is
 * to be said, send, and reply when all of it is decided. NULL: there is too
 * much to do, and the exchange was refused. A speech is borrowed by say_add()
 * alone, the tenant as long as the exchange. */
typedef void say_decided(
	struct exchange *exchange, const struct outcomes *outcomes);
struct say_errand *say_begin(struct exchange *exchange, say_decided *reply);
void say_add(struct say_errand *say, const struct speech *speech,
	struct text tenant);
void say_send(struct say_errand *say);

#endif
