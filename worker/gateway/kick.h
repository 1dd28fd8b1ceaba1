/*
 * Kicks: connections that are told to go, by a login at this gateway or at
 * another, or by an operator, who can also have them leave one room. One whose
 * login is not answered yet is refused when it would be.
 */
#ifndef WORKER_GATEWAY_KICK_H
#define WORKER_GATEWAY_KICK_H

#include "shared/records.h"
#include "shared/text.h"

struct gateway;
struct session;

/* One sentence, for where the kick itself gives none. */
const char *kick_reason(enum kick_why why);

/* To the gateway in this slot, which may be the own one. */
void kick_send(struct gateway *gateway, unsigned slot, const struct kick *kick);

/* For one of our own: does nothing when somebody else stands there now. */
void kick_take(struct gateway *gateway, const struct kick *kick);

/* Says why; returns the reason that was told. */
struct text kick_tell(struct session *session, const struct kick *kick);

/* Says why, and closes with the code for it behind all that waits. */
void kick_out(struct session *session, const struct kick *kick);

#endif
