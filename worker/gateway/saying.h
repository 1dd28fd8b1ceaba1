/*
 * What the ways to say something have in common: the message, the way to a
 * ledger that remembers it, and the answer for one that nobody remembers. For
 * talk_say.c and talk_mail.c. Answers to what one session says come in its
 * order.
 */
#ifndef WORKER_GATEWAY_SAYING_H
#define WORKER_GATEWAY_SAYING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/records.h"
#include "shared/text.h"
#include "worker/gateway/answer.h"

struct say_request;
struct session;

/* Without where it goes; borrows from both. */
struct message saying_message(
	const struct session *session, const struct say_request *request);

void saying_refuse(struct session *session, struct text tag,
	enum answer_code code, const char *error);

/* Can every ring take it, with so much more in a letter? Else it is refused. */
bool saying_fits(struct session *session, struct text tag,
	const struct message *message, size_t more_bytes);

/* To the ledger, whose answer is the client's. */
void saying_remember(struct session *session, struct text tag,
	struct message *message, unsigned ledger);

/* It has been passed on to so many connections. */
void saying_passed(struct session *session, struct text tag,
	const struct message *message, uint64_t reached);

#endif
