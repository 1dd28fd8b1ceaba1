/*
 * What those ask who watch over this host: does it live, and may it be given
 * work?
 */
#ifndef WORKER_API_HEALTH_H
#define WORKER_API_HEALTH_H

struct exchange;

void health_answer_alive(struct exchange *exchange);

/* 503 while anything that clients need does not serve, and from the start of a
 * drain. */
void health_answer_ready(struct exchange *exchange);

#endif
