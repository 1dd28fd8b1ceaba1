/*
 * The routes: what the api answers to which method and path. One table; whoever
 * adds an address adds a row.
 */
#ifndef WORKER_API_ROUTES_H
#define WORKER_API_ROUTES_H

struct exchange;

/* Answers it, or has somebody answer it later. */
void routes_answer(struct exchange *exchange);

#endif
