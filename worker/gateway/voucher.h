/*
 * Vouchers: where a tenant wants tokens, the token of a login says who it is,
 * and may say for which platform, with which info, into which rooms (grant.h).
 * While the connection lasts the client gives a new one for the old.
 *
 * A bad token, or none where one is needed, is forbidden; three in a row close
 * the connection.
 */
#ifndef WORKER_GATEWAY_VOUCHER_H
#define WORKER_GATEWAY_VOUCHER_H

#include <stdbool.h>

#include "shared/text.h"

struct login_request;
struct session;
struct token;

/* Fills in what the token says, borrowed from `token`, and gives the session
 * its grant. False: the login was refused. token_fini() in any case. */
bool voucher_take(struct session *session, struct text tag,
	struct login_request *request, struct token *token);

/* Another token for the user who is logged in. Who may no longer be in a room
 * is sent out. */
void voucher_refresh(
	struct session *session, struct text tag, struct text token);

#endif
