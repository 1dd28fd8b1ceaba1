/*
 * POST /v1/edit and /v1/delete: a backend changes a message of anybody.
 */
#ifndef WORKER_API_AMEND_H
#define WORKER_API_AMEND_H

struct exchange;

void amend_answer_edit(struct exchange *exchange);
void amend_answer_delete(struct exchange *exchange);

#endif
