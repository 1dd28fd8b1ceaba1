/*
 * POST /v1/say: one message, one body for many rooms, or a batch of them. What
 * is remembered of one request goes to each ledger as one letter where that
 * can be, and so into one batch of its journal.
 */
#ifndef WORKER_API_SAY_H
#define WORKER_API_SAY_H

struct exchange;

void say_answer(struct exchange *exchange);

#endif
