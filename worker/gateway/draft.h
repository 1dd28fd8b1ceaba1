/*
 * Drafts: joins that a backend asks for, through an api. The client is told of
 * one with a push, and the api gets an answer in any case: the ledger's, a
 * refusal, or that the client has gone before.
 */
#ifndef WORKER_GATEWAY_DRAFT_H
#define WORKER_GATEWAY_DRAFT_H

#include <stdbool.h>

#include "worker/gateway/answer.h"

struct draft;
struct gateway;
struct letter;
struct pending;
struct unpack;

/* An ENLIST, to be done at once, or when the login of its client is answered;
 * false: the letter makes no sense. */
bool draft_take(struct gateway *gateway, const struct letter *letter,
	struct unpack *in);

/* Of a room that a backend has named with a login: nobody waits to hear what it
 * came to. For talk_enlist(). */
struct draft *draft_of_login(void);

/* What a join with a draft came to. */
void draft_joined(struct pending *pending, const struct answer *answer);
void draft_refused(struct pending *pending, const struct refusal *refusal);
void draft_refuse(
	struct pending *pending, enum answer_code code, const char *error);

/* A pending request's on_free: an api that has not been answered yet hears that
 * the client is gone. */
void draft_end(struct pending *pending);

/* Each turn: those that waited for a login. */
void drafts_go_on(struct gateway *gateway);

/* At the end: their clients are gone. */
void drafts_free(struct gateway *gateway);

#endif
