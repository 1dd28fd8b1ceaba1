/*
 * A client comes and goes: the session from the socket that the door hands over
 * to the moment when nobody refers to it any more.
 */
#ifndef WORKER_GATEWAY_CLIENT_H
#define WORKER_GATEWAY_CLIENT_H

#include "worker/gateway/lane.h"

struct gateway;
struct profile;
struct session;
struct visitor;

/* Takes the socket, and TLS with it. */
void client_start(struct gateway *gateway, const struct profile *profile,
	const struct visitor *visitor);

/* A newer login has its user: it stays connected without one. What it was a
 * member of is lost, not left, so that nobody sees an exit before the newer one
 * has joined. What it has asked for is answered: its login is done, and
 * whatever else waits for a ledger is refused; what it has sent behind that is
 * read then. */
void client_give_way(struct session *session);

/* For the lanes. */
extern const struct lane_hooks client_hooks;

#endif
