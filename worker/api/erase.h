/*
 * DELETE /v1/history: one message, or everything before one, or everything.
 */
#ifndef WORKER_API_ERASE_H
#define WORKER_API_ERASE_H

struct exchange;

void erase_answer(struct exchange *exchange);

#endif
