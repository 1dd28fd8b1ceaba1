/*
 * Who may log in with which tenant: it must be in the configuration, the
 * platform one of its own, and it must not have as many connections as it may.
 * All gateways together keep that number: each counts its own in the index
 * before it looks at the others', so no two take the last place; both may be
 * refused when they want it at the same moment.
 *
 * Who comes by a profile that has systems (shared/systems.h) logs in with the
 * tenant of one, which has the rules of `default`, except that neither token
 * nor platform is asked for: the profile alone says who he is. By any other
 * profile there are no such tenants.
 */
#ifndef WORKER_GATEWAY_TENANTS_H
#define WORKER_GATEWAY_TENANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct gateway;
struct session;

/* False when it may not log in, which it is told. */
bool tenants_admit(struct session *session, struct text tag, struct text name,
	uint32_t platform);

/* Counts a session as one of its tenant, which makes messages to all reach it;
 * false when it is one too many, and then it is not counted. */
bool tenants_count_in(struct session *session);
void tenants_count_out(struct session *session);

/* After a reload: who could not log in any more has to go. Who is one too many
 * may stay, and so may who has a token of a key that is gone, until it ends. */
void tenants_reload(struct gateway *gateway);

#endif
