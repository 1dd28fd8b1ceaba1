/*
 * Who a client is: the login, its place in the index, by which the rest of the
 * host finds it, and its entry into the inbox of its user. The ledger of the
 * inbox answers the login; what the client sends until then is kept, so nothing
 * comes before that answer.
 */
#ifndef WORKER_GATEWAY_LOGIN_H
#define WORKER_GATEWAY_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct joined;
struct login_request;
struct pending;
struct refused;
struct session;

void login_run(struct session *session, struct text tag,
	const struct login_request *request);

/* Leaves all rooms and forgets the user, who may log in again, or another. What
 * was asked before is answered first. */
void login_end(struct session *session, struct text tag);

/* The ledger has answered; takes the pending request. */
void login_answered(struct pending *pending, const struct joined *joined);
void login_refused(struct pending *pending, const struct refused *refused);

/* The session is nobody's any more: gives its place back, if it has one. */
void login_undo(struct session *session);

#endif
