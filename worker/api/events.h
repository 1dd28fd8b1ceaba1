/*
 * GET /v1/events: the events of a tenant, as its webhook gets them, for a
 * backend that catches up or asks instead of being told. Answered by any api,
 * from the files that the first one writes.
 */
#ifndef WORKER_API_EVENTS_H
#define WORKER_API_EVENTS_H

struct exchange;

/* after: number, 0; limit; tenant. Answers the ones with higher numbers; first
 * and last: the numbers that are kept. */
void events_answer(struct exchange *exchange);

#endif
