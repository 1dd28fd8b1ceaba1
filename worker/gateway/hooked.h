/*
 * What goes on when a backend that was asked has decided, or is not waited for
 * any longer: hooking.c calls these, and the files whose requests they are have
 * them. The request may be another one than the client's.
 */
#ifndef WORKER_GATEWAY_HOOKED_H
#define WORKER_GATEWAY_HOOKED_H

#include "shared/text.h"

struct change_request;
struct login_request;
struct refusal;
struct say_request;
struct session;

/* login.c */
void login_allowed(struct session *session, struct text tag,
	const struct login_request *request);
void login_disallowed(struct session *session, struct text tag,
	const struct refusal *refusal);

/* talk_say.c */
void talk_say_allowed(struct session *session, struct text tag,
	const struct say_request *request);

/* talk_change.c */
void talk_change_allowed(struct session *session, struct text tag,
	const struct change_request *request);

#endif
