/*
 * POST /v1/join, /v1/leave and /v1/kick: backends move clients into rooms, out
 * of them, and out of the house.
 */
#ifndef WORKER_API_MOVES_H
#define WORKER_API_MOVES_H

struct exchange;

void moves_answer_join(struct exchange *exchange);
void moves_answer_leave(struct exchange *exchange);
void moves_answer_kick(struct exchange *exchange);

#endif
