/*
 * Rivals: the other logins of a session's user, on this host and on others, and
 * what the login policy makes of them and of it; see policy.h for why it is
 * right.
 */
#ifndef WORKER_GATEWAY_RIVALS_H
#define WORKER_GATEWAY_RIVALS_H

#include "shared/records.h"
#include "shared/text.h"
#include "worker/gateway/policy.h"

struct arrival;
struct gateway;
struct session;

/* Who logs in now comes behind all of that user who are to be seen, whatever
 * the clocks of their hosts say. */
uint64_t rivals_order(
	const struct session *session, struct text tenant, struct text user);

/* The kick that goes with a fate; 0 with FATE_STAYS. */
enum kick_why rivals_why(enum fate fate);

/* As soon as the session has its place: FATE_REFUSED and FATE_TOO_MANY can be
 * told at once. FATE_REPLACED only means that a newer one tries. */
enum fate rivals_look(const struct session *session);

/* When it is let in: its own fate, and if it stays, those who go hear of it. */
enum fate rivals_settle(struct session *session);

/* The relay has shown a login at another host in the index: those here whom it
 * beats go. */
void rivals_meet(struct gateway *gateway, const struct arrival *arrival);

#endif
