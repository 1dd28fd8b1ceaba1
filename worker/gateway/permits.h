/*
 * What the class of a room permits to whom: say, read and join of its section
 * in the configuration, and what the token of a login allows; and nothing to
 * who is banned from it. Asked before everything else that is done in a room.
 */
#ifndef WORKER_GATEWAY_PERMITS_H
#define WORKER_GATEWAY_PERMITS_H

#include <stdbool.h>

#include "shared/text.h"

struct session;

enum permit {
	PERMIT_SAY,  /* and to change what was said */
	PERMIT_READ, /* history, members, search, marks */
	PERMIT_JOIN,
	PERMIT_COUNT
};

#define PERMITS_NO_SAYING "the token does not allow it to say anything"

/* Anything at all, to anybody: a token may be for listeners. */
bool permits_saying(const struct session *session);

/* NULL when it is permitted; else the sentence to refuse with, CODE_FORBIDDEN,
 * and it is counted. is_member: or about to be. */
const char *permits_why_not(const struct session *session, struct text room,
	enum permit what, bool is_member);

#endif
