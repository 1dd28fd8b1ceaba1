/*
 * Who is banned, for backends: POST /v1/ban, /v1/unban and /v1/revoke are
 * answered when ledger 0 has them in the journal and everybody can read them;
 * GET /v1/bans is read in the arena.
 */
#ifndef WORKER_API_BANNING_H
#define WORKER_API_BANNING_H

struct exchange;

void banning_answer_ban(struct exchange *exchange);
void banning_answer_unban(struct exchange *exchange);
void banning_answer_revoke(struct exchange *exchange);
void banning_answer_list(struct exchange *exchange);

#endif
