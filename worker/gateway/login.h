/*
 * Who a client is: the login, and its place in the index, by which the rest of
 * the host finds it.
 */
#ifndef WORKER_GATEWAY_LOGIN_H
#define WORKER_GATEWAY_LOGIN_H

#include <stdint.h>

#include "shared/text.h"

struct session;

struct login_request {
	struct text tenant, user;
	struct text info; /* JSON; empty: none */
	uint32_t platform;
};

void login_run(struct session *session, struct text tag,
	const struct login_request *request);

/* Leaves all rooms and forgets the user, who may log in again, or another. What
 * was asked before is answered first. */
void login_end(struct session *session, struct text tag);

/* The connection has ended: gives its place back, if it has one. */
void login_undo(struct session *session);

#endif
