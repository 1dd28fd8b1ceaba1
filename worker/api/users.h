/*
 * GET and POST /v1/online, GET /v1/users/USER: who is there, and where.
 */
#ifndef WORKER_API_USERS_H
#define WORKER_API_USERS_H

struct exchange;

void users_answer_online(struct exchange *exchange);

/* The user is exchange->argument. */
void users_answer_user(struct exchange *exchange);

#endif
