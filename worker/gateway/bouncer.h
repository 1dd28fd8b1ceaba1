/*
 * The bouncer: keeps out who is banned. Asked at the door about addresses, at a
 * login about the user, the address and the token, and by permits about one
 * room. Who is in already is thrown out by evictions.
 */
#ifndef WORKER_GATEWAY_BOUNCER_H
#define WORKER_GATEWAY_BOUNCER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct ban_subject;
struct gateway;
struct session;
struct sockaddr_storage;

/* Before it is known who comes; true: his address may not. Counted. */
bool bouncer_bars(struct gateway *gateway, const struct sockaddr_storage *peer);

/* One who wants to be this user. true: he may not, and has been refused. */
bool bouncer_refuses(struct session *session, struct text tag,
	struct text tenant, struct text user);

/* The same for one whose login the ledger has answered, who is not told yet.
 * Counted. */
bool bouncer_knows(const struct session *session);

/* Is he banned from this room? Counted. */
bool bouncer_bars_from(const struct session *session, struct text room);

/* As whom bans know him; borrowed. */
struct ban_subject bouncer_subject(const struct session *session);

#endif
