/*
 * A client comes and goes: the session from the socket that the door hands over
 * to the moment when nobody refers to it any more.
 */
#ifndef WORKER_GATEWAY_CLIENT_H
#define WORKER_GATEWAY_CLIENT_H

#include "shared/text.h"
#include "worker/gateway/lane.h"

struct gateway;
struct profile;
struct sockaddr_storage;

/* Takes the socket; early: what came right behind the handshake. */
void client_start(struct gateway *gateway, const struct profile *profile,
	int fd, const struct sockaddr_storage *peer, struct text early);

/* For the lanes. */
extern const struct lane_hooks client_hooks;

#endif
