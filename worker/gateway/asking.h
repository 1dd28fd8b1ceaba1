/*
 * What all requests that go to a ledger have in common: who asks, about which
 * room, and whether it can be asked now. For the talk_*.c files.
 */
#ifndef WORKER_GATEWAY_ASKING_H
#define WORKER_GATEWAY_ASKING_H

#include <stdbool.h>

#include "shared/text.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/permits.h"

#define ASKING_NOT_NOW "the server is too busy, try again"
#define ASKING_TOO_BIG "the message is too big for this server"

struct conversation;
struct gateway;
struct membership;
struct pending;
struct session;

/* Of this session in a room, or NULL. */
struct membership *asking_membership(struct session *session, struct text room);

/* The number of the ledger of a room of the session's tenant. */
unsigned asking_ledger(const struct session *session, struct text room);

/* The membership for a request; NULL when the request has been kept for later
 * or refused with the code. */
struct membership *asking_active(struct session *session, struct text tag,
	struct text room, enum answer_code code);

/* Is this permitted there now, by the class of the room and by the token? In
 * one's own inbox all is, but what the token is against. False when the request
 * has been kept for later or refused. */
bool asking_may(struct session *session, struct text tag,
	const struct conversation *of, enum permit what);

/* What letters call it: kind and name of the stream, and the number of the
 * ledger that keeps it. */
unsigned asking_kind(const struct conversation *of);
struct text asking_stream(
	const struct session *session, const struct conversation *of);
unsigned asking_keeper(
	const struct session *session, const struct conversation *of);

/* The letter begun last to the ledger; what it asks has an answer coming, or is
 * refused, and the pending request is gone. */
bool asking_offer(
	struct session *session, unsigned ledger, struct pending *pending);

/* Keeps the letter begun last with the request, for the next life of this
 * ledger, or of any: LEDGERS_ALL. */
void asking_keep(struct pending *pending, unsigned ledger);

/* Another life of this ledger has come: what was kept and is its to answer goes
 * out again. Answers that come twice find nobody, or are known. */
void asking_again(struct gateway *gateway, unsigned ledger);

#endif
