/*
 * GET /v1/history: what was said in a room, or stands in the inbox of a user.
 */
#ifndef WORKER_API_HISTORY_H
#define WORKER_API_HISTORY_H

struct exchange;

void history_answer(struct exchange *exchange);

#endif
