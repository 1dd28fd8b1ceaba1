/*
 * GET /v1/rooms and GET /v1/members: which rooms there are, and who is in one.
 */
#ifndef WORKER_API_LISTS_H
#define WORKER_API_LISTS_H

struct exchange;

void lists_answer_rooms(struct exchange *exchange);
void lists_answer_members(struct exchange *exchange);

#endif
